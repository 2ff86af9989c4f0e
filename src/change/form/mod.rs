//! The forms: one file for each kind of wish, with what stands in its way and the steps it takes.
mod add_column;
mod add_constraint;
mod aside;
mod attached;
pub mod away;
mod below;
mod by_part;
mod conversion;
mod create_index;
mod derive;
mod drop_column;
mod drop_relation;
mod indexes;
mod not_null;
mod rebuild;
mod referenced;
mod rename_column;
mod reshape;
mod set_type;

use crate::change::together;
use crate::core::change::part::{self, Part};
use crate::core::change::step::{Phase, Step, TABLE, lock};
use crate::pg::catalog::Name;
use crate::pg::retype;
use crate::pg::wish::Wish;
use pgrx::pg_sys;
use pgrx::spi::quote_identifier;
use serde_json::{Value, json};

/// A wish that is being planned.
pub struct Planning {
    /// Number of the change.
    pub id: i64,
    /// The relation.
    pub relid: pg_sys::Oid,
    /// Its name.
    pub name: Name,
    /// The whole wish, in one spelling.
    pub ddl: String,
    /// Under which names in it are resolved.
    pub path: String,
    /// What the proposal says new values are made from: one expression, or an object of them by column.
    pub up: Option<Value>,
    /// The same for old values.
    pub down: Option<Value>,
    /// What text and values mean to each other where it is proposed.
    pub meaning: Value,
}

impl Planning {
    /// Raises that no form exists.
    pub fn no_form(&self, why: &str) -> ! {
        crate::error::change::no_form(why, &self.ddl).raise()
    }

    /// Name of the trigger that writes both shapes: sorts behind the users' triggers, so that it sees what they wrote.
    #[must_use]
    pub fn trigger(&self) -> String {
        format!("zz_data_governance_change_{}", self.id)
    }

    /// What values of a column are made from, where the proposal says so.
    #[must_use]
    pub fn up_of(&self, column: &str) -> Option<String> {
        match self.up.as_ref()? {
            Value::String(expression) => Some(expression.clone()),
            by_column => by_column[column].as_str().map(String::from),
        }
    }

    /// Whether new columns are made from old ones that go: split, merged, or one from one.
    #[must_use]
    pub fn is_reshape(&self, parts: &[Part]) -> bool {
        part::is_reshape(parts, self.up.is_some() || self.down.is_some())
    }

    /// Raises where the proposal says what old values are made from, and nothing old is kept.
    pub fn refuse_down(&self) {
        if self.down.is_some() {
            crate::error::change::no_down().raise();
        }
    }

    /// The name under which something waits in quarantine, or is built before it gets its own.
    #[must_use]
    pub fn reserved(&self, name: &str) -> String {
        crate::core::change::quarantine_name(self.id, name)
    }
}

/// The plan of a part.
#[derive(Default)]
pub struct Plan {
    /// The steps, each with whether it belongs to the transaction of the one before.
    pub steps: Vec<(Step, bool)>,
    /// Columns it makes beside those that are there.
    pub adds: Vec<String>,
    /// Columns whose readers it takes something from.
    pub takes: Vec<String>,
    /// Name of the relation in quarantine, where it goes there as a whole.
    pub quarantine: Option<String>,
    /// Further names under which somebody may wish the same, quoted.
    pub aliases: Vec<String>,
    /// What makes room for a statement of somebody's own.
    pub prelude: Option<String>,
    /// What the prelude makes for that statement to take away: a column, or with an empty name the relation.
    pub stand_in: Option<String>,
    /// A condition in SQL that holds while what the wish takes away is there; None where that can be told from the columns.
    pub probe: Option<String>,
}

impl Plan {
    /// Adds a step with a transaction of its own.
    pub fn step(&mut self, step: Step) {
        self.steps.push((step, false));
    }

    /// Adds a step to the transaction of the one before.
    pub fn and(&mut self, step: Step) {
        self.steps.push((step, true));
    }

    /// A column in quarantine goes when that ends.
    pub fn purge_column(&mut self, reserved: &str) {
        let hidden = quote_identifier(reserved);
        let sql = format!("ALTER TABLE {TABLE} DROP COLUMN IF EXISTS {hidden}");
        self.step(Step::sql(Phase::Purge, lock::EXCLUSIVE, sql, None));
        let words = format!("forget the tags of {hidden}");
        self.step(Step::routine(Phase::Purge, "forget_tags", words, json!({"column": reserved})));
    }

    /// Puts the steps in the order of their phases.
    pub fn sort(&mut self) {
        self.steps.sort_by_key(|(step, _)| step.phase as u8);
    }

    /// Adds the plan of another part. Steps keep to their phases.
    pub fn merge(&mut self, other: Plan) {
        // A rule over several columns that go is set aside once, before the first of them.
        let is_there =
            |step: &Step| step.args["aside"].is_string() && self.steps.iter().any(|(s, _)| s == step);
        let steps: Vec<_> = other.steps.into_iter().filter(|(step, _)| !is_there(step)).collect();
        self.steps.extend(steps);
        self.sort();
        self.adds.extend(other.adds);
        self.takes.extend(other.takes);
        self.aliases.extend(other.aliases);
        self.quarantine = self.quarantine.take().or(other.quarantine);
        self.stand_in = self.stand_in.take().or(other.stand_in);
        self.probe = match (self.probe.take(), other.probe) {
            (Some(a), Some(b)) => Some(format!("{a} OR {b}")),
            (a, b) => a.or(b),
        };
        self.prelude = match (self.prelude.take(), other.prelude) {
            (Some(a), Some(b)) => Some(format!("{a}; {b}")),
            (a, b) => a.or(b),
        };
    }
}

/// Raises where the parts of a wish name what the relation does not have: PostgreSQL would refuse the statement.
pub fn require(relid: pg_sys::Oid, name: &Name, parts: &[Part]) {
    for part in parts {
        if let Part::Away(part) = part {
            away::require(relid, name, part);
        }
    }
}

/// PostgreSQL would refuse a type change that it cannot cast, so it is no statement that is safe as it is. `has_up`: the
/// proposal says itself what the values are made from.
pub fn require_castable(wish: &Wish, has_up: bool) {
    if wish.why_not == Some(retype::NO_TYPE) {
        crate::error::conversion::no_such_type().raise();
    }
    for part in &wish.parts {
        let (Part::SetType(r), Some(relid)) = (part, wish.relid) else { continue };
        match &r.using {
            Some(Err(why)) => {
                crate::error::conversion::bad_expression("USING", &r.column, "as in the statement", why)
                    .raise()
            }
            None if !has_up && !retype::can_cast(relid, &r.column, &r.type_name) => {
                crate::error::conversion::cannot_cast(&r.column, &r.type_name).raise()
            }
            _ => {}
        }
    }
}

/// Plans all parts of a wish.
#[must_use]
pub fn plan_all(planning: &Planning, parts: &[Part]) -> Plan {
    if planning.is_reshape(parts) {
        return reshape::plan(planning, parts);
    }
    if let Some(rule) = together::shared_within(planning.relid, parts) {
        planning.no_form(&format!("{rule} is about two of the columns, and one of them gets another type: propose one after the other"));
    }
    let all = parts.iter().fold(Plan::default(), |mut all, part| {
        all.merge(plan(planning, part));
        all
    });
    let made: Vec<&Value> =
        all.steps.iter().map(|(s, _)| &s.args["makes"]).filter(|m| !m.is_null()).collect();
    if made.iter().enumerate().any(|(i, m)| made[..i].contains(m)) {
        planning.no_form("two parts of it would get the same name: name them");
    }
    all
}

/// Plans one part; raises where something stands in its way.
#[must_use]
pub fn plan(planning: &Planning, part: &Part) -> Plan {
    match part {
        Part::DropColumn { column } => drop_column::plan(planning, column),
        Part::RenameColumn { column, new_name } => rename_column::plan(planning, column, new_name),
        Part::SetType(retype) => set_type::plan(planning, retype),
        Part::DropTable | Part::DropView { .. } => drop_relation::plan(planning, part),
        Part::CreateIndex(new) => create_index::plan(planning, new),
        Part::SetNotNull { column } => not_null::plan(planning, column),
        Part::AddConstraint(new) => add_constraint::plan(planning, new),
        Part::AddColumn(new) => add_column::plan(planning, new),
        Part::Away(part) => away::plan(planning, part),
    }
}
