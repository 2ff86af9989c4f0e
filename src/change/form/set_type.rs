//! ALTER TABLE … ALTER COLUMN … TYPE where PostgreSQL would write every row anew: a second column of the new type is
//! written together, filled and verified; at the gate both change names.
use super::attached::{self, Constraint, Settings};
use super::conversion::{self, Conversion, Side};
use super::indexes::{self, Index};
use super::referenced::{self, Reference};
use super::{Plan, Planning, below, derive, rebuild};
use crate::change::dependents;
use crate::change::table;
use crate::change::whole::{self, Member};
use crate::core::change::part::Retype;
use crate::core::change::step::{Phase, Step, TABLE, lock};
use crate::error;
use crate::pg::catalog::Name;
use crate::pg::formula::{self, Column};
use crate::pg::{retype, settings_scope};
use pgrx::pg_sys;
use pgrx::spi::{quote_identifier, quote_literal};
use serde_json::json;

/// A column and what hangs on it, while its type changes.
pub struct Change {
    /// The column.
    pub name: String,
    /// The name of the new one until contraction, and of the old one after it.
    pub reserved: String,
    /// NOT NULL.
    pub not_null: bool,
    /// Its settings.
    pub settings: Settings,
    /// Its indexes.
    pub indexes: Vec<Index>,
    /// Its checks and foreign keys, for the new column.
    pub constraints: Vec<Constraint>,
    /// The tables below that have such of their own.
    pub members: Vec<Name>,
    /// Foreign keys that point to it.
    pub references: Vec<Reference>,
}

/// The plan.
pub fn plan(p: &Planning, r: &Retype) -> Plan {
    let facts = table::root_column(p, &r.column);
    let (old, new) = columns(p, r);
    let (up, down) = expressions(p, r, &facts, &old, &new);
    let change = change(p, r, &facts, &old, &new);
    let side = |type_name: &str, collation: &str, made_from: &str| Side {
        name: r.column.clone(),
        reserved: change.reserved.clone(),
        type_name: type_name.into(),
        collation: collation.into(),
        made_from: made_from.into(),
    };
    let c = Conversion {
        old: vec![side(&facts.type_name, "", &down.text)],
        new: vec![side(&r.type_name, &r.collation, &up.text)],
        is_hidden: true,
        runs_users_code: up.runs_users_code || down.runs_users_code,
        is_immutable: up.is_immutable && down.is_immutable,
        heirs: below::heirs(p, &r.column, &[&change.reserved]),
    };
    let mut plan = Plan::default();
    c.expand(p, &mut plan);
    settings_of_new(&change, &mut plan);
    rebuild::expand(p, &change, &mut plan);
    c.stop(p, &mut plan);
    if !change.members.is_empty() {
        plan.step(whole::still_below(&change.members));
    }
    referenced::before_swap(&change.references, &mut plan);
    rebuild::before_swap(p, &change, &mut plan);
    default(p, r, &change, &new, &mut plan);
    let label = |c: &Constraint| {
        let name = quote_identifier(&c.name);
        if c.table == TABLE { name } else { format!("{name} of {}", c.table) }
    };
    let without = change.constraints.iter().map(label).collect::<Vec<_>>();
    c.contract(&mut plan, &[json!(without)]);
    rebuild::after_swap(p, &change, &mut plan);
    referenced::after_swap(&change.references, &mut plan);
    c.keep_current(p, &mut plan);
    let words = format!("on undo_change, count the values that {} could not hold", facts.type_name);
    let args = json!({"old": change.reserved, "new": change.name, "counts": true});
    plan.step(Step::routine(Phase::Contract, "tell_lost", words, args));
    c.fill_late(p, &mut plan);
    plan.steps.sort_by_key(|(step, _)| step.phase as u8);
    plan
}

/// What makes one shape from the other.
fn expressions(
    p: &Planning,
    r: &Retype,
    facts: &table::Column,
    old: &Column,
    new: &Column,
) -> (formula::Read, formula::Read) {
    let column = quote_identifier(&r.column);
    let given = conversion::given("up", p.up.as_ref(), &r.column, &[&r.column]);
    let using = match &r.using {
        Some(Ok(using)) => Some(using.clone()),
        _ => None,
    };
    let read_up =
        |text: &str| conversion::read(p, "up", &r.column, text, std::slice::from_ref(old), &r.type_name);
    let text = given.or(using).unwrap_or_else(|| column.clone());
    let mut up = read_up(&text);
    if up.is_cast && derive::is_between_timestamps(old.of_type, new.of_type) {
        up = read_up(&derive::in_zone_of_proposer(&column));
    }
    let down = conversion::given("down", p.down.as_ref(), &r.column, &[&r.column])
        .or_else(|| derive::down(&column, old, &facts.type_name, new, &up.text, up.is_cast))
        .unwrap_or_else(|| error::conversion::needs_down(&r.column, &p.ddl).raise());
    let down = conversion::read(p, "down", &r.column, &down, std::slice::from_ref(new), &facts.type_name);
    (up, down)
}

/// The column as it is and as it will be.
fn columns(p: &Planning, r: &Retype) -> (Column, Column) {
    let old = retype::column_of(p.relid, &r.column);
    let target = settings_scope::with_fixed_path(|| formula::type_named(&r.type_name));
    let (Some(old), Some((of_type, modifier))) = (old, target) else { p.no_form("the type does not exist") };
    let collation = retype::type_collation(of_type);
    (old, Column { name: r.column.clone(), of_type, modifier, collation })
}

/// What comes along; raises for what cannot.
fn change(p: &Planning, r: &Retype, facts: &table::Column, old: &Column, new: &Column) -> Change {
    if facts.generated {
        p.no_form("a generated column is made by its own expression");
    }
    table::require_no_partition_key(p, &r.column, facts);
    referenced::require_comparable(p, &r.column, new, &r.type_name);
    let references = referenced::references(p, &r.column);
    below::require_same(p, &r.column, true);
    let mut dependents = dependents::of(p.relid, Some(&r.column));
    dependents.retain(|d| !referenced::is_among(&references, d));
    dependents.extend(attached::statistics_objects(p.relid, &r.column));
    if !dependents.is_empty() {
        error::change::dependents(&p.ddl, &dependents).raise();
    }
    let Some(settings) = attached::settings(p.relid, &r.column) else {
        error::change::column_gone(&r.column).raise()
    };
    let reserved = p.reserved(&r.column);
    let indexes = indexes::of_column(p, old, new, &reserved);
    let mut members = Vec::new();
    let of_member = |m: Member| {
        let name = if m.relid == p.relid { TABLE.to_string() } else { m.name.to_string() };
        let mut constraints = attached::constraints(m.relid, &name, &r.column, &reserved);
        for c in &mut constraints {
            if c.is_check {
                let (what, boolean) = (format!("check {}", c.name), Some((pg_sys::BOOLOID, -1)));
                c.text = rebuild::for_new_column(p, m.relid, &what, &c.text, boolean, new, &reserved);
            } else if m.partitioned {
                p.no_form(&format!(
                    "foreign key {} is of a partitioned table, where none can be made NOT VALID",
                    quote_identifier(&c.name)
                ));
            }
        }
        if m.relid != p.relid && !constraints.is_empty() {
            members.push(m.name);
        }
        constraints
    };
    let constraints = whole::tree(p.relid).into_iter().flat_map(of_member).collect();
    Change {
        name: r.column.clone(),
        reserved,
        not_null: facts.not_null,
        settings,
        indexes,
        constraints,
        members,
        references,
    }
}

/// Comment, statistics target and options of the new column.
fn settings_of_new(change: &Change, plan: &mut Plan) {
    let (column, s) = (quote_identifier(&change.reserved), &change.settings);
    let mut statements = Vec::new();
    if s.statistics >= 0 {
        statements.push(format!("ALTER TABLE {TABLE} ALTER COLUMN {column} SET STATISTICS {}", s.statistics));
    }
    if let Some(options) = &s.options {
        statements.push(format!("ALTER TABLE {TABLE} ALTER COLUMN {column} SET ({options})"));
    }
    if let Some(comment) = &s.comment {
        statements.push(format!("COMMENT ON COLUMN {TABLE}.{column} IS {}", quote_literal(comment)));
    }
    if !statements.is_empty() {
        plan.and(Step::sql(Phase::Expand, lock::EXCLUSIVE, statements.join("; "), None));
    }
}

/// Default, sequence and identity go over to the new column. Names are those before the swap.
fn default(p: &Planning, r: &Retype, change: &Change, new: &Column, plan: &mut Plan) {
    let (s, sink) = (&change.settings, quote_identifier(&change.reserved));
    let column = quote_identifier(&change.name);
    let alter = |column: &str, what: &str| format!("ALTER TABLE {TABLE} ALTER COLUMN {column} {what}");
    if let Some(identity) = &s.identity {
        if !matches!(r.type_name.as_str(), "smallint" | "integer" | "bigint") {
            p.no_form("an identity needs a whole number: drop the identity first");
        }
        let words = format!("move the identity ({identity}) and its position from {column} to {sink}");
        let args = json!({"from": change.name, "to": change.reserved});
        let step = Step::routine(Phase::Contract, "move_identity", words, args);
        plan.step(Step { lock_mode: lock::EXCLUSIVE, ..step });
        return;
    }
    let Some(default) = &s.default else { return };
    let target = (new.of_type, new.modifier);
    if let Err(why) = formula::read(default, "pg_catalog, pg_temp", &[], &p.name.relation, target) {
        p.no_form(&format!("the default cannot be cast to the new type, drop it first: {why}"));
    }
    let mut there = vec![alter(&sink, &format!("SET DEFAULT {default}")), alter(&column, "DROP DEFAULT")];
    let mut back = vec![alter(&column, &format!("SET DEFAULT {default}")), alter(&sink, "DROP DEFAULT")];
    if let Some(sequence) = &s.sequence {
        there.push(format!("ALTER SEQUENCE {sequence} OWNED BY {TABLE}.{sink}"));
        back.push(format!("ALTER SEQUENCE {sequence} OWNED BY {TABLE}.{column}"));
        let of_type = s.sequence_type.as_deref().unwrap_or("bigint");
        if matches!(r.type_name.as_str(), "smallint" | "integer" | "bigint") && of_type != r.type_name {
            there.push(format!("ALTER SEQUENCE {sequence} AS {}", r.type_name));
            back.push(format!("ALTER SEQUENCE {sequence} AS {of_type}"));
        }
    }
    plan.step(Step::sql(Phase::Contract, lock::EXCLUSIVE, there.join("; "), Some(back.join("; "))));
}
