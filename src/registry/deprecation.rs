//! Deprecations: columns that go away, when, and what takes their place.
use super::ladder::Ladder;
use super::{dataset, identity, restore, tagging};
use crate::audit::{self, Act};
use crate::core::registry::level::Level;
use crate::error;
use crate::pg::catalog::{self, Name};
use crate::pg::regclass::Relation;
use crate::pg::{cache, owner, roles, spi};
use pgrx::datum::TimestampWithTimeZone;
use pgrx::pg_sys;
use serde_json::Value;

/// Deprecates a column, or changes its sunset or replacement: NULL leaves the replacement as it is.
pub fn deprecate(
    relation: Relation,
    column: &str,
    sunset: TimestampWithTimeZone,
    replacement: Option<&str>,
    reason: Option<&str>,
) {
    if sunset <= pgrx::datum::datetime_support::now() {
        error::registry::end_in_the_past("sunset").raise();
    }
    restate(relation, column, sunset, replacement, reason, false);
}

/// The same for one whose sunset may be over, and whose column may wait: a manifest brings it as it is.
pub fn restate(
    relation: Relation,
    column: &str,
    sunset: TimestampWithTimeZone,
    replacement: Option<&str>,
    reason: Option<&str>,
    waits: bool,
) {
    let name = dataset::governable(relation);
    tagging::require_column_or_wait(relation, &name, column, waits);
    if sunset.is_infinity() || sunset.is_neg_infinity() {
        error::registry::not_a_date("sunset").raise();
    }
    if let Some(replacement) = replacement {
        if replacement.trim().is_empty() {
            error::registry::empty("replacement").raise();
        }
        if replacement == column {
            error::registry::replaces_itself(&name, column).raise();
        }
        if names_a_column(replacement)
            && !waits
            && catalog::column_number(relation.0, replacement).is_none_or(|n| n < 0)
        {
            error::registry::no_such_replacement(&name, replacement).raise();
        }
    }
    let before = get(&name, column);
    let me = roles::name(roles::current());
    owner::run(|| {
        spi::execute(
            "INSERT INTO governance.deprecation AS d (schema_name, relation_name, column_name, sunset, replacement, declared_by)
             VALUES ($1, $2, $3, $4, $5, $6)
             ON CONFLICT (schema_name, relation_name, column_name) DO UPDATE
                SET sunset = excluded.sunset, replacement = coalesce(excluded.replacement, d.replacement),
                    declared_at = now(), declared_by = excluded.declared_by, carried = false, own_sunset = NULL
              WHERE d.carried OR (d.sunset, coalesce(excluded.replacement, d.replacement))
                    IS DISTINCT FROM (excluded.sunset, d.replacement)",
            &[
                name.schema.as_str().into(),
                name.relation.as_str().into(),
                column.into(),
                sunset.into(),
                replacement.into(),
                me.as_str().into(),
            ],
        )
    });
    identity::bind(relation.0, &name);
    let after = get(&name, column);
    if before != after {
        act("deprecate_column", relation, &name, column, before, after, reason);
    }
    let promised = promised_beyond(&name, column);
    if !promised.is_empty() {
        error::registry::promised_beyond_sunset(&name, column, &promised).notice();
    }
}

/// Whether a replacement names a column of the same relation: one word. Anything else is for people.
#[must_use]
pub fn names_a_column(replacement: &str) -> bool {
    !replacement.contains(|c: char| c.is_whitespace() || ".(:/".contains(c))
}

/// Whether the column's use is refused: its sunset is over, and the level is enforce.
#[must_use]
pub fn is_refused(relation: Relation, column: &str) -> bool {
    let name = relation.name();
    let over = owner::run(|| {
        spi::select_one(
            "SELECT sunset <= now() FROM governance.deprecation
              WHERE (schema_name, relation_name, column_name) = ($1, $2, $3)",
            &[name.schema.as_str().into(), name.relation.as_str().into(), column.into()],
            |r| r.must::<bool>(1),
        )
    });
    over == Some(true) && Ladder::of_tagged(&name).level("deprecation").level == Level::Enforce
}

/// Takes a deprecation back.
pub fn undeprecate(relation: Relation, column: &str, reason: Option<&str>) {
    let name = relation.name();
    let Some(before) = get(&name, column) else {
        error::registry::not_deprecated(&name, column).raise();
    };
    delete(&name, column);
    act("undeprecate_column", relation, &name, column, Some(before), None, reason);
}

fn act(
    verb: &str,
    relation: Relation,
    name: &Name,
    column: &str,
    before: Option<Value>,
    after: Option<Value>,
    reason: Option<&str>,
) {
    let object = format!("{name}.{}", pgrx::spi::quote_identifier(column));
    audit::act(Act { verb, object: &object, relation: Some(relation), before, after, reason });
}

/// Consumers whose contract names the column and outlives its sunset.
fn promised_beyond(name: &Name, column: &str) -> Vec<String> {
    owner::run(|| {
        spi::select(
            "SELECT c.party || coalesce(' until ' || c.valid_until::date, ' without end')
               FROM governance.consumer c JOIN governance.deprecation d
                    ON (d.schema_name, d.relation_name) = (c.schema_name, c.relation_name)
              WHERE (d.schema_name, d.relation_name, d.column_name) = ($1, $2, $3)
                AND (c.columns IS NULL OR d.column_name = ANY (c.columns))
                AND (c.valid_until IS NULL OR c.valid_until > d.sunset) ORDER BY 1",
            &[name.schema.as_str().into(), name.relation.as_str().into(), column.into()],
            |r| r.must(1),
        )
    })
}

fn get(name: &Name, column: &str) -> Option<Value> {
    owner::run(|| {
        spi::select_one(
            "SELECT jsonb_strip_nulls(jsonb_build_object('sunset', sunset, 'replacement', replacement))
               FROM governance.deprecation WHERE (schema_name, relation_name, column_name) = ($1, $2, $3)",
            &[name.schema.as_str().into(), name.relation.as_str().into(), column.into()],
            |r| r.must::<pgrx::JsonB>(1).0,
        )
    })
}

/// A deprecated column as the sessions that use it see it.
pub struct Deprecated {
    /// Relation by which a query may name it: the one it was declared for, or a partition or child of it.
    pub relid: pg_sys::Oid,
    /// Its number in that relation.
    pub number: i16,
    /// The declared relation.
    pub name: Name,
    /// Its name.
    pub column: String,
    /// When it ends, as PostgreSQL counts microseconds.
    pub sunset: i64,
    /// The same as a date.
    pub until: String,
    /// What to use instead.
    pub replacement: Option<String>,
    /// warn or enforce; others need no look.
    pub level: Level,
}

/// Every deprecation that a session has to say something about, and when the first of their levels ends.
#[must_use]
pub fn in_force() -> (Vec<Deprecated>, Option<i64>) {
    let rows: Vec<Deprecated> = owner::run(|| {
        spi::select_latest(
            "WITH RECURSIVE tree AS (
                SELECT c.oid AS relid, d.schema_name, d.relation_name, d.column_name, d.sunset, d.replacement
                  FROM governance.deprecation d JOIN pg_namespace n ON n.nspname = d.schema_name
                  JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = d.relation_name
                UNION SELECT i.inhrelid, t.schema_name, t.relation_name, t.column_name, t.sunset, t.replacement
                  FROM tree t JOIN pg_inherits i ON i.inhparent = t.relid)
             SELECT t.relid, a.attnum, t.schema_name, t.relation_name, t.column_name, t.sunset, t.replacement,
                    coalesce(to_char(t.sunset, 'YYYY-MM-DD'), t.sunset::text)
               FROM tree t JOIN pg_attribute a ON a.attrelid = t.relid AND a.attname = t.column_name
              WHERE a.attnum > 0 AND NOT a.attisdropped",
            &[],
            |r| Deprecated {
                relid: r.must(1),
                number: r.must(2),
                name: Name { schema: r.must(3), relation: r.must(4) },
                column: r.must(5),
                sunset: r.must::<TimestampWithTimeZone>(6).into(),
                replacement: r.get(7),
                until: r.must(8),
                level: Level::Off,
            },
        )
    });
    let mut names: Vec<Name> = rows.iter().map(|d| d.name.clone()).collect();
    names.sort();
    names.dedup();
    let levels = Ladder::levels_of_tagged("deprecation", &names);
    let restoring = match restore::state() {
        restore::State::Until(end) => Some(end),
        _ => None,
    };
    let with_level = rows.into_iter().map(|mut d| {
        d.level = levels.get(&d.name).copied().unwrap_or(Level::Off);
        if restoring.is_some() {
            d.level = d.level.min(Level::Observe);
        }
        d
    });
    let loud: Vec<Deprecated> = with_level.filter(|d| d.level >= Level::Warn).collect();
    let ends = owner::run(|| {
        spi::select_latest(
            "SELECT min(valid_until) FROM governance.level WHERE feature = 'deprecation' AND valid_until > clock_timestamp()",
            &[],
            |r| r.get::<TimestampWithTimeZone>(1).map(i64::from),
        )
    });
    let level_ends = ends.into_iter().flatten().next();
    (loud, level_ends.into_iter().chain(restoring.map(as_timestamp)).min())
}

/// Seconds since 1970 as PostgreSQL counts: microseconds since 2000.
fn as_timestamp(epoch: f64) -> i64 {
    ((epoch - 946_684_800.0) * 1e6) as i64
}

/// Called after DDL with each relation it made or altered: a new partition or child of a relation with deprecated
/// columns has them too.
pub fn follow(relid: pg_sys::Oid) {
    if !is_used() {
        return;
    }
    let concerns = owner::run(|| {
        spi::select_one(
            "WITH RECURSIVE up AS (
                SELECT $1::oid AS relid UNION SELECT i.inhparent FROM pg_inherits i JOIN up ON up.relid = i.inhrelid)
             SELECT EXISTS (SELECT FROM up JOIN pg_class c ON c.oid = up.relid JOIN pg_namespace n ON n.oid = c.relnamespace
                              JOIN governance.deprecation d ON d.schema_name = n.nspname AND d.relation_name = c.relname)",
            &[relid.into()],
            |r| r.must::<bool>(1),
        )
    });
    if concerns == Some(true) {
        cache::touch();
    }
}

/// A column is gone, and with it its deprecation: what comes under the name is another column. Of a table that is
/// dropped they wait under its name, as everything does.
pub fn column_dropped(name: &Name, column: &str) {
    let Some(before) = is_used().then(|| get(name, column)).flatten() else { return };
    delete(name, column);
    audit::act(Act {
        verb: "follow_drop",
        object: &format!("{name}.{}", pgrx::spi::quote_identifier(column)),
        relation: catalog::relation_oid(name).map(Relation),
        before: Some(before),
        after: None,
        reason: None,
    });
}

fn delete(name: &Name, column: &str) {
    owner::run(|| {
        spi::execute(
            "DELETE FROM governance.deprecation WHERE (schema_name, relation_name, column_name) = ($1, $2, $3)",
            &[name.schema.as_str().into(), name.relation.as_str().into(), column.into()],
        )
    });
}

/// Whether anything was ever deprecated here. Asked once per session and change: no query for those who never did.
#[must_use]
pub fn is_used() -> bool {
    let table = Name { schema: catalog::SCHEMA.into(), relation: "deprecation".into() };
    catalog::relation_oid(&table).is_some_and(catalog::has_pages)
}
