//! ADD COLUMN with what would write or read every row under a strong lock: the column first, then a default for new rows,
//! then old rows in batches, and what is demanded of them when they have their values.
use super::{Plan, Planning, add_constraint, not_null};
use crate::change::{table, whole};
use crate::core::change::addition::{Demand, NewColumn, Source, identity};
use crate::core::change::step::{Phase, SCHEMA, Step, TABLE, lock};
use crate::error;
use crate::pg::addition::free_name;
use crate::pg::{catalog, expression};
use pgrx::spi::{quote_identifier, quote_literal};

/// The plan.
pub fn plan(p: &Planning, new: &NewColumn) -> Plan {
    p.refuse_down();
    table::require_plain(p);
    let name = new.name.as_str();
    if catalog::column_number(p.relid, name).is_some() {
        error::change::name_taken(&p.name, name).raise();
    }
    let up = p.up_of(name);
    let up_given = up.is_some();
    let mut plan = Plan { adds: vec![name.to_string()], ..Plan::default() };
    add(&mut plan, new, up.is_some());
    match &new.source {
        Source::Volatile { expression, runs_users_code } if up.is_none() => {
            set_default(&mut plan, name, expression);
            not_null::copy_moving(&mut plan, p, name, expression, *runs_users_code, false);
        }
        Source::Volatile { expression, .. } => set_default(&mut plan, name, expression),
        Source::Stable(expression) if up.is_some() => set_default(&mut plan, name, expression),
        Source::Serial => {
            let sequence = free_name(&p.name.relation, &[name.to_string()], "seq", &p.name.schema, false);
            number(&mut plan, p, new, &sequence, up.is_none());
        }
        Source::Identity { .. } => number(&mut plan, p, new, &p.reserved(name), up.is_none()),
        Source::Nothing if new.not_null && up.is_none() => error::change::needs_up(&p.name, name).raise(),
        _ => {}
    }
    if let Some(up) = up {
        let text = expression::of_type_named(p.relid, &up, &new.type_name);
        if new.source == Source::Nothing {
            not_null::fill(&mut plan, p, name, &text);
        } else {
            not_null::copy_moving(&mut plan, p, name, &text.text, text.runs_users_code, text.stable);
        }
    }
    for constraint in &new.constraints {
        match constraint.demand {
            Demand::Check | Demand::ForeignKey => add_constraint::validated(&mut plan, p, constraint),
            Demand::Unique | Demand::PrimaryKey => {
                if constraint.demand == Demand::PrimaryKey && whole::has_primary_key(p.relid) {
                    p.no_form("the table has a primary key already");
                }
            }
        }
    }
    if new.not_null && !has_value_at_once(new, up_given) {
        not_null::prove(&mut plan, p, name);
    }
    if let Source::Identity { always, options } = &new.source {
        become_identity(&mut plan, p, name, &identity(*always, options));
    }
    for constraint in &new.constraints {
        if matches!(constraint.demand, Demand::Unique | Demand::PrimaryKey) {
            // Behind the copy, so that it does not have to keep the index up.
            add_constraint::indexed(&mut plan, p, constraint, Phase::Verify);
        }
    }
    plan.steps.sort_by_key(|(step, _)| step.phase as u8);
    plan
}

/// Whether old rows have the default at once: it is the same for all, so that none has to be written or read.
fn has_value_at_once(new: &NewColumn, up_given: bool) -> bool {
    matches!(new.source, Source::Stable(_)) && !up_given
}

fn add(plan: &mut Plan, new: &NewColumn, default_apart: bool) {
    let quoted = quote_identifier(&new.name);
    let default = match &new.source {
        Source::Stable(expression) if !default_apart => {
            let not_null = if new.not_null { " NOT NULL" } else { "" };
            format!(" DEFAULT {expression}{not_null}")
        }
        _ => String::new(),
    };
    plan.step(
        Step::sql(
            Phase::Expand,
            lock::EXCLUSIVE,
            format!("ALTER TABLE {TABLE} ADD COLUMN {quoted} {}{}{default}", new.type_name, new.collation),
            Some(format!("ALTER TABLE {TABLE} DROP COLUMN IF EXISTS {quoted}")),
        )
        .making("column", &new.name),
    );
}

/// Joined to the column: clients that do not know it never leave it without a value.
fn set_default(plan: &mut Plan, name: &str, expression: &str) {
    let sql = format!("ALTER TABLE {TABLE} ALTER COLUMN {} SET DEFAULT {expression}", quote_identifier(name));
    plan.and(Step::sql(Phase::Expand, lock::EXCLUSIVE, sql, None));
}

/// A sequence numbers new rows and old ones. Whoever may add rows has to be able to draw from it: clients of the old shape
/// must not fail on a column that they do not know.
fn number(plan: &mut Plan, p: &Planning, new: &NewColumn, sequence: &str, old_rows: bool) {
    let options = match &new.source {
        Source::Identity { options, .. } => options.replace(['(', ')'], ""),
        _ => String::new(),
    };
    let (column, quoted) = (quote_identifier(&new.name), quote_identifier(sequence));
    let make = format!("CREATE SEQUENCE {SCHEMA}.{quoted} AS {}{options}", new.type_name);
    let own = format!("ALTER SEQUENCE {SCHEMA}.{quoted} OWNED BY {TABLE}.{column}");
    let grant: String = whole::inserters(p.relid)
        .iter()
        .map(|role| format!("; GRANT USAGE ON SEQUENCE {SCHEMA}.{quoted} TO {role}"))
        .collect();
    plan.and(Step::sql(Phase::Expand, lock::EXCLUSIVE, format!("{make}; {own}{grant}"), None));
    let named = catalog::Name { schema: p.name.schema.clone(), relation: sequence.to_string() };
    let next = format!("nextval({}::regclass)", quote_literal(named.to_string()));
    set_default(plan, &new.name, &next);
    if old_rows {
        not_null::copy_moving(plan, p, &new.name, &next, false, false);
    }
}

/// The identity's own sequence goes on where the first one stopped.
fn become_identity(plan: &mut Plan, p: &Planning, name: &str, generated: &str) {
    let (column, sequence) = (quote_identifier(name), quote_identifier(p.reserved(name)));
    let sql = format!(
        "ALTER TABLE {TABLE} ALTER COLUMN {column} DROP DEFAULT; ALTER SEQUENCE {SCHEMA}.{sequence} OWNED BY NONE; ALTER TABLE {TABLE} ALTER COLUMN {column} ADD {generated}; SELECT setval(pg_get_serial_sequence({}, {})::regclass, last_value, is_called) FROM {SCHEMA}.{sequence}; DROP SEQUENCE {SCHEMA}.{sequence}",
        quote_literal(p.name.to_string()),
        quote_literal(name)
    );
    let undo = format!("ALTER TABLE {TABLE} ALTER COLUMN {column} DROP IDENTITY IF EXISTS");
    plan.step(Step::sql(Phase::Contract, lock::EXCLUSIVE, sql, Some(undo)));
}
