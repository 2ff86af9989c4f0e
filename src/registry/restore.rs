//! The restoring state: declarations that came from another database, until an operator has looked at them.
//!
//! `governance.database_identity` records in which database they were made. A dump brings the row of its origin (a second
//! row), CREATE DATABASE … TEMPLATE brings that row only. Either means restoring, until `confirm_restore()` or an hour
//! after rows last arrived or DDL last ran.
use super::{grant, identity, role};
use crate::audit::{self, Act};
use crate::boundary;
use crate::pg::{cache, owner, spi};
use serde_json::json;
use std::cell::Cell;
use std::time::{SystemTime, UNIX_EPOCH};

/// Where this database stands.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum State {
    /// The declarations were made here, or the restore was confirmed.
    Settled,
    /// Restoring until this time (seconds since 1970) at least.
    Until(f64),
    /// The hour is over, and nobody has recorded it yet.
    Over,
}

thread_local! {
    static KNOWN: Cell<Option<(u64, State)>> = const { Cell::new(None) };
}

/// Whether the database is restoring: the guard then only observes.
#[must_use]
pub fn is_restoring() -> bool {
    matches!(state(), State::Until(_))
}

/// Where this database stands; one cached test where it is settled.
#[must_use]
pub fn state() -> State {
    cache::settle();
    let generation = cache::generation();
    match KNOWN.get() {
        Some((g, State::Until(end))) if g == generation && now() < end => return State::Until(end),
        Some((g, state @ (State::Settled | State::Over))) if g == generation => return state,
        _ => {}
    }
    let state = look();
    KNOWN.set(Some((generation, state)));
    state
}

/// Whether rows of the product's tables may come with a dump: they are coming already, or nothing is stated here that they
/// could add to. The settings that tell such a script apart are anybody's to set. Looked up anew: where a dump of the data alone
/// has switched triggers off, nothing has said to this session that rows have come.
#[must_use]
pub fn takes_rows() -> bool {
    matches!(look(), State::Until(_))
        || owner::run(|| {
            spi::select_latest(
                "SELECT NOT EXISTS (SELECT FROM governance.dataset) AND NOT EXISTS (SELECT FROM governance.level)",
                &[],
                |r| r.must::<bool>(1),
            )
        })
        .into_iter()
        .any(|none| none)
}

/// Called when a dump brings declarations: pg_restore --jobs builds the keys of a table as soon as that table is filled,
/// perhaps before the row arrives that says where all of this was made.
pub fn begin() {
    owner::run(|| {
        spi::execute(
            "INSERT INTO governance.database_identity (system_identifier, database_oid) VALUES (0, 0) ON CONFLICT DO NOTHING",
            &[],
        );
    });
}

fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |d| d.as_secs_f64())
}

fn look() -> State {
    // A copy by TEMPLATE has no row of its own; its age is that of the file every database directory begins with.
    let begun = owner::run(|| {
        spi::select_latest(
            "WITH here AS (SELECT s.system_identifier, d.oid FROM pg_control_system() s, pg_database d
                            WHERE d.datname = current_database())
             SELECT extract(epoch FROM greatest(
                (SELECT max(i.arrived_at) FROM governance.database_identity i, here
                  WHERE (i.system_identifier, i.database_oid) <> (here.system_identifier, here.oid)
                    AND i.confirmed_at IS NULL),
                CASE WHEN NOT EXISTS (SELECT FROM governance.database_identity i, here
                                       WHERE (i.system_identifier, i.database_oid) = (here.system_identifier, here.oid))
                     THEN coalesce((pg_stat_file(regexp_replace(pg_relation_filepath('pg_class'), '[^/]+$', 'PG_VERSION'), true)).modification,
                                   '-infinity') END))::float8",
            &[],
            |r| r.get::<f64>(1),
        )
    });
    let Some(begun) = begun.into_iter().next().flatten() else { return State::Settled };
    let end = begun.max(last_ddl().unwrap_or(f64::MIN)) + 3600.0;
    if now() < end { State::Until(end) } else { State::Over }
}

/// When the guard last saw DDL here.
fn last_ddl() -> Option<f64> {
    owner::run(|| {
        let logged = spi::select_one(
            "SELECT EXISTS (SELECT FROM pg_attribute WHERE attrelid = to_regclass('governance.ddl_log')
                               AND attname = 'occurred_at' AND NOT attisdropped)",
            &[],
            |r| r.must::<bool>(1),
        );
        if logged != Some(true) {
            return None;
        }
        spi::select_one(
            "SELECT extract(epoch FROM max(occurred_at))::float8 FROM governance.ddl_log",
            &[],
            |r| r.get::<f64>(1),
        )
        .flatten()
    })
}

/// Records that the hour is over. Called by acts that write anyway.
pub fn end_if_over() {
    if state() == State::Over {
        end("end_restore", "an hour after the last row arrived or the last DDL ran");
    }
}

/// Ends the restoring state and returns what deserves a look: item and detail.
pub fn confirm() -> Vec<(String, String)> {
    super::one_at_a_time();
    let before = state();
    if before != State::Settled {
        end("confirm_restore", "confirmed");
    }
    grant::renew_backup();
    let mut rows = vec![(
        "restore".to_string(),
        match before {
            State::Settled => "nothing to confirm: the declarations were made in this database".to_string(),
            _ => "confirmed: the guard acts at its levels again".to_string(),
        },
    )];
    let missing: Vec<String> = owner::run(|| {
        spi::select(
            "SELECT format('%I.%I', schema_name, relation_name) FROM governance._dataset
              WHERE to_regclass(format('%I.%I', schema_name, relation_name)) IS NULL ORDER BY 1",
            &[],
            |r| r.must(1),
        )
    });
    rows.extend(missing.into_iter().map(|m| ("declared, but not here".to_string(), m)));
    rows.extend(
        role::gone().into_iter().map(|(place, role)| {
            ("names a role that does not exist".to_string(), format!("{place}: {role}"))
        }),
    );
    rows.extend(
        masked_without_role().into_iter().map(|m| ("masked role that does not exist".to_string(), m)),
    );
    rows
}

/// Masked roles whose name is not here. A renamed one is found by its oid, which in another cluster may be anybody's.
fn masked_without_role() -> Vec<String> {
    owner::run(|| {
        spi::select(
            "SELECT format('%I', m.role) || coalesce(format('; masks hold for %I, which has its oid here', r.rolname), '')
               FROM governance.masked_role m LEFT JOIN pg_roles r ON r.oid = m.role_oid
              WHERE m.unmasked_by_xid IS NULL AND m.role <> 'public'
                AND NOT EXISTS (SELECT FROM pg_roles x WHERE x.rolname = m.role) ORDER BY m.role",
            &[],
            |r| r.must(1),
        )
    })
}

fn end(verb: &str, how: &str) {
    let ended: Vec<String> = owner::run(|| {
        let ended = spi::execute_returning(
            "UPDATE governance.database_identity i SET confirmed_at = clock_timestamp()
               FROM pg_control_system() s, pg_database d
              WHERE d.datname = current_database() AND i.confirmed_at IS NULL
                AND (i.system_identifier, i.database_oid) <> (s.system_identifier, d.oid)
             RETURNING i.system_identifier || '/' || i.database_oid",
            &[],
            |r| r.must(1),
        );
        spi::execute(
            "INSERT INTO governance.database_identity (system_identifier, database_oid)
             SELECT s.system_identifier, d.oid FROM pg_control_system() s, pg_database d
              WHERE d.datname = current_database()
             ON CONFLICT DO NOTHING",
            &[],
        );
        ended
    });
    identity::bind_all();
    role::bind_all();
    audit::ensure_all();
    boundary::ensure_all();
    audit::act(Act {
        verb,
        object: "database",
        relation: None,
        before: Some(json!({"made_in": ended})),
        after: Some(json!({"restoring": false, "how": how})),
        reason: None,
    });
}
