//! Rules that a column in quarantine must not keep: set aside at the gate, brought back by `undo_change` without reading a
//! row, and proven afterwards.
use super::store::{self, Change};
use super::{acting, run, table, whole};
use crate::core::change::State;
use crate::error;
use crate::pg::catalog::{self, Name};
use crate::pg::{owner, spi};
use pgrx::pg_sys;
use pgrx::spi::{quote_identifier, quote_literal};
use serde_json::{Value, json};

/// A check or a foreign key.
pub struct Rule {
    /// The partition it is of; None for the table itself.
    pub table: Option<pg_sys::Oid>,
    /// Its name.
    pub name: String,
    /// Whether all rows are known to fulfil it.
    pub is_valid: bool,
    /// A foreign key of a partitioned table, which takes none that is not valid.
    pub of_partitions: bool,
}

impl Rule {
    /// Under which the plan knows it. A partition that is renamed meanwhile voids the plan.
    #[must_use]
    pub fn label(&self) -> String {
        match self.table.and_then(catalog::relation_name) {
            Some(table) => format!("{} of {table}", quote_identifier(&self.name)),
            None => quote_identifier(&self.name),
        }
    }
}

/// The checks and foreign keys over any of these columns, of a table and its partitions.
#[must_use]
pub fn rules(relid: pg_sys::Oid, columns: &[String]) -> Vec<Rule> {
    owner::run(|| {
        spi::select_latest(
            "WITH RECURSIVE tree AS (
                SELECT $1::oid AS relid UNION ALL SELECT i.inhrelid FROM tree t JOIN pg_inherits i ON i.inhparent = t.relid)
             SELECT nullif(c.oid, $1), k.conname::text, k.convalidated, k.contype = 'f' AND c.relkind = 'p'
               FROM tree JOIN pg_class c ON c.oid = tree.relid JOIN pg_constraint k ON k.conrelid = c.oid
              WHERE k.contype IN ('c', 'f') AND k.coninhcount = 0 AND k.conparentid = 0
                AND EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = ANY ($2) AND a.attnum = ANY (k.conkey))
              ORDER BY c.oid <> $1, c.oid, k.conname",
            &[relid.into(), columns.to_vec().into()],
            |r| Rule { table: r.get(1), name: r.must(2), is_valid: r.must(3), of_partitions: r.must(4) },
        )
    })
}

/// Under which it is kept that a rule was set aside.
#[must_use]
pub fn key(table: &str, name: &str) -> String {
    format!("aside {table} {name}")
}

/// Whether a step is about a rule that was not set aside: somebody else had taken it away, or it could not come back.
#[must_use]
pub fn is_void(change: &Change, args: &Value) -> bool {
    args["aside"].as_str().is_some_and(|key| !change.kept[key].is_object())
}

/// A constraint as it is.
struct Facts {
    definition: String,
    is_valid: bool,
    comment: Option<String>,
    columns: Vec<String>,
    references: Option<pg_sys::Oid>,
}

fn constraint(relid: pg_sys::Oid, name: &str) -> Option<Facts> {
    owner::run(|| {
        spi::select_latest(
            "SELECT regexp_replace(pg_get_constraintdef(k.oid), ' NOT VALID$', ''), k.convalidated, obj_description(k.oid, 'pg_constraint'),
                    ARRAY(SELECT a.attname::text FROM pg_attribute a WHERE a.attrelid = k.conrelid AND a.attnum = ANY (k.conkey) ORDER BY 1),
                    nullif(k.confrelid, 0)
               FROM pg_constraint k WHERE k.conrelid = $1 AND k.conname = $2",
            &[relid.into(), name.into()],
            |r| Facts {
                definition: r.must(1),
                is_valid: r.must(2),
                comment: r.get(3),
                columns: r.must(4),
                references: r.get(5),
            },
        )
    })
    .into_iter()
    .next()
}

pub fn text<'a>(args: &'a Value, key: &str) -> &'a str {
    args[key].as_str().unwrap_or_default()
}

fn as_owner<R>(change: &Change, f: impl FnOnce() -> R) -> R {
    let role = catalog::relation_owner(change.relation().0).unwrap_or(pg_sys::InvalidOid);
    owner::as_role(role, f)
}

/// Sets a constraint or an index aside. Nothing is done where another change has taken it away before.
pub fn set(change: &Change, args: &Value) {
    let table = change.fill(text(args, "table"));
    let Some(relid) = table::named(&table) else { return };
    let (kept, statement) = match args["constraint"].as_str() {
        Some(name) => {
            let Some(facts) = constraint(relid, name) else { return };
            if let Some(other) = facts.references.filter(|other| *other != relid) {
                // The foreign key's triggers are there, too.
                let mode = pg_sys::AccessExclusiveLock as pg_sys::LOCKMODE;
                run::refuse_to_queue_for(change, other, mode);
            }
            let kept = json!({
                "definition": facts.definition, "is_valid": facts.is_valid, "comment": facts.comment, "columns": facts.columns,
                "references": facts.references.map(pg_sys::Oid::to_u32),
            });
            (kept, format!("ALTER TABLE {table} DROP CONSTRAINT {}", quote_identifier(name)))
        }
        None => {
            let name = Name { schema: text(args, "schema").into(), relation: text(args, "index").into() };
            if catalog::relation_oid(&name).is_none() {
                return;
            }
            (json!({}), format!("DROP INDEX {name}"))
        }
    };
    store::keep(change.id, text(args, "aside"), kept);
    acting::touching(change, &json!({"touches": [table]}), || {
        as_owner(change, || {
            spi::execute(&statement, &[]);
        });
    });
}

/// Brings a constraint back without looking at rows. Indexes are built by a step of their own.
pub fn back(change: &Change, args: &Value) {
    let Some(name) = args["constraint"].as_str() else { return };
    let kept = &change.kept[text(args, "aside")];
    let Some(definition) = kept["definition"].as_str() else { return };
    if definition.starts_with("UNIQUE") {
        return;
    }
    let table = change.fill(text(args, "table"));
    let relid = table::named(&table);
    let mut missing = relid.map_or_else(Vec::new, |relid| missing(relid, &kept["columns"]));
    // Its text has the names of then: they are given back for a moment.
    let renamed: Vec<(String, String)> = missing
        .iter()
        .map(|old| (change.column_now(old).to_string(), old.clone()))
        .filter(|(now, old)| now != old && !now.starts_with(RESERVED))
        .filter(|(now, _)| relid.is_some_and(|relid| catalog::column_number(relid, now).is_some()))
        .collect();
    missing.retain(|column| !renamed.iter().any(|(_, old)| old == column));
    for column in &missing {
        let others = store::open_on(&change.name).into_iter();
        if let Some(other) = others
            .filter(|o| o.state == State::Contracted && o.id != change.id)
            .find(|o| o.takes.contains(column))
        {
            error::change::other_in_quarantine(change.id, name, column, other.id).raise();
        }
    }
    let why = match relid {
        None => Some("its table is gone".to_string()),
        Some(_) if !missing.is_empty() => Some(format!("there is no column {}", missing.join(", "))),
        Some(relid) if whole::has_constraint(relid, name) => Some("its name is taken".to_string()),
        _ => None,
    };
    if let Some(why) = why {
        error::change::constraint_not_back(&table, name, &why, definition).warn();
        store::keep(change.id, text(args, "aside"), Value::Null);
        return;
    }
    let rename = |from: &str, to: &str| {
        let (from, to) = (quote_identifier(from), quote_identifier(to));
        as_owner(change, || {
            spi::execute(&format!("ALTER TABLE {} RENAME COLUMN {from} TO {to}", change.name), &[]);
        });
    };
    renamed.iter().for_each(|(now, old)| rename(now, old));
    for table in members(&table, definition) {
        add(change, &table, name, &format!("{definition} NOT VALID"), kept);
    }
    renamed.iter().for_each(|(now, old)| rename(old, now));
}

/// How the names of columns in quarantine begin.
const RESERVED: &str = "_dg";

/// Where it is added: a partitioned table takes no foreign key that is not valid, but its partitions do.
pub fn members(table: &str, definition: &str) -> Vec<String> {
    match table::named(table) {
        Some(relid) if definition.starts_with("FOREIGN KEY") && table::shape(relid).partitioned => {
            let leaves = whole::tree(relid).into_iter().filter(|m| !m.partitioned);
            leaves.map(|m| m.name.to_string()).collect()
        }
        _ => vec![table.to_string()],
    }
}

/// A constraint is added with the rights of its table's owner: what proves it may be the owner's own code, as a cast between the
/// columns of a foreign key is. Only the right to refer to another table may be gone, and was there before: what looks at no row, and
/// so runs nothing of users', then comes back as the extension's owner.
pub fn add(change: &Change, table: &str, name: &str, definition: &str, kept: &Value) {
    let quoted = quote_identifier(name);
    let mut statement = format!("ALTER TABLE {table} ADD CONSTRAINT {quoted} {definition}");
    if let Some(comment) = kept["comment"].as_str() {
        statement
            .push_str(&format!("; COMMENT ON CONSTRAINT {quoted} ON {table} IS {}", quote_literal(comment)));
    }
    let run = || {
        spi::execute(&statement, &[]);
    };
    let of = owner_in(change, table);
    acting::touching(change, &json!({"touches": [table]}), || {
        if may_no_longer_refer(of, definition, kept) {
            owner::run(run);
        } else {
            owner::as_role(of, run);
        }
    });
}

/// The owner of a table that is the change's own, or a part of it; else the change's.
fn owner_in(change: &Change, table: &str) -> pg_sys::Oid {
    let relid = change.relation().0;
    let part = table::named(table).filter(|part| whole::tree(relid).iter().any(|m| m.relid == *part));
    catalog::relation_owner(part.unwrap_or(relid)).unwrap_or(pg_sys::InvalidOid)
}

/// Whether a role lacks the right to refer to the very table that a foreign key has referred to. Another one may bear its name by
/// now, and in a restored database another number: for these the role needs the right.
fn may_no_longer_refer(role: pg_sys::Oid, definition: &str, kept: &Value) -> bool {
    let looks_at_rows = !definition.starts_with("FOREIGN KEY") || !definition.ends_with(" NOT VALID");
    let Some(number) = kept["references"].as_u64().filter(|_| !looks_at_rows) else {
        return false;
    };
    let other = pg_sys::Oid::from(u32::try_from(number).unwrap_or_default());
    let Some(name) = catalog::relation_name(other) else { return false };
    // Named under the fixed path by who wrote the definition.
    let is_named = definition.contains(&format!("REFERENCES {name}("))
        || definition.contains(&format!("REFERENCES ONLY {name}("));
    is_named
        && owner::run(|| {
            spi::select_one(
                "SELECT NOT coalesce(has_any_column_privilege($1, $2, 'REFERENCES'), true)",
                &[role.into(), other.into()],
                |r| r.must(1),
            )
        })
        .unwrap_or(false)
}

fn missing(relid: pg_sys::Oid, columns: &Value) -> Vec<String> {
    let columns = columns.as_array().into_iter().flatten().filter_map(Value::as_str);
    columns.filter(|c| catalog::column_number(relid, c).is_none()).map(String::from).collect()
}
