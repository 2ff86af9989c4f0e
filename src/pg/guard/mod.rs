//! The guard's half that reads parse trees: what a statement would do to objects as they are now, before it does it.
//!
//! Each file knows the statements of one kind. They look at the live catalogs, raise nothing of their own, take no lock
//! that a reader would not take, and leave the verdict to `guard/`. The guard before a statement and `explain_ddl()`
//! read the same sight, so that they cannot disagree.
#![expect(non_upper_case_globals, reason = "names of the server's enums in patterns")]
mod access;
mod column;
mod constraint;
mod drops;
pub mod facts;
mod grant;
pub mod hold;
mod locks;
pub mod names;
mod ours;
mod partition;
mod rename;
mod replace;
pub mod resolve;
mod role;
mod server;
mod storage;
mod table;
mod types;

pub use drops::hit_of;
pub use facts::{bytes, has_rows};
pub use locks::{blockers, has_lock_timeout, mode_name, waits_for};
pub use names::{Shadow, with_shadow};
pub use replace::finds;

use super::catalog::Name;
use super::object::Address;
use pgrx::pg_sys;
use pgrx::pg_sys::NodeTag::*;
use std::ffi::{CStr, CString};
use std::rc::Rc;

/// What a hit is about, which decides whose level counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum On {
    /// A relation, or something that belongs to it.
    Relation(pg_sys::Oid),
    /// A column of a relation.
    Column(pg_sys::Oid, String),
    /// A privilege on a relation, of a role (quoted) or of everybody; whether it is to read only, and not to pass on.
    Grant(pg_sys::Oid, Option<String>, bool),
    /// Something in a schema that is no relation's.
    Schema(String),
    /// The database, or the server.
    Database,
    /// A large object: nobody can tell which dataset refers to it.
    LargeObjects,
    /// Every dataset: nobody can tell which.
    Anything,
}

/// One thing a statement would do that a rule is about.
#[derive(Clone, Debug)]
pub struct Hit {
    /// Id of the rule.
    pub rule: &'static str,
    /// In words: `dropping index public.orders_email_idx`.
    pub what: String,
    /// What it is about.
    pub on: On,
    /// The object, where one goes away.
    pub object: Option<Address>,
}

/// What a statement would do.
#[derive(Clone, Debug, Default)]
pub struct Sight {
    /// What rules are about, the objects that are named before those that go with them.
    pub hits: Vec<Hit>,
    /// Locks it takes on relations that exist.
    pub locks: Vec<(pg_sys::Oid, pg_sys::LOCKMODE)>,
    /// Tables it writes anew.
    pub rewrites: Vec<pg_sys::Oid>,
    /// Tables it reads as a whole.
    pub scans: Vec<pg_sys::Oid>,
}

impl Sight {
    fn hit(&mut self, rule: &'static str, what: String, on: On) {
        self.hits.push(Hit { rule, what, on, object: None });
    }

    fn lock(&mut self, relid: pg_sys::Oid, mode: u32) {
        self.locks.push((relid, mode as pg_sys::LOCKMODE));
    }

    fn rewrite(&mut self, relid: pg_sys::Oid) {
        if !self.rewrites.contains(&relid) {
            self.rewrites.push(relid);
        }
    }

    fn scan(&mut self, relid: pg_sys::Oid) {
        if !self.scans.contains(&relid) {
            self.scans.push(relid);
        }
    }
}

/// Whether a statement of this kind may do something a rule is about.
///
/// # Safety
/// `node` must be a valid node.
#[must_use]
pub unsafe fn concerns(node: *mut pg_sys::Node) -> bool {
    // SAFETY: the caller vouches for the node.
    let tag = unsafe { (*node).type_ };
    matches!(
        tag,
        T_AlterTableStmt
            | T_AlterTableMoveAllStmt
            | T_AlterDatabaseSetStmt
            | T_AlterDatabaseStmt
            | T_AlterDefaultPrivilegesStmt
            | T_AlterDomainStmt
            | T_AlterEnumStmt
            | T_AlterEventTrigStmt
            | T_AlterExtensionContentsStmt
            | T_AlterFunctionStmt
            | T_AlterObjectSchemaStmt
            | T_AlterOwnerStmt
            | T_AlterPolicyStmt
            | T_AlterPublicationStmt
            | T_AlterRoleSetStmt
            | T_AlterRoleStmt
            | T_AlterSeqStmt
            | T_AlterSystemStmt
            | T_ClusterStmt
            | T_CommentStmt
            | T_CreateFunctionStmt
            | T_CreatePolicyStmt
            | T_CreateRoleStmt
            | T_CreateSchemaStmt
            | T_CreateStmt
            | T_CreateTrigStmt
            | T_DropOwnedStmt
            | T_DropRoleStmt
            | T_DropStmt
            | T_DropSubscriptionStmt
            | T_DropTableSpaceStmt
            | T_DropdbStmt
            | T_GrantRoleStmt
            | T_GrantStmt
            | T_IndexStmt
            | T_LockStmt
            | T_ReassignOwnedStmt
            | T_RefreshMatViewStmt
            | T_ReindexStmt
            | T_RenameStmt
            | T_RuleStmt
            | T_SecLabelStmt
            | T_TruncateStmt
            | T_VacuumStmt
            | T_VariableSetStmt
            | T_ViewStmt
    )
}

/// Whether a statement has to come first in its transaction, and so may be given neither a number nor a snapshot.
///
/// # Safety
/// `node` must be a valid node.
#[must_use]
pub unsafe fn must_come_first(node: *mut pg_sys::Node) -> bool {
    // SAFETY: the caller vouches for the node; the cast follows the tag.
    unsafe {
        match (*node).type_ {
            T_DropStmt => (*node.cast::<pg_sys::DropStmt>()).concurrent,
            T_LockStmt | T_VariableSetStmt => !pg_sys::FirstSnapshotSet,
            _ => false,
        }
    }
}

/// Whether a statement is an EXPLAIN that runs nothing.
///
/// # Safety
/// `node` must be a valid node.
#[must_use]
pub unsafe fn only_explains(node: *mut pg_sys::Node) -> bool {
    // SAFETY: the caller vouches for the node; the cast follows the tag.
    unsafe {
        (*node).type_ == T_ExplainStmt
            && !super::list::items::<pg_sys::DefElem>((*node.cast::<pg_sys::ExplainStmt>()).options)
                .into_iter()
                .any(|option| {
                    super::catalog::text((*option).defname).as_deref() == Some("analyze")
                        && resolve::is_on(option) != Some(false)
                })
    }
}

/// What a statement would do. Names are resolved under the search path in force.
///
/// # Safety
/// `node` must be a valid raw parse tree of a utility statement.
#[must_use]
pub unsafe fn look(node: *mut pg_sys::Node) -> Sight {
    let mut sight = Sight::default();
    // SAFETY: the caller vouches for the node.
    unsafe {
        look_into(node, &mut sight);
        ours::look(node, &mut sight);
    }
    sight
}

/// # Safety
/// As [`look`].
unsafe fn look_into(node: *mut pg_sys::Node, s: &mut Sight) {
    // SAFETY: every cast follows the node's tag.
    unsafe {
        match (*node).type_ {
            T_AlterTableStmt => table::alter(&*node.cast(), s),
            T_AlterTableMoveAllStmt => storage::move_all(&*node.cast(), s),
            T_AlterDatabaseSetStmt => server::alter_database_set(&*node.cast(), s),
            T_AlterDatabaseStmt => server::alter_database(&*node.cast(), s),
            T_AlterDefaultPrivilegesStmt => grant::default_privileges(&*node.cast(), s),
            T_AlterDomainStmt => types::alter_domain(&*node.cast(), s),
            T_AlterEnumStmt => types::alter_enum(&*node.cast(), s),
            T_AlterEventTrigStmt => server::alter_event_trigger(&*node.cast(), s),
            T_AlterExtensionContentsStmt => server::alter_extension_contents(&*node.cast(), s),
            T_AlterFunctionStmt => replace::alter_function(&*node.cast(), s),
            T_AlterObjectSchemaStmt => rename::set_schema(&*node.cast(), s),
            T_AlterOwnerStmt => access::alter_owner(&*node.cast(), s),
            T_AlterPolicyStmt => access::alter_policy(&*node.cast(), s),
            T_AlterPublicationStmt => server::alter_publication(&*node.cast(), s),
            T_AlterRoleSetStmt => server::alter_role_set(&*node.cast(), s),
            T_AlterRoleStmt => role::alter_role(&*node.cast(), s),
            T_AlterSeqStmt => types::alter_sequence(&*node.cast(), s),
            T_AlterSystemStmt => server::alter_system(&*node.cast(), s),
            T_ClusterStmt => storage::cluster(&*node.cast(), s),
            T_CommentStmt => access::comment(&*node.cast(), s),
            T_CreateFunctionStmt => replace::create_function(&*node.cast(), s),
            T_CreateRoleStmt => role::create_role(&*node.cast(), s),
            // Its elements run as parts of it. What they name without a schema is made by it.
            T_CreateSchemaStmt => {
                let elements = (*node.cast::<pg_sys::CreateSchemaStmt>()).schemaElts;
                for element in super::list::items::<pg_sys::Node>(elements) {
                    look_into(element, s);
                }
            }
            T_CreateStmt => partition::create_table(&*node.cast(), s),
            T_CreateTrigStmt => replace::create_trigger(&*node.cast(), s),
            T_DropOwnedStmt => drops::owned(&*node.cast(), s),
            T_DropRoleStmt => drops::role(&*node.cast(), s),
            T_DropStmt => drops::objects(&*node.cast(), s),
            T_DropSubscriptionStmt => drops::subscription(&*node.cast(), s),
            T_DropTableSpaceStmt => drops::tablespace(&*node.cast(), s),
            T_DropdbStmt => drops::database(&*node.cast(), s),
            T_GrantRoleStmt => role::grant_role(&*node.cast(), s),
            T_GrantStmt => grant::grant(&*node.cast(), s),
            T_IndexStmt => storage::create_index(&*node.cast(), s),
            T_LockStmt => storage::lock(&*node.cast(), s),
            T_ReassignOwnedStmt => access::reassign_owned(&*node.cast(), s),
            T_RefreshMatViewStmt => storage::refresh(&*node.cast(), s),
            T_ReindexStmt => storage::reindex(&*node.cast(), s),
            T_RenameStmt => rename::rename(&*node.cast(), s),
            T_RuleStmt => replace::create_rule(&*node.cast(), s),
            T_SecLabelStmt => access::security_label(&*node.cast(), s),
            T_TruncateStmt => drops::truncate(&*node.cast(), s),
            T_VacuumStmt => storage::vacuum(&*node.cast(), s),
            T_VariableSetStmt => server::set(&*node.cast(), s),
            T_ViewStmt => replace::create_view(&*node.cast(), s),
            _ => {}
        }
    }
}

/// A statement about the transaction.
pub enum Transaction {
    /// BEGIN.
    Begin,
    /// COMMIT.
    Commit,
    /// ROLLBACK.
    Rollback,
    /// SAVEPOINT.
    Savepoint(String),
    /// ROLLBACK TO.
    RollbackTo(String),
}

/// One statement of a SQL text.
pub struct Parsed {
    /// Its own text.
    pub text: String,
    node: *mut pg_sys::Node,
}

impl Parsed {
    /// The setting that it changes, and the value, None for what the session began with; settings that decide what comes
    /// after it only.
    #[must_use]
    pub fn sets(&self) -> Option<(&'static CStr, Option<String>)> {
        use pg_sys::VariableSetKind::{VAR_RESET, VAR_RESET_ALL, VAR_SET_DEFAULT, VAR_SET_VALUE};
        // SAFETY: the node is what the parser made; the cast follows the tag. Values are constants.
        unsafe {
            if (*self.node).type_ != T_VariableSetStmt {
                return None;
            }
            let s = &*self.node.cast::<pg_sys::VariableSetStmt>();
            let name = super::catalog::text(s.name).unwrap_or_default();
            let setting = [c"search_path", c"lock_timeout"]
                .into_iter()
                .find(|known| known.to_str().is_ok_and(|known| known.eq_ignore_ascii_case(&name)))?;
            match s.kind {
                VAR_SET_VALUE => {
                    let value = pg_sys::ExtractSetVariableArgs(self.node.cast());
                    Some((setting, super::catalog::text(value)))
                }
                VAR_SET_DEFAULT | VAR_RESET | VAR_RESET_ALL => Some((setting, None)),
                _ => None,
            }
        }
    }

    /// What it does to the transaction that the text is read as.
    #[must_use]
    pub fn transaction(&self) -> Option<Transaction> {
        use pg_sys::TransactionStmtKind::*;
        // SAFETY: the node is what the parser made; the cast follows the tag.
        unsafe {
            if (*self.node).type_ != T_TransactionStmt {
                return None;
            }
            let s = &*self.node.cast::<pg_sys::TransactionStmt>();
            let name = super::catalog::text(s.savepoint_name).unwrap_or_default();
            match s.kind {
                TRANS_STMT_BEGIN | TRANS_STMT_START => Some(Transaction::Begin),
                TRANS_STMT_COMMIT => Some(Transaction::Commit),
                TRANS_STMT_ROLLBACK => Some(Transaction::Rollback),
                TRANS_STMT_SAVEPOINT => Some(Transaction::Savepoint(name)),
                TRANS_STMT_ROLLBACK_TO => Some(Transaction::RollbackTo(name)),
                _ => None,
            }
        }
    }

    /// Whether it renames, moves or drops what a shadow does not follow: anything but tables, views and columns.
    #[must_use]
    pub fn hides_names(&self) -> bool {
        use pg_sys::ObjectType::*;
        // SAFETY: as above.
        unsafe {
            match (*self.node).type_ {
                T_RenameStmt => {
                    let s = &*self.node.cast::<pg_sys::RenameStmt>();
                    !matches!(s.renameType, OBJECT_TABLE | OBJECT_VIEW | OBJECT_MATVIEW | OBJECT_COLUMN)
                }
                T_AlterObjectSchemaStmt => {
                    (*self.node.cast::<pg_sys::AlterObjectSchemaStmt>()).relation.is_null()
                }
                T_DropStmt => !matches!(
                    (*self.node.cast::<pg_sys::DropStmt>()).removeType,
                    OBJECT_TABLE | OBJECT_VIEW | OBJECT_MATVIEW | OBJECT_FOREIGN_TABLE
                ),
                _ => false,
            }
        }
    }

    /// Whether it names something that has to be there.
    #[must_use]
    pub fn names_something(&self) -> bool {
        // SAFETY: as above.
        let tag = unsafe { (*self.node).type_ };
        matches!(
            tag,
            T_DropStmt
                | T_RenameStmt
                | T_AlterTableStmt
                | T_AlterObjectSchemaStmt
                | T_AlterOwnerStmt
                | T_AlterFunctionStmt
                | T_AlterEnumStmt
                | T_AlterDomainStmt
                | T_AlterSeqStmt
                | T_TruncateStmt
        )
    }

    /// Whether it runs what only running it would show: code, queries with functions in them, prepared statements.
    #[must_use]
    pub fn runs_code(&self) -> bool {
        // SAFETY: as above.
        unsafe {
            match (*self.node).type_ {
                T_DoStmt | T_CallStmt | T_ExecuteStmt | T_CopyStmt => true,
                T_SelectStmt | T_InsertStmt | T_UpdateStmt | T_DeleteStmt | T_MergeStmt => true,
                T_ExplainStmt => !only_explains(self.node),
                _ => false,
            }
        }
    }

    /// What it would do.
    #[must_use]
    pub fn look(&self) -> Sight {
        // SAFETY: the node is what the parser made; the memory context of the call that parsed it is still there.
        unsafe { look(self.node) }
    }

    /// The statement as identity and changes read it.
    #[must_use]
    pub fn ddl(&self) -> super::ddl::Ddl {
        // SAFETY: as above.
        unsafe { super::ddl::read(self.node) }
    }

    /// What kind of a statement it is.
    #[must_use]
    pub fn tag(&self) -> pg_sys::NodeTag {
        // SAFETY: as below.
        unsafe { (*self.node).type_ }
    }

    /// What it wishes, as changes read it.
    #[must_use]
    pub fn wishes(&self) -> Vec<super::wish::Wish> {
        // SAFETY: as above.
        unsafe { super::wish::read(self.node) }
    }

    /// Whether event triggers fire for it: not for what is the whole server's, for commands that only work on rows or
    /// storage, nor for event triggers themselves.
    #[must_use]
    pub fn fires_event_triggers(&self) -> bool {
        // SAFETY: as above; the cast follows the tag.
        unsafe {
            let of_kind = match (*self.node).type_ {
                T_RenameStmt => Some((*self.node.cast::<pg_sys::RenameStmt>()).renameType),
                T_CommentStmt => Some((*self.node.cast::<pg_sys::CommentStmt>()).objtype),
                T_SecLabelStmt => Some((*self.node.cast::<pg_sys::SecLabelStmt>()).objtype),
                T_AlterOwnerStmt => Some((*self.node.cast::<pg_sys::AlterOwnerStmt>()).objectType),
                T_GrantStmt => Some((*self.node.cast::<pg_sys::GrantStmt>()).objtype),
                T_DropStmt => Some((*self.node.cast::<pg_sys::DropStmt>()).removeType),
                _ => None,
            };
            pg_sys::command_tag_event_trigger_ok(pg_sys::CreateCommandTag(self.node))
                && of_kind.is_none_or(|kind| pg_sys::EventTriggerSupportsObjectType(kind))
        }
    }

    /// Follows what it does to the checks of relations, beside its names.
    pub fn follow(&self, shadow: &mut Rc<Shadow>) {
        use pg_sys::AlterTableType::{AT_AddConstraint, AT_DropConstraint, AT_ValidateConstraint};
        // SAFETY: as above; ADD CONSTRAINT has a Constraint.
        unsafe {
            if (*self.node).type_ != T_AlterTableStmt {
                return;
            }
            let s = &*self.node.cast::<pg_sys::AlterTableStmt>();
            let Some(relid) = with_shadow(shadow, || names::relation(s.relation)) else { return };
            for command in super::list::items::<pg_sys::AlterTableCmd>(s.cmds) {
                let name = super::catalog::text((*command).name);
                match (*command).subtype {
                    AT_AddConstraint => {
                        let c = &*(*command).def.cast::<pg_sys::Constraint>();
                        if c.contype == pg_sys::ConstrType::CONSTR_CHECK {
                            Rc::make_mut(shadow).check(names::Check {
                                relid,
                                name: super::catalog::text(c.conname),
                                condition: c.raw_expr,
                                valid: !c.skip_validation,
                            });
                        }
                    }
                    AT_ValidateConstraint => {
                        Rc::make_mut(shadow).checked(relid, &name.unwrap_or_default(), true)
                    }
                    AT_DropConstraint => {
                        Rc::make_mut(shadow).checked(relid, &name.unwrap_or_default(), false)
                    }
                    _ => {}
                }
            }
        }
    }

    /// Relations it makes.
    #[must_use]
    pub fn made(&self) -> Vec<Name> {
        // SAFETY: as above; the cast follows the tag.
        unsafe {
            let (range, keeps) = match (*self.node).type_ {
                T_CreateStmt => {
                    let s = &*self.node.cast::<pg_sys::CreateStmt>();
                    (s.relation, s.if_not_exists)
                }
                T_CreateTableAsStmt => {
                    let s = &*self.node.cast::<pg_sys::CreateTableAsStmt>();
                    ((*s.into).rel, s.if_not_exists)
                }
                T_ViewStmt => {
                    let s = &*self.node.cast::<pg_sys::ViewStmt>();
                    (s.view, s.replace)
                }
                T_SelectStmt => {
                    let into = (*self.node.cast::<pg_sys::SelectStmt>()).intoClause;
                    (if into.is_null() { std::ptr::null_mut() } else { (*into).rel }, false)
                }
                _ => return Vec::new(),
            };
            if range.is_null() || (keeps && names::relation(range).is_some()) {
                return Vec::new();
            }
            super::ddl::name_of(range).into_iter().collect()
        }
    }
}

/// The statements of a SQL text. Raises PostgreSQL's own syntax error where it does not parse.
#[must_use]
pub fn parse(sql: &str) -> Vec<Parsed> {
    let Ok(text) = CString::new(sql) else { return Vec::new() };
    // SAFETY: a valid C string; the parser returns a list of RawStmt with byte positions in it.
    unsafe {
        super::list::items::<pg_sys::RawStmt>(pg_sys::pg_parse_query(text.as_ptr()))
            .into_iter()
            .map(|raw| {
                let from = usize::try_from((*raw).stmt_location).unwrap_or(0);
                let length = usize::try_from((*raw).stmt_len).unwrap_or(0);
                let to = if length == 0 { sql.len() } else { from + length };
                let text = sql.get(from..to).unwrap_or(sql).trim().to_string();
                Parsed { text, node: (*raw).stmt }
            })
            .collect()
    }
}
