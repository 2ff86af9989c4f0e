//! Holding what a statement will lock anyway, before it runs: between the look and the lock others may declare the table,
//! fill it, or give its name to another.
use super::Sight;
use crate::pg::list::items;
use crate::pg::{catalog, relation};
use pgrx::pg_sys;
use pgrx::pg_sys::NodeTag::*;

/// What was so when a statement was looked at: how many changes of others to the catalogs were known.
pub struct Seen(u64);

/// Whether a statement takes its locks at once and keeps them: not those that commit as they go, nor those that say how they
/// want to wait.
///
/// # Safety
/// `node` must be a valid node.
#[must_use]
pub unsafe fn is_held(node: *mut pg_sys::Node) -> bool {
    // SAFETY: the caller vouches for the node; the casts follow the tag.
    unsafe {
        match (*node).type_ {
            T_TruncateStmt | T_RenameStmt | T_AlterObjectSchemaStmt => true,
            T_DropStmt => !(*node.cast::<pg_sys::DropStmt>()).concurrent,
            T_AlterTableStmt => items::<pg_sys::AlterTableCmd>((*node.cast::<pg_sys::AlterTableStmt>()).cmds)
                .into_iter()
                .all(|c| {
                    !matches!(
                        (*c).subtype,
                        pg_sys::AlterTableType::AT_DetachPartition
                            | pg_sys::AlterTableType::AT_DetachPartitionFinalize
                    )
                }),
            _ => false,
        }
    }
}

impl Seen {
    /// Notes what is so now, before the look.
    #[must_use]
    pub fn now() -> Self {
        // SAFETY: plain read of a counter of the server's.
        Seen(unsafe { pg_sys::SharedInvalidMessageCounter })
    }

    /// Takes the locks of the relations that the statement names. Returns whether it had to wait for one or the catalogs have
    /// changed since the look, which then has to be done again.
    #[must_use]
    pub fn is_stale_once_held(&self, sight: &Sight) -> bool {
        let mut waited = false;
        for (relid, mode) in &sight.locks {
            if relation::has_parents(*relid) || catalog::relation_kind(*relid).is_none() {
                continue;
            }
            // SAFETY: the lock that the statement takes itself a moment later, by the same rules of waiting.
            unsafe {
                if !pg_sys::ConditionalLockRelationOid(*relid, *mode) {
                    waited = true;
                    pg_sys::LockRelationOid(*relid, *mode);
                }
            }
        }
        // SAFETY: plain read of a counter of the server's; taking a lock has brought it up to date.
        waited || self.0 != unsafe { pg_sys::SharedInvalidMessageCounter }
    }
}
