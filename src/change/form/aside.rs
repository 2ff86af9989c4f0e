//! What of a column in quarantine would stand in the way of writers who no longer know it: checks, foreign keys and unique
//! indexes. They go at the gate, and `undo_change` brings them back without reading a row; `advance_change` then proves
//! them.
use super::{Plan, Planning};
use crate::change::aside;
use crate::core::change::step::{Phase, Step, TABLE, lock};
use crate::error;
use crate::pg::{catalog, owner, spi};
use pgrx::pg_sys;
use pgrx::spi::{quote_identifier, quote_literal};
use serde_json::{Value, json};

/// Checks and foreign keys of a column that goes; returns what they are, so that the gate can tell what came later.
pub fn constraints(p: &Planning, column: &str, plan: &mut Plan) -> Value {
    if let Some(check) = whole_row_check(p.relid) {
        p.no_form(&format!("check {check} is about whole rows, and would see the column in quarantine"));
    }
    let rules = aside::rules(p.relid, &[column.to_string()]);
    for rule in &rules {
        let table = rule.table.map_or_else(|| TABLE.to_string(), text_of);
        constraint(plan, &table, &rule.name, rule.is_valid, rule.of_partitions);
    }
    json!(rules.iter().map(aside::Rule::label).collect::<Vec<_>>())
}

fn text_of(relid: pg_sys::Oid) -> String {
    catalog::relation_name(relid).map(|n| n.to_string()).unwrap_or_default()
}

/// One of them, of the table under its quoted name.
pub fn constraint(plan: &mut Plan, table: &str, name: &str, is_valid: bool, of_partitions: bool) {
    let (quoted, key) = (quote_identifier(name), aside::key(table, name));
    let args = json!({"table": table, "constraint": name, "aside": key});
    plan.step(away(format!("ALTER TABLE {table} DROP CONSTRAINT {quoted}"), args.clone()));
    if is_valid {
        // Not in the transaction that adds it: that one holds a strong lock.
        plan.step(match of_partitions {
            false => validate(table, name, args),
            true => {
                let words = format!(
                    "VALIDATE CONSTRAINT {quoted} on each partition of {table}, then make it that of the whole"
                );
                let step = Step::routine(Phase::Restore, "validate", words, args);
                Step { lock_mode: lock::NO_WRITES_OR_DDL, ..step }
            }
        });
    }
}

/// NOT NULL of a column in quarantine, which writers who do not know it could not fulfil. In a large table it comes back by a
/// CHECK that proves it, so that no row is read under a strong lock. `hidden`: the name it has in quarantine; `at_once`: a
/// primary key or an identity needs it at once.
pub fn not_null(p: &Planning, column: &str, hidden: &str, at_once: bool, plan: &mut Plan) {
    let (quoted, proof) = (quote_identifier(column), p.reserved(&format!("{column}_not_null")));
    let key = aside::key(TABLE, &proof);
    let args = |counts: bool| json!({"column": hidden, "named": column, "table": TABLE, "constraint": proof, "aside": key, "at_once": at_once, "counts": counts});
    let words = format!("ALTER TABLE {TABLE} ALTER COLUMN {} DROP NOT NULL", quote_identifier(hidden));
    let step = Step::routine(Phase::Contract, "drop_not_null", words, args(false));
    plan.step(Step { lock_mode: lock::EXCLUSIVE, ..step });
    if !at_once {
        plan.step(validate(TABLE, &proof, args(false)));
        let set = format!(
            "ALTER TABLE {TABLE} ALTER COLUMN {quoted} SET NOT NULL; ALTER TABLE {TABLE} DROP CONSTRAINT IF EXISTS {}",
            quote_identifier(&proof)
        );
        plan.step(Step::sql(Phase::Restore, lock::EXCLUSIVE, set, None).with(json!({"aside": key})));
    }
    let words = format!("on undo_change, count the rows without a value in {quoted}");
    plan.step(Step::routine(Phase::Contract, "count_nulls", words, args(true)));
}

fn away(words: String, args: Value) -> Step {
    Step { lock_mode: lock::EXCLUSIVE, ..Step::routine(Phase::Contract, "set_aside", words, args) }
}

/// Validates a constraint that came back; where rows violate it, says which.
#[must_use]
pub fn validate(table: &str, name: &str, args: Value) -> Step {
    let words = format!("ALTER TABLE {table} VALIDATE CONSTRAINT {}", quote_identifier(name));
    Step { lock_mode: lock::NO_DDL, ..Step::routine(Phase::Restore, "validate", words, args) }
}

/// A check that names the row as a whole.
fn whole_row_check(relid: pg_sys::Oid) -> Option<String> {
    owner::run(|| {
        spi::select_one(
            "SELECT quote_ident(k.conname) FROM pg_constraint k
              WHERE k.conrelid = $1 AND k.contype = 'c' AND k.conbin::text LIKE '%:varattno 0 %' ORDER BY 1 LIMIT 1",
            &[relid.into()],
            |r| r.must(1),
        )
    })
}

/// A unique index that holds for writers who do not know the column.
struct Index {
    table: Option<pg_sys::Oid>,
    schema: String,
    name: String,
    constraint: Option<String>,
    definition: String,
    deferrable: String,
    comment: Option<String>,
    constraint_comment: Option<String>,
    dependents: Vec<String>,
    /// Why it cannot come back as it is.
    obstacle: Option<String>,
}

/// Unique indexes of a column that goes. One over the column alone may stay: writers who do not know it give no value, and
/// no NULL is another's equal; unless a default gives one.
pub fn indexes(p: &Planning, column: &str, plan: &mut Plan) {
    for i in found(p.relid, column) {
        if let Some(why) = &i.obstacle {
            p.no_form(&format!("index {} over the column {why}", quote_identifier(&i.name)));
        }
        if !i.dependents.is_empty() {
            error::change::dependents(&p.ddl, &i.dependents).raise();
        }
        let table = i.table.map_or_else(|| TABLE.to_string(), text_of);
        let (name, key) = (quote_identifier(&i.name), aside::key(&table, &i.name));
        let full = format!("{}.{name}", quote_identifier(&i.schema));
        let words = match &i.constraint {
            Some(_) => format!("ALTER TABLE {table} DROP CONSTRAINT {name}"),
            None => format!("DROP INDEX {full}"),
        };
        let what = if i.constraint.is_some() { "constraint" } else { "index" };
        plan.step(away(words, json!({"table": table, what: i.name, "schema": i.schema, "aside": key})));
        let build = i.definition.replacen(" INDEX ", " INDEX CONCURRENTLY ", 1);
        let build = Step::alone(Phase::Restore, lock::NO_DDL, build, None);
        plan.step(build.with(json!({"index": i.name, "schema": i.schema, "aside": key})));
        let mut statements = Vec::new();
        if i.constraint.is_some() {
            statements.push(format!(
                "ALTER TABLE {table} ADD CONSTRAINT {name} UNIQUE USING INDEX {name}{}",
                i.deferrable
            ));
        }
        let comment = |on: String, text: &String| format!("COMMENT ON {on} IS {}", quote_literal(text));
        statements.extend(i.comment.iter().map(|text| comment(format!("INDEX {full}"), text)));
        statements.extend(
            i.constraint_comment.iter().map(|text| comment(format!("CONSTRAINT {name} ON {table}"), text)),
        );
        if !statements.is_empty() {
            let step = Step::sql(Phase::Restore, lock::EXCLUSIVE, statements.join("; "), None);
            plan.step(step.with(json!({"touches": [table], "aside": key})));
        }
    }
}

fn found(relid: pg_sys::Oid, column: &str) -> Vec<Index> {
    owner::run(|| {
        spi::select(
            "WITH RECURSIVE tree AS (
                SELECT $1::oid AS relid UNION ALL SELECT i.inhrelid FROM tree t JOIN pg_inherits i ON i.inhparent = t.relid)
             SELECT nullif(c.oid, $1), n.nspname::text, x.relname::text, k.conname::text, pg_get_indexdef(i.indexrelid),
                    CASE WHEN k.condeferred THEN ' DEFERRABLE INITIALLY DEFERRED' WHEN k.condeferrable THEN ' DEFERRABLE' ELSE '' END,
                    obj_description(x.oid, 'pg_class'), obj_description(k.oid, 'pg_constraint'),
                    ARRAY(SELECT pg_describe_object('pg_constraint'::regclass, f.oid, 0) FROM pg_constraint f
                           WHERE f.contype = 'f' AND f.conindid = x.oid AND f.conparentid = 0 ORDER BY 1),
                    CASE WHEN i.indisexclusion THEN 'belongs to an exclusion constraint, which cannot come back without reading the table under a lock'
                         WHEN i.indisreplident THEN 'is the replica identity'
                         WHEN i.indisclustered THEN 'is what the table is clustered by'
                         WHEN i.indisprimary THEN 'is the primary key of a table below it'
                         WHEN c.relkind = 'p' THEN 'is unique over all partitions, and cannot come back without a lock on all of them' END
               FROM tree JOIN pg_index i ON i.indrelid = tree.relid
               JOIN pg_class c ON c.oid = i.indrelid JOIN pg_class x ON x.oid = i.indexrelid JOIN pg_namespace n ON n.oid = x.relnamespace
               JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = $2
               JOIN pg_type y ON y.oid = a.atttypid
               LEFT JOIN pg_constraint k ON k.conindid = i.indexrelid AND k.conrelid = c.oid AND k.contype IN ('u', 'p', 'x')
              CROSS JOIN LATERAL (
                SELECT array_agg(DISTINCT u.number) AS columns
                  FROM (SELECT key FROM unnest(i.indkey::int2[]) key WHERE key <> 0
                        UNION SELECT d.refobjsubid FROM pg_depend d
                         WHERE d.classid = 'pg_class'::regclass AND d.objid = i.indexrelid
                           AND d.refclassid = 'pg_class'::regclass AND d.refobjid = c.oid AND d.refobjsubid > 0) u (number)) used
              WHERE (i.indisunique OR i.indisexclusion) AND NOT x.relispartition AND a.attnum = ANY (used.columns)
                AND NOT (used.columns = ARRAY[a.attnum]::int4[] AND i.indexprs IS NULL AND NOT i.indnullsnotdistinct AND NOT i.indisreplident
                         AND NOT a.atthasdef AND a.attidentity = '' AND y.typdefault IS NULL)
              ORDER BY c.oid <> $1, c.oid, x.relname",
            &[relid.into(), column.into()],
            |r| Index {
                table: r.get(1),
                schema: r.must(2),
                name: r.must(3),
                constraint: r.get(4),
                definition: r.must(5),
                deferrable: r.must(6),
                comment: r.get(7),
                constraint_comment: r.get(8),
                dependents: r.must(9),
                obstacle: r.get(10),
            },
        )
    })
}
