//! Proposals: what the product guesses, accepted or rejected by people.
mod plan;

use super::{dataset, doubt, duty, role, stated};
use crate::audit::{self, Act};
use crate::core::registry::feature::Scope;
use crate::error;
use crate::pg::catalog::{self, Name};
use crate::pg::regclass::Relation;
use crate::pg::{cache, owner, roles, session, spi};
use plan::{Situation, describe};
use serde_json::{Map, Value, json};
use std::cell::RefCell;
use std::collections::HashMap;

/// What can be proposed, in the order in which it is accepted.
pub const KINDS: [&str; 7] = ["owner", "class", "domain", "concept", "consumer", "tag", "identity"];

thread_local! {
    /// Guesses as they were when this statement first asked: computing them looks at the whole catalog, and
    /// `SELECT accept_proposal(id) FROM proposals` asks once per row.
    static GUESSES: RefCell<(i64, HashMap<i64, Proposal>)> = RefCell::new((0, HashMap::new()));
}

/// An open proposal.
#[derive(Clone)]
pub struct Proposal {
    /// Hash of what is proposed.
    pub id: i64,
    /// One of [`KINDS`].
    pub kind: String,
    name: Name,
    column: Option<String>,
    /// What is proposed.
    pub value: String,
    confidence: f32,
    evidence: Value,
}

impl Proposal {
    /// What it is about: a relation or a column of one.
    #[must_use]
    pub fn object(&self) -> String {
        match &self.column {
            Some(column) => format!("{}.{}", self.name, pgrx::spi::quote_identifier(column)),
            None => self.name.to_string(),
        }
    }

    fn relation(&self) -> Option<Relation> {
        catalog::relation_oid(&self.name).map(Relation)
    }

    /// Columns that its evidence names: those that a consumer may read, where it may not read all.
    fn columns(&self) -> Option<Vec<String>> {
        let columns = self.evidence.get("columns")?.as_array()?;
        Some(columns.iter().filter_map(|c| c.as_str().map(String::from)).collect())
    }

    /// Keeps the relation under its name; where it was renamed or dropped meanwhile, there is none.
    fn hold(&self) {
        self.relation().map(Relation::hold);
    }
}

/// Called when a transaction ends or a part of it is rolled back: decisions may have been taken back. Raises nothing.
pub fn forget_guesses() {
    let _ = GUESSES.try_with(|known| {
        known.try_borrow_mut().map(|mut known| {
            if known.0 != 0 || !known.1.is_empty() {
                *known = (0, HashMap::new());
            }
        })
    });
}

/// Open proposals, in the order in which they are accepted.
fn open(kind: Option<&str>, min_confidence: f32) -> Vec<Proposal> {
    let kinds: Vec<String> = KINDS.map(String::from).to_vec();
    owner::run(|| {
        spi::select(
            "SELECT id, kind, schema_name, relation_name, column_name, value, confidence, evidence FROM governance._proposal
              WHERE schema_name IS NOT NULL AND ($1 IS NULL OR kind = $1) AND confidence >= $2
              ORDER BY array_position($3, kind), schema_name, relation_name, column_name, confidence DESC, id",
            &[kind.into(), min_confidence.into(), kinds.into()],
            read,
        )
    })
}

fn read(r: &spi::Row) -> Proposal {
    Proposal {
        id: r.must(1),
        kind: r.must(2),
        name: Name { schema: r.must(3), relation: r.must(4) },
        column: r.get(5),
        value: r.must(6),
        confidence: r.must(7),
        evidence: r.must::<pgrx::JsonB>(8).0,
    }
}

/// Remembers what became of proposals: a guess gets its row only now.
fn decide(of: &[Proposal], state: &str, reason: Option<&str>) {
    let me = roles::name(roles::current());
    let each = |field: fn(&Proposal) -> String| of.iter().map(field).collect::<Vec<String>>();
    owner::run(|| {
        spi::execute(
            "INSERT INTO governance.proposal AS p
                    (id, kind, schema_name, relation_name, column_name, value, confidence, evidence, state, decided_at,
                     decided_by, reason)
             SELECT DISTINCT ON (u.id) u.id, u.kind, u.schema_name, u.relation_name, u.column_name, u.value, u.confidence, u.evidence::jsonb,
                    $9, now(), $10, $11
               FROM unnest($1, $2, $3, $4, $5, $6, $7, $8)
                    AS u (id, kind, schema_name, relation_name, column_name, value, confidence, evidence)
             ON CONFLICT (id) DO UPDATE
                SET state = excluded.state, decided_at = excluded.decided_at, decided_by = excluded.decided_by,
                    reason = excluded.reason",
            &[
                of.iter().map(|p| p.id).collect::<Vec<i64>>().into(),
                each(|p| p.kind.clone()).into(),
                each(|p| p.name.schema.clone()).into(),
                each(|p| p.name.relation.clone()).into(),
                of.iter().map(|p| p.column.clone()).collect::<Vec<Option<String>>>().into(),
                each(|p| p.value.clone()).into(),
                of.iter().map(|p| p.confidence).collect::<Vec<f32>>().into(),
                each(|p| p.evidence.to_string()).into(),
                state.into(),
                me.as_str().into(),
                reason.into(),
            ],
        )
    });
    GUESSES.with_borrow_mut(|(_, guesses)| guesses.retain(|id, _| of.iter().all(|p| p.id != *id)));
}

/// Accepts open proposals, or says what accepting them would do: id, kind, object, value, action.
pub fn accept_many(
    kind: Option<&str>,
    min_confidence: f32,
    scope: Option<&str>,
    dry_run: bool,
) -> Vec<(i64, String, String, String, String)> {
    if let Some(kind) = kind
        && !KINDS.contains(&kind)
    {
        error::not_one_of("kind of proposal", kind, &KINDS).raise();
    }
    if !(0.0..=1.0).contains(&min_confidence) {
        error::registry::not_a_confidence(min_confidence).raise();
    }
    if !dry_run {
        super::one_at_a_time();
    }
    let scope = Scope::parse(&super::level::canonical_scope(scope)).unwrap_or(Scope::Database);
    if !dry_run {
        role::follow();
    }
    let mut situation = Situation::now();
    let mine: Vec<Proposal> = open(kind, min_confidence)
        .into_iter()
        .filter(|p| {
            let class = matches!(scope, Scope::Class(_)).then(|| dataset::facts(&p.name).class).flatten();
            scope.covers(&p.name.schema, &p.name.relation, class.as_deref())
        })
        .filter(|p| situation.is_for_me(p))
        .collect();
    if mine.is_empty() && !duty::is_operator() {
        duty::require_operator("accepting proposals");
    }
    if !dry_run {
        super::hold_if_many(mine.len());
    }
    cache::together(|| carry_out_many(mine, &mut situation, kind, min_confidence, dry_run))
}

fn carry_out_many(
    mine: Vec<Proposal>,
    situation: &mut Situation,
    kind: Option<&str>,
    min_confidence: f32,
    dry_run: bool,
) -> Vec<(i64, String, String, String, String)> {
    let (mut accepted, mut rows) = (Vec::new(), Vec::new());
    for p in mine {
        if !dry_run {
            p.hold();
        }
        let action = match situation.plan(&p) {
            Ok((plan, relation)) => {
                let text = describe(&plan, &p);
                situation.carry_out(plan, &p, relation, dry_run);
                accepted.push(p.clone());
                text
            }
            Err(why) => format!("skip: {why}"),
        };
        let object = p.object();
        rows.push((p.id, p.kind, object, p.value, action));
    }
    if !dry_run && !accepted.is_empty() {
        situation.declare_pending();
        decide(&accepted, "accepted", None);
        audit::act(Act {
            verb: "accept_proposals",
            object: kind.unwrap_or("all kinds"),
            relation: None,
            before: None,
            after: Some(json!({"accepted": accepted.len(), "min_confidence": min_confidence})),
            reason: None,
        });
    }
    rows
}

/// Accepts one proposal and says what was done. Accepting twice is no error.
pub fn accept(id: i64) -> String {
    super::one_at_a_time();
    let Some(p) = find(id, "accepted") else { return "accepted already".into() };
    p.hold();
    role::follow();
    let mut situation = Situation::now();
    require_duty(&situation, &p, "accepting a proposal");
    match situation.plan(&p) {
        Ok((plan, relation)) => {
            let text = describe(&plan, &p);
            situation.carry_out(plan, &p, relation, false);
            situation.declare_pending();
            decide(std::slice::from_ref(&p), "accepted", None);
            record("accept_proposal", &p, None);
            text
        }
        Err(why) => error::registry::proposal_not_acceptable(id, &format!("Because {why}.")).raise(),
    }
}

/// Rejects one proposal for good. Rejecting twice is no error. What an identity brought along goes after commit.
pub fn reject(id: i64, reason: &str) {
    super::one_at_a_time();
    let Some(p) = find(id, "rejected") else { return };
    require_duty(&Situation::now(), &p, "rejecting a proposal");
    decide(std::slice::from_ref(&p), "rejected", Some(reason));
    if p.kind != "identity" {
        return record("reject_proposal", &p, Some(reason));
    }
    let was = stated::of(&p.name);
    doubt::take_back(p.id, &p.name, p.column.as_deref(), &p.evidence, reason);
    let (before, after) = was.differences(&p.name);
    record_with("reject_proposal", &p, Some(reason), before, after);
}

/// An open proposal; None when it was decided this way already, an error when the other way.
fn find(id: i64, wanted: &str) -> Option<Proposal> {
    let state: Option<String> = owner::run(|| {
        spi::select_one("SELECT state FROM governance.proposal WHERE id = $1", &[id.into()], |r| r.must(1))
    });
    let found = match state.as_deref() {
        Some("open") => stored(id),
        Some("rejected") => None,
        // What was accepted and forgotten since may be guessed again.
        Some(_) => guess(id, false),
        None => guess(id, true),
    };
    if let Some(p) = found {
        if !super::sight::may_see(p.relation().map(|r| r.0)) {
            error::registry::no_such_proposal(id).raise();
        }
        return Some(p);
    }
    match state {
        Some(state) if state == wanted => None,
        Some(state) if duty::is_operator() => error::registry::proposal_decided(id, &state).raise(),
        _ => error::registry::no_such_proposal(id).raise(),
    }
}

fn stored(id: i64) -> Option<Proposal> {
    owner::run(|| {
        spi::select_one(
            "SELECT id, kind, schema_name, relation_name, column_name, value, confidence, evidence
               FROM governance.proposal WHERE id = $1 AND state = 'open' AND schema_name IS NOT NULL",
            &[id.into()],
            read,
        )
    })
}

/// A guess that nobody decided about. What this statement remembers is looked at anew where it may have changed: guesses
/// that are not known, if `again`, and those about what was declared meanwhile.
fn guess(id: i64, again: bool) -> Option<Proposal> {
    let now = session::statement_started();
    let known = GUESSES.with_borrow(|(at, guesses)| (*at == now).then(|| guesses.get(&id).cloned()));
    let known = match known {
        Some(Some(p)) if !is_declared(&p) => Some(p),
        Some(None) if !again => None,
        _ => {
            let all: HashMap<i64, Proposal> = open(None, 0.0).into_iter().map(|p| (p.id, p)).collect();
            let found = all.get(&id).cloned();
            GUESSES.set((now, all));
            found
        }
    };
    known.filter(|p| !is_declared(p))
}

/// Whether what a guess is about has been declared.
fn is_declared(p: &Proposal) -> bool {
    dataset::get(&p.name).is_some_and(|d| d.get(&p.kind).is_some_and(|field| !field.is_null()))
}

fn require_duty(situation: &Situation, p: &Proposal, act: &str) {
    if situation.is_for_me(p) {
        return;
    }
    match p.relation() {
        Some(relation) if !situation.is_operators(p) => duty::require_steward(act, relation),
        _ => duty::require_operator(act),
    }
}

fn record(verb: &str, p: &Proposal, reason: Option<&str>) {
    record_with(verb, p, reason, Map::new(), Map::new());
}

/// The same with what it changed that is stated about the relation.
fn record_with(
    verb: &str,
    p: &Proposal,
    reason: Option<&str>,
    before: Map<String, Value>,
    mut after: Map<String, Value>,
) {
    after.extend([
        ("id".to_string(), json!(p.id)),
        ("kind".to_string(), json!(p.kind)),
        ("value".to_string(), json!(p.value)),
    ]);
    audit::act(Act {
        verb,
        object: &p.object(),
        relation: p.relation(),
        before: (!before.is_empty()).then_some(Value::Object(before)),
        after: Some(Value::Object(after)),
        reason,
    });
}
