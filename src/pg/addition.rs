//! Reading what a statement adds: indexes, constraints, columns.
use super::catalog::{self, text};
use super::expression::{self, Typed, Use};
use super::guard::names;
use super::list::items;
use super::{missing, owner, settings_scope, spi, xact};
use crate::core::change::addition::{Demand, NewColumn, NewConstraint, NewIndex, Source};
use crate::core::change::part::Part;
use pgrx::pg_sys;
use pgrx::pg_sys::ConstrType::*;
use pgrx::spi::quote_identifier;
use std::cell::Cell;
use std::ffi::CString;

thread_local! {
    /// Whether PostgreSQL's own errors are raised.
    static STRICT: Cell<bool> = const { Cell::new(false) };
}

/// What a statement that cannot be read by itself is told.
type Unread = Option<&'static str>;

const UNREADABLE: &str = "an expression of this statement cannot be read by itself: what another part of it adds comes first, in a change of its own";

/// Reads wishes so that what is wrong in them is raised as PostgreSQL would: for a proposal. A statement that runs fails
/// by itself, or works since an earlier part of it makes what a later one uses.
pub fn strictly<R>(f: impl FnOnce() -> R) -> R {
    struct End(bool);
    impl Drop for End {
        fn drop(&mut self) {
            STRICT.set(self.0);
        }
    }
    let _end = End(STRICT.replace(true));
    f()
}

fn tried<R>(f: impl FnOnce() -> Result<R, Unread>) -> Result<R, Unread> {
    if STRICT.get() {
        return f();
    }
    xact::apart_unless_locked(f).unwrap_or(Err(Some(UNREADABLE)))
}

/// CREATE INDEX.
///
/// # Safety
/// A valid parse tree.
pub unsafe fn index(s: &pg_sys::IndexStmt, relid: pg_sys::Oid) -> Result<Part, Unread> {
    // SAFETY: the caller vouches for the tree.
    unsafe {
        if s.concurrent {
            return Err(None);
        }
        if !(*s.relation).inh {
            return Err(Some("CREATE INDEX … ON ONLY has no change form"));
        }
        tried(|| {
            let method = text(s.accessMethod).unwrap_or_else(|| "btree".into());
            let mut columns = Vec::new();
            let mut keys = Vec::new();
            let mut elements = Vec::new();
            for element in items::<pg_sys::IndexElem>(s.indexParams) {
                elements.push(index_element(&*element, relid, &method, &mut keys, &mut columns));
            }
            let included: Vec<String> = items::<pg_sys::IndexElem>(s.indexIncludingParams)
                .into_iter()
                .filter_map(|e| text((*e).name))
                .collect();
            columns.extend(included.clone());
            let mut definition = format!("USING {} ({})", quote_identifier(method), elements.join(", "));
            definition.push_str(&include(&included));
            definition.push_str(if s.nulls_not_distinct { " NULLS NOT DISTINCT" } else { "" });
            definition.push_str(&storage(s.options, text(s.tableSpace), "TABLESPACE"));
            if !s.whereClause.is_null() {
                let condition = expression::analyse(relid, s.whereClause, Use::Predicate);
                definition.push_str(&format!(" WHERE {}", condition.text));
                columns.extend(condition.columns);
            }
            columns.sort();
            columns.dedup();
            let name = text(s.idxname);
            Ok(Part::CreateIndex(NewIndex { name, unique: s.unique, definition, keys, columns }))
        })
    }
}

/// # Safety
/// A valid element of an index of this table.
unsafe fn index_element(
    e: &pg_sys::IndexElem,
    relid: pg_sys::Oid,
    method: &str,
    keys: &mut Vec<String>,
    columns: &mut Vec<String>,
) -> String {
    use pg_sys::{SortByDir::*, SortByNulls::*};
    // SAFETY: the caller vouches for the tree; collations and operator classes are lists of String nodes.
    unsafe {
        let mut written = if let Some(name) = text(e.name) {
            keys.push(name.clone());
            columns.push(name.clone());
            quote_identifier(name)
        } else {
            let found = expression::analyse(relid, e.expr, Use::Index);
            keys.push(missing::index_column_name(e.expr).unwrap_or_else(|| "expr".into()));
            columns.extend(found.columns);
            format!("({})", found.text)
        };
        if !e.collation.is_null() {
            written.push_str(&collation(e.collation));
        }
        if !e.opclass.is_null() {
            let method = CString::new(method).unwrap_or_default();
            let method = pg_sys::get_index_am_oid(method.as_ptr(), false);
            let class = pg_sys::get_opclass_oid(method, e.opclass, false);
            let name: Option<String> = owner::run(|| {
                spi::select_one(
                    "SELECT format('%I.%I', n.nspname, c.opcname) FROM pg_opclass c
                       JOIN pg_namespace n ON n.oid = c.opcnamespace WHERE c.oid = $1",
                    &[class.into()],
                    |r| r.must(1),
                )
            });
            written.push_str(&format!(" {}", name.unwrap_or_default()));
            let options = options(e.opclassopts);
            if !options.is_empty() {
                written.push_str(&format!(" ({})", options.join(", ")));
            }
        }
        written.push_str(match e.ordering {
            SORTBY_DESC => " DESC",
            _ => "",
        });
        written.push_str(match e.nulls_ordering {
            SORTBY_NULLS_FIRST => " NULLS FIRST",
            SORTBY_NULLS_LAST => " NULLS LAST",
            _ => "",
        });
        written
    }
}

fn include(columns: &[String]) -> String {
    let columns: Vec<String> = columns.iter().map(quote_identifier).collect();
    if columns.is_empty() { String::new() } else { format!(" INCLUDE ({})", columns.join(", ")) }
}

/// # Safety
/// A list of String nodes that name a collation.
unsafe fn collation(name: *mut pg_sys::List) -> String {
    // SAFETY: the caller vouches for the list; the result is palloc'd.
    let named = unsafe {
        let oid = pg_sys::get_collation_oid(name, false);
        settings_scope::with_fixed_path(|| text(pg_sys::generate_collation_name(oid)))
    };
    format!(" COLLATE {}", named.unwrap_or_default())
}

/// # Safety
/// NIL or a list of DefElem.
unsafe fn options(list: *const pg_sys::List) -> Vec<String> {
    // SAFETY: the caller vouches for the list.
    unsafe {
        let written = items::<pg_sys::DefElem>(list).into_iter().map(|o| {
            let name = quote_identifier(text((*o).defname).unwrap_or_default());
            let value = text(pg_sys::defGetString(o)).unwrap_or_default();
            format!("{name}={}", pgrx::spi::quote_literal(value))
        });
        written.collect()
    }
}

/// WITH and the tablespace.
///
/// # Safety
/// As [`options`].
unsafe fn storage(list: *const pg_sys::List, space: Option<String>, word: &str) -> String {
    // SAFETY: the caller vouches for the list.
    let options = unsafe { options(list) };
    let with = if options.is_empty() { String::new() } else { format!(" WITH ({})", options.join(", ")) };
    let space = space.map(|s| format!(" {word} {}", quote_identifier(s))).unwrap_or_default();
    format!("{with}{space}")
}

/// ADD CONSTRAINT.
///
/// # Safety
/// A valid parse tree.
pub unsafe fn add_constraint(c: *const pg_sys::Constraint, relid: pg_sys::Oid) -> Result<Part, Unread> {
    // SAFETY: the caller vouches for the tree.
    tried(|| unsafe { constraint(&*c, relid, None).map(Part::AddConstraint) })
}

/// # Safety
/// A valid constraint; `new` is the column that it was written with.
unsafe fn constraint(
    c: &pg_sys::Constraint,
    relid: pg_sys::Oid,
    new: Option<(&str, Typed)>,
) -> Result<NewConstraint, Unread> {
    // SAFETY: the caller vouches for the tree; keys are lists of String nodes.
    unsafe {
        let listed = |list| -> Vec<String> {
            items::<pg_sys::String>(list).into_iter().filter_map(|k| text((*k).sval)).collect()
        };
        let own = |columns: Vec<String>| match new {
            Some((name, _)) if columns.is_empty() => vec![name.to_string()],
            _ => columns,
        };
        let quoted = |columns: &[String]| columns.iter().map(quote_identifier).collect::<Vec<_>>().join(", ");
        let mut deferrable = String::new();
        if c.deferrable {
            deferrable.push_str(" DEFERRABLE");
        }
        if c.initdeferred {
            deferrable.push_str(" INITIALLY DEFERRED");
        }
        let name = text(c.conname);
        let (demand, definition, index, columns) = match c.contype {
            CONSTR_CHECK if c.skip_validation => return Err(None),
            CONSTR_CHECK => {
                let found = expression::analyse(relid, c.raw_expr, Use::Check(new));
                let alone = if c.is_no_inherit { " NO INHERIT" } else { "" };
                let definition = format!("CHECK ({}){alone}", found.text);
                (Demand::Check, definition, String::new(), found.columns)
            }
            CONSTR_FOREIGN if c.skip_validation => return Err(None),
            CONSTR_FOREIGN => {
                let columns = own(listed(c.fk_attrs));
                let definition = format!("FOREIGN KEY ({}) {}{deferrable}", quoted(&columns), references(c)?);
                (Demand::ForeignKey, definition, String::new(), columns)
            }
            CONSTR_UNIQUE | CONSTR_PRIMARY if !c.indexname.is_null() => return Err(None),
            CONSTR_UNIQUE | CONSTR_PRIMARY => {
                let columns = own(listed(c.keys));
                let (word, demand) = match c.contype {
                    CONSTR_PRIMARY => ("PRIMARY KEY", Demand::PrimaryKey),
                    _ => ("UNIQUE", Demand::Unique),
                };
                let nulls = if c.nulls_not_distinct { " NULLS NOT DISTINCT" } else { "" };
                let included = include(&listed(c.including));
                let space = text(c.indexspace);
                let key = quoted(&columns);
                let index = format!(
                    "USING btree ({key}){included}{nulls}{}",
                    storage(c.options, space.clone(), "TABLESPACE")
                );
                let storage = storage(c.options, space, "USING INDEX TABLESPACE");
                (demand, format!("{word}{nulls} ({key}){included}{storage}{deferrable}"), index, columns)
            }
            CONSTR_EXCLUSION => {
                return Err(Some(
                    "an exclusion constraint has no change form: PostgreSQL cannot build its index without keeping writers out",
                ));
            }
            _ => return Err(None),
        };
        Ok(NewConstraint { name, demand, definition, index, deferrable, columns })
    }
}

/// REFERENCES and what stands behind it.
///
/// # Safety
/// A valid foreign key.
unsafe fn references(c: &pg_sys::Constraint) -> Result<String, Unread> {
    let action = |word: &str, code: std::ffi::c_char| match code as u8 {
        b'r' => format!(" ON {word} RESTRICT"),
        b'c' => format!(" ON {word} CASCADE"),
        b'n' => format!(" ON {word} SET NULL"),
        b'd' => format!(" ON {word} SET DEFAULT"),
        _ => String::new(),
    };
    // SAFETY: the caller vouches for the tree; columns are lists of String nodes.
    unsafe {
        let Some(name) = names::relation(c.pktable).and_then(catalog::relation_name) else {
            if STRICT.get()
                && let Some(missing) = super::ddl::name_of(c.pktable)
            {
                crate::error::change::no_such_table(&missing).raise();
            }
            return Err(None);
        };
        let columns = |list| -> String {
            let columns: Vec<String> = items::<pg_sys::String>(list)
                .into_iter()
                .filter_map(|k| text((*k).sval))
                .map(quote_identifier)
                .collect();
            if columns.is_empty() { String::new() } else { format!(" ({})", columns.join(", ")) }
        };
        let full = if c.fk_matchtype as u8 == b'f' { " MATCH FULL" } else { "" };
        let (update, delete) = (action("UPDATE", c.fk_upd_action), action("DELETE", c.fk_del_action));
        let some = columns(c.fk_del_set_cols);
        Ok(format!("REFERENCES {name}{}{full}{update}{delete}{some}", columns(c.pk_attrs)))
    }
}

/// ADD COLUMN.
///
/// # Safety
/// A valid definition.
pub unsafe fn add_column(d: *const pg_sys::ColumnDef, relid: pg_sys::Oid) -> Result<Part, Unread> {
    // SAFETY: the caller vouches for the tree; constraints of a column are Constraint nodes.
    tried(|| unsafe { column(&*d, relid).map(Part::AddColumn) })
}

/// # Safety
/// A valid definition.
unsafe fn column(d: &pg_sys::ColumnDef, relid: pg_sys::Oid) -> Result<NewColumn, Unread> {
    // SAFETY: the caller vouches for the tree.
    unsafe {
        let name = text(d.colname).unwrap_or_default();
        let serial = serial(d.typeName);
        let (oid, modifier) = match serial {
            Some(oid) => (oid, -1),
            None => {
                let (mut oid, mut modifier) = (pg_sys::InvalidOid, -1);
                pg_sys::typenameTypeIdAndMod(std::ptr::null_mut(), d.typeName, &mut oid, &mut modifier);
                (oid, modifier)
            }
        };
        if pg_sys::get_typtype(oid) as u8 == b'd'
            && (pg_sys::DomainHasConstraints(oid) || !pg_sys::get_typdefault(oid).is_null())
        {
            return Err(Some(
                "a column of a domain with a constraint or a default has no change form: PostgreSQL writes every row anew for it, so add one of the base type with a CHECK",
            ));
        }
        let mut of_type = Typed { oid, modifier, collation: pg_sys::get_typcollation(oid) };
        let mut written = String::new();
        if !d.collClause.is_null() {
            of_type.collation = pg_sys::get_collation_oid((*d.collClause).collname, false);
            written = collation((*d.collClause).collname);
        }
        let mut new = NewColumn {
            type_name: expression::type_name(oid, modifier),
            collation: written,
            source: if serial.is_some() { Source::Serial } else { Source::Nothing },
            not_null: d.is_not_null || serial.is_some(),
            constraints: Vec::new(),
            name: name.clone(),
        };
        for c in items::<pg_sys::Constraint>(d.constraints) {
            match (*c).contype {
                CONSTR_NOTNULL => new.not_null = true,
                CONSTR_NULL | CONSTR_ATTR_NOT_DEFERRABLE | CONSTR_ATTR_IMMEDIATE => {}
                CONSTR_DEFAULT => new.source = default(relid, (*c).raw_expr, of_type),
                CONSTR_IDENTITY => {
                    new.not_null = true;
                    let always = (*c).generated_when as u8 == b'a';
                    new.source = Source::Identity { always, options: sequence_options((*c).options) };
                }
                CONSTR_GENERATED => {
                    return Err(Some(
                        "a stored generated column has no change form: PostgreSQL computes it for every row while nobody can read the table, and cannot make an ordinary column a generated one afterwards",
                    ));
                }
                CONSTR_CHECK | CONSTR_UNIQUE | CONSTR_PRIMARY | CONSTR_FOREIGN => {
                    let new_column = Some((name.as_str(), of_type));
                    new.constraints.push(constraint(&*c, relid, new_column)?);
                }
                _ => {
                    return Err(Some(
                        "a deferrable constraint written with a column has no change form: add it by itself",
                    ));
                }
            }
        }
        if new.constraints.iter().any(|c| c.demand == Demand::PrimaryKey) {
            new.not_null = true;
        }
        Ok(new)
    }
}

/// # Safety
/// A valid raw expression.
unsafe fn default(relid: pg_sys::Oid, raw: *mut pg_sys::Node, of_type: Typed) -> Source {
    // SAFETY: the caller vouches for the expression.
    let found = unsafe { expression::analyse(relid, raw, Use::Default(of_type)) };
    if found.volatile {
        Source::Volatile { expression: found.text, runs_users_code: found.runs_users_code }
    } else {
        Source::Stable(found.text)
    }
}

/// The integer type of a serial.
///
/// # Safety
/// A valid type name.
unsafe fn serial(name: *const pg_sys::TypeName) -> Option<pg_sys::Oid> {
    // SAFETY: names are lists of String nodes.
    unsafe {
        let words = items::<pg_sys::String>((*name).names);
        let [word] = words.as_slice() else { return None };
        match text((**word).sval)?.as_str() {
            "smallserial" | "serial2" => Some(pg_sys::INT2OID),
            "serial" | "serial4" => Some(pg_sys::INT4OID),
            "bigserial" | "serial8" => Some(pg_sys::INT8OID),
            _ => None,
        }
    }
}

/// Options of an identity's sequence, in parentheses with a leading space.
///
/// # Safety
/// NIL or a list of DefElem.
unsafe fn sequence_options(list: *const pg_sys::List) -> String {
    // SAFETY: the caller vouches for the list; an option without a value is NO … or CYCLE.
    let written: Vec<String> = unsafe {
        let all = items::<pg_sys::DefElem>(list).into_iter();
        all.filter_map(|o| {
            let name = text((*o).defname)?;
            let value = |o| text(pg_sys::defGetString(o)).unwrap_or_default();
            Some(match name.as_str() {
                "cycle" if pg_sys::defGetBoolean(o) => "CYCLE".to_string(),
                "cycle" => "NO CYCLE".to_string(),
                "maxvalue" | "minvalue" if (*o).arg.is_null() => format!("NO {}", name.to_uppercase()),
                "start" => format!("START WITH {}", value(o)),
                "increment" => format!("INCREMENT BY {}", value(o)),
                "cache" | "maxvalue" | "minvalue" => format!("{} {}", name.to_uppercase(), value(o)),
                _ => return None,
            })
        })
        .collect()
    };
    if written.is_empty() { String::new() } else { format!(" ({})", written.join(" ")) }
}

/// The name the server would choose: free among the relations of a schema, and among the constraints where it is one's.
#[must_use]
pub fn free_name(relation: &str, keys: &[String], label: &str, schema: &str, is_constraint: bool) -> String {
    let c = |s: &str| CString::new(s).unwrap_or_default();
    let (relation, label) = (c(relation), c(label));
    let keys = (!keys.is_empty()).then(|| c(&keys.join("_")));
    let Some(schema) = catalog::schema_oid(schema) else { return String::new() };
    // SAFETY: valid C strings and an existing schema; the result is palloc'd.
    unsafe {
        let keys = keys.as_ref().map_or(std::ptr::null(), |k| k.as_ptr());
        let name = pg_sys::ChooseRelationName(relation.as_ptr(), keys, label.as_ptr(), schema, is_constraint);
        text(name).unwrap_or_default()
    }
}
