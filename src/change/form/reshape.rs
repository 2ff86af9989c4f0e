//! ALTER TABLE … ADD COLUMN …, DROP COLUMN … with `up` and `down`: one column is split into several, several are merged
//! into one, or one is made from one.
use super::conversion::{self, Conversion, Side};
use super::{Plan, Planning, aside, below};
use crate::change::dependents;
use crate::change::table;
use crate::core::change::addition::{NewColumn, Source};
use crate::core::change::part::Part;
use crate::core::change::step::TABLE;
use crate::error;
use crate::pg::formula::Column;
use crate::pg::{catalog, retype, settings_scope};
use pgrx::spi::quote_identifier;
use serde_json::Value;

/// The plan of all parts together.
pub fn plan(p: &Planning, parts: &[Part]) -> Plan {
    let (mut added, mut dropped) = (Vec::new(), Vec::new());
    for part in parts {
        match part {
            Part::AddColumn(new) if is_plain(new) => added.push(new),
            Part::AddColumn(_) => p.no_form(
                "a column that is made from others is added with its type alone: defaults and constraints are changes of their own",
            ),
            Part::DropColumn { column } => dropped.push(column.as_str()),
            _ => p.no_form("columns that are made from others are a change of their own"),
        }
    }
    let facts: Vec<table::Column> = dropped.iter().map(|column| leaving(p, column)).collect();
    if let Some(taken) = added.iter().find(|new| catalog::column_number(p.relid, &new.name).is_some()) {
        error::change::name_taken(&p.name, &taken.name).raise();
    }
    let c = both(p, &added, &dropped, &facts);
    let mut plan = Plan {
        prelude: Some(format!(
            "ALTER TABLE {TABLE} {}",
            conversion::list(&c.old, |o| format!("ADD COLUMN {} boolean", quote_identifier(&o.name)))
        )),
        stand_in: dropped.first().map(ToString::to_string),
        ..Plan::default()
    };
    c.expand(p, &mut plan);
    c.stop(p, &mut plan);
    let without: Vec<Value> = dropped
        .iter()
        .map(|column| {
            let mut rules = Plan::default();
            let names = aside::constraints(p, column, &mut rules);
            plan.merge(rules);
            names
        })
        .collect();
    c.contract(&mut plan, &without);
    for (old, facts) in c.old.iter().zip(&facts) {
        if facts.not_null {
            // `down` may give none.
            aside::not_null(p, &old.name, &old.reserved, false, &mut plan);
        }
    }
    c.keep_current(p, &mut plan);
    c.fill_late(p, &mut plan);
    plan
}

fn is_plain(new: &NewColumn) -> bool {
    new.source == Source::Nothing && !new.not_null && new.constraints.is_empty()
}

/// A column that goes.
fn leaving(p: &Planning, column: &str) -> table::Column {
    let facts = table::root_column(p, column);
    if facts.generated {
        p.no_form("a generated column is made by its own expression");
    }
    if facts.in_primary_key {
        p.no_form("the column is part of the primary key");
    }
    table::require_no_partition_key(p, column, &facts);
    // `down` may give none.
    if let Some(why) = &facts.stays_not_null {
        p.no_form(why);
    }
    let dependents = dependents::of(p.relid, Some(column));
    if !dependents.is_empty() {
        error::change::dependents(&p.ddl, &dependents).raise();
    }
    facts
}

fn both(p: &Planning, added: &[&NewColumn], dropped: &[&str], facts: &[table::Column]) -> Conversion {
    let old: Vec<Column> = dropped.iter().filter_map(|c| retype::column_of(p.relid, c)).collect();
    let new: Vec<Column> = added.iter().filter_map(|n| as_column(n)).collect();
    let names: Vec<&str> = added.iter().map(|n| n.name.as_str()).collect();
    let (mut runs_users_code, mut is_immutable) = (false, true);
    let new_sides = added
        .iter()
        .map(|n| {
            let text = conversion::given("up", p.up.as_ref(), &n.name, &names)
                .unwrap_or_else(|| error::conversion::needs_up(&n.name, &p.ddl).raise());
            let read = conversion::read(p, "up", &n.name, &text, &old, &n.type_name);
            runs_users_code |= read.runs_users_code;
            is_immutable &= read.is_immutable;
            side(p, &n.name, &n.type_name, &n.collation, read.text)
        })
        .collect();
    let old_sides = dropped
        .iter()
        .zip(facts)
        .map(|(column, facts)| {
            let text = conversion::given("down", p.down.as_ref(), column, dropped)
                .unwrap_or_else(|| error::conversion::needs_down(column, &p.ddl).raise());
            let read = conversion::read(p, "down", column, &text, &new, &facts.type_name);
            runs_users_code |= read.runs_users_code;
            is_immutable &= read.is_immutable;
            side(p, column, &facts.type_name, "", read.text)
        })
        .collect();
    let mut heirs = Vec::new();
    for column in dropped {
        below::require_same(p, column, false);
        heirs = below::heirs(p, column, &names);
    }
    Conversion { old: old_sides, new: new_sides, is_hidden: false, runs_users_code, is_immutable, heirs }
}

fn side(p: &Planning, name: &str, type_name: &str, collation: &str, made_from: String) -> Side {
    Side {
        name: name.into(),
        reserved: p.reserved(name),
        type_name: type_name.into(),
        collation: collation.into(),
        made_from,
    }
}

/// A column that is not there yet.
fn as_column(new: &NewColumn) -> Option<Column> {
    settings_scope::with_fixed_path(|| {
        let (of_type, modifier) = crate::pg::formula::type_named(&new.type_name)?;
        let collation = retype::type_collation(of_type);
        Some(Column { name: new.name.clone(), of_type, modifier, collation })
    })
}
