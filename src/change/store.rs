//! Changes and their steps as they are stored.
use super::same;
use crate::core::change::State;
use crate::core::change::step::{Action, Phase, Step, fill};
use crate::error;
use crate::pg::catalog::{self, Name};
use crate::pg::regclass::Relation;
use crate::pg::{owner, roles, spi};
use pgrx::JsonB;
use pgrx::spi::quote_identifier;
use serde_json::Value;

/// One change.
#[derive(Clone, Debug)]
pub struct Change {
    /// Its number.
    pub id: i64,
    /// The relation, under the name it had when proposed; followed through renames by its own steps, and by others once
    /// something is in quarantine.
    pub name: Name,
    /// The wish, in one spelling.
    pub ddl: String,
    /// Where it stands.
    pub state: State,
    /// Catalog state the plan was made for.
    pub fingerprint: String,
    /// Who proposed it.
    pub proposed_by: String,
    /// Who approved it.
    pub approved_by: Option<String>,
    /// What the approval goes without.
    pub waived: Vec<String>,
    /// Name of the relation in quarantine, where the relation as a whole goes there.
    pub quarantine: Option<String>,
    /// What its routines keep for the way back.
    pub kept: Value,
    /// Whether the copy was verified.
    pub verified: bool,
    /// Columns it works on.
    pub columns: Vec<String>,
    /// Columns it makes beside those that were there.
    pub adds: Vec<String>,
    /// Columns whose readers it takes something from.
    pub takes: Vec<String>,
    /// Whether it works on the relation as a whole.
    pub whole: bool,
    /// What makes room for a statement of somebody's own that wishes the same.
    pub prelude: Option<String>,
    /// What the prelude makes for that statement to take away: a column, or with an empty name the relation.
    pub stand_in: Option<String>,
    /// Further names under which somebody may wish the same, quoted.
    pub aliases: Vec<String>,
    /// A condition in SQL that holds while what the wish takes away is there; None where that can be told from the columns.
    pub probe: Option<String>,
}

impl Change {
    /// The relation under the name it has now: that in quarantine where it is there.
    #[must_use]
    pub fn current_name(&self) -> Name {
        match &self.quarantine {
            Some(name) if self.state == State::Contracted => {
                let hidden = Name { schema: self.name.schema.clone(), relation: name.clone() };
                // While it is brought back, it has its own name again before the other steps are taken back.
                if catalog::relation_oid(&hidden).is_some() { hidden } else { self.name.clone() }
            }
            _ => self.name.clone(),
        }
    }

    /// Whether what it keeps in quarantine is gone with its table: by another change, or past the guard.
    #[must_use]
    pub fn has_nothing_left(&self) -> bool {
        let relation = self.quarantine.as_ref().unwrap_or(&self.name.relation);
        let name = Name { schema: self.name.schema.clone(), relation: relation.clone() };
        self.state == State::Contracted && catalog::relation_oid(&name).is_none()
    }

    /// The relation; raises when it is gone, or another one bears its name.
    #[must_use]
    pub fn relation(&self) -> Relation {
        let name = self.current_name();
        let found = catalog::relation_oid(&name);
        let relid = found.filter(|relid| !same::is_another(self, *relid));
        Relation(relid.unwrap_or_else(|| match self.state {
            State::Contracted if found.is_none() => error::change::nothing_left(self.id, &name).raise(),
            _ => error::change::drifted(self.id, &name).raise(),
        }))
    }

    /// Whether it takes something from readers.
    #[must_use]
    pub fn needs_readers(&self) -> bool {
        self.whole || !self.takes.is_empty()
    }

    /// A text of a step with the names of this moment.
    #[must_use]
    pub fn fill(&self, text: &str) -> String {
        let (table, schema) = (self.name.to_string(), quote_identifier(&self.name.schema));
        fill(text, &table, &schema, |column| quote_identifier(self.column_now(column)))
    }

    /// The name that a column has by now, where other changes may have renamed it since the plan was made.
    #[must_use]
    pub fn column_now<'a>(&'a self, column: &'a str) -> &'a str {
        self.kept[RENAMED][column].as_str().unwrap_or(column)
    }
}

/// Under which it is kept what other changes of the table have renamed.
pub const RENAMED: &str = "renamed";

/// A step with where it stands.
#[derive(Clone, Debug)]
pub struct Stored {
    /// Its number, from 1.
    pub number: i32,
    /// It.
    pub step: Step,
    /// Whether it belongs to the transaction of the step before.
    pub joined: bool,
    /// Whether it was run.
    pub done: bool,
    /// Whether a process of its own has begun with it.
    pub started: bool,
    /// Why that process failed.
    pub failure: Option<Value>,
}

const COLUMNS: &str =
    "id, schema_name, relation_name, ddl, state, fingerprint, proposed_by, approved_by, waived,
    quarantine_name, kept, verified_at IS NOT NULL, columns, adds, takes, whole, prelude, stand_in, aliases, probe";

fn read(r: &spi::Row) -> Change {
    Change {
        id: r.must(1),
        name: Name { schema: r.must(2), relation: r.must(3) },
        ddl: r.must(4),
        state: State::parse(&r.must::<String>(5)).unwrap_or(State::Aborted),
        fingerprint: r.must(6),
        proposed_by: r.must(7),
        approved_by: r.get(8),
        waived: r.must(9),
        quarantine: r.get(10),
        kept: r.must::<JsonB>(11).0,
        verified: r.must(12),
        columns: r.must(13),
        adds: r.must(14),
        takes: r.must(15),
        whole: r.must(16),
        prelude: r.get(17),
        stand_in: r.get(18),
        aliases: r.must(19),
        probe: r.get(20),
    }
}

/// A change by its number.
#[must_use]
pub fn get(id: i64) -> Change {
    let sql = format!("SELECT {COLUMNS} FROM governance.change WHERE id = $1");
    owner::run(|| spi::select_one(&sql, &[id.into()], read))
        .unwrap_or_else(|| error::change::no_such_change(id).raise())
}

/// A change by its number, locked until the transaction ends; raises when another session works on it.
#[must_use]
pub fn lock(id: i64) -> Change {
    let sql = format!("SELECT {COLUMNS} FROM governance.change WHERE id = $1 FOR UPDATE SKIP LOCKED");
    owner::run(|| spi::execute_returning(&sql, &[id.into()], read)).into_iter().next().unwrap_or_else(|| {
        let _ = get(id); // tells a change that does not exist from one that is locked
        error::change::being_advanced(id).raise()
    })
}

/// A change that the current user may see.
#[must_use]
pub fn visible(id: i64) -> Change {
    let change = get(id);
    let sees = change.proposed_by == roles::name(roles::current())
        || crate::registry::sight::may_see(catalog::relation_oid(&change.current_name()));
    if !sees {
        error::change::no_such_change(id).raise();
    }
    change
}

/// Open changes of a relation, also under a name that it had before them or has after them.
#[must_use]
pub fn open_on(name: &Name) -> Vec<Change> {
    if crate::registry::bare::has_no_changes() {
        return Vec::new();
    }
    let sql = format!(
        "SELECT {COLUMNS} FROM governance.change
          WHERE ((schema_name, relation_name) = ($1, $2) OR $3 = ANY (aliases)) AND ended_at IS NULL ORDER BY id"
    );
    let args = [name.schema.as_str().into(), name.relation.as_str().into(), name.to_string().into()];
    owner::run(|| spi::select_latest(&sql, &args, read))
}

/// The last change of a relation with this wish that has come to its end, where it only added.
#[must_use]
pub fn last_done(name: &Name, ddl: &str) -> Option<Change> {
    let sql = format!(
        "SELECT {COLUMNS} FROM governance.change
          WHERE (schema_name, relation_name) = ($1, $2) AND ddl = $3 AND state = 'done' AND takes = '{{}}' AND NOT whole
          ORDER BY id DESC LIMIT 1"
    );
    let args = [name.schema.as_str().into(), name.relation.as_str().into(), ddl.into()];
    owner::run(|| spi::select_one(&sql, &args, read))
}

/// The steps of a change, in order.
#[must_use]
pub fn steps(id: i64) -> Vec<Stored> {
    owner::run(|| {
        spi::select_latest(
            "SELECT step, phase, action, statement, undo, lock_mode, reversible, args, joined, done_at IS NOT NULL,
                    started_at IS NOT NULL, failure
               FROM governance.change_step WHERE change = $1 ORDER BY step",
            &[id.into()],
            |r| Stored {
                number: r.must(1),
                step: Step {
                    phase: Phase::parse(&r.must::<String>(2)).unwrap_or(Phase::Expand),
                    action: Action::parse(&r.must::<String>(3)).unwrap_or(Action::Sql),
                    statement: r.must(4),
                    undo: r.get(5),
                    lock_mode: lock_named(&r.must::<String>(6)),
                    reversible: r.must(7),
                    args: r.must::<JsonB>(8).0,
                },
                joined: r.must(9),
                done: r.must(10),
                started: r.must(11),
                failure: r.get::<JsonB>(12).map(|f| f.0),
            },
        )
    })
}

fn lock_named(mode: &str) -> &'static str {
    use crate::core::change::step::lock::*;
    [EXCLUSIVE, NO_WRITES_OR_DDL, NO_WRITES, NO_DDL, WRITE, READ, NONE]
        .into_iter()
        .find(|known| *known == mode)
        .unwrap_or(NONE)
}

/// Stores the plan of a change. A step that is joined belongs to the transaction of the one before.
pub fn put_steps(id: i64, steps: &[(Step, bool)]) {
    owner::run(|| {
        for (i, (step, joined)) in steps.iter().enumerate() {
            spi::execute(
                "INSERT INTO governance.change_step (change, step, phase, action, statement, undo, lock_mode, reversible, args, joined)
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
                &[
                    id.into(),
                    (i as i32 + 1).into(),
                    step.phase.as_str().into(),
                    step.action.as_str().into(),
                    step.statement.as_str().into(),
                    step.undo.clone().into(),
                    step.lock_mode.into(),
                    step.reversible.into(),
                    JsonB(step.args.clone()).into(),
                    (*joined).into(),
                ],
            );
        }
    });
}

/// Notes that a step was run, or was taken back.
pub fn mark(id: i64, number: i32, done: bool) {
    owner::run(|| {
        spi::execute(
            "UPDATE governance.change_step
                SET done_at = CASE WHEN $3 THEN clock_timestamp() END, started_at = CASE WHEN $3 THEN started_at END,
                    pid = NULL, failure = NULL, last_error = NULL
              WHERE change = $1 AND step = $2",
            &[id.into(), number.into(), done.into()],
        )
    });
}

/// Notes that this process begins with a step.
pub fn note_start(id: i64, number: i32) {
    owner::run(|| {
        spi::execute(
            "UPDATE governance.change_step
                SET started_at = clock_timestamp(), pid = pg_backend_pid(), failure = NULL, last_error = NULL
              WHERE change = $1 AND step = $2",
            &[id.into(), number.into()],
        )
    });
}

/// Binds the plan of a change to another state of its relation.
pub fn set_fingerprint(id: i64, fingerprint: &str) {
    owner::run(|| {
        spi::execute(
            "UPDATE governance.change SET fingerprint = $2 WHERE id = $1 AND fingerprint <> $2",
            &[id.into(), fingerprint.into()],
        )
    });
}

/// Notes why this process could not finish a step.
pub fn note_failure(id: i64, number: i32, message: &str, failure: Value) {
    owner::run(|| {
        spi::execute(
            "UPDATE governance.change_step SET pid = NULL, failure = $3, last_error = $4 WHERE change = $1 AND step = $2",
            &[id.into(), number.into(), JsonB(failure).into(), message.into()],
        );
        spi::execute(
            "UPDATE governance.change SET last_error = $2 WHERE id = $1",
            &[id.into(), message.into()],
        );
    });
}

/// Moves a change to another state.
pub fn set_state(id: i64, state: State) {
    owner::run(|| {
        spi::execute(
            "UPDATE governance.change SET state = $2, last_error = NULL,
                    ended_at = CASE WHEN $2 IN ('done', 'aborted', 'undone') THEN clock_timestamp() END
              WHERE id = $1",
            &[id.into(), state.as_str().into()],
        )
    });
}

/// Notes why the next step failed; nothing where the caller could not have run it.
pub fn failed(id: i64, message: &str) {
    let sql = format!("SELECT {COLUMNS} FROM governance.change WHERE id = $1 AND ended_at IS NULL");
    let change = owner::run(|| spi::select_one(&sql, &[id.into()], read));
    let relid = change.and_then(|c| catalog::relation_oid(&c.current_name()));
    if !relid.is_some_and(|relid| crate::registry::duty::is_owner_or_operator(Relation(relid))) {
        return;
    }
    if steps(id).iter().find(|s| !s.done).is_some_and(|s| s.step.action == Action::Compare) {
        super::backfill::start_over(id);
    }
    owner::run(|| {
        spi::execute(
            "WITH next AS (SELECT min(step) AS step FROM governance.change_step WHERE change = $1 AND done_at IS NULL),
                  noted AS (UPDATE governance.change_step s SET last_error = $2 FROM next
                             WHERE s.change = $1 AND s.step = next.step)
             UPDATE governance.change SET last_error = $2 WHERE id = $1",
            &[id.into(), message.into()],
        )
    });
}

/// Its own step gave the relation another name.
pub fn set_name(id: i64, name: &Name) {
    owner::run(|| {
        spi::execute(
            "UPDATE governance.change SET schema_name = $2, relation_name = $3 WHERE id = $1",
            &[id.into(), name.schema.as_str().into(), name.relation.as_str().into()],
        )
    });
}

/// Keeps something for the way back.
pub fn keep(id: i64, key: &str, value: Value) {
    owner::run(|| {
        spi::execute(
            "UPDATE governance.change SET kept = kept || jsonb_build_object($2::text, $3) WHERE id = $1",
            &[id.into(), key.into(), JsonB(value).into()],
        )
    });
}
