//! What is stated about a relation, as the log shows it where something changes that nobody named: by a rename, a swap, a
//! detached partition, an answer.
use crate::audit::{self, Act};
use crate::pg::catalog::{self, Name};
use crate::pg::regclass::Relation;
use crate::pg::{owner, spi};
use pgrx::pg_sys;
use serde_json::{Map, Value, json};

/// Everything that is stated about a relation by its name, as it will be once this transaction has committed.
pub struct Stated(Map<String, Value>);

/// What is stated now.
#[must_use]
pub fn of(name: &Name) -> Stated {
    let all = owner::run(|| {
        spi::select_one(
            "SELECT jsonb_strip_nulls(jsonb_build_object(
                'declaration', (SELECT to_jsonb(d) - '{schema_name,relation_name,declared_at,declared_by,forgotten_by_xid,was_class,was_in_bulk,changed_by_xid}'::text[]
                                  FROM governance.dataset d
                                 WHERE (schema_name, relation_name) = ($1, $2) AND forgotten_by_xid IS NULL),
                'tags', (SELECT jsonb_agg(column_name || ': ' || tag || path ORDER BY column_name, tag, path) FROM governance.column_tag
                          WHERE (schema_name, relation_name) = ($1, $2) AND untagged_by_xid IS NULL),
                'levels', (SELECT jsonb_object_agg(feature, jsonb_build_object('level', level, 'floor', nullif(floor, false),
                                                                               'valid_until', governance._iso_time(valid_until)))
                             FROM governance.level WHERE scope = 'dataset:' || format('%I.%I', $1, $2) AND level IS NOT NULL),
                'consumers', (SELECT jsonb_object_agg(party, jsonb_build_object('columns', columns, 'purpose', purpose,
                                                                                'valid_until', governance._iso_time(valid_until)))
                                FROM governance.consumer WHERE (schema_name, relation_name) = ($1, $2)),
                'deprecations', (SELECT jsonb_object_agg(column_name, jsonb_build_object('sunset', governance._iso_time(sunset),
                                                                                         'replacement', replacement))
                                   FROM governance.deprecation WHERE (schema_name, relation_name) = ($1, $2)),
                'writers', (SELECT jsonb_agg(DISTINCT role) FROM governance.declared_writer
                             WHERE (schema_name, relation_name) = ($1, $2) AND forgotten_by_xid IS NULL),
                'audit', (SELECT jsonb_build_object('exclude_columns', exclude_columns) FROM governance.audited_relation
                           WHERE (schema_name, relation_name) = ($1, $2) AND stopped_at IS NULL
                           ORDER BY started_at DESC, id DESC LIMIT 1),
                'duties', (SELECT jsonb_agg(duty || ' ' || role ORDER BY duty, role) FROM governance.duty
                            WHERE scope = 'dataset:' || format('%I.%I', $1, $2)),
                'decisions', (SELECT jsonb_agg(title ORDER BY title) FROM governance.decision
                               WHERE format('%I.%I', $1, $2) = ANY (objects))))",
            &[name.schema.as_str().into(), name.relation.as_str().into()],
            |r| r.must::<pgrx::JsonB>(1).0,
        )
    });
    match all {
        Some(Value::Object(all)) => Stated(all),
        _ => Stated(Map::new()),
    }
}

impl Stated {
    /// Whether that is nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// As JSON.
    #[must_use]
    pub fn into_json(self) -> Value {
        Value::Object(self.0)
    }

    /// What differs from what is stated about a relation now: as it was, and as it is.
    #[must_use]
    pub fn differences(self, name: &Name) -> (Map<String, Value>, Map<String, Value>) {
        let (mut before, mut after) = (self.0, of(name).0);
        before.retain(|key, was| {
            let same = after.get(key) == Some(was);
            if same {
                after.remove(key);
            }
            !same
        });
        (before, after)
    }
}

/// Records what an act did to each of these relations, where it did anything.
pub fn record_changes(
    verb: &str,
    was: Vec<(Name, Stated)>,
    object: impl Fn(&Name) -> String,
    also: (Option<(&str, &str)>, Option<(&str, &str)>),
) {
    for (name, stated) in was {
        let (mut before, mut after) = stated.differences(&name);
        if before.is_empty() && after.is_empty() {
            continue;
        }
        for (side, more) in [(&mut before, also.0), (&mut after, also.1)] {
            side.extend(more.map(|(key, value)| (key.to_string(), json!(value))));
        }
        audit::act(Act {
            verb,
            object: &object(&name),
            relation: catalog::relation_oid(&name).map(Relation),
            before: Some(Value::Object(before)),
            after: Some(Value::Object(after)),
            reason: None,
        });
    }
}

/// Records an act by which a relation got something of another, or of a name: what differs, and from where it came.
pub fn record(verb: &str, relid: pg_sys::Oid, name: &Name, was: Stated, from: (&str, &str)) {
    let (mut before, after) = was.differences(name);
    before.insert(from.0.into(), json!(from.1));
    audit::act(Act {
        verb,
        object: &name.to_string(),
        relation: Some(Relation(relid)),
        before: Some(Value::Object(before)),
        after: (!after.is_empty()).then_some(Value::Object(after)),
        reason: None,
    });
}
