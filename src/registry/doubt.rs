//! Doubts about an identity: a person is asked, and what was carried can be sent back.
use super::carry::Carried;
use super::{carry_deprecation, strictness};
use crate::pg::catalog::Name;
use crate::pg::{owner, spi};
use pgrx::JsonB;
use serde_json::{Map, Value, json};

/// Asks a person about an identity. Who said once that a name keeps what it took over is not asked again for the same
/// reason: tools that swap tables do it every night.
pub fn ask(name: &Name, why: &str, carried: &Carried) {
    ask_about_column(name, None, why, carried);
}

/// The same about a name that a relation took over from another. What a person accepted has gone with that one, and is
/// accepted of this one as well.
pub fn ask_about_heir(name: &Name, heir: &Name, why: &str, carried: &Carried) {
    ask(name, why, carried);
    owner::run(|| {
        spi::execute(
            "UPDATE governance.proposal n SET state = 'accepted', decided_at = o.decided_at, decided_by = o.decided_by
               FROM governance.proposal o
              WHERE (o.schema_name, o.relation_name, n.schema_name, n.relation_name) = ($1, $2, $3, $4)
                AND (o.kind, n.kind, o.state, n.state) = ('identity', 'identity', 'accepted', 'open')
                AND o.column_name IS NULL AND n.column_name IS NULL AND o.evidence ->> 'why' = n.evidence ->> 'why'",
            &super::rename::rename_args(heir, name),
        )
    });
}

/// The same about one column.
pub fn ask_about_column(name: &Name, column: Option<&str>, why: &str, carried: &Carried) {
    let mut evidence = carried.evidence();
    evidence.insert("why".into(), json!(why));
    owner::run(|| {
        // Not decided yet: what was carried by then can still be sent back.
        let open = spi::select_one(
            "SELECT evidence FROM governance.proposal
              WHERE id = governance._proposal_id('identity', $1, $2, $3, 'keep') AND state = 'open'",
            &[name.schema.as_str().into(), name.relation.as_str().into(), column.into()],
            |r| r.must::<JsonB>(1).0,
        );
        if let Some(Value::Object(earlier)) = open {
            evidence = united(earlier, std::mem::take(&mut evidence));
        }
        spi::execute(
            "INSERT INTO governance.proposal AS p
                    (id, kind, schema_name, relation_name, column_name, value, confidence, evidence)
             VALUES (governance._proposal_id('identity', $1, $2, $4, 'keep'), 'identity', $1, $2, $4, 'keep', 0.5, $3)
             ON CONFLICT (id) DO UPDATE
                SET state = 'open', evidence = excluded.evidence, proposed_at = now(), decided_at = NULL,
                    decided_by = NULL, reason = NULL
              WHERE p.state <> 'accepted' OR p.evidence ->> 'why' IS DISTINCT FROM excluded.evidence ->> 'why'",
            &[
                name.schema.as_str().into(),
                name.relation.as_str().into(),
                JsonB(Value::Object(evidence)).into(),
                column.into(),
            ],
        )
    });
}

/// Evidence of two doubts about one relation; the later says why.
fn united(earlier: Map<String, Value>, later: Map<String, Value>) -> Map<String, Value> {
    let mut all = later;
    for (key, value) in earlier {
        match (all.get_mut(&key), value) {
            (None, value) => {
                all.insert(key, value);
            }
            (Some(Value::Array(list)), Value::Array(more)) => {
                let new: Vec<Value> = more.into_iter().filter(|m| !list.contains(m)).collect();
                list.extend(new);
            }
            // What was set before the first of them is what comes back.
            (Some(Value::Object(levels)), Value::Object(more)) => levels.extend(more),
            _ => {}
        }
    }
    all
}

/// Takes back what was carried to a relation, since a person said that it does not belong there. All of it holds until
/// this transaction has committed. What was declared, tagged or set since stays.
pub fn take_back(id: i64, name: &Name, column: Option<&str>, evidence: &Value, reason: &str) {
    let key = || [name.schema.as_str().into(), name.relation.as_str().into(), id.into()];
    const SINCE: &str = "(SELECT proposed_at FROM governance.proposal WHERE id = $3)";
    let list = |what: &str| -> Vec<String> {
        evidence[what].as_array().into_iter().flatten().filter_map(|v| v.as_str().map(String::from)).collect()
    };
    owner::run(|| {
        if evidence["declaration"] == true {
            spi::execute(
                &format!(
                    "UPDATE governance.dataset SET forgotten_by_xid = pg_current_xact_id()
                      WHERE schema_name = $1 AND relation_name = $2 AND forgotten_by_xid IS NULL AND declared_at <= {SINCE}"
                ),
                &key(),
            );
        }
        if !list("tags").is_empty() {
            let [schema, relation, id] = key();
            spi::execute(
                &format!(
                    "UPDATE governance.column_tag SET untagged_by_xid = pg_current_xact_id()
                      WHERE schema_name = $1 AND relation_name = $2 AND source = 'copied' AND untagged_by_xid IS NULL
                        AND ($4 IS NULL OR column_name = $4) AND tagged_at <= {SINCE}"
                ),
                &[schema, relation, id, column.into()],
            );
        }
        for (table, column, what, act) in [
            (
                "declared_writer",
                "role",
                "writers",
                "UPDATE governance.declared_writer SET forgotten_by_xid = pg_current_xact_id()",
            ),
            ("consumer", "party", "consumers", "DELETE FROM governance.consumer"),
        ] {
            let names = list(what);
            if names.is_empty() {
                continue;
            }
            let alive = if table == "consumer" { "" } else { "AND forgotten_by_xid IS NULL" };
            let [schema, relation, id] = key();
            spi::execute(
                &format!(
                    "{act} WHERE schema_name = $1 AND relation_name = $2 AND {column} = ANY ($4) {alive}
                        AND declared_at <= {SINCE}"
                ),
                &[schema, relation, id, names.into()],
            );
        }
        if !list("deprecations").is_empty() {
            carry_deprecation::take_back(name, id);
        }
        for (feature, before) in evidence["levels"].as_object().into_iter().flatten() {
            strictness::put_back(feature, name, before, reason, id);
        }
    });
}
