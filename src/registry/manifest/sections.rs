//! The registry's sections of the manifest, in the order in which they depend on each other.
use super::missing::WAITS;
use super::{At, Section};
use crate::core::registry::feature::{CLASSES, split_identifiers};
use crate::core::registry::manifest::{
    Item, Kind, Sections, field, key, key_with_default, required, with_default,
};
use crate::error;
use crate::pg::catalog::Name;
use crate::pg::regclass::Relation;
use crate::pg::{owner, spi};
use crate::privacy::vocabulary;
use crate::registry::ladder::Ladder;
use crate::registry::tagging::Tag;
use crate::registry::{consumer, dataset, decision, deprecation, duty, grant, level, party, tagging};
use pgrx::datum::{Date, Interval, TimestampWithTimeZone};
use pgrx::{FromDatum, IntoDatum};
use serde_json::{Value, json};

/// The registry's own.
pub const REGISTRY: &[Section] = &[
    Section {
        name: "parties",
        one: "party",
        fields: &[
            key("name", Kind::Text),
            with_default("kind", Kind::Choice(&party::KINDS), "\"team\""),
            with_default("db_roles", Kind::TextList, "[]"),
            field("contact", Kind::Text),
        ],
        export: "SELECT jsonb_strip_nulls(jsonb_build_object('name', name, 'kind', kind, 'db_roles', db_roles, 'contact', contact)), comment
                   FROM governance.party",
        at: At { table: "party", key: "name = $1" },
        put: put_party,
        remove: remove_party,
    },
    Section {
        name: "tags",
        one: "tag",
        fields: &[
            key("tag", Kind::Text),
            with_default("description", Kind::Text, "\"custom tag\""),
            with_default("mask", Kind::Text, "\"null\""),
            with_default("mask_args", Kind::Object, "{}"),
        ],
        export: "SELECT jsonb_build_object('tag', name, 'description', description, 'mask', mask, 'mask_args', mask_args), comment
                   FROM governance.tag WHERE NOT shipped",
        at: At { table: "tag", key: "name = $1" },
        put: |_, item, _| {
            let said = |key| text(item, key).unwrap_or_default();
            let args = item.get("mask_args").cloned().unwrap_or(json!({}));
            vocabulary::declare(said("tag"), said("description"), said("mask"), args);
        },
        remove: |item, reason| vocabulary::forget(text(item, "tag").unwrap_or_default(), reason),
    },
    Section {
        name: "datasets",
        one: "dataset",
        fields: &[
            key("relation", Kind::Relation),
            field("owner", Kind::Text),
            field("class", Kind::Choice(&CLASSES)),
            field("steward", Kind::Text),
            field("domain", Kind::Text),
            field("concept", Kind::Text),
            field("arbiter", Kind::Text),
            field("consistency", Kind::Choice(&dataset::CONSISTENCIES)),
            field("max_staleness", Kind::Interval),
            field("description", Kind::Text),
            with_default("in_bulk", Kind::Bool, "false"),
        ],
        export: "SELECT jsonb_strip_nulls(to_jsonb(d) - '{schema_name,relation_name,comment,declared_at,declared_by,forgotten_by_xid,was_class,was_in_bulk,changed_by_xid}'::text[]
                        || jsonb_build_object('relation', format('%I.%I', schema_name, relation_name),
                                              'max_staleness', governance._iso_interval(max_staleness))), comment
                   FROM governance._dataset d",
        at: At { table: "dataset", key: "schema_name = $1 AND relation_name = $2" },
        put: put_dataset,
        remove: |item, reason| {
            let relation = relation(item);
            duty::require_steward("forgetting a dataset", relation);
            dataset::forget(relation, &duty::reason_for("forget_dataset", reason));
        },
    },
    Section {
        name: "column_tags",
        one: "tag of",
        fields: &[
            key("relation", Kind::Relation),
            key("column", Kind::Text),
            key("tag", Kind::Text),
            key_with_default("path", Kind::TextOrEmpty, "\"\""),
            field(WAITS, Kind::Bool),
        ],
        export: "SELECT jsonb_build_object('relation', format('%I.%I', schema_name, relation_name), 'column', column_name, 'tag', tag, 'path', path), comment
                   FROM governance._column_tag",
        at: At { table: "column_tag", key: "schema_name = $1 AND relation_name = $2 AND column_name = $3 AND tag = $4 AND path = $5" },
        put: |_, item, _| {
            let column = text(item, "column").unwrap_or_default();
            tagging::restate(relation(item), column, tag(item), "manifest", true);
        },
        remove: |item, reason| {
            let (relation, reason) = (relation(item), duty::reason_for("untag_column", reason));
            duty::require_steward("untagging a column", relation);
            tagging::untag(relation, text(item, "column").unwrap_or_default(), tag(item), &reason);
        },
    },
    Section {
        name: "consumers",
        one: "consumer of",
        fields: &[
            key("relation", Kind::Relation),
            key("party", Kind::Text),
            field("columns", Kind::TextList),
            field("purpose", Kind::Text),
            field("valid_until", Kind::Time),
            field(WAITS, Kind::Bool),
        ],
        export: "SELECT jsonb_strip_nulls(jsonb_build_object('relation', format('%I.%I', schema_name, relation_name), 'party', party,
                        'columns', columns, 'purpose', purpose, 'valid_until', governance._iso_time(valid_until))), comment
                   FROM governance.consumer",
        at: At { table: "consumer", key: "schema_name = $1 AND relation_name = $2 AND party = $3" },
        put: |before, item, _| {
            let party = text(item, "party").unwrap_or_default();
            if emptied(before, item, &["columns", "purpose", "valid_until"]) {
                consumer::forget(relation(item), party);
            }
            let until = cast::<TimestampWithTimeZone>(text(item, "valid_until"), "timestamptz");
            let (columns, purpose) = (list(item, "columns"), text(item, "purpose"));
            consumer::restate(relation(item), party, columns, purpose, until, true);
        },
        remove: |item, _| consumer::forget(relation(item), text(item, "party").unwrap_or_default()),
    },
    Section {
        name: "deprecations",
        one: "deprecation of",
        fields: &[
            key("relation", Kind::Relation),
            key("column", Kind::Text),
            required("sunset", Kind::Time),
            field("replacement", Kind::Text),
            field(WAITS, Kind::Bool),
        ],
        export: "SELECT jsonb_strip_nulls(jsonb_build_object('relation', format('%I.%I', schema_name, relation_name), 'column', column_name,
                        'sunset', governance._iso_time(sunset), 'replacement', replacement)), comment
                   FROM governance.deprecation",
        at: At {
            table: "deprecation",
            key: "schema_name = $1 AND relation_name = $2 AND column_name = $3",
        },
        put: |before, item, reason| {
            let column = text(item, "column").unwrap_or_default();
            let reason = opening_reason(item, reason);
            if emptied(before, item, &["replacement"]) {
                deprecation::undeprecate(relation(item), column, reason.as_deref());
            }
            let sunset = cast::<TimestampWithTimeZone>(text(item, "sunset"), "timestamptz")
                .unwrap_or_else(|| error::argument_required("sunset").raise());
            deprecation::restate(
                relation(item),
                column,
                sunset,
                text(item, "replacement"),
                reason.as_deref(),
                true,
            );
        },
        remove: |item, reason| {
            let reason = opening_reason(item, reason);
            let column = text(item, "column").unwrap_or_default();
            deprecation::undeprecate(relation(item), column, reason.as_deref());
        },
    },
    Section {
        name: "decisions",
        one: "decision",
        fields: &[
            key("title", Kind::Text),
            with_default("kind", Kind::Text, "\"store\""),
            with_default("objects", Kind::TextList, "[]"),
            field("access_pattern", Kind::Text),
            with_default("alternatives", Kind::Array, "[]"),
            field("owner", Kind::Text),
            field("review_by", Kind::Date),
            with_default("status", Kind::Choice(&decision::STATUSES), "\"accepted\""),
        ],
        export: "SELECT jsonb_build_object('objects', objects, 'alternatives', alternatives)
                        || jsonb_strip_nulls(jsonb_build_object('title', title, 'kind', kind, 'status', status, 'access_pattern', access_pattern,
                           'owner', owner, 'review_by', coalesce(to_char(review_by, 'YYYY-MM-DD'), review_by::text))), comment
                   FROM governance.decision",
        at: At { table: "decision", key: "title = $1" },
        put: put_decision,
        remove: |item, _| decision::forget(text(item, "title").unwrap_or_default()),
    },
    Section {
        name: "levels",
        one: "level of",
        fields: &[
            key("feature", Kind::Text),
            key_with_default("scope", Kind::Scope, "\"\""),
            required("level", Kind::Choice(&["off", "observe", "warn", "enforce"])),
            with_default("floor", Kind::Bool, "false"),
            field("reason", Kind::Text),
            field("valid_until", Kind::Time),
        ],
        export: "SELECT jsonb_strip_nulls(jsonb_build_object('feature', feature, 'scope', scope, 'level', level, 'floor', floor,
                        'reason', reason, 'valid_until', governance._iso_time(valid_until))), comment
                   FROM governance.level WHERE level IS NOT NULL AND (valid_until IS NULL OR valid_until > now())",
        at: At { table: "level", key: "feature = $1 AND scope = $2" },
        put: |before, item, reason| {
            // The reason of another act does not speak for this one.
            let own = text(item, "reason");
            let was = before.and_then(|b| text(b, "reason"));
            level::set(
                text(item, "feature").unwrap_or_default(),
                text(item, "level").unwrap_or_default(),
                text(item, "scope"),
                own.filter(|r| Some(*r) != was).or(reason),
                own,
                cast::<TimestampWithTimeZone>(text(item, "valid_until"), "timestamptz"),
                item.get("floor") == Some(&Value::Bool(true)),
            );
        },
        remove: |item, reason| level::reset(text(item, "feature").unwrap_or_default(), text(item, "scope"), reason),
    },
    Section {
        name: "duties",
        one: "duty",
        fields: &[
            key("duty", Kind::Choice(&grant::DUTIES)),
            key("role", Kind::Text),
            key_with_default("scope", Kind::Scope, "\"\""),
        ],
        export: "SELECT jsonb_build_object('duty', duty, 'role', role, 'scope', scope), comment FROM governance.duty",
        at: At { table: "duty", key: "duty = $1 AND role = $2 AND scope = $3" },
        put: |_, item, _| {
            let role = text(item, "role").unwrap_or_default();
            grant::grant(text(item, "duty").unwrap_or_default(), role, text(item, "scope"));
        },
        remove: |item, reason| {
            let role = text(item, "role").unwrap_or_default();
            grant::revoke(text(item, "duty").unwrap_or_default(), role, text(item, "scope"), reason);
        },
    },
];

/// A dataset that says nothing about how it was declared counts as declared in bulk in a manifest without levels.
#[must_use]
pub fn with_defaults(mut wanted: Sections, has_levels: bool) -> Sections {
    if !has_levels && let Some(datasets) = wanted.get_mut("datasets") {
        for (_, item) in datasets.values_mut() {
            let name = text(item, "relation").and_then(name_of);
            if !item.contains_key("in_bulk") && !name.is_some_and(|n| dataset::is_declared(&n)) {
                item.insert("in_bulk".into(), json!(true));
            }
        }
    }
    wanted
}

/// Schema and name from the text of a manifest, which `core` has checked.
#[must_use]
pub fn name_of(text: &str) -> Option<Name> {
    match split_identifiers(text).ok()?.as_slice() {
        [schema, relation] => Some(Name { schema: schema.clone(), relation: relation.clone() }),
        _ => None,
    }
}

/// Opening a column whose use is refused weakens.
fn opening_reason(item: &Item, reason: Option<&str>) -> Option<String> {
    let relation = relation(item);
    if !deprecation::is_refused(relation, text(item, "column").unwrap_or_default()) {
        return reason.map(String::from);
    }
    duty::require_steward("opening a column past its sunset", relation);
    Some(duty::reason_for("opening a column past its sunset", reason))
}

/// The relation of an item, held until the transaction ends.
pub fn relation(item: &Item) -> Relation {
    let shown = text(item, "relation").unwrap_or_default();
    name_of(shown)
        .and_then(|n| Relation::held_by_name(&n))
        .unwrap_or_else(|| error::registry::manifest_relation_missing(shown).raise())
}

pub fn text<'a>(item: &'a Item, field: &str) -> Option<&'a str> {
    item.get(field).and_then(Value::as_str)
}

pub fn list(item: &Item, field: &str) -> Option<Vec<String>> {
    let list = item.get(field)?.as_array()?;
    Some(list.iter().filter_map(Value::as_str).map(String::from).collect())
}

/// Whether a field that was there is gone: where NULL leaves as it is, the item has to be made anew.
pub fn emptied(before: Option<&Item>, after: &Item, fields: &[&str]) -> bool {
    before.is_some_and(|b| fields.iter().any(|f| b.contains_key(*f) && !after.contains_key(*f)))
}

/// A text as a value of another type, read by PostgreSQL.
pub fn cast<T: FromDatum + IntoDatum + 'static>(text: Option<&str>, sql_type: &str) -> Option<T> {
    let text = text?;
    owner::run(|| spi::select_one(&format!("SELECT $1::{sql_type}"), &[text.into()], |r| r.get(1))).flatten()
}

/// Raises where PostgreSQL does not read a text as a value of a type.
pub fn can_cast(text: &str, sql_type: &str) {
    owner::run(|| spi::execute(&format!("SELECT $1::text::{sql_type}"), &[text.into()]));
}

fn put_party(before: Option<&Item>, item: &Item, _reason: Option<&str>) {
    let name = text(item, "name").unwrap_or_default();
    let kind = text(item, "kind").unwrap_or("team");
    if emptied(before, item, &["contact"]) {
        party::forget_contact(name);
    }
    party::declare(name, Some(kind), list(item, "db_roles").as_deref(), text(item, "contact"));
}

/// A dataset that this transaction forgot still holds, and so does its party.
fn remove_party(item: &Item, _reason: Option<&str>) {
    let name = text(item, "name").unwrap_or_default();
    let pending = owner::run(|| {
        spi::select_one(
            "SELECT EXISTS (SELECT FROM governance.dataset WHERE $1 IN (owner, steward, arbiter)
                               AND forgotten_by_xid = pg_current_xact_id_if_assigned())",
            &[name.into()],
            |r| r.must::<bool>(1),
        )
    });
    if pending == Some(true) {
        error::registry::party_waits(name).notice();
    } else {
        party::forget(name);
    }
}

fn put_dataset(before: Option<&Item>, item: &Item, _reason: Option<&str>) {
    let clear = dataset::CLEARABLE.into_iter().filter(|f| emptied(before, item, &[f]));
    let in_bulk = item.get("in_bulk") == Some(&Value::Bool(true));
    let relation = relation(item);
    if in_bulk && before.is_some_and(|b| b.get("in_bulk") == Some(&Value::Bool(false))) {
        error::registry::stays_single(&relation.name()).notice();
    }
    let own = |field: &str| text(item, field).map(String::from);
    let statement = dataset::Statement {
        owner: own("owner"),
        class: own("class"),
        steward: own("steward"),
        domain: own("domain"),
        concept: own("concept"),
        arbiter: own("arbiter"),
        consistency: own("consistency"),
        max_staleness: cast::<Interval>(text(item, "max_staleness"), "interval"),
        description: own("description"),
        clear: clear.map(String::from).collect(),
        in_bulk,
    };
    let name = relation.name();
    let before = Ladder::of(&name);
    dataset::declare(relation, statement);
    level::require_reason_if_lower(&before, &Ladder::of(&name));
}

fn put_decision(before: Option<&Item>, item: &Item, _reason: Option<&str>) {
    let title = text(item, "title").unwrap_or_default();
    if emptied(before, item, &["access_pattern", "owner", "review_by"]) {
        decision::forget(title);
    }
    decision::restate(
        title,
        text(item, "kind"),
        list(item, "objects"),
        text(item, "access_pattern"),
        item.get("alternatives").cloned(),
        text(item, "owner"),
        cast::<Date>(text(item, "review_by"), "date"),
        text(item, "status"),
    );
}

fn tag(item: &Item) -> Tag<'_> {
    let said = |key| text(item, key).unwrap_or_default();
    Tag { tag: said("tag"), path: said("path") }
}
