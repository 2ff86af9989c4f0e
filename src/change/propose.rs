//! From a wish in plain DDL to a planned change.
use super::store::{self, Change};
use super::table;
use crate::audit::{self, Act};
use crate::core::change::plan::{self, Names, Step};
use crate::core::change::{Kind, State};
use crate::error;
use crate::pg::catalog::{self, Name};
use crate::pg::ddl::{self, Ddl};
use crate::pg::regclass::Relation;
use crate::pg::{owner, roles, settings_scope, spi};
use crate::registry::identity;
use pgrx::pg_sys;
use pgrx::spi::quote_identifier;
use serde_json::json;

/// A wish that has a form, its table resolved.
struct Wish {
    kind: Kind,
    name: Name,
    relid: pg_sys::Oid,
    column: Option<String>,
    new_name: Option<String>,
    ddl: String,
}

/// Plans a wish; returns the number of the change.
pub fn propose(sql: &str, reason: Option<&str>, up: Option<&str>, down: Option<&str>, path: &str) -> i64 {
    let reason = reason
        .map(str::trim)
        .filter(|r| !r.is_empty())
        .unwrap_or_else(|| error::argument_required("reason").raise());
    if up.is_some() || down.is_some() {
        error::change::no_expressions().raise();
    }
    let statements = settings_scope::with_search_path(path, || ddl::parse(sql));
    let [statement] = statements.as_slice() else {
        error::change::one_statement(statements.len()).raise();
    };
    let wish = understand(statement, sql);
    if !roles::has_rights_of(
        roles::current(),
        catalog::relation_owner(wish.relid).unwrap_or(pg_sys::InvalidOid),
    ) {
        error::change::not_owner(&wish.name, &roles::name(roles::current())).raise();
    }
    one_at_a_time(wish.relid);
    if let Some(open) = open_change(&wish) {
        return open;
    }
    check(&wish);
    store_wish(&wish, reason)
}

fn understand(statement: &Ddl, sql: &str) -> Wish {
    let no_form = |why: &str| -> ! { error::change::no_form(why, sql.trim()).raise() };
    let (kind, target, column, new_name) = match statement {
        Ddl::AlterTable { target, drops, commands: 1, .. } if drops.len() == 1 => {
            if drops[0].cascade {
                no_form("DROP COLUMN … CASCADE has no change form: change what depends on it first");
            }
            (Kind::DropColumn, target, Some(drops[0].column.clone()), None)
        }
        Ddl::DropRelations { targets, is_table: true, cascade } if targets.len() == 1 => {
            if *cascade {
                no_form("DROP TABLE … CASCADE has no change form: change what depends on it first");
            }
            (Kind::DropTable, &targets[0], None, None)
        }
        Ddl::RenameColumn { target, column, new_name } => {
            (Kind::RenameColumn, target, Some(column.clone()), Some(new_name.clone()))
        }
        _ => no_form("no change form exists for this statement yet"),
    };
    let Some(relid) = target.relid else { error::change::no_such_table(&target.name).raise() };
    let name = target.name.clone();
    if !matches!(catalog::relation_kind(relid), Some(b'r' | b'p')) {
        no_form("changes work on tables only");
    }
    crate::registry::dataset::governable(Relation(relid));
    let quoted = column.as_deref().map(quote_identifier).unwrap_or_default();
    let ddl = match kind {
        Kind::DropColumn => format!("ALTER TABLE {name} DROP COLUMN {quoted}"),
        Kind::DropTable => format!("DROP TABLE {name}"),
        Kind::RenameColumn => format!(
            "ALTER TABLE {name} RENAME COLUMN {quoted} TO {}",
            quote_identifier(new_name.as_deref().unwrap_or_default())
        ),
    };
    Wish { kind, name, relid, column, new_name, ddl }
}

/// Serialises proposals for one table until the transaction ends: two sessions with the same wish get the same change.
fn one_at_a_time(relid: pg_sys::Oid) {
    /// First half of the advisory lock's key; spells "dgov" in ASCII.
    const LOCK_SPACE: i32 = 0x6467_6f76;
    spi::execute(
        "SELECT pg_advisory_xact_lock($1, $2)",
        &[LOCK_SPACE.into(), (relid.to_u32() as i32).into()],
    );
}

/// The open change with the same wish; raises when another one works on the same column or table.
fn open_change(wish: &Wish) -> Option<i64> {
    for c in store::open_on(&wish.name) {
        if c.ddl == wish.ddl && c.state.is_before_contraction() {
            return Some(c.id);
        }
        let overlaps = c.state.is_before_contraction()
            && (c.kind == Kind::DropTable
                || wish.kind == Kind::DropTable
                || (c.column.is_some() && (c.column == wish.column || c.new_name == wish.column)));
        if overlaps {
            error::change::busy(c.id, c.state.as_str()).raise();
        }
    }
    None
}

/// What stands in the way of the form.
fn check(wish: &Wish) {
    let no_form = |why: &str| -> ! { error::change::no_form(why, &wish.ddl).raise() };
    let shape = table::shape(wish.relid);
    if shape.typed {
        no_form("a typed table gets its columns from its type");
    }
    if shape.has_children {
        no_form("other tables inherit from this one");
    }
    if shape.is_partition {
        no_form("a partition has its columns and its place from the table above it");
    }
    if let Some(column) = &wish.column {
        crate::registry::tagging::require_column(Relation(wish.relid), &wish.name, column);
        let Some(facts) = table::column(wish.relid, column) else { return };
        if facts.inherited {
            no_form("the column is inherited from another table");
        }
        match wish.kind {
            Kind::RenameColumn => {
                if facts.generated {
                    no_form("a generated column cannot be written together with its new name");
                }
                if facts.in_partition_key {
                    no_form("a partition key cannot be written together with its new name");
                }
                let new_name = wish.new_name.as_deref().unwrap_or_default();
                if catalog::column_number(wish.relid, new_name).is_some() {
                    error::change::name_taken(&wish.name, new_name).raise();
                }
            }
            _ => {
                if facts.in_primary_key {
                    no_form("the column is part of the primary key");
                }
                if facts.in_partition_key {
                    no_form("the column is part of the partition key");
                }
            }
        }
    }
    if wish.kind == Kind::DropTable && shape.partitioned {
        no_form("a partitioned table is dropped partition by partition");
    }
    if wish.kind != Kind::RenameColumn {
        let dependents = table::dependents(wish.relid, wish.column.as_deref());
        if !dependents.is_empty() {
            error::change::dependents(&wish.ddl, &dependents).raise();
        }
    }
}

fn store_wish(wish: &Wish, reason: &str) -> i64 {
    let me = roles::name(roles::current());
    let fingerprint = table::fingerprint(wish.relid, &[]);
    let ids = owner::run(|| {
        spi::execute_returning(
            "INSERT INTO governance.change (kind, schema_name, relation_name, column_name, new_name, ddl, reason,
                    fingerprint, proposed_by)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) RETURNING id",
            &[
                wish.kind.as_str().into(),
                wish.name.schema.as_str().into(),
                wish.name.relation.as_str().into(),
                wish.column.clone().into(),
                wish.new_name.clone().into(),
                wish.ddl.as_str().into(),
                reason.into(),
                fingerprint.into(),
                me.into(),
            ],
            |r| r.must::<i64>(1),
        )
    });
    let id = ids.first().copied().unwrap_or_default();
    identity::bind(wish.relid, &wish.name);
    audit::act(Act {
        verb: "propose_change",
        object: &format!("change {id}"),
        relation: Some(Relation(wish.relid)),
        before: None,
        after: Some(json!({"ddl": wish.ddl, "state": State::Proposed.as_str()})),
        reason: Some(reason),
    });
    id
}

/// The plan of a change.
#[must_use]
pub fn plan(c: &Change) -> Vec<Step> {
    let table = c.name.to_string();
    let type_name = catalog::relation_oid(&c.name)
        .zip(c.column.as_deref())
        .and_then(|(relid, column)| table::column(relid, column))
        .map(|f| f.type_name)
        .unwrap_or_default();
    plan::steps(
        c.kind,
        &Names {
            table: &table,
            column: &c.column_quoted(),
            new_name: &c.new_quoted(),
            column_type: &type_name,
            quarantine: &quote_identifier(c.quarantine_name()),
            change: c.id,
        },
    )
}
