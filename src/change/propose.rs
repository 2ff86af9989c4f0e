//! From a wish in plain DDL to a planned change.
use super::form::{self, Planning};
use super::store::{self, Change};
use super::{published, same, table, together, window};
use crate::audit::{self, Act};
use crate::core::change::State;
use crate::core::change::part;
use crate::core::change::step::{Phase, Step};
use crate::error;
use crate::pg::guard::{self, Parsed};
use crate::pg::regclass::Relation;
use crate::pg::turn::Turn;
use crate::pg::wish::Wish;
use crate::pg::{addition, catalog, for_plan, owner, roles, settings_scope, spi};
use crate::registry::identity;
use pgrx::pg_sys;
use pgrx::spi::quote_identifier;
use serde_json::{Value, json};

/// What a proposal brings beside the DDL.
pub struct Proposal<'a> {
    /// The wish.
    pub sql: &'a str,
    /// Why.
    pub reason: Option<&'a str>,
    /// What new values are made from.
    pub up: Option<&'a str>,
    /// What old values are made from.
    pub down: Option<&'a str>,
    /// Under which names are resolved.
    pub path: &'a str,
    /// What text and values mean to each other in the session of the proposal.
    pub meaning: Vec<(String, String)>,
}

/// Plans a wish; returns the number of the change, None where none is needed.
pub fn propose(p: &Proposal) -> Option<i64> {
    settings_scope::with_steady_constants(|| plan_wish(p))
}

fn plan_wish(p: &Proposal) -> Option<i64> {
    let reason = p.reason.unwrap_or_else(|| error::argument_required("reason").raise()).trim();
    if reason.is_empty() {
        error::change::reason_required().raise();
    }
    let statements = settings_scope::with_search_path(p.path, || guard::parse(p.sql));
    let [statement] = statements.as_slice() else {
        error::change::one_statement(statements.len()).raise();
    };
    let read = || for_plan::run(|| addition::strictly(|| statement.wishes()));
    let wishes = settings_scope::with_search_path(p.path, read);
    let no_form = |why: &str| -> ! { error::change::no_form(why, p.sql.trim()).raise() };
    if wishes.len() > 1 {
        no_form("a change works on one relation");
    }
    let wish = wishes.into_iter().next();
    if let Some(wish) = &wish {
        require_what_it_names(wish);
        form::require_castable(wish, p.up.is_some());
    }
    if p.up.is_none() && is_harmless(statement, p.path) {
        error::change::not_needed(&statement.text).notice();
        return None;
    }
    let Some(wish) = wish else { no_form("no change form exists for this statement yet") };
    let Some(relid) = wish.relid else { no_form("no change form exists for this statement yet") };
    if !wish.is_all || wish.parts.is_empty() {
        no_form(wish.why_not.unwrap_or("no change form exists for this statement yet"));
    }
    crate::registry::dataset::governable(Relation(relid));
    one_at_a_time(relid);
    let ddl = part::text(&wish.parts, &wish.name.to_string(), |name| quote_identifier(name));
    if let Some(open) = open_change(&wish, &ddl, p) {
        return Some(open);
    }
    Some(store_wish(&wish, relid, ddl, reason, p))
}

/// PostgreSQL would refuse a statement about what is not there, or is not the caller's: it is neither safe nor a wish.
fn require_what_it_names(wish: &Wish) {
    let Some(relid) = wish.relid else { error::change::no_such_table(&wish.name).raise() };
    let owner = catalog::relation_owner(relid).unwrap_or(pg_sys::InvalidOid);
    if !roles::has_rights_of(roles::current(), owner) {
        error::change::not_owner(&wish.name, &roles::name(roles::current())).raise();
    }
    form::require(relid, &wish.name, &wish.parts);
    for part in &wish.parts {
        if let part::Part::AddColumn(new) = part
            && wish.adds_anew
            && catalog::column_number(relid, &new.name).is_some()
        {
            error::change::name_taken(&wish.name, &new.name).raise();
        }
    }
    for column in wish.parts.iter().flat_map(part::Part::needs) {
        crate::registry::tagging::require_column(Relation(relid), &wish.name, column);
    }
}

/// Whether the guard has nothing to say against a statement but that it may have to wait.
fn is_harmless(statement: &Parsed, path: &str) -> bool {
    settings_scope::with_search_path(path, || crate::guard::has_no_victims(statement))
}

/// Serialises proposals for one table until the transaction ends: two sessions with the same wish get the same change.
fn one_at_a_time(relid: pg_sys::Oid) {
    // What others have proposed meanwhile is seen from now on.
    spi::execute("SELECT", &[]);
    Turn::Proposal.take(relid.to_u32());
}

/// The open change with the same wish, made from the same expressions; raises when another one works on the same column or relation.
fn open_change(wish: &Wish, ddl: &str, p: &Proposal) -> Option<i64> {
    let columns: Vec<String> = wish.parts.iter().flat_map(part::Part::columns).collect();
    let whole = wish.parts.iter().any(part::Part::is_whole);
    let (open, contracted): (Vec<Change>, Vec<Change>) =
        store::open_on(&wish.name).into_iter().partition(|c| c.state.is_before_contraction());
    for c in open {
        if c.ddl == ddl && has_same_expressions(c.id, p) {
            return Some(c.id);
        }
        // A partition that is dropped is known at the table above it too, which stays.
        let is_all = c.whole && (c.quarantine.is_none() || c.name == wish.name);
        if is_all || whole || c.columns.iter().any(|column| columns.contains(column)) {
            error::change::busy(c.id, c.state.as_str()).raise();
        }
        if let Some(rule) = wish.relid.and_then(|relid| together::shared(relid, &wish.parts, &columns, &c)) {
            error::change::shares(c.id, c.state.as_str(), &rule).raise();
        }
    }
    for c in contracted {
        if let Some(column) = together::kept_from(&columns, &c) {
            error::change::kept_from(c.id, &column).raise();
        }
    }
    None
}

fn has_same_expressions(id: i64, p: &Proposal) -> bool {
    let before = owner::run(|| {
        spi::select_one("SELECT up, down FROM governance.change WHERE id = $1", &[id.into()], |r| {
            (r.get::<String>(1), r.get::<String>(2))
        })
    });
    before.is_some_and(|(up, down)| {
        (expressions(up.as_deref()), expressions(down.as_deref())) == (expressions(p.up), expressions(p.down))
    })
}

/// Expressions as given: a JSON object of them by column, else one.
fn expressions(text: Option<&str>) -> Option<Value> {
    let text = text.map(str::trim).filter(|t| !t.is_empty())?;
    Some(match serde_json::from_str::<Value>(text) {
        Ok(value) if value.is_object() => value,
        _ => Value::String(text.to_string()),
    })
}

fn store_wish(wish: &Wish, relid: pg_sys::Oid, ddl: String, reason: &str, p: &Proposal) -> i64 {
    if (p.up.is_some() || p.down.is_some()) && !wish.parts.iter().any(part::Part::takes_expressions) {
        error::change::no_expressions().raise();
    }
    let mut planning = Planning {
        id: 0,
        relid,
        name: wish.name.clone(),
        ddl: ddl.clone(),
        path: p.path.to_string(),
        up: expressions(p.up),
        down: expressions(p.down),
        meaning: p.meaning.iter().cloned().collect(),
    };
    // A wish that cannot be planned takes no number.
    let _ = for_plan::run(|| form::plan_all(&planning, &wish.parts));
    let id: i64 = owner::run(|| {
        spi::select_one("SELECT nextval('governance.change_id_seq')", &[], |r| r.must(1)).unwrap_or_default()
    });
    planning.id = id;
    let plan = for_plan::run(|| form::plan_all(&planning, &wish.parts));
    let columns: Vec<String> = wish.parts.iter().flat_map(part::Part::columns).collect();
    let me = roles::name(roles::current());
    owner::run(|| {
        spi::execute(
            "INSERT INTO governance.change (id, kind, schema_name, relation_name, ddl, up, down, reason, fingerprint,
                    proposed_by, proposed_session, columns, adds, takes, whole, quarantine_name, aliases, prelude, stand_in, probe)
             OVERRIDING SYSTEM VALUE
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20)",
            &[
                id.into(),
                part::kind(&wish.parts, p.up.is_some() || p.down.is_some()).into(),
                wish.name.schema.as_str().into(),
                wish.name.relation.as_str().into(),
                ddl.as_str().into(),
                p.up.into(),
                p.down.into(),
                reason.into(),
                table::fingerprint(relid, &[]).into(),
                me.into(),
                roles::name(roles::session()).into(),
                columns.into(),
                plan.adds.clone().into(),
                plan.takes.clone().into(),
                wish.parts.iter().any(part::Part::is_whole).into(),
                plan.quarantine.clone().into(),
                plan.aliases.clone().into(),
                plan.prelude.clone().into(),
                plan.stand_in.clone().into(),
                plan.probe.clone().into(),
            ],
        )
    });
    same::note(id, relid);
    store::put_steps(id, &plan.steps);
    published::tell(id, relid, &wish.name, &plan);
    identity::bind(relid, &wish.name);
    audit::act(Act {
        verb: "propose_change",
        object: &format!("change {id}"),
        relation: Some(Relation(relid)),
        before: None,
        after: Some(json!({"ddl": ddl, "state": State::Proposed.as_str()})),
        reason: Some(reason),
    });
    id
}

/// The plan of a change, with the names of this moment.
#[must_use]
pub fn plan(c: &Change) -> Vec<Step> {
    let mut steps: Vec<Step> = store::steps(c.id)
        .into_iter()
        .map(|s| Step { statement: c.fill(&s.step.statement), ..s.step })
        .collect();
    if c.needs_readers() {
        let window = window::of(&c.name);
        let class =
            if window.class.is_empty() { "no class".into() } else { format!("class {}", window.class) };
        let words = format!(
            "nobody has read it for {}, unless that is waived; an approval holds for {}, the quarantine for {} ({class})",
            window.soak, window.approval, window.quarantine
        );
        let at = steps.iter().position(|s| s.phase >= Phase::Contract).unwrap_or(steps.len());
        steps.insert(at, Step::gate(words));
    }
    steps
}
