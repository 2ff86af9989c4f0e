//! What type changes, splits and merges have in common: new columns beside old ones, each side made from the other.
use super::{Plan, Planning, below, not_null};
use crate::change::{table, whole};
use crate::core::change::expression::fill;
use crate::core::change::step::{Phase, Step, TABLE, lock};
use crate::error;
use crate::pg::formula::{self, Column, Read};
use pgrx::spi::quote_identifier;
use serde_json::{Map, Value, json};

/// A column of one shape.
pub struct Side {
    /// Its name in its shape.
    pub name: String,
    /// Its name while it is not the shape in force: a new one before contraction, an old one after it.
    pub reserved: String,
    /// Its type with modifier.
    pub type_name: String,
    /// Collation to name, with a leading COLLATE and space.
    pub collation: String,
    /// What it is made from: columns of the other side as `$1` and so on.
    pub made_from: String,
}

/// Both shapes.
pub struct Conversion {
    /// The columns that go.
    pub old: Vec<Side>,
    /// The columns that come.
    pub new: Vec<Side>,
    /// Whether new columns go by their reserved names until contraction: where an old one has the same name.
    pub is_hidden: bool,
    /// Whether the expressions call functions of users.
    pub runs_users_code: bool,
    /// Whether what they give depends on nothing but the row.
    pub is_immutable: bool,
    /// The tables that inherit the columns. Partitions get the triggers of the table above, heirs do not.
    pub heirs: Vec<String>,
}

impl Side {
    fn physical(&self, reserved: bool) -> &str {
        if reserved { &self.reserved } else { &self.name }
    }
}

impl Conversion {
    /// Name of a new column until contraction.
    #[must_use]
    pub fn until(&self, new: &Side) -> String {
        new.physical(self.is_hidden).to_string()
    }

    /// What a new column is made from, before contraction.
    fn up(&self, new: &Side) -> String {
        fill(&new.made_from, |i| quote_identifier(&self.old[i].name))
    }

    /// What an old column is made from.
    fn down(&self, old: &Side, after: bool) -> String {
        fill(&old.made_from, |i| quote_identifier(self.new[i].physical(self.is_hidden && !after)))
    }

    /// The statement that makes the trigger, and the arguments that it has.
    fn make_trigger(&self, p: &Planning, after: bool) -> (String, Vec<String>) {
        let trigger = p.trigger();
        let down: Map<String, Value> =
            self.old.iter().map(|o| (o.physical(after).to_string(), self.down(o, after).into())).collect();
        let up: Value = if after {
            self.new.iter().map(|n| n.name.clone()).collect()
        } else {
            Value::Object(self.new.iter().map(|n| (self.until(n), self.up(n).into())).collect())
        };
        let which = if after { "down" } else { "both" };
        let mut calls = vec![which.to_string(), up.to_string(), Value::Object(down).to_string()];
        // Old and new values of one row have to mean the same, whoever writes it and in whatever style.
        calls.extend((!self.is_immutable).then(|| p.meaning.to_string()));
        let (change, rest) = (p.id.to_string(), not_null::literals(&calls));
        let make = below::of_each(&self.heirs, |table| {
            format!(
                "CREATE TRIGGER {trigger} BEFORE INSERT OR UPDATE ON {table} FOR EACH ROW EXECUTE FUNCTION governance._convert({change}, {rest}); ALTER TABLE {table} ENABLE ALWAYS TRIGGER {trigger}"
            )
        });
        calls.insert(0, change);
        (make, calls)
    }

    /// The statement that takes it away.
    fn unmake_trigger(&self, p: &Planning) -> String {
        below::of_each(&self.heirs, |table| format!("DROP TRIGGER IF EXISTS {} ON {table}", p.trigger()))
    }

    /// Until the gate: the new columns are made, written together, filled and compared.
    pub fn expand(&self, p: &Planning, plan: &mut Plan) {
        let quoted = |n: &Side| quote_identifier(self.until(n));
        let add = |n: &Side| format!("ADD COLUMN {} {}{}", quoted(n), n.type_name, n.collation);
        let take = |n: &Side| format!("DROP COLUMN IF EXISTS {}", quoted(n));
        plan.adds.extend(self.new.iter().map(|n| self.until(n)));
        plan.takes.extend(self.old.iter().map(|o| o.name.clone()));
        plan.step(Step::sql(
            Phase::Expand,
            lock::EXCLUSIVE,
            format!("ALTER TABLE {TABLE} {}", list(&self.new, add)),
            Some(format!("ALTER TABLE {TABLE} {}", list(&self.new, take))),
        ));
        for (old, new) in self.old.iter().flat_map(|o| self.new.iter().map(move |n| (o, n))) {
            plan.and(Step::routine(
                Phase::Expand,
                "copy_column",
                format!("give {} the grants and tags of {}", quoted(new), quote_identifier(&old.name)),
                json!({"from": old.name, "to": self.until(new)}),
            ));
        }
        let unmake = self.unmake_trigger(p);
        let (make, calls) = self.make_trigger(p, false);
        plan.and(
            Step::product(Phase::Expand, lock::NO_WRITES_OR_DDL, make, Some(unmake)).with(
                json!({"trigger": p.trigger(), "touches": self.heirs, "of_heirs": true, "calls": calls}),
            ),
        );
        let set: Map<String, Value> = self.new.iter().map(|n| (self.until(n), self.up(n).into())).collect();
        let types: Map<String, Value> =
            self.new.iter().map(|n| (quoted(n), n.type_name.clone().into())).collect();
        let columns = list(&self.new, quoted);
        let unless = format!(
            "CASE WHEN ROW({columns}) IS NULL THEN false ELSE record_image_eq(ROW({}), ROW({})) END",
            list(&self.old, |o| quote_identifier(&o.name)),
            list(&self.old, |o| format!("({})::{}", self.down(o, false), o.type_name)),
        );
        let mut args = json!({
            "set": set, "types": types, "unless": unless, "runs_users_code": self.runs_users_code,
        });
        if !self.is_immutable {
            args["meaning"] = p.meaning.clone();
        }
        plan.step(Step::copy(
            format!(
                "UPDATE {TABLE} SET {} in batches, a commit after each",
                list(&self.new, |n| format!("{} = {}", quoted(n), self.up(n)))
            ),
            args.clone(),
        ));
        plan.step(Step::compare(
            format!(
                "SELECT count(*) FROM {TABLE} where {columns} are neither made from {} nor the other way round",
                list(&self.old, |o| quote_identifier(&o.name))
            ),
            args,
        ));
    }

    /// The old columns go into quarantine, where `down` keeps them current; the new ones get their names. `without`: what is
    /// set aside of each.
    pub fn contract(&self, plan: &mut Plan, without: &[Value]) {
        let mut there = Vec::new();
        let mut back = Vec::new();
        for old in &self.old {
            let (name, reserved) = (quote_identifier(&old.name), quote_identifier(&old.reserved));
            if self.is_hidden {
                // Both names change places.
                let between =
                    quote_identifier(format!("{}_", old.reserved.get(..62).unwrap_or(&old.reserved)));
                for (from, to) in [(&name, &between), (&reserved, &name), (&between, &reserved)] {
                    there.push(rename(from, to));
                }
                for (from, to) in [(&reserved, &between), (&name, &reserved), (&between, &name)] {
                    back.push(rename(from, to));
                }
            } else {
                there.push(rename(&name, &reserved));
                back.push(rename(&reserved, &name));
            }
        }
        let without: Vec<&Value> = without.iter().filter_map(Value::as_array).flatten().collect();
        let leaves: Vec<&str> = self.old.iter().map(|o| o.name.as_str()).collect();
        plan.step(
            Step::sql(Phase::Contract, lock::EXCLUSIVE, there.join("; "), Some(back.join("; ")))
                .with(json!({"leaves": leaves, "retypes": self.is_hidden, "without": without})),
        );
    }

    /// From contraction on only old values are made, until the quarantine ends.
    pub fn keep_current(&self, p: &Planning, plan: &mut Plan) {
        let (unmake, heirs) = (self.unmake_trigger(p), &self.heirs);
        let from: Vec<&str> = self.new.iter().map(|n| n.name.as_str()).collect();
        let (make, calls) = self.make_trigger(p, true);
        plan.step(
            Step::product(Phase::Contract, lock::EXCLUSIVE, make, Some(unmake.clone()))
                .with(json!({"keeps_from": from, "touches": heirs, "of_heirs": true, "calls": calls})),
        );
        let unmake = Step::product(Phase::Purge, lock::EXCLUSIVE, unmake, None);
        plan.step(unmake.with(json!({"touches": heirs})));
        for old in &self.old {
            plan.purge_column(&old.reserved);
        }
    }

    /// Where tables may come below it in the meantime: on the way back their rows get old values first.
    pub fn fill_late(&self, p: &Planning, plan: &mut Plan) {
        let shape = table::shape(p.relid);
        if !shape.partitioned && !shape.has_children {
            return;
        }
        let set: Map<String, Value> = self
            .old
            .iter()
            .map(|o| {
                (quote_identifier(&o.reserved), format!("({})::{}", self.down(o, true), o.type_name).into())
            })
            .collect();
        let words = "on undo_change, make old values in tables that have come below it since".to_string();
        let mut args = json!({"set": set, "runs_users_code": self.runs_users_code, "counts": true});
        if !self.is_immutable {
            args["meaning"] = p.meaning.clone();
        }
        plan.step(Step::routine(Phase::Contract, "fill_late", words, args));
    }

    /// Nothing makes new values any more: the names are about to change.
    pub fn stop(&self, p: &Planning, plan: &mut Plan) {
        let drop = |table: &str| format!("DROP TRIGGER {} ON {table}", p.trigger());
        let stop = Step::product(Phase::Contract, lock::EXCLUSIVE, below::of_each(&self.heirs, drop), None);
        plan.step(stop.with(json!({"touches": self.heirs})));
        if !self.heirs.is_empty() {
            plan.step(whole::same_tree(p.relid));
        }
    }
}

fn rename(from: &str, to: &str) -> String {
    format!("ALTER TABLE {TABLE} RENAME COLUMN {from} TO {to}")
}

/// The same of each column, as a list.
pub fn list(sides: &[Side], f: impl Fn(&Side) -> String) -> String {
    sides.iter().map(f).collect::<Vec<_>>().join(", ")
}

/// What a proposal says about a column.
#[must_use]
pub fn given(which: &str, value: Option<&Value>, column: &str, columns: &[&str]) -> Option<String> {
    match value? {
        Value::String(_) if columns.len() > 1 => error::conversion::one_for_several(which, columns).raise(),
        Value::String(text) => Some(text.clone()),
        Value::Object(map) => {
            if let Some(unknown) = map.keys().find(|k| !columns.contains(&k.as_str())) {
                error::conversion::no_such_side(which, unknown, columns).raise();
            }
            map.get(column).and_then(|e| e.as_str()).map(String::from)
        }
        _ => None,
    }
}

/// An expression for a column; raises where it cannot be used.
#[must_use]
pub fn read(
    p: &Planning,
    which: &str,
    column: &str,
    text: &str,
    sources: &[Column],
    type_name: &str,
) -> Read {
    let target = crate::pg::settings_scope::with_fixed_path(|| formula::type_named(type_name));
    let Some(target) = target else { p.no_form("the type does not exist") };
    match formula::read(text, &p.path, sources, &p.name.relation, target) {
        Err(why) => error::conversion::bad_expression(which, column, text, &why).raise(),
        Ok(read) if read.is_volatile => error::conversion::is_volatile(which, column, text).raise(),
        Ok(read) => read,
    }
}
