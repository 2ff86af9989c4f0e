//! `explain_ddl()`: what statements would do and what the guard would say, without running them.
use super::judge::{self, Verdict};
use super::victim::{Victim, way_forward};
use super::{break_glass, foresee, readers};
use crate::pg::catalog::{self, Name};
use crate::pg::ddl::Ddl;
use crate::pg::guard::{self, Parsed, Shadow, Sight, Transaction};
use crate::pg::loading::{self, Mode};
use crate::pg::{roles, settings_scope, xact};
use crate::registry::sight;
use crate::{audit, change, error};
use pgrx::pg_sys;
use serde_json::Value;
use std::rc::Rc;

/// One row: what one rule says about one dataset, or that no rule says anything about a statement.
pub struct Row {
    /// The statement's own text.
    pub statement: String,
    /// Rule, hazard and level that applies; None where no rule is concerned.
    pub rule: Option<(String, String, String)>,
    /// What would happen: `passes`, `recorded`, `warned`, `refused`, …
    pub verdict: String,
    /// Whose level counts.
    pub object: Option<String>,
    /// Strongest lock on it.
    pub lock_mode: Option<String>,
    /// Whether it is written anew.
    pub rewrites: bool,
    /// Bytes read or written while it is locked.
    pub scan_bytes: i64,
    /// Everything that is taken away, renamed or concerned.
    pub victims: Vec<String>,
    /// Who reads what would break.
    pub readers: Option<Value>,
    /// Sessions it would wait for now.
    pub blocked_by: Vec<i32>,
    /// What to do instead.
    pub advice: Option<String>,
}

/// Where nothing was found about a statement that may be about what an earlier one has renamed, moved or made, that says nothing.
fn not_followed(mut rows: Vec<Row>, statement: &Parsed) -> Vec<Row> {
    let waits =
        |row: &Row| row.rule.as_ref().is_some_and(|(rule, ..)| foresee::WAITS.contains(&rule.as_str()));
    if rows.iter().any(|row| row.rule.is_some() && !waits(row)) {
        return rows;
    }
    rows.retain(waits);
    rows.push(Row {
        verdict: NOT_EXPLAINED.into(),
        advice: Some("an earlier statement makes, renames, moves or drops what it may be about".into()),
        ..harmless(statement, &Sight::default())
    });
    rows
}

/// Explains every statement of a text. What an earlier one makes counts as made in the same transaction, and what it sets
/// counts for those after it.
#[must_use]
pub fn explain(sql: &str, path: &str) -> Vec<Row> {
    let statements = settings_scope::with_search_path(path, || guard::parse(sql));
    if statements.is_empty() && !sql.contains("--") && !sql.contains("/*") {
        error::guard::nothing_to_explain().raise();
    }
    let mut shadow = Rc::new(Shadow::default());
    let mut rows = Vec::new();
    let mut path = path.to_string();
    let mut timeout = settings_scope::current_setting(c"lock_timeout");
    // What is rolled back did not happen.
    let mut marks: Vec<(Option<String>, Rc<Shadow>)> = vec![(None, shadow.clone())];
    for statement in &statements {
        match statement.transaction() {
            Some(Transaction::Begin | Transaction::Commit) => marks = vec![(None, shadow.clone())],
            Some(Transaction::Savepoint(name)) => marks.push((Some(name), shadow.clone())),
            Some(Transaction::Rollback) => {
                marks.truncate(1);
                shadow = marks[0].1.clone();
            }
            Some(Transaction::RollbackTo(name)) => {
                if let Some(at) = marks.iter().rposition(|(mark, _)| mark.as_deref() == Some(&name)) {
                    marks.truncate(at + 1);
                    shadow = marks[at].1.clone();
                }
            }
            None => {}
        }
        settings_scope::with_search_path(&path, || {
            let limits = settings_scope::Settings::begin();
            limits.try_set(c"lock_timeout", &timeout);
            // What looks would lock or cache is taken back: nothing is left of them.
            let (found, ddl, effects, made) = guard::with_shadow(&shadow, || {
                let ddl = statement.ddl();
                let found = xact::rehearse(|| of_statement(statement, &ddl));
                (found, ddl, xact::rehearse(|| statement.effects()), statement.made())
            });
            let is_hidden =
                statement.is_about_something() && (shadow.hides(&statement.text) || shadow.hides(&path));
            let is_blind = guard::take_not_known() || is_hidden;
            rows.extend(if is_blind { not_followed(found, statement) } else { found });
            Rc::make_mut(&mut shadow).follow(&ddl, made, effects);
        });
        if let Some((setting, value)) = statement.sets() {
            let value = value.unwrap_or_else(|| settings_scope::reset_value(setting));
            if setting == c"search_path" { path = value } else { timeout = value }
        }
    }
    rows
}

fn of_statement(statement: &Parsed, ddl: &Ddl) -> Vec<Row> {
    let sight = statement.look();
    let victims: Vec<Victim> = foresee::victims(&sight, ddl).into_iter().filter(|v| !v.harmless).collect();
    let completes = change::would_complete(|| statement.wishes());
    let mut groups: Vec<(&'static str, Name, Vec<Victim>)> = Vec::new();
    for victim in victims {
        match groups.iter_mut().find(|(rule, dataset, _)| *rule == victim.rule && *dataset == victim.dataset)
        {
            Some((_, _, members)) => members.push(victim),
            None => groups.push((victim.rule, victim.dataset.clone(), vec![victim])),
        }
    }
    let role = roles::name(roles::current());
    let rows: Vec<Row> = groups
        .into_iter()
        .map(|(_, _, members)| row(statement, &sight, members, completes.as_ref(), &role))
        .collect();
    if rows.is_empty() { vec![harmless(statement, &sight)] } else { rows }
}

fn row(
    statement: &Parsed,
    sight: &Sight,
    members: Vec<Victim>,
    completes: Option<&(i64, Name)>,
    role: &str,
) -> Row {
    let first = &members[0];
    let rule = settings_scope::with_fixed_path(|| judge::rule(first.rule));
    let (level, verdict) =
        settings_scope::with_fixed_path(|| judge::verdict(first, &rule, break_glass::would_pass));
    let verdict = match (completes, verdict) {
        (Some((id, name)), Verdict::Refused | Verdict::Warned | Verdict::Recorded)
            if first.dataset == *name =>
        {
            Verdict::Change(*id)
        }
        (_, verdict) => verdict,
    };
    // In mode installed some statements fire no event trigger.
    let is_seen = loading::mode() > Mode::Installed
        || statement.fires_event_triggers()
        || (matches!(first.rule, "ban-truncate" | "ban-truncate-cascade")
            && first.relid.is_some_and(audit::sees_truncate));
    let relids: Vec<pg_sys::Oid> = members.iter().filter_map(|v| v.relid).collect();
    let on = |of: &[pg_sys::Oid]| -> Vec<pg_sys::Oid> {
        of.iter().copied().filter(|relid| relids.is_empty() || is_of(*relid, &relids)).collect()
    };
    let (rewrites, scans) = (on(&sight.rewrites), on(&sight.scans));
    let mode = strongest(sight, &relids);
    let advice = match &verdict {
        Verdict::Refused if is_visible(first) => way_forward(first, &rule.hazard, role),
        _ => rule.safe_alternative.clone(),
    };
    let visible = is_visible;
    // How big a table is, is told only to who may see all that is concerned.
    let sizes = members.iter().all(is_visible);
    Row {
        statement: statement.text.clone(),
        verdict: if is_seen { verdict.as_text() } else { "not seen in mode installed".into() },
        rule: Some((rule.rule, rule.hazard, level.as_str().to_string())),
        object: Some(object(first)).filter(|_| visible(first)),
        lock_mode: mode.map(|m| guard::mode_name(m).to_string()).filter(|m| !m.is_empty()),
        rewrites: sizes && !rewrites.is_empty(),
        scan_bytes: if sizes { bytes(&rewrites, &scans) } else { 0 },
        readers: first.relid.filter(|_| visible(first)).and_then(|_| readers::of(&members)),
        victims: members.iter().map(|v| if visible(v) { v.what.clone() } else { HIDDEN.into() }).collect(),
        blocked_by: mode.map(|mode| blocked_by(&relids, mode)).unwrap_or_default(),
        advice: Some(advice),
    }
}

/// Whether the caller may see what a victim is: a relation by any privilege or duty, anything else by the right to use its
/// schema.
fn is_visible(victim: &Victim) -> bool {
    match (victim.relid, victim.dataset.schema.as_str()) {
        (Some(relid), _) => sight::may_see(Some(relid)),
        (None, "") => true,
        (None, schema) => catalog::may_use_schema(schema) || sight::may_see(None),
    }
}

/// What stands for an object that the caller holds no privilege on.
const HIDDEN: &str = "an object on which you hold no privilege";

fn object(victim: &Victim) -> String {
    match (victim.dataset.schema.as_str(), victim.dataset.relation.as_str()) {
        ("", _) => "database".into(),
        (schema, "") => format!("schema {}", pgrx::spi::quote_identifier(schema)),
        _ => victim.dataset.to_string(),
    }
}

fn harmless(statement: &Parsed, sight: &Sight) -> Row {
    let relids: Vec<pg_sys::Oid> = sight.locks.iter().map(|(relid, _)| *relid).collect();
    let mode = strongest(sight, &relids);
    let sizes = sight.rewrites.iter().chain(&sight.scans).all(|relid| sight::may_see(Some(*relid)));
    let first = relids.first().copied().filter(|relid| sight::may_see(Some(*relid)));
    Row {
        statement: statement.text.clone(),
        rule: None,
        verdict: if statement.runs_code() { NOT_EXPLAINED.into() } else { "passes".into() },
        object: first.and_then(catalog::relation_name).map(|n| n.to_string()),
        lock_mode: mode.map(|m| guard::mode_name(m).to_string()).filter(|m| !m.is_empty()),
        rewrites: sizes && !sight.rewrites.is_empty(),
        scan_bytes: if sizes { bytes(&sight.rewrites, &sight.scans) } else { 0 },
        victims: Vec::new(),
        readers: None,
        blocked_by: mode.map(|mode| blocked_by(&relids, mode)).unwrap_or_default(),
        advice: statement.runs_code().then(|| "what it runs is judged when it runs".into()),
    }
}

/// The verdict on rows that are written and on code that is run: only running them shows what they do.
const NOT_EXPLAINED: &str = "not explained";

/// Whether a relation is one of these, or below one of them.
fn is_of(relid: pg_sys::Oid, these: &[pg_sys::Oid]) -> bool {
    these.contains(&relid) || catalog::partition_root(relid).is_some_and(|root| these.contains(&root))
}

fn strongest(sight: &Sight, relids: &[pg_sys::Oid]) -> Option<pg_sys::LOCKMODE> {
    sight.locks.iter().filter(|(relid, _)| is_of(*relid, relids)).map(|(_, mode)| *mode).max()
}

fn bytes(rewrites: &[pg_sys::Oid], scans: &[pg_sys::Oid]) -> i64 {
    let scans = scans.iter().filter(|relid| !rewrites.contains(relid));
    rewrites.iter().chain(scans).map(|relid| guard::bytes(*relid)).sum()
}

fn blocked_by(relids: &[pg_sys::Oid], mode: pg_sys::LOCKMODE) -> Vec<i32> {
    let mut pids: Vec<i32> = relids.iter().flat_map(|relid| guard::blockers(*relid, mode)).collect();
    pids.sort_unstable();
    pids.dedup();
    pids
}
