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
mod effect;
pub mod facts;
mod follow;
mod grant;
pub mod hold;
mod kinds;
mod locks;
pub mod names;
mod ours;
mod parsed;
mod partition;
mod proof;
mod publication;
mod rename;
mod replace;
pub mod resolve;
mod retype;
mod role;
mod server;
mod shadow;
mod storage;
mod table;
mod types;
mod whole;

pub use drops::hit_of;
pub use facts::{bytes, has_rows};
pub use kinds::{only_explains, reads_only};
pub use locks::{blockers, has_lock_timeout, mode_name, waits_for};
pub use parsed::{Parsed, Transaction, parse};
pub use shadow::{Shadow, take_not_known, with_shadow};

use super::object::Address;
use pgrx::pg_sys;
use pgrx::pg_sys::NodeTag::*;

/// What a hit is about, which decides whose level counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum On {
    /// A relation, or something that belongs to it.
    Relation(pg_sys::Oid),
    /// A column of a relation.
    Column(pg_sys::Oid, String),
    /// A privilege on a relation, of a role (quoted) or of everybody; the columns to read, none for all, where it is about no
    /// more than that.
    Grant(pg_sys::Oid, Option<String>, Option<Vec<String>>),
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
    /// A statement with several sub-commands that is one wish as a whole: its table, and the wish in one spelling.
    pub several: Option<(pg_sys::Oid, String)>,
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
            | T_CreatePublicationStmt
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
        sight.several = Some(node).filter(|_| !sight.hits.is_empty()).and_then(|node| whole::of(node));
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
            T_AlterPublicationStmt => publication::alter(&*node.cast(), s),
            T_AlterRoleSetStmt => server::alter_role_set(&*node.cast(), s),
            T_AlterRoleStmt => role::alter_role(&*node.cast(), s),
            T_AlterSeqStmt => types::alter_sequence(&*node.cast(), s),
            T_AlterSystemStmt => server::alter_system(&*node.cast(), s),
            T_ClusterStmt => storage::cluster(&*node.cast(), s),
            T_CommentStmt => access::comment(&*node.cast(), s),
            T_CreateFunctionStmt => replace::create_function(&*node.cast(), s),
            T_CreatePublicationStmt => publication::create(&*node.cast(), s),
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
