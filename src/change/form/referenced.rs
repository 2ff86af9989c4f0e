//! Foreign keys that point to a column whose type changes, the table's own among them: made anew at the gate without looking
//! at rows, and validated afterwards.
use super::attached::listed;
use super::{Plan, Planning};
use crate::core::change::step::{COLUMN, Phase, Step, TABLE, lock};
use crate::error;
use crate::pg::formula::Column;
use crate::pg::{owner, retype, spi};
use pgrx::pg_sys;
use pgrx::spi::quote_identifier;
use serde_json::json;

/// A foreign key that points to the column.
pub struct Reference {
    /// The table it is of, quoted; [`TABLE`] for the table itself.
    table: String,
    /// Its name.
    name: String,
    /// Its definition.
    text: String,
    /// Whether all rows are known to fulfil it.
    is_valid: bool,
    /// As `pg_describe_object()` has it.
    pub description: String,
}

/// The foreign keys that point to a column; raises where one cannot be made anew.
#[must_use]
pub fn references(p: &Planning, column: &str) -> Vec<Reference> {
    let found: Vec<(Reference, bool)> = owner::run(|| {
        spi::select(
            "SELECT CASE WHEN k.conrelid <> $1 THEN format('%I.%I', n.nspname, c.relname) END, k.conname::text, keys.own, keys.others,
                    regexp_replace(regexp_replace(pg_get_constraintdef(k.oid), '^FOREIGN KEY .*? REFERENCES .*?\\)', ''), ' NOT VALID$', ''),
                    k.convalidated, pg_describe_object('pg_constraint'::regclass, k.oid, 0), c.relkind = 'p'
               FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace
               JOIN pg_attribute a ON a.attrelid = k.confrelid AND a.attname = $2 AND a.attnum = ANY (k.confkey)
              CROSS JOIN LATERAL (
                SELECT array_agg(o.attname::text ORDER BY u.n) AS own, array_agg(r.attname::text ORDER BY u.n) AS others
                  FROM unnest(k.conkey, k.confkey) WITH ORDINALITY u (own, other, n)
                  JOIN pg_attribute o ON o.attrelid = k.conrelid AND o.attnum = u.own
                  JOIN pg_attribute r ON r.attrelid = k.confrelid AND r.attnum = u.other) keys
              WHERE k.confrelid = $1 AND k.contype = 'f' AND k.conparentid = 0 ORDER BY c.oid, k.conname",
            &[p.relid.into(), column.into()],
            |r| {
                let (table, rest): (Option<String>, String) = (r.get(1), r.must(5));
                // Other columns of the table itself may be renamed by other changes.
                let now = |name: &str| match name == column {
                    true => quote_identifier(name),
                    false => format!("{COLUMN}{name}{COLUMN}"),
                };
                let own = listed(r.must(3), |name| match table {
                    Some(_) => quote_identifier(name),
                    None => now(name),
                });
                let others = listed(r.must(4), now);
                let reference = Reference {
                    table: table.unwrap_or_else(|| TABLE.to_string()),
                    name: r.must(2),
                    text: format!("FOREIGN KEY ({own}) REFERENCES {TABLE} ({others}){rest}"),
                    is_valid: r.must(6),
                    description: r.must(7),
                };
                (reference, r.must(8))
            },
        )
    });
    if let Some((r, _)) = found.iter().find(|(_, partitioned)| *partitioned) {
        p.no_form(&format!("{} is of a partitioned table, where none can be made NOT VALID", r.description));
    }
    found.into_iter().map(|(r, _)| r).collect()
}

impl Reference {
    /// As the extension's owner, as PostgreSQL itself makes them anew when a type changes: its table may be somebody else's.
    fn step(&self, phase: Phase, lock_mode: &'static str, there: String, back: Option<String>) -> Step {
        Step::product(phase, lock_mode, there, back)
            .with(json!({"touches": [&self.table], "carries": [&self.description]}))
    }

    fn add(&self) -> String {
        format!(
            "ALTER TABLE {} ADD CONSTRAINT {} {} NOT VALID",
            self.table,
            quote_identifier(&self.name),
            self.text
        )
    }

    fn drop(&self) -> String {
        format!("ALTER TABLE {} DROP CONSTRAINT {}", self.table, quote_identifier(&self.name))
    }
}

/// They let go of the old column.
pub fn before_swap(references: &[Reference], plan: &mut Plan) {
    for r in references {
        plan.step(r.step(Phase::Contract, lock::EXCLUSIVE, r.drop(), Some(r.add())));
    }
}

/// They point to the new column.
pub fn after_swap(references: &[Reference], plan: &mut Plan) {
    for r in references {
        plan.step(r.step(Phase::Contract, lock::NO_WRITES_OR_DDL, r.add(), Some(r.drop())));
        if r.is_valid {
            let words = format!("ALTER TABLE {} VALIDATE CONSTRAINT {}", r.table, quote_identifier(&r.name));
            let args = json!({
                "table": r.table, "constraint": r.name, "touches": [&r.table], "carries": [&r.description],
            });
            // As the owner of its table: a cast between the two types may be a function of somebody's.
            let validate = |phase: Phase| {
                let step = Step::routine(phase, "validate", words.clone(), args.clone());
                Step { lock_mode: lock::READ, ..step }
            };
            plan.step(validate(Phase::Settle));
            // Taken back, it is not valid either: rows are not looked at while everybody is locked out.
            plan.step(validate(Phase::Restore));
        }
    }
}

/// Indexes that foreign keys rest on are found by their columns.
#[must_use]
pub fn is_among(references: &[Reference], dependent: &str) -> bool {
    references.iter().any(|r| r.description == dependent)
}

/// Raises where a foreign key from or to the column cannot be that of another type: PostgreSQL would refuse the statement.
pub fn require_comparable(p: &Planning, column: &str, new: &Column, new_type: &str) {
    type Key = (String, bool, pg_sys::Oid, pg_sys::Oid, String);
    let keys: Vec<Key> = owner::run(|| {
        spi::select(
            "SELECT k.conname::text, k.conrelid = $1 AND f.attname = $2, coalesce(i.class, 0::oid),
                    CASE WHEN k.conrelid = $1 AND f.attname = $2 THEN t.atttypid ELSE f.atttypid END,
                    format('%s.%I (%s)', CASE WHEN k.conrelid = $1 AND f.attname = $2 THEN k.confrelid ELSE k.conrelid END::regclass,
                           CASE WHEN k.conrelid = $1 AND f.attname = $2 THEN t.attname ELSE f.attname END,
                           CASE WHEN k.conrelid = $1 AND f.attname = $2 THEN format_type(t.atttypid, t.atttypmod) ELSE format_type(f.atttypid, f.atttypmod) END)
               FROM pg_constraint k CROSS JOIN LATERAL unnest(k.conkey, k.confkey) u (mine, theirs)
               JOIN pg_attribute f ON f.attrelid = k.conrelid AND f.attnum = u.mine
               JOIN pg_attribute t ON t.attrelid = k.confrelid AND t.attnum = u.theirs
               LEFT JOIN LATERAL (SELECT n.class FROM pg_index x CROSS JOIN LATERAL unnest(x.indkey::int2[], x.indclass::oid[]) n (key, class)
                                   WHERE x.indexrelid = k.conindid AND n.key = u.theirs) i ON true
              WHERE k.contype = 'f' AND k.conparentid = 0
                AND (k.conrelid = $1 AND f.attname = $2 OR k.confrelid = $1 AND t.attname = $2) ORDER BY 1",
            &[p.relid.into(), column.into()],
            |r| (r.must(1), r.must(2), r.must(3), r.must(4), r.must(5)),
        )
    });
    for (name, refers, class, other, what) in keys {
        let can = match refers {
            true => retype::can_refer(new.of_type, other, Some(class).filter(|c| *c != pg_sys::InvalidOid)),
            false => retype::can_refer(other, new.of_type, None),
        };
        if !can {
            error::conversion::cannot_refer(&name, column, new_type, &what).raise();
        }
    }
}
