//! The record of what was refused. In mode preloaded it is a row of `ddl_log`, written by a process of its own since the
//! statement and its transaction roll back; in every mode a line of the server log.
use super::judge::Rule;
use super::victim::Victim;
use crate::core::audit::clip;
use crate::core::guard::ring::{CAPACITY, Entry, Loss, ShortName, Text};
use crate::core::registry::level::Level;
use crate::pg::{owner, refusals, roles, session, spi, xact};
use crate::registry::status::StatusRow;

/// How much a cut text's note of its length takes.
const NOTE: usize = 40;

/// Notes a refusal for the process that writes. Never raises.
pub fn note(
    number: u32,
    victim: &Victim,
    rule: &Rule,
    rules: &str,
    objects: &[String],
    role: &str,
    statement: &str,
) {
    if !refusals::are_recorded() {
        return;
    }
    refusals::enqueue(Entry {
        number,
        xid: xact::id_if_assigned().unwrap_or_default(),
        schema: ShortName::of(&victim.dataset.schema),
        relation: ShortName::of(&victim.dataset.relation),
        role: ShortName::of(role),
        session_role: ShortName::of(&roles::name(roles::session())),
        application: ShortName::of(&session::application().unwrap_or_default()),
        hazard: Text::of(&rule.hazard),
        rules: cut(rules),
        objects: cut(&objects.join(", ")),
        statement: cut(statement),
        ..Entry::EMPTY
    });
}

fn cut<const N: usize>(text: &str) -> Text<N> {
    if text.len() <= N { Text::of(&clip::within(text, N)) } else { Text::of(&clip::within(text, N - NOTE)) }
}

/// A moment, given in microseconds as the server counts them.
const MOMENT: &str = "timestamptz '2000-01-01 00:00:00+00' + $1 * interval '1 microsecond'";

/// Writes rows about what waits for this database; returns the order of the last, and the loss that it wrote a row about.
pub fn write_refusals(database: u32) -> (u64, Option<Loss>) {
    let mut last = 0;
    owner::run(|| {
        // As many as can wait: in a storm of refusals there would be no end.
        for _ in 0..CAPACITY {
            let Some(e) = refusals::with(|ring| ring.next(database, last)).flatten() else { break };
            write(&e);
            last = e.order;
        }
        let loss = refusals::with(|ring| ring.loss(database)).flatten();
        if let Some(loss) = &loss {
            write_gap(loss);
        }
        (last, loss)
    })
}

fn write(e: &Entry) {
    spi::execute(
        &format!(
            "INSERT INTO governance.ddl_entry (occurred_at, xid, object, schema_name, relation_name, rule, hazard, level, verdict,
                    db_role, session_role, application, statement, refusal)
             VALUES ({MOMENT}, nullif($2, '0')::xid8, $3, nullif($4, ''), nullif($5, ''), $6, $7, $8, 'refused', $9, $10, $11, $12, $13)"
        ),
        &[
            e.at.into(),
            e.xid.to_string().into(),
            e.objects.as_str().into(),
            e.schema.as_str().into(),
            e.relation.as_str().into(),
            e.rules.as_str().into(),
            e.hazard.as_str().into(),
            Level::Enforce.as_str().into(),
            e.role.as_str().into(),
            e.session_role.as_str().into(),
            e.application.as_str().into(),
            e.statement.as_str().into(),
            i64::from(e.number).into(),
        ],
    );
}

fn write_gap(loss: &Loss) {
    spi::execute(
        &format!(
            "INSERT INTO governance.ddl_entry (occurred_at, object, verdict, db_role, session_role)
             VALUES ({MOMENT}, format('%s refusals in %s seconds have no row of their own; the server log has a line of each', $2, $3),
                     'gap', current_user, session_user)"
        ),
        &[
            loss.until.into(),
            (loss.count as i64).into(),
            ((loss.until - loss.since) / 1_000_000 + 1).into(),
        ],
    );
}

/// Refusals that wait longer than so many seconds say that nobody writes them.
const PATIENCE: i64 = 10;

/// What `status()` says about the record of refusals.
#[must_use]
pub fn status() -> StatusRow {
    const FEATURE: &str = "guard.refusals";
    if !refusals::are_recorded() {
        return StatusRow::off(
            FEATURE,
            "",
            "a refused attempt is a line of the server log only: its row would roll back with the statement",
            Some("shared_preload_libraries = 'data_governance' in postgresql.conf, then restart".into()),
        );
    }
    let state = refusals::with(|ring| (ring.waker != 0, ring.waiting())).unwrap_or_default();
    let (is_served, (waiting, since)) = state;
    let waited = since.map_or(0, refusals::seconds_since);
    if !is_served && !refusals::in_recovery() {
        return StatusRow::off(
            FEATURE,
            "",
            format!("the launcher is not running, {waiting} refused attempts wait for their rows"),
            Some(
                "raise max_worker_processes in postgresql.conf, then restart; the server log says why".into(),
            ),
        );
    }
    if waited > PATIENCE {
        return StatusRow::off(
            FEATURE,
            "",
            format!(
                "{waiting} refused attempts of this server have waited for their rows for up to {waited} seconds"
            ),
            Some(
                "see the server log for what kept their writer from it, or raise max_worker_processes".into(),
            ),
        );
    }
    StatusRow::on(FEATURE, "", "refused attempts are rows of ddl_log, although their statements roll back")
}
