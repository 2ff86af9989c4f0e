//! Functions, views, triggers and rules that are replaced or altered so that they behave differently for those who use them.
//! What is in a body or behind a view is its owner's business and passes: PostgreSQL itself keeps the columns of a view and
//! the signature of a function, and those with the options are the contract.
use super::table::Target;
use super::{Hit, On, Sight, facts, names, resolve};
use crate::pg::catalog::{self, text};
use crate::pg::list::items;
use crate::pg::object::Address;
use crate::pg::{EXTENSION, relation, settings_scope, xact};
use pgrx::pg_sys;
use pgrx::pg_sys::ObjectType::OBJECT_ROUTINE;
use pgrx::spi::quote_identifier;
use std::ffi::CString;

/// What callers of a function rely on.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Contract {
    definer: bool,
    strict: bool,
    leakproof: bool,
    volatility: u8,
    /// A search path of its own, without which SECURITY DEFINER can be led astray.
    has_path: bool,
}

impl Contract {
    /// Of a function that is made without saying anything about it.
    const DEFAULT: Self =
        Contract { definer: false, strict: false, leakproof: false, volatility: b'v', has_path: false };

    fn of(function: pg_sys::Oid) -> Option<Self> {
        // SAFETY: SearchSysCache1 returns a pinned tuple or NULL; it is released before returning.
        unsafe {
            let cache = pg_sys::SysCacheIdentifier::PROCOID as i32;
            let tuple = pg_sys::SearchSysCache1(cache, function.into());
            if tuple.is_null() {
                return None;
            }
            let row = &*pg_sys::GETSTRUCT(tuple).cast::<pg_sys::FormData_pg_proc>();
            let contract = Contract {
                definer: row.prosecdef,
                strict: row.proisstrict,
                leakproof: row.proleakproof,
                volatility: row.provolatile as u8,
                has_path: relation::has_search_path(function),
            };
            pg_sys::ReleaseSysCache(tuple);
            Some(contract)
        }
    }

    fn is_aggregate(function: pg_sys::Oid) -> bool {
        // SAFETY: a look-up by oid; 0 where there is none.
        (unsafe { pg_sys::get_func_prokind(function) }) as u8 == b'a'
    }

    /// As options change it.
    ///
    /// # Safety
    /// `options` must be NIL or a list of DefElem as CREATE and ALTER FUNCTION have them.
    unsafe fn with(mut self, options: *const pg_sys::List) -> Self {
        // SAFETY: the caller vouches for the list.
        unsafe {
            for option in items::<pg_sys::DefElem>(options) {
                match text((*option).defname).as_deref() {
                    Some("security") => self.definer = resolve::is_on(option) == Some(true),
                    Some("strict") => self.strict = resolve::is_on(option) == Some(true),
                    Some("leakproof") => self.leakproof = resolve::is_on(option) == Some(true),
                    Some("set") => {
                        let set = &*(*option).arg.cast::<pg_sys::VariableSetStmt>();
                        let resets = set.kind >= pg_sys::VariableSetKind::VAR_RESET;
                        if set.name.is_null() || text(set.name).as_deref() == Some("search_path") {
                            self.has_path = !resets;
                        }
                    }
                    Some("volatility") => {
                        self.volatility =
                            text(pg_sys::defGetString(option)).and_then(|v| v.bytes().next()).unwrap_or(b'v');
                    }
                    _ => {}
                }
            }
        }
        self
    }

    fn difference(&self, new: &Self) -> Vec<&'static str> {
        let mut words = Vec::new();
        match (self.definer, new.definer) {
            (false, true) => words.push("SECURITY DEFINER"),
            (true, false) => words.push("SECURITY INVOKER"),
            _ => {}
        }
        if self.definer && self.has_path && new.definer && !new.has_path {
            words.push("SECURITY DEFINER without a search path");
        }
        if self.strict != new.strict {
            words.push(if new.strict { "STRICT" } else { "CALLED ON NULL INPUT" });
        }
        if self.leakproof != new.leakproof {
            words.push(if new.leakproof { "LEAKPROOF" } else { "NOT LEAKPROOF" });
        }
        if self.volatility != new.volatility {
            words.push(match new.volatility {
                b'i' => "IMMUTABLE",
                b's' => "STABLE",
                _ => "VOLATILE",
            });
        }
        words
    }
}

fn of_schema(address: Address) -> On {
    address.schema_of().map_or(On::Database, On::Schema)
}

/// CREATE OR REPLACE FUNCTION.
///
/// # Safety
/// A valid parse tree.
pub unsafe fn create_function(s: &pg_sys::CreateFunctionStmt, sight: &mut Sight) {
    if !s.replace {
        return;
    }
    // SAFETY: the caller vouches for the tree.
    unsafe {
        let found = function_found(s);
        let Some(address) =
            found.filter(|a| names::may_alter_object(*a) && !xact::is_object_created_here(*a))
        else {
            return;
        };
        let Some(name) = address.describe() else { return };
        if address.extension().as_deref() == Some(EXTENSION) {
            sight.hit("disabling-guard", format!("replacing {name}"), On::Database);
            return;
        }
        let Some(before) = Contract::of(address.id) else { return };
        let difference = before.difference(&Contract::DEFAULT.with(s.options));
        if !difference.is_empty() {
            let what = format!("making {name} {}", difference.join(", "));
            sight.hit("ban-replace-view-function", what, of_schema(address));
        }
    }
}

/// The function that a statement would replace.
///
/// # Safety
/// A valid parse tree.
unsafe fn function_found(s: &pg_sys::CreateFunctionStmt) -> Option<Address> {
    // SAFETY: the caller vouches for the tree; parameters are FunctionParameter nodes.
    unsafe {
        let wanted = pg_sys::palloc0(size_of::<pg_sys::ObjectWithArgs>()).cast::<pg_sys::ObjectWithArgs>();
        (*wanted).type_ = pg_sys::NodeTag::T_ObjectWithArgs;
        // One of that name in another schema of the search path, PostgreSQL's own above all, is another function.
        (*wanted).objname = match items::<pg_sys::String>(s.funcname).as_slice() {
            [name] => {
                let schema = CString::new(crate::pg::ddl::creation_schema()?).ok()?;
                let list = pg_sys::lappend(
                    std::ptr::null_mut(),
                    pg_sys::makeString(pg_sys::pstrdup(schema.as_ptr())).cast(),
                );
                pg_sys::lappend(list, (*name).cast())
            }
            _ => s.funcname,
        };
        (*wanted).objargs = inputs(s.parameters);
        // A procedure or an aggregate of that name is PostgreSQL's own error.
        let look = || resolve::object(OBJECT_ROUTINE, wanted.cast());
        let names_column = items::<pg_sys::TypeName>((*wanted).objargs).into_iter().any(|t| (*t).pct_type);
        if names_column { settings_scope::quietly(look) } else { look() }
    }
}

/// Types of a function's input arguments.
///
/// # Safety
/// `parameters` must be NIL or a list of FunctionParameter.
unsafe fn inputs(parameters: *const pg_sys::List) -> *mut pg_sys::List {
    use pg_sys::FunctionParameterMode::{FUNC_PARAM_OUT, FUNC_PARAM_TABLE};
    // SAFETY: the caller vouches for the list.
    unsafe {
        items::<pg_sys::FunctionParameter>(parameters)
            .into_iter()
            .filter(|p| !matches!((**p).mode, FUNC_PARAM_OUT | FUNC_PARAM_TABLE))
            .fold(std::ptr::null_mut(), |list, p| pg_sys::lappend(list, (*p).argType.cast()))
    }
}

/// ALTER FUNCTION.
///
/// # Safety
/// A valid parse tree.
pub unsafe fn alter_function(s: &pg_sys::AlterFunctionStmt, sight: &mut Sight) {
    // SAFETY: the caller vouches for the tree.
    unsafe {
        let Some(address) = resolve::own_and_known(s.objtype, s.func.cast()) else { return };
        if Contract::is_aggregate(address.id) {
            return; // PostgreSQL's own error
        }
        let Some(name) = address.describe() else { return };
        if address.extension().as_deref() == Some(EXTENSION) {
            sight.hit("disabling-guard", format!("altering {name}"), On::Database);
            return;
        }
        let Some(before) = Contract::of(address.id) else { return };
        let difference = before.difference(&before.clone().with(s.actions));
        if !difference.is_empty() {
            let what = format!("making {name} {}", difference.join(", "));
            sight.hit("ban-alter-function-options", what, of_schema(address));
        }
    }
}

/// CREATE OR REPLACE VIEW: the options that protect rows must stay.
///
/// # Safety
/// A valid parse tree.
pub unsafe fn create_view(s: &pg_sys::ViewStmt, sight: &mut Sight) {
    if !s.replace {
        return;
    }
    // SAFETY: the caller vouches for the tree.
    unsafe {
        let Some(relid) = names::relation(s.view).filter(|r| names::may_alter(*r)) else { return };
        if catalog::relation_kind(relid) != Some(b'v') {
            return;
        }
        sight.lock(relid, pg_sys::AccessExclusiveLock);
        let option = |name: &str| {
            items::<pg_sys::DefElem>(s.options)
                .into_iter()
                // What is no boolean is PostgreSQL's own error.
                .any(|o| text((*o).defname).as_deref() == Some(name) && resolve::is_on(o) != Some(false))
        };
        let checks = s.withCheckOption != pg_sys::ViewCheckOption::NO_CHECK_OPTION
            || items::<pg_sys::DefElem>(s.options)
                .into_iter()
                .any(|o| text((*o).defname).as_deref() == Some("check_option"));
        let lost: Vec<&str> = relation::view_options(relid)
            .into_iter()
            .filter(|was| match was.as_str() {
                "security_barrier" | "security_invoker" => !option(was),
                _ => !checks,
            })
            .map(|was| match was.as_str() {
                "security_barrier" => "security_barrier",
                "security_invoker" => "security_invoker",
                _ => "WITH CHECK OPTION",
            })
            .collect();
        if !lost.is_empty() {
            let what = format!("replacing view {} without {}", names::of(relid), lost.join(", "));
            sight.hit("ban-replace-view-function", what, On::Relation(relid));
        }
    }
}

/// ALTER VIEW … SET and RESET of the options that protect rows.
///
/// # Safety
/// `options` must be NIL or a list of DefElem.
pub unsafe fn view_options(t: &Target, options: *const pg_sys::List, resets: bool, sight: &mut Sight) {
    for was in relation::view_options(t.relid) {
        // SAFETY: the caller vouches for the list.
        let goes = unsafe {
            items::<pg_sys::DefElem>(options).into_iter().any(|o| {
                text((*o).defname).as_deref() == Some(was.as_str())
                    && (resets || (was != "check_option" && resolve::is_on(o) == Some(false)))
            })
        };
        if goes {
            let what = format!("leaving view {} without {was}", t.name);
            sight.hit("ban-replace-view-function", what, On::Relation(t.relid));
        }
    }
}

/// Whether a table or view is the product's: a trigger or rule on it could drop what it records on the way.
fn is_ours(relid: pg_sys::Oid) -> bool {
    catalog::relation_name(relid).is_some_and(|name| name.schema == catalog::SCHEMA)
}

/// CREATE TRIGGER on a table of the product, and OR REPLACE of another trigger: the one that was there is lost.
///
/// # Safety
/// A valid parse tree.
pub unsafe fn create_trigger(s: &pg_sys::CreateTrigStmt, sight: &mut Sight) {
    // SAFETY: the caller vouches for the tree.
    unsafe {
        let Some(relid) = names::relation(s.relation) else { return };
        if is_ours(relid) {
            sight.hit("disabling-guard", format!("making a trigger on {}", names::of(relid)), On::Database);
            return;
        }
        if !s.replace || !names::holds(relid, pg_sys::ACL_TRIGGER) {
            return;
        }
        let trigger = text(s.trigname).unwrap_or_default();
        let Some(before) = relation::trigger_named(relid, &trigger) else { return };
        if is_same_trigger(relid, &before, s) {
            return;
        }
        let is_ours = relation::is_our_trigger(before.address.id);
        sight.hits.push(Hit {
            rule: if is_ours { "disabling-guard" } else { "ban-drop-trigger" },
            what: format!("replacing trigger {} on {}", quote_identifier(trigger), names::of(relid)),
            on: On::Relation(relid),
            object: Some(before.address),
        });
    }
}

/// Whether a trigger would be what it is already.
///
/// # Safety
/// A valid parse tree.
unsafe fn is_same_trigger(
    relid: pg_sys::Oid,
    before: &relation::Trigger,
    s: &pg_sys::CreateTrigStmt,
) -> bool {
    let words = |list| -> Vec<String> {
        // SAFETY: the caller vouches for the tree; both lists are of String nodes.
        unsafe { items::<pg_sys::String>(list).into_iter().filter_map(|word| text((*word).sval)).collect() }
    };
    let level = if s.row { pg_sys::TRIGGER_TYPE_ROW as i16 } else { 0 };
    // SAFETY: a missing_ok look-up of a name that the parser made.
    let function = unsafe { pg_sys::LookupFuncName(s.funcname, 0, std::ptr::null(), true) };
    let mut columns = words(s.columns);
    columns.sort();
    before.function == function
        && before.kind == (level | s.timing | s.events)
        && before.arguments == words(s.args)
        && before.columns == columns
        && s.transitionRels.is_null()
        && match (&before.condition, s.whenClause.is_null()) {
            (None, true) => true,
            // SAFETY: the caller vouches for the tree.
            (Some(condition), false) => unsafe { facts::is_same_condition(relid, condition, s.whenClause) },
            _ => false,
        }
}

/// CREATE RULE on a table or view of the product, and OR REPLACE of another rule.
///
/// # Safety
/// A valid parse tree.
pub unsafe fn create_rule(s: &pg_sys::RuleStmt, sight: &mut Sight) {
    // SAFETY: the caller vouches for the tree.
    unsafe {
        let Some(relid) = names::relation(s.relation) else { return };
        if is_ours(relid) {
            sight.hit("disabling-guard", format!("making a rule on {}", names::of(relid)), On::Database);
            return;
        }
        let rule = text(s.rulename).unwrap_or_default();
        if !s.replace || !names::may_alter(relid) || !relation::has_active_rule(relid, &rule) {
            return;
        }
        let what = format!("replacing rule {} on {}", quote_identifier(&rule), names::of(relid));
        let object = relation::rule_named(relid, &rule);
        sight.hits.push(Hit { rule: "ban-drop-rule", what, on: On::Relation(relid), object });
    }
}
