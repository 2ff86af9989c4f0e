//! The verdict: what happens to a statement, given what it takes away.
use super::victim::{Victim, way_forward};
use super::{break_glass, log};
use crate::core::registry::level::Level;
use crate::pg::catalog::{self, Name};
use crate::pg::{audit_log, loading, owner, roles, session, settings_scope, spi};
use crate::registry::{ladder, restore};
use crate::{change, error};

/// What a rule says, from the shipped table.
pub struct Rule {
    /// Id.
    pub rule: String,
    /// Hazard class.
    pub hazard: String,
    /// Why it is a hazard.
    pub reason: String,
    /// What to do instead.
    pub safe_alternative: String,
}

/// Judges everything one statement takes away: records, warns, or raises one refusal that names all of it. Nothing is
/// judged in extension scripts, for the product's own DDL, or while the kill switch is off.
pub fn judge(victims: Vec<Victim>) {
    if victims.is_empty()
        || !crate::settings::ENABLED.get()
        || !catalog::is_present() // DROP EXTENSION … CASCADE: the rules themselves are gone
        || loading::creating_extension()
        || owner::is_acting()
    {
        return;
    }
    let mut victims: Vec<Victim> =
        victims.into_iter().filter(|v| !v.harmless && !change::covers(v)).collect();
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
    settings_scope::with_fixed_path(|| judge_all(&victims));
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
    hazard: &str,
    pass: impl FnOnce(&str, &Name) -> Option<String>,
) -> (Level, Verdict) {
    let mut level = ladder::resolve(&format!("guard.{}", victim.rule), &victim.dataset).level;
    // pg_dump --disable-triggers takes all triggers of a table off and on again, ours too.
    let is_dumps_own =
        session::runs_dump_script() && victim.rule == "disabling-guard" && victim.relid.is_some();
    if level > Level::Observe && (is_dumps_own || restore::is_restoring()) {
        level = Level::Observe;
    }
    if level == Level::Off {
        return (level, Verdict::Passes);
    }
    if let Some(id) = change::at_gate(victim) {
        return (level, Verdict::Change(id));
    }
    let verdict = match level {
        Level::Enforce => match pass(hazard, &victim.dataset) {
            Some(reason) => Verdict::BreakGlass(reason),
            None => Verdict::Refused,
        },
        Level::Warn => Verdict::Warned,
        _ => Verdict::Recorded,
    };
    (level, verdict)
}

fn judge_all(victims: &[Victim]) {
    let mut refused = Vec::new();
    let mut passed = Vec::new();
    let mut used = Vec::new();
    for victim in victims {
        let Some(rule) = rule(victim.rule) else { continue };
        let (level, verdict) =
            verdict(victim, &rule.hazard, |hazard, name| break_glass::pass(hazard, name, &mut used));
        match verdict {
            Verdict::Passes => {}
            Verdict::Refused => refused.push((victim, rule)),
            verdict => passed.push((victim, rule, level, verdict)),
        }
    }
    if !refused.is_empty() {
        refuse(&refused);
    }
    for (victim, rule, level, verdict) in passed {
        if matches!(verdict, Verdict::Warned) {
            error::guard::warned(&victim.what, &rule.rule, &rule.reason, &rule.safe_alternative).warn();
        }
        let change = if let Verdict::Change(id) = verdict { Some(id) } else { None };
        log::note(victim, &rule, level, &verdict.as_text(), change);
    }
}

/// Raises the refusal. Its number is in the message and in a line of the server log, since a row would roll back with
/// the statement.
fn refuse(refused: &[(&Victim, Rule)]) -> ! {
    let number = audit_log::refusal_number();
    let role = roles::name(roles::current());
    let objects: Vec<String> = refused.iter().map(|(v, _)| v.what.clone()).collect();
    let mut rules: Vec<&str> = Vec::new();
    for (_, rule) in refused {
        if !rules.contains(&rule.rule.as_str()) {
            rules.push(&rule.rule);
        }
    }
    let statement = session::statement().unwrap_or_default();
    error::guard::refusal_logged(number, &objects, &rules.join(", "), &role, &statement).log();
    let (first, rule) = &refused[0];
    let hint = way_forward(first, &rule.hazard, &role);
    let governed = match (first.dataset.schema.as_str(), first.dataset.relation.as_str()) {
        ("", _) => "database",
        (_, "") => "schema",
        _ => "dataset",
    };
    error::guard::refused(number, &objects, &rule.reason, &rules.join(", "), governed, hint).raise()
}

/// A rule by its id.
#[must_use]
pub fn rule(id: &str) -> Option<Rule> {
    owner::run(|| {
        spi::select_one(
            "SELECT rule, hazard, reason, safe_alternative FROM governance.rule WHERE rule = $1",
            &[id.into()],
            |r| Rule { rule: r.must(1), hazard: r.must(2), reason: r.must(3), safe_alternative: r.must(4) },
        )
    })
}
