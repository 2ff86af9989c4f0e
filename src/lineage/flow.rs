//! Flows: edges that were recorded or declared.
use crate::audit::{self, Act};
use crate::core::lineage::Role;
use crate::core::registry::feature::split_identifiers;
use crate::error;
use crate::pg::catalog::{self, Name};
use crate::pg::lineage::Edge;
use crate::pg::regclass::Relation;
use crate::pg::turn::Turn;
use crate::pg::{owner, roles, spi};
use crate::registry::{dataset, duty, identity, tagging};
use pgrx::pg_sys;
use serde_json::json;

/// Longest name of something outside, in bytes: it is part of a key.
const OUTSIDE_MAX: usize = 500;

/// Where a flow begins or ends.
pub enum End {
    /// A relation, or one of its columns.
    Relation(Relation, Name, Option<String>),
    /// Something outside the server.
    Outside(String),
}

impl End {
    fn parse(which: &str, text: &str) -> End {
        let text = text.trim();
        if text.is_empty() || text.len() > OUTSIDE_MAX {
            error::lineage::bad_end(which, "It must have between 1 and 500 bytes.").raise();
        }
        if text.contains(':') && !text.contains('"') {
            return End::Outside(text.to_string());
        }
        let parts =
            split_identifiers(text).unwrap_or_else(|why| error::lineage::bad_end(which, &why).raise());
        let (schema, relation, column) = match parts.as_slice() {
            [schema, relation] => (schema, relation, None),
            [schema, relation, column] => (schema, relation, Some(column.clone())),
            _ => error::lineage::bad_end(which, "A relation is named with its schema.").raise(),
        };
        let name = Name { schema: schema.clone(), relation: relation.clone() };
        let Some(relid) = catalog::relation_oid(&name) else {
            error::lineage::bad_end(which, &format!("Relation {name} does not exist.")).raise()
        };
        let relation = Relation(relid);
        let name = dataset::governable(relation);
        if let Some(column) = &column {
            tagging::require_column(relation, &name, column);
        }
        End::Relation(relation, name, column)
    }

    /// Schema, relation and column as stored: no schema for what is outside, no column for the whole.
    fn stored(&self) -> [String; 3] {
        match self {
            End::Outside(text) => [String::new(), text.clone(), String::new()],
            End::Relation(_, name, column) => {
                [name.schema.clone(), name.relation.clone(), column.clone().unwrap_or_default()]
            }
        }
    }

    fn relation(&self) -> Option<Relation> {
        match self {
            End::Relation(relation, ..) => Some(*relation),
            End::Outside(_) => None,
        }
    }
}

impl std::fmt::Display for End {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            End::Outside(text) => f.write_str(text),
            End::Relation(_, name, None) => write!(f, "{name}"),
            End::Relation(_, name, Some(column)) => {
                write!(f, "{name}.{}", pgrx::spi::quote_identifier(column))
            }
        }
    }
}

/// The owner of where a flow ends may declare it; where that is outside, of where it begins; else an operator.
fn ends(act: &str, source: &str, target: &str) -> (End, End) {
    let (source, target) = (End::parse("source", source), End::parse("target", target));
    match target.relation().or(source.relation()) {
        Some(relation) => duty::require_owner(act, relation, false),
        None => duty::require_operator(act),
    }
    if source.stored() == target.stored() {
        error::lineage::same_ends().raise();
    }
    (source, target)
}

/// Declares a flow. Declaring twice changes the description.
pub fn declare(source: &str, target: &str, description: Option<&str>) {
    let (source, target) = ends("declaring a flow", source, target);
    let me = roles::name(roles::current());
    let ([ss, sr, sc], [ts, tr, tc]) = (source.stored(), target.stored());
    Turn::Flow.take(0);
    owner::run(|| {
        spi::execute(
            "INSERT INTO governance.flow AS f (source_schema_name, source_relation_name, source_column_name,
                    target_schema_name, target_relation_name, target_column_name, kind, subtype, evidence, description,
                    recorded_by)
             VALUES ($1, $2, $3, $4, $5, $6, 'DIRECT', 'TRANSFORMATION', 'declared', $7, $8)
             ON CONFLICT ON CONSTRAINT flow_pkey DO UPDATE
                SET description = coalesce($7, f.description), last_at = clock_timestamp(), recorded_by = $8",
            &[
                ss.into(),
                sr.into(),
                sc.into(),
                ts.into(),
                tr.into(),
                tc.into(),
                description.into(),
                me.into(),
            ],
        )
    });
    for end in [&source, &target] {
        if let End::Relation(relation, name, _) = end {
            bind(relation.0, name);
        }
    }
    audit::act(Act {
        verb: "declare_flow",
        object: &format!("{source} → {target}"),
        relation: target.relation().or(source.relation()),
        before: None,
        after: Some(json!({"description": description})),
        reason: None,
    });
}

/// Forgets a declared flow.
pub fn forget(source: &str, target: &str, reason: Option<&str>) {
    let (source, target) = ends("forgetting a flow", source, target);
    let ([ss, sr, sc], [ts, tr, tc]) = (source.stored(), target.stored());
    let gone = owner::run(|| {
        spi::execute(
            "DELETE FROM governance.flow
              WHERE (source_schema_name, source_relation_name, source_column_name) = ($1, $2, $3)
                AND (target_schema_name, target_relation_name, target_column_name) = ($4, $5, $6)
                AND evidence = 'declared'",
            &[ss.into(), sr.into(), sc.into(), ts.into(), tr.into(), tc.into()],
        )
    });
    if gone == 0 {
        error::lineage::no_such_flow(&source.to_string(), &target.to_string()).raise();
    }
    audit::act(Act {
        verb: "forget_flow",
        object: &format!("{source} → {target}"),
        relation: target.relation().or(source.relation()),
        before: None,
        after: None,
        reason,
    });
}

/// Binds a relation to its name, so that a rename is recognised.
fn bind(relid: pg_sys::Oid, name: &Name) {
    let bound = owner::run(|| {
        spi::select_one("SELECT true FROM governance.binding WHERE relid = $1", &[relid.into()], |_| ())
    });
    if bound.is_none() {
        identity::bind(relid, name);
    }
}

/// Writes edges into a relation as flows. False when another transaction is writing flows: nothing was done then.
pub fn keep(target: Relation, edges: &[Edge], evidence: &str, statement: &str) -> bool {
    let Some(target_name) = lasting(target.0) else { return true };
    let mut columns: [Vec<String>; 6] = Default::default();
    let mut sources = Vec::new();
    for edge in edges {
        let Some(source) = lasting(edge.input) else { continue };
        let row = [
            source.schema.clone(),
            source.relation.clone(),
            edge.column.clone().unwrap_or_default(),
            edge.output.clone().unwrap_or_default(),
            edge.role.kind().to_string(),
            edge.role.subtype().to_string(),
        ];
        row.into_iter().zip(&mut columns).for_each(|(value, column)| column.push(value));
        sources.push((edge.input, source));
    }
    let me = roles::name(roles::current());
    if !Turn::Flow.take_if_free(0) {
        return false;
    }
    let [ss, sr, sc, tc, kinds, subtypes] = columns;
    owner::run(|| {
        if evidence == "ddl" {
            // A new definition replaces the old one.
            spi::execute(
                "DELETE FROM governance.flow
                  WHERE target_schema_name = $1 AND target_relation_name = $2 AND evidence = 'ddl'",
                &[target_name.schema.as_str().into(), target_name.relation.as_str().into()],
            );
        }
        spi::execute(
            "INSERT INTO governance.flow AS f (source_schema_name, source_relation_name, source_column_name,
                    target_schema_name, target_relation_name, target_column_name, kind, subtype, evidence, statement,
                    recorded_by)
             SELECT DISTINCT ss, sr, sc, $7, $8, tc, kind, subtype, $9, $10, $11
               FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[])
                    AS e (ss, sr, sc, tc, kind, subtype)
             ON CONFLICT ON CONSTRAINT flow_pkey DO UPDATE
                SET last_at = clock_timestamp(), times = f.times + 1, statement = excluded.statement,
                    recorded_by = excluded.recorded_by",
            &[
                ss.into(),
                sr.into(),
                sc.into(),
                tc.into(),
                kinds.into(),
                subtypes.into(),
                target_name.schema.as_str().into(),
                target_name.relation.as_str().into(),
                evidence.into(),
                statement.into(),
                me.into(),
            ],
        )
    });
    sources.push((target.0, target_name));
    sources.iter().for_each(|(relid, name)| bind(*relid, name));
    true
}

/// The name of a relation that is there for everybody and for long.
fn lasting(relid: pg_sys::Oid) -> Option<Name> {
    if catalog::is_temporary(relid) {
        return None;
    }
    catalog::relation_name(relid).filter(|n| n.schema != "pg_catalog" && n.schema != "information_schema")
}

/// A flow as the graph needs it: source and target as stored, role and evidence.
pub struct Kept {
    /// Schema (empty: outside), relation and column (empty: the whole).
    pub source: [String; 3],
    /// The same.
    pub target: [String; 3],
    /// How.
    pub role: Role,
    /// statement, ddl or declared.
    pub evidence: String,
}

/// All flows.
#[must_use]
pub fn all() -> Vec<Kept> {
    owner::run(|| {
        spi::select(
            "SELECT source_schema_name, source_relation_name, source_column_name,
                    target_schema_name, target_relation_name, target_column_name, subtype, evidence
               FROM governance.flow",
            &[],
            |r| Kept {
                source: [r.must(1), r.must(2), r.must(3)],
                target: [r.must(4), r.must(5), r.must(6)],
                role: Role::of_subtype(&r.must::<String>(7)).unwrap_or(Role::Transformation),
                evidence: r.must(8),
            },
        )
    })
}
