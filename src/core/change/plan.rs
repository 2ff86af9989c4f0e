//! The plan of a change: every statement with its lock, before anybody approves it.
use super::Kind;

/// One step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// expand, backfill, verify, contract or purge.
    pub phase: &'static str,
    /// What is run.
    pub statement: String,
    /// Strongest lock it takes on the table.
    pub lock_mode: &'static str,
    /// Whether `abort_change` or `undo_change` takes it back.
    pub reversible: bool,
}

/// What a plan is made from; all names already quoted.
pub struct Names<'a> {
    /// The table.
    pub table: &'a str,
    /// The column, for columns.
    pub column: &'a str,
    /// Its new name, for renames.
    pub new_name: &'a str,
    /// Its type, for renames.
    pub column_type: &'a str,
    /// Name in quarantine.
    pub quarantine: &'a str,
    /// Id of the change.
    pub change: i64,
}

/// The steps of a change.
#[must_use]
pub fn steps(kind: Kind, n: &Names) -> Vec<Step> {
    let exclusive = "AccessExclusiveLock";
    let step = |phase, statement, lock_mode, reversible| Step { phase, statement, lock_mode, reversible };
    match kind {
        Kind::DropColumn => vec![
            step(
                "contract",
                format!("ALTER TABLE {} RENAME COLUMN {} TO {}", n.table, n.column, n.quarantine),
                exclusive,
                true,
            ),
            step(
                "contract",
                format!("ALTER TABLE {} ALTER COLUMN {} DROP NOT NULL", n.table, n.quarantine),
                exclusive,
                true,
            ),
            step("purge", format!("ALTER TABLE {} DROP COLUMN {}", n.table, n.quarantine), exclusive, false),
        ],
        Kind::DropTable => vec![
            step("contract", format!("ALTER TABLE {} RENAME TO {}", n.table, n.quarantine), exclusive, true),
            step(
                "contract",
                format!("REVOKE ALL ON {} FROM everybody but its owner", n.quarantine),
                "none",
                true,
            ),
            step("purge", format!("DROP TABLE {}", n.quarantine), exclusive, false),
        ],
        Kind::RenameColumn => vec![
            step(
                "expand",
                format!("ALTER TABLE {} ADD COLUMN {} {}", n.table, n.new_name, n.column_type),
                exclusive,
                true,
            ),
            step(
                "expand",
                format!(
                    "CREATE TRIGGER zz_data_governance_change_{} BEFORE INSERT OR UPDATE ON {} (writes {} and {} together)",
                    n.change, n.table, n.column, n.new_name
                ),
                "ShareRowExclusiveLock",
                true,
            ),
            step(
                "backfill",
                format!(
                    "UPDATE {} SET {} = {} in batches, a commit after each",
                    n.table, n.new_name, n.column
                ),
                "RowExclusiveLock",
                true,
            ),
            step(
                "verify",
                format!("SELECT count(*) FROM {} where {} and {} differ", n.table, n.column, n.new_name),
                "AccessShareLock",
                true,
            ),
            step(
                "contract",
                format!("DROP TRIGGER zz_data_governance_change_{} ON {}", n.change, n.table),
                exclusive,
                true,
            ),
            step(
                "contract",
                format!("ALTER TABLE {} RENAME COLUMN {} TO {}", n.table, n.new_name, n.quarantine),
                exclusive,
                true,
            ),
            step(
                "contract",
                format!("ALTER TABLE {} RENAME COLUMN {} TO {}", n.table, n.column, n.new_name),
                exclusive,
                true,
            ),
            step("purge", format!("ALTER TABLE {} DROP COLUMN {}", n.table, n.quarantine), exclusive, false),
        ],
    }
}
