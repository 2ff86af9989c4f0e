//! Proposals: what the product guesses, accepted or rejected by people.
use super::{dataset, doubt, duty, party, tagging};
use crate::audit::{self, Act};
use crate::core::registry::feature::Scope;
use crate::core::registry::level::Declared;
use crate::error;
use crate::pg::catalog::{self, Name};
use crate::pg::regclass::Relation;
use crate::pg::{owner, roles, spi};
use serde_json::{Value, json};

/// What can be proposed, in the order in which it is accepted.
pub const KINDS: [&str; 4] = ["owner", "class", "tag", "identity"];

/// An open proposal.
pub struct Proposal {
    /// Hash of what is proposed.
    pub id: i64,
    /// owner, class, tag or identity.
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

    /// Stewards and operators decide; about a relation that is gone, operators. A new party is an operator's.
    fn is_for_me(&self) -> bool {
        duty::is_operator() || (self.kind != "owner" && self.relation().is_some_and(duty::is_steward))
    }
}

/// What accepting would do, or why it cannot be done.
enum Plan {
    Owner { party: String, new: bool },
    Class,
    Tag(String),
    Keep,
}

fn plan(p: &Proposal) -> Result<Plan, String> {
    let Some(relation) = p.relation() else { return Err("the relation is gone".into()) };
    if p.column.as_ref().is_some_and(|c| catalog::column_number(relation.0, c).is_none()) {
        return Err("the column is gone".into());
    }
    match (p.kind.as_str(), &p.column) {
        ("owner", _) => party_for(&p.value),
        ("class", _) if p.value == "analytical" && dataset::facts(&p.name).declared == Declared::Single => {
            Err("it is declared one by one, and the class would lower its levels".into())
        }
        ("class", _) => Ok(Plan::Class),
        ("tag", Some(column)) => Ok(Plan::Tag(column.clone())),
        ("identity", _) => Ok(Plan::Keep),
        _ => Err(format!("proposals of kind {} cannot be accepted here", p.kind)),
    }
}

/// The party that a role acts for: the one declared with it, else a new one of its name.
fn party_for(role: &str) -> Result<Plan, String> {
    let of: Vec<String> = owner::run(|| {
        spi::select(
            "SELECT name FROM governance.party WHERE $1 = ANY (db_roles) ORDER BY name <> $1, name",
            &[role.into()],
            |r| r.must(1),
        )
    });
    match of.as_slice() {
        [party] => Ok(Plan::Owner { party: party.clone(), new: false }),
        [party, ..] if party == role => Ok(Plan::Owner { party: party.clone(), new: false }),
        [] if party::get(role).is_none() => Ok(Plan::Owner { party: role.to_string(), new: true }),
        [] => Err(format!("party \"{role}\" is declared without the role")),
        _ => Err(format!("role \"{role}\" acts for several parties: {}", of.join(", "))),
    }
}

fn describe(plan: &Plan, p: &Proposal) -> String {
    match plan {
        Plan::Owner { party, new: true } => format!("declare party \"{party}\", and it as owner"),
        Plan::Owner { party, new: false } => format!("declare owner \"{party}\""),
        Plan::Class => format!("declare class {}", p.value),
        Plan::Tag(_) => format!("tag {}", p.value),
        Plan::Keep => "keep the declaration".into(),
    }
}

/// Declarations made here are in bulk: they raise no level above warn.
fn carry_out(plan: Plan, p: &Proposal, relation: Relation) {
    decide(p, "accepted", None);
    match plan {
        Plan::Owner { party, .. } => {
            if party::get(&party).is_none() {
                party::declare(&party, "team", Some(std::slice::from_ref(&p.value)), None);
            }
            let s = dataset::Statement { owner: Some(party), in_bulk: true, ..Default::default() };
            dataset::declare(relation, s);
        }
        Plan::Class => {
            let s = dataset::Statement { class: Some(p.value.clone()), in_bulk: true, ..Default::default() };
            dataset::declare(relation, s);
        }
        Plan::Tag(column) => tagging::tag(relation, &column, &p.value, None, "proposal"),
        Plan::Keep => {}
    }
}

/// Open proposals, in the order in which they are accepted.
fn open(id: Option<i64>, kind: Option<&str>, min_confidence: f32) -> Vec<Proposal> {
    let kinds: Vec<String> = KINDS.map(String::from).to_vec();
    owner::run(|| {
        spi::select(
            "SELECT id, kind, schema_name, relation_name, column_name, value, confidence, evidence FROM governance._proposal
              WHERE schema_name IS NOT NULL AND ($1 IS NULL OR id = $1) AND ($2 IS NULL OR kind = $2) AND confidence >= $3
              ORDER BY array_position($4, kind), schema_name, relation_name, column_name, confidence DESC, id",
            &[id.into(), kind.into(), min_confidence.into(), kinds.into()],
            |r| Proposal {
                id: r.must(1),
                kind: r.must(2),
                name: Name { schema: r.must(3), relation: r.must(4) },
                column: r.get(5),
                value: r.must(6),
                confidence: r.must(7),
                evidence: r.must::<pgrx::JsonB>(8).0,
            },
        )
    })
}

/// Remembers what became of a proposal: a guess gets its row only now.
fn decide(p: &Proposal, state: &str, reason: Option<&str>) {
    let me = roles::name(roles::current());
    owner::run(|| {
        spi::execute(
            "INSERT INTO governance.proposal AS p
                    (id, kind, schema_name, relation_name, column_name, value, confidence, evidence, state, decided_at,
                     decided_by, reason)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, now(), $10, $11)
             ON CONFLICT (id) DO UPDATE
                SET state = excluded.state, decided_at = excluded.decided_at, decided_by = excluded.decided_by,
                    reason = excluded.reason",
            &[
                p.id.into(),
                p.kind.as_str().into(),
                p.name.schema.as_str().into(),
                p.name.relation.as_str().into(),
                p.column.clone().into(),
                p.value.as_str().into(),
                p.confidence.into(),
                pgrx::JsonB(p.evidence.clone()).into(),
                state.into(),
                me.as_str().into(),
                reason.into(),
            ],
        )
    });
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
    let scope = Scope::parse(&super::level::canonical_scope(scope)).unwrap_or(Scope::Database);
    let all = open(None, kind, min_confidence);
    let within: Vec<Proposal> = all
        .into_iter()
        .filter(|p| {
            let class = matches!(scope, Scope::Class(_)).then(|| dataset::facts(&p.name).class).flatten();
            scope.covers(&p.name.schema, &p.name.relation, class.as_deref())
        })
        .collect();
    let mine: Vec<Proposal> = within.into_iter().filter(Proposal::is_for_me).collect();
    if mine.is_empty() && !duty::is_operator() {
        duty::require_operator("accepting proposals");
    }
    let mut accepted = 0;
    let mut rows = Vec::new();
    for p in mine {
        let action = match (plan(&p), p.relation()) {
            (Ok(plan), Some(relation)) => {
                let text = describe(&plan, &p);
                if !dry_run {
                    carry_out(plan, &p, relation);
                    accepted += 1;
                }
                text
            }
            (Err(why), _) => format!("skip: {why}"),
            (Ok(_), None) => "skip: the relation is gone".into(),
        };
        rows.push((p.id, p.kind.clone(), p.object(), p.value.clone(), action));
    }
    if accepted > 0 {
        audit::act(Act {
            verb: "accept_proposals",
            object: kind.unwrap_or("all kinds"),
            relation: None,
            before: None,
            after: Some(json!({"accepted": accepted, "min_confidence": min_confidence})),
            reason: None,
        });
    }
    rows
}

/// Accepts one proposal and says what was done. Accepting twice is no error.
pub fn accept(id: i64) -> String {
    let Some(p) = find(id, "accepted") else { return "accepted already".into() };
    require_duty(&p, "accepting a proposal");
    match (plan(&p), p.relation()) {
        (Ok(plan), Some(relation)) => {
            let text = describe(&plan, &p);
            carry_out(plan, &p, relation);
            record("accept_proposal", &p, None);
            text
        }
        (Err(why), _) => error::registry::proposal_not_acceptable(id, &format!("Because {why}.")).raise(),
        (Ok(_), None) => error::registry::proposal_not_acceptable(id, "The relation is gone.").raise(),
    }
}

/// Rejects one proposal for good. Rejecting twice is no error. What an identity brought along goes after commit.
pub fn reject(id: i64, reason: &str) {
    let Some(p) = find(id, "rejected") else { return };
    require_duty(&p, "rejecting a proposal");
    decide(&p, "rejected", Some(reason));
    if p.kind == "identity" {
        doubt::take_back(p.id, &p.name, p.column.as_deref(), &p.evidence, reason);
    }
    record("reject_proposal", &p, Some(reason));
}

/// An open proposal; None when it was decided this way already, an error when the other way.
fn find(id: i64, wanted: &str) -> Option<Proposal> {
    if let Some(p) = open(Some(id), None, 0.0).into_iter().next() {
        if !super::sight::may_see(p.relation().map(|r| r.0)) {
            error::registry::no_such_proposal(id).raise();
        }
        return Some(p);
    }
    let state: Option<String> = owner::run(|| {
        spi::select_one("SELECT state FROM governance.proposal WHERE id = $1", &[id.into()], |r| r.must(1))
    });
    match state {
        Some(state) if state == wanted => None,
        Some(state) if duty::is_operator() => error::registry::proposal_decided(id, &state).raise(),
        _ => error::registry::no_such_proposal(id).raise(),
    }
}

fn require_duty(p: &Proposal, act: &str) {
    if p.is_for_me() {
        return;
    }
    match p.relation() {
        Some(relation) if p.kind != "owner" => duty::require_steward(act, relation),
        _ => duty::require_operator(act),
    }
}

fn record(verb: &str, p: &Proposal, reason: Option<&str>) {
    audit::act(Act {
        verb,
        object: &p.object(),
        relation: p.relation(),
        before: None,
        after: Some(json!({"id": p.id, "kind": p.kind, "value": p.value})),
        reason,
    });
}
