//! The scream test: for a short while readers of what a change takes away are warned, or fail, and say so while it can still be
//! undone by waiting.
use super::store::{self, Change};
use crate::audit::{self, Act};
use crate::core::registry::level::Level;
use crate::error;
use crate::pg::catalog::{self, Name};
use crate::pg::{cache, owner, roles, spi};
use crate::registry::duty;
use pgrx::datum::TimestampWithTimeZone;
use pgrx::pg_sys;
use serde_json::{Value, json};

/// A column that screams, as the sessions that use it see it.
pub struct Screaming {
    /// The change.
    pub change: i64,
    /// Relation by which a query may name it.
    pub relid: pg_sys::Oid,
    /// Its number in that relation.
    pub number: i16,
    /// The relation of the change.
    pub name: Name,
    /// Its name.
    pub column: String,
    /// warn or enforce.
    pub level: Level,
    /// Whom it concerns; nobody named: everybody.
    pub roles: Vec<String>,
    /// When it began, as PostgreSQL counts microseconds: tells one test from the next.
    pub began: i64,
    /// When it ends, for people.
    pub until: String,
}

/// Every column that screams now, and when the first of the tests ends.
#[must_use]
pub fn in_force() -> (Vec<Screaming>, Option<i64>) {
    let rows: Vec<(Screaming, i64)> = owner::run(|| {
        spi::select_latest(
            "WITH RECURSIVE t AS (
                SELECT s.change, c.schema_name, c.relation_name, c.takes, c.whole, s.level, s.roles, s.started_at, s.valid_until
                  FROM governance.change_scream s JOIN governance.change c ON c.id = s.change
                 WHERE s.valid_until > clock_timestamp() AND c.state IN ('proposed', 'approved', 'expanding', 'ready')),
             tree AS (
                SELECT t.change, r.oid AS relid FROM t JOIN pg_namespace n ON n.nspname = t.schema_name
                  JOIN pg_class r ON r.relnamespace = n.oid AND r.relname = t.relation_name
                UNION SELECT tree.change, i.inhrelid FROM tree JOIN pg_inherits i ON i.inhparent = tree.relid)
             SELECT t.change, tree.relid, a.attnum, t.schema_name, t.relation_name, a.attname::text, t.level, t.roles,
                    t.started_at, to_char(t.valid_until, 'YYYY-MM-DD HH24:MI TZ'), t.valid_until
               FROM t JOIN tree USING (change) JOIN pg_attribute a ON a.attrelid = tree.relid
              WHERE a.attnum > 0 AND NOT a.attisdropped AND (t.whole OR a.attname = ANY (t.takes))",
            &[],
            |r| {
                let screaming = Screaming {
                    change: r.must(1),
                    relid: r.must(2),
                    number: r.must(3),
                    name: Name { schema: r.must(4), relation: r.must(5) },
                    column: r.must(6),
                    level: Level::parse(&r.must::<String>(7)).unwrap_or(Level::Warn),
                    roles: r.must(8),
                    began: r.must::<TimestampWithTimeZone>(9).into(),
                    until: r.must(10),
                };
                (screaming, r.must::<TimestampWithTimeZone>(11).into())
            },
        )
    });
    let ends = rows.iter().map(|(_, end)| *end).min();
    (rows.into_iter().map(|(s, _)| s).collect(), ends)
}

/// Whether there ever was a test here.
#[must_use]
pub fn is_used() -> bool {
    let table = Name { schema: catalog::SCHEMA.into(), relation: "change_scream".into() };
    catalog::relation_oid(&table).is_some_and(catalog::has_pages)
}

impl Screaming {
    /// Whether it concerns a role.
    #[must_use]
    pub fn concerns(&self, role: pg_sys::Oid) -> bool {
        self.roles.is_empty()
            || self.roles.iter().filter_map(|r| roles::oid(r)).any(|r| roles::is_member_of(role, r))
    }
}

/// Begins a test.
pub fn start(id: i64, level: &str, of: Vec<String>, until: TimestampWithTimeZone, reason: Option<&str>) {
    let change = store::get(id);
    let relation = change.relation();
    duty::require_owner("a scream test", relation, false);
    if !change.state.is_before_contraction() {
        error::change::wrong_state(id, "tested", change.state.as_str(), None).raise();
    }
    if !change.needs_readers() {
        error::change::takes_nothing(id).raise();
    }
    let mode = crate::pg::loading::mode();
    if mode == crate::pg::loading::Mode::Installed {
        error::mode_cannot_hold("a scream test", mode.as_str()).raise();
    }
    if !matches!(level, "warn" | "enforce") {
        error::change::no_such_scream(level).raise();
    }
    if let Some(nobody) = of.iter().find(|r| roles::oid(r).is_none()) {
        error::registry::no_such_role(nobody).raise();
    }
    let bounded = spi::select_one(
        "SELECT $1 > pg_catalog.now() AND $1 <= pg_catalog.now() + interval '24 hours'",
        &[until.into()],
        |r| r.must::<bool>(1),
    );
    if bounded != Some(true) {
        error::change::scream_too_long().raise();
    }
    let me = roles::name(roles::current());
    owner::run(|| {
        spi::execute(
            "INSERT INTO governance.change_scream (change, level, roles, valid_until, started_by) VALUES ($1, $2, $3, $4, $5)",
            &[id.into(), level.into(), of.clone().into(), until.into(), me.into()],
        )
    });
    cache::touch();
    audit::act(Act {
        verb: "start_scream_test",
        object: &format!("change {id}"),
        relation: Some(relation),
        before: None,
        after: Some(json!({"level": level, "roles": of})),
        reason,
    });
}

/// Ends the tests of a change; returns how many there were.
pub fn stop(id: i64, reason: Option<&str>) -> i64 {
    let change = store::get(id);
    let relation = change.relation();
    duty::require_owner("a scream test", relation, false);
    let ended = owner::run(|| {
        spi::execute(
            "UPDATE governance.change_scream SET valid_until = clock_timestamp() WHERE change = $1 AND valid_until > clock_timestamp()",
            &[id.into()],
        )
    });
    cache::touch();
    audit::act(Act {
        verb: "stop_scream_test",
        object: &format!("change {id}"),
        relation: Some(relation),
        before: None,
        after: Some(json!({"ended": ended})),
        reason,
    });
    ended as i64
}

/// The tests of a change, as the certificate has them.
#[must_use]
pub fn as_json(change: &Change) -> Value {
    let tests: Vec<Value> = owner::run(|| {
        spi::select(
            "SELECT level, roles, started_at::text, valid_until::text FROM governance.change_scream WHERE change = $1 ORDER BY started_at",
            &[change.id.into()],
            |r| {
                json!({"level": r.must::<String>(1), "roles": r.must::<Vec<String>>(2),
                       "from": r.must::<String>(3), "until": r.must::<String>(4)})
            },
        )
    });
    Value::Array(tests)
}
