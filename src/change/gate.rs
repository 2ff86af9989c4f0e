//! The gate for migration tools: an approved change lets the tool's own DDL through, and that completes the change
//! with the same quarantine as `advance_change`.
//!
//! An event trigger can neither replace nor skip a statement. So before a DROP runs, what it names is moved into
//! quarantine and an empty stand-in takes its name: the statement then drops the stand-in, which the running transaction
//! itself has made.
use super::acting::{as_change, is_acting};
use super::store::{self, Change};
use super::{contract, table};
use crate::core::change::{Kind, State};
use crate::error;
use crate::guard::Victim;
use crate::pg::catalog::{self, Name};
use crate::pg::ddl::Ddl;
use crate::pg::{owner, roles, spi, xact};
use pgrx::spi::quote_identifier;

/// The change that lets a rename pass: the same wish, at its gate. Drops need none: what they drop is a stand-in.
#[must_use]
pub fn at_gate(victim: &Victim) -> Option<i64> {
    let wish = victim.wish.as_deref().filter(|_| victim.rule == "renaming-column")?;
    store::open_on(&victim.dataset)
        .into_iter()
        .find(|c| {
            c.kind == Kind::RenameColumn
                && c.ddl == wish
                && matches!(c.state, State::Ready | State::Contracted)
        })
        .map(|c| c.id)
}

/// The change that a statement would complete, as [`before_ddl`] does when it runs.
#[must_use]
pub fn would_complete(ddl: &Ddl) -> Option<i64> {
    let open = |name: &Name, fits: &dyn Fn(&Change) -> bool| {
        store::open_on(name)
            .into_iter()
            .find(|c| matches!(c.state, State::Approved | State::Ready | State::Contracted) && fits(c))
            .map(|c| c.id)
    };
    match ddl {
        Ddl::AlterTable { target, drops, only: false, commands: 1, .. } => {
            let drop = drops.first()?;
            open(&target.name, &|c| {
                c.kind == Kind::DropColumn && c.column.as_deref() == Some(drop.column.as_str())
            })
        }
        Ddl::DropRelations { targets, is_table: true, .. } if targets.len() == 1 => {
            open(&targets[0].name, &|c| c.kind == Kind::DropTable)
        }
        Ddl::RenameColumn { target, column, new_name } => open(&target.name, &|c| {
            c.kind == Kind::RenameColumn
                && c.column.as_deref() == Some(column)
                && c.new_name.as_deref() == Some(new_name)
        }),
        _ => None,
    }
}

/// Called before any DDL: completes the changes it stands for.
pub fn before_ddl(ddl: &Ddl) {
    if is_acting() {
        return;
    }
    match ddl {
        Ddl::AlterTable { target, drops, only: false, .. } => {
            for drop in drops {
                let changes = store::open_on(&target.name);
                let Some(change) = changes.iter().find(|c| {
                    c.kind == Kind::DropColumn && c.column.as_deref() == Some(drop.column.as_str())
                }) else {
                    continue;
                };
                column_dropped(change, drop.missing_ok);
            }
        }
        Ddl::DropRelations { targets, is_table: true, .. } => {
            for target in targets {
                if let Some(change) = store::open_on(&target.name).iter().find(|c| c.kind == Kind::DropTable)
                {
                    table_dropped(change, target.relid.is_some());
                }
            }
        }
        Ddl::RenameColumn { target, column, new_name } => {
            if let Some(change) = store::open_on(&target.name).iter().find(|c| {
                c.kind == Kind::RenameColumn
                    && c.column.as_deref() == Some(column)
                    && c.new_name.as_deref() == Some(new_name)
            }) {
                column_renamed(change);
            }
        }
        _ => {}
    }
}

fn column_dropped(change: &Change, missing_ok: bool) {
    let column = change.column.as_deref().unwrap_or_default();
    let relation = change.relation();
    let exists = catalog::column_number(relation.0, column).is_some();
    match change.state {
        State::Approved if exists => {
            let change = store::lock(change.id);
            contract::contract(&change, true);
            error::change::completed(change.id).notice();
        }
        State::Contracted if !exists && contract::is_in_quarantine(change) => {
            error::change::already_in_quarantine(
                change.id,
                &format!("column {}.{}", change.name, change.column_quoted()),
            )
            .notice();
            if missing_ok {
                return;
            }
        }
        _ => return,
    }
    as_change(change, || {
        spi::execute(
            &format!("ALTER TABLE {} ADD COLUMN {} boolean", change.name, change.column_quoted()),
            &[],
        )
    });
    if let Some(stand_in) = catalog::column_number(relation.0, column) {
        xact::note_created(relation.0, Some(stand_in));
    }
}

fn table_dropped(change: &Change, exists: bool) {
    match change.state {
        State::Approved if exists => {
            let change = store::lock(change.id);
            contract::contract(&change, true);
            error::change::completed(change.id).notice();
        }
        State::Contracted if !exists && contract::is_in_quarantine(change) => {
            error::change::already_in_quarantine(change.id, &format!("table {}", change.name)).notice();
        }
        _ => return,
    }
    // As the extension's owner: the table's owner need not be allowed to create tables here. It is handed over at once.
    let owner_of_table = catalog::relation_owner(quarantined_table(change)).map(roles::name);
    as_change(change, || {
        owner::run(|| {
            spi::execute(&format!("CREATE TABLE {} ()", change.name), &[]);
            if let Some(role) = owner_of_table {
                spi::execute(
                    &format!("ALTER TABLE {} OWNER TO {}", change.name, quote_identifier(role)),
                    &[],
                );
            }
        });
    });
    if let Some(relid) = catalog::relation_oid(&change.name) {
        xact::note_created(relid, None);
    }
}

fn quarantined_table(change: &Change) -> pgrx::pg_sys::Oid {
    let name = Name { schema: change.name.schema.clone(), relation: change.quarantine_name() };
    catalog::relation_oid(&name).unwrap_or(pgrx::pg_sys::InvalidOid)
}

fn column_renamed(change: &Change) {
    let relation = change.relation();
    match change.state {
        State::Ready => {
            let change = store::lock(change.id);
            contract::contract(&change, true);
            error::change::completed(change.id).notice();
        }
        State::Contracted => {
            let column = change.column.as_deref().unwrap_or_default();
            if table::column(relation.0, column).is_some() {
                return;
            }
            error::change::already_in_quarantine(
                change.id,
                &format!("the old name {}.{}", change.name, change.column_quoted()),
            )
            .notice();
            // The statement wants to rename what has its new name already: it gets the old name back for that.
            as_change(change, || {
                spi::execute(
                    &format!(
                        "ALTER TABLE {} RENAME COLUMN {} TO {}",
                        change.name,
                        change.new_quoted(),
                        change.column_quoted()
                    ),
                    &[],
                )
            });
        }
        _ => {}
    }
}
