//! DROP CONSTRAINT, DROP POLICY, DROP INDEX: the definition is kept, and `undo_change` puts it back.
use super::super::{Plan, Planning, aside};
use crate::change::table;
use crate::core::change::step::{Phase, Step, TABLE, lock};
use crate::error;
use crate::pg::{owner, spi};
use pgrx::spi::{quote_identifier, quote_literal};
use serde_json::json;

/// A constraint as the catalogs describe it.
struct Constraint {
    kind: String,
    definition: String,
    validated: bool,
    inherited: bool,
    comment: Option<String>,
    /// The index that enforces it, as CREATE INDEX.
    index: Option<String>,
    deferrable: String,
    dependents: Vec<String>,
    is_replica_identity: bool,
}

fn constraint(p: &Planning, name: &str) -> Option<Constraint> {
    owner::run(|| {
        spi::select_one(
            "SELECT k.contype::text, pg_get_constraintdef(k.oid), k.convalidated, k.coninhcount > 0 OR k.conparentid <> 0,
                    obj_description(k.oid, 'pg_constraint'),
                    CASE WHEN k.contype IN ('u', 'p') THEN pg_get_indexdef(k.conindid) END,
                    CASE WHEN k.condeferred THEN ' DEFERRABLE INITIALLY DEFERRED' WHEN k.condeferrable THEN ' DEFERRABLE' ELSE '' END,
                    ARRAY(SELECT DISTINCT coalesce('view ' || w.ev_class::regclass, pg_describe_object(d.classid, d.objid, d.objsubid))
                            FROM pg_depend d LEFT JOIN pg_rewrite w ON d.classid = 'pg_rewrite'::regclass AND w.oid = d.objid
                           WHERE d.deptype = 'n' AND (d.refclassid = 'pg_constraint'::regclass AND d.refobjid = k.oid
                              OR k.contype IN ('u', 'p') AND d.refclassid = 'pg_class'::regclass AND d.refobjid = k.conindid)
                           ORDER BY 1),
                    coalesce((SELECT i.indisreplident OR i.indisclustered FROM pg_index i
                               WHERE i.indexrelid = k.conindid AND k.contype IN ('u', 'p')), false)
               FROM pg_constraint k WHERE k.conrelid = $1 AND k.conname = $2",
            &[p.relid.into(), name.into()],
            |r| Constraint {
                kind: r.must(1),
                definition: r.must(2),
                validated: r.must(3),
                inherited: r.must(4),
                comment: r.get(5),
                index: r.get(6),
                deferrable: r.must(7),
                dependents: r.must(8),
                is_replica_identity: r.must(9),
            },
        )
    })
}

/// ALTER TABLE … DROP CONSTRAINT.
pub fn drop_constraint(p: &Planning, name: &str) -> Plan {
    let Some(facts) = constraint(p, name) else {
        error::change::no_such_rule("constraint", name, &p.name).raise()
    };
    let shape = table::shape(p.relid);
    if facts.inherited {
        p.no_form("the constraint is inherited from another table");
    }
    if shape.has_children {
        p.no_form("other tables inherit from this one");
    }
    if !facts.dependents.is_empty() {
        error::change::dependents(&p.ddl, &facts.dependents).raise();
    }
    let quoted = quote_identifier(name);
    let comment = facts
        .comment
        .as_ref()
        .map(|c| format!("; COMMENT ON CONSTRAINT {quoted} ON {TABLE} IS {}", quote_literal(c)))
        .unwrap_or_default();
    let mut plan = Plan {
        prelude: Some(format!("ALTER TABLE {TABLE} ADD CONSTRAINT {quoted} CHECK (true) NOT VALID")),
        probe: Some(format!(
            "EXISTS (SELECT FROM pg_constraint WHERE conrelid = to_regclass({}) AND conname = {})",
            quote_literal(p.name.to_string()),
            quote_literal(name)
        )),
        ..Plan::default()
    };
    let drop = format!("ALTER TABLE {TABLE} DROP CONSTRAINT {quoted}");
    match (facts.kind.as_str(), facts.index) {
        ("c" | "f", _) => {
            if facts.kind == "f" && shape.partitioned {
                p.no_form(
                    "a foreign key of a partitioned table cannot come back without reading it under a lock",
                );
            }
            let not_valid = if facts.validated { " NOT VALID" } else { "" };
            let back = format!(
                "ALTER TABLE {TABLE} ADD CONSTRAINT {quoted} {}{not_valid}{comment}",
                facts.definition
            );
            plan.step(Step::sql(Phase::Contract, lock::EXCLUSIVE, drop, Some(back)));
            if facts.validated {
                // Not in the transaction that adds it: that one holds a strong lock.
                plan.step(aside::validate(TABLE, name, json!({"table": TABLE, "constraint": name})));
            }
        }
        ("u" | "p", Some(index)) => {
            if shape.partitioned {
                p.no_form("an index of a partitioned table cannot come back without a lock on all of it");
            }
            if facts.is_replica_identity {
                p.no_form("the index of the constraint is the replica identity or the order of CLUSTER");
            }
            plan.step(Step::sql(Phase::Contract, lock::EXCLUSIVE, drop, None));
            let build = Step::alone(Phase::Restore, lock::NO_DDL, concurrently(&index), None);
            plan.step(build.with(json!({"index": name})));
            let word = if facts.kind == "p" { "PRIMARY KEY" } else { "UNIQUE" };
            plan.step(Step::sql(
                Phase::Restore,
                lock::EXCLUSIVE,
                format!(
                    "ALTER TABLE {TABLE} ADD CONSTRAINT {quoted} {word} USING INDEX {quoted}{}{comment}",
                    facts.deferrable
                ),
                None,
            ));
        }
        _ => p.no_form("a constraint of this kind cannot come back without reading the table under a lock"),
    }
    plan
}

/// CREATE INDEX as the server writes it, in the form that keeps no writer out.
fn concurrently(index: &str) -> String {
    index.replacen(" INDEX ", " INDEX CONCURRENTLY ", 1)
}

/// DROP POLICY.
pub fn drop_policy(p: &Planning, name: &str) -> Plan {
    let quoted = quote_identifier(name);
    let facts: Option<(String, Option<String>)> = owner::run(|| {
        spi::select_one(
            "SELECT format('AS %s FOR %s TO %s%s%s',
                        CASE WHEN polpermissive THEN 'PERMISSIVE' ELSE 'RESTRICTIVE' END,
                        CASE polcmd WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT' WHEN 'w' THEN 'UPDATE' WHEN 'd' THEN 'DELETE' ELSE 'ALL' END,
                        (SELECT string_agg(CASE WHEN r = 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(r)) END, ', ') FROM unnest(polroles) r),
                        ' USING (' || pg_get_expr(polqual, polrelid) || ')',
                        ' WITH CHECK (' || pg_get_expr(polwithcheck, polrelid) || ')'),
                    obj_description(oid, 'pg_policy')
               FROM pg_policy WHERE polrelid = $1 AND polname = $2",
            &[p.relid.into(), name.into()],
            |r| (r.must(1), r.get(2)),
        )
    });
    let Some((definition, comment)) = facts else {
        error::change::no_such_rule("policy", name, &p.name).raise()
    };
    let comment = comment
        .map(|c| format!("; COMMENT ON POLICY {quoted} ON {TABLE} IS {}", quote_literal(c)))
        .unwrap_or_default();
    let mut plan = Plan {
        prelude: Some(format!("CREATE POLICY {quoted} ON {TABLE} USING (false)")),
        probe: Some(format!(
            "EXISTS (SELECT FROM pg_policy WHERE polrelid = to_regclass({}) AND polname = {})",
            quote_literal(p.name.to_string()),
            quote_literal(name)
        )),
        ..Plan::default()
    };
    plan.step(Step::sql(
        Phase::Contract,
        lock::EXCLUSIVE,
        format!("DROP POLICY {quoted} ON {TABLE}"),
        Some(format!("CREATE POLICY {quoted} ON {TABLE} {definition}{comment}")),
    ));
    plan
}

/// DROP INDEX.
pub fn drop_index(p: &Planning, index: &str) -> Plan {
    type Index = (Option<String>, bool, bool, Option<String>, String, String);
    let facts: Option<Index> = owner::run(|| {
        spi::select_one(
            "SELECT pg_get_indexdef(i.indexrelid), c.relkind <> 'i' OR c.relispartition,
                    EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = i.indexrelid) OR i.indisreplident OR i.indisclustered,
                    obj_description(i.indexrelid, 'pg_class'), (SELECT nspname::text FROM pg_namespace WHERE oid = c.relnamespace), c.relname::text
               FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE i.indexrelid = to_regclass($1)",
            &[index.into()],
            |r| (r.get(1), r.must(2), r.must(3), r.get(4), r.must(5), r.must(6)),
        )
    });
    let Some((Some(definition), partitioned, used, comment, schema, name)) = facts else {
        p.no_form("there is no such index");
    };
    if partitioned {
        p.no_form("an index of a partitioned table cannot come back without a lock on all of it");
    }
    if used {
        p.no_form("a constraint, a foreign key, the replica identity or CLUSTER needs the index");
    }
    let mut plan = Plan {
        probe: Some(format!("to_regclass({}) IS NOT NULL", quote_literal(index))),
        // Once it is gone nothing else says what it belonged to.
        aliases: vec![index.to_string()],
        ..Plan::default()
    };
    let step = Step::sql(Phase::Contract, lock::EXCLUSIVE, format!("DROP INDEX {index}"), None);
    plan.step(step.with(json!({"own": true})));
    let build = Step::alone(Phase::Restore, lock::NO_DDL, concurrently(&definition), None);
    plan.step(build.with(json!({"index": name, "schema": schema})));
    if let Some(comment) = comment {
        let comment = format!("COMMENT ON INDEX {index} IS {}", quote_literal(comment));
        plan.step(Step::sql(Phase::Restore, lock::NONE, comment, None));
    }
    plan
}
