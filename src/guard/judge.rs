//! The verdict: what happens to a statement, given what it takes away.
use super::victim::{Victim, way_forward};
use super::{break_glass, log, refusal};
use crate::core::registry::level::Level;
use crate::pg::catalog::{self, Name};
use crate::pg::{audit_log, loading, owner, roles, session, settings_scope, spi, xact};
use crate::registry::{ladder, restore};
use crate::{change, error};
use pgrx::pg_sys;
use std::cell::RefCell;
use std::collections::HashMap;

/// What a rule says, from the shipped table.
#[derive(Clone, Debug)]
pub struct Rule {
    /// Id.
    pub rule: String,
    /// Hazard class.
    pub hazard: String,
    /// Why it is a hazard.
    pub reason: String,
    /// What to do instead.
    pub safe_alternative: String,
    /// The table of rules does not have it.
    pub is_unknown: bool,
}

impl Rule {
    /// A rule that this library judges by and the database does not have: a library that is newer than its objects warns
    /// at most, so that they can be updated; where the versions are the same, somebody has taken the row away, and that
    /// switches nothing off.
    fn unknown(id: &str) -> Self {
        Rule {
            rule: id.to_string(),
            hazard: "data_loss".into(),
            reason: "the table of rules does not have this rule".into(),
            safe_alternative: "ALTER EXTENSION data_governance UPDATE".into(),
            is_unknown: true,
        }
    }
}

/// Where a statement is judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layer {
    /// The parse tree, by the hook for utility statements.
    Utility,
    /// The parse tree or what was dropped, by an event trigger.
    EventTrigger,
    /// An object that goes, by object_access_hook.
    ObjectAccess,
    /// A write, by the hook for permissions.
    Permissions,
    /// A query, by the planner's hook.
    Planner,
    /// A trigger of the audit.
    AuditTrigger,
}

impl Layer {
    /// As `self_test()` says it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Layer::Utility => "utility hook",
            Layer::EventTrigger => "event trigger",
            Layer::ObjectAccess => "object access hook",
            Layer::Permissions => "permission hook",
            Layer::Planner => "planner hook",
            Layer::AuditTrigger => "audit trigger",
        }
    }
}

/// What was said about a victim: rule, words, dataset and level.
type Said = (&'static str, String, Name, Level);

thread_local! {
    /// What was said about the running statement, and the break-glasses it has used.
    static SAID: RefCell<(Vec<Said>, Vec<pgrx::Uuid>)> = const { RefCell::new((Vec::new(), Vec::new())) };
    /// The last refusal of this session: where, and by which rules.
    static LAST: RefCell<Option<(Layer, Vec<String>)>> = const { RefCell::new(None) };
}

/// The last refusal since this was asked before.
#[must_use]
pub fn take_last_refusal() -> Option<(Layer, Vec<String>)> {
    LAST.take()
}

/// Another statement begins.
pub fn begin() {
    SAID.set((Vec::new(), Vec::new()));
}

/// Judges everything one statement takes away: records, warns, or raises one refusal that names all of it. Nothing is
/// judged for the product's own DDL, or while the kill switch is off.
pub fn judge(layer: Layer, victims: Vec<Victim>) {
    begin();
    judge_more(layer, victims);
}

/// The same as a part of the statement that has begun.
pub fn judge_more(layer: Layer, victims: Vec<Victim>) {
    if victims.is_empty()
        || !crate::settings::ENABLED.get()
        || !catalog::is_present() // DROP EXTENSION … CASCADE: the rules themselves are gone
        || owner::is_acting()
    {
        return;
    }
    let mut victims: Vec<Victim> =
        victims.into_iter().filter(|v| !v.harmless && !change::covers(layer, v)).collect();
    if victims.is_empty() {
        return;
    }
    // What a person wrote comes first, what goes with it after: the server drops dependents and partitions before. A
    // column of a partitioned table is one loss, not one per partition.
    victims.sort_by_key(|v| v.wish.is_none());
    let mut seen: Vec<(&str, Name, String)> = Vec::new();
    victims.retain(|v| {
        let Some(column) = &v.column else { return true };
        let key = (v.rule, v.dataset.clone(), column.clone());
        let new = !seen.contains(&key);
        seen.push(key);
        new
    });
    // Hooks run under the caller's settings.
    settings_scope::with_fixed_path(|| judge_all(layer, &victims));
}

/// What happens to a victim.
pub enum Verdict {
    /// Nothing: its level is off.
    Passes,
    /// An approved change lets it through.
    Change(i64),
    /// A break-glass lets it through; with its reason.
    BreakGlass(String),
    /// A row of `ddl_log`.
    Recorded,
    /// The same, and a WARNING.
    Warned,
    /// The statement is refused.
    Refused,
}

impl Verdict {
    /// As `ddl_log` and `explain_ddl()` say it.
    #[must_use]
    pub fn as_text(&self) -> String {
        match self {
            Verdict::Passes => "passes".into(),
            Verdict::Change(_) => "passed by a change".into(),
            Verdict::BreakGlass(reason) => format!("break-glass: {reason}"),
            Verdict::Recorded => "recorded".into(),
            Verdict::Warned => "warned".into(),
            Verdict::Refused => "refused".into(),
        }
    }
}

/// The level and verdict for a victim. `pass` is asked for a break-glass where it would be refused.
#[must_use]
pub fn verdict(
    victim: &Victim,
    rule: &Rule,
    pass: impl FnOnce(&str, &Name) -> Option<String>,
) -> (Level, Verdict) {
    let mut level = ladder::resolve(&format!("guard.{}", victim.rule), &victim.dataset).level;
    // pg_dump --disable-triggers takes all triggers of a table off and on again, ours too.
    let is_dumps_own =
        session::runs_dump_script() && victim.rule == "disabling-guard" && victim.relid.is_some();
    if level > Level::Observe && (is_dumps_own || restore::is_restoring()) {
        level = Level::Observe;
    }
    if rule.is_unknown && level > Level::Warn && loading::other_version().is_some() {
        level = Level::Warn;
    }
    if level == Level::Off {
        return (level, Verdict::Passes);
    }
    if let Some(id) = change::at_gate(victim) {
        return (level, Verdict::Change(id));
    }
    let verdict = match level {
        // The guard itself is lowered by its own name only.
        Level::Enforce if victim.rule == "disabling-guard" => Verdict::Refused,
        Level::Enforce => match pass(&rule.hazard, &victim.dataset) {
            Some(reason) => Verdict::BreakGlass(reason),
            None => Verdict::Refused,
        },
        Level::Warn => Verdict::Warned,
        _ => Verdict::Recorded,
    };
    (level, verdict)
}

fn judge_all(layer: Layer, victims: &[Victim]) {
    let mut refused = Vec::new();
    let mut passed = Vec::new();
    let (mut said, mut used) = SAID.take();
    for victim in victims {
        let rule = rule(victim.rule);
        let (level, verdict) =
            verdict(victim, &rule, |hazard, name| break_glass::pass(hazard, name, &mut used));
        match verdict {
            Verdict::Passes => {}
            Verdict::Refused => refused.push((victim, rule)),
            verdict => passed.push((victim, rule, level, verdict)),
        }
    }
    if !refused.is_empty() {
        refuse(layer, &refused);
    }
    for (victim, rule, level, verdict) in passed {
        let this = (victim.rule, victim.what.clone(), victim.dataset.clone(), level);
        if said.contains(&this) {
            continue;
        }
        said.push(this);
        if matches!(verdict, Verdict::Warned) {
            error::guard::warned(&victim.what, &rule.rule, &rule.reason, &rule.safe_alternative).warn();
        }
        let change = if let Verdict::Change(id) = verdict { Some(id) } else { None };
        log::note(victim, &rule, level, &verdict.as_text(), change);
    }
    SAID.set((said, used));
}

/// Raises the refusal. Its number is in the message and in a line of the server log, since a row would roll back with
/// the statement; in mode preloaded in a row too, which another process writes.
fn refuse(layer: Layer, refused: &[(&Victim, Rule)]) -> ! {
    let number = audit_log::refusal_number();
    let role = roles::name(roles::current());
    let objects: Vec<String> = refused.iter().map(|(v, _)| v.what.clone()).collect();
    let mut rules: Vec<&str> = Vec::new();
    for (_, rule) in refused {
        if !rules.contains(&rule.rule.as_str()) {
            rules.push(&rule.rule);
        }
    }
    LAST.set(Some((layer, rules.iter().map(|r| (*r).to_string()).collect())));
    let statement = session::statement().unwrap_or_default();
    let rules = rules.join(", ");
    error::guard::refusal_logged(number, &objects, &rules, &role, &statement).log();
    let (first, rule) = &refused[0];
    if !xact::is_as_if_old() {
        refusal::note(number, first, rule, &rules, &objects, &role, &statement);
    }
    let hint = way_forward(first, &rule.hazard, &role);
    let governed = match (first.dataset.schema.as_str(), first.dataset.relation.as_str()) {
        ("", _) => "database",
        (_, "") => "schema",
        _ => "dataset",
    };
    error::guard::refused(number, &objects, &rule.reason, &rules, governed, hint).raise()
}

thread_local! {
    /// The shipped rules, with the oid of the schema they were read from: they change with the extension's version only.
    static RULES: RefCell<(pg_sys::Oid, HashMap<String, Rule>)> = RefCell::new((pg_sys::Oid::INVALID, HashMap::new()));
}

/// A rule by its id; all are read once per session.
#[must_use]
pub fn rule(id: &str) -> Rule {
    let here = catalog::namespace();
    if RULES.with_borrow(|(of, _)| *of != here) {
        let rules = owner::run(|| {
            spi::select("SELECT rule, hazard, reason, safe_alternative FROM governance.rule", &[], |r| Rule {
                rule: r.must(1),
                hazard: r.must(2),
                reason: r.must(3),
                safe_alternative: r.must(4),
                is_unknown: false,
            })
        });
        RULES.set((here, rules.into_iter().map(|r| (r.rule.clone(), r)).collect()));
    }
    RULES.with_borrow(|(_, rules)| rules.get(id).cloned()).unwrap_or_else(|| Rule::unknown(id))
}
