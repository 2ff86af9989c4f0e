//! `ddl_log`: what happened.
use super::judge::Rule;
use super::later;
use super::victim::Victim;
use crate::core::audit::clip;
use crate::core::registry::level::Level;
use crate::pg::catalog::Name;
use crate::pg::{owner, roles, session, spi};

/// Longest statement text kept, in bytes.
const STATEMENT_MAX: usize = 8000;

/// Records what became of one victim.
pub fn note(victim: &Victim, rule: &Rule, level: Level, verdict: &str, change: Option<i64>) {
    write(Entry {
        tag: None,
        object: victim.what.clone(),
        name: Some(victim.dataset.clone()),
        rule: Some((rule.rule.clone(), rule.hazard.clone(), level.as_str())),
        verdict: verdict.to_string(),
        change,
    });
}

/// Records a command that ran.
pub fn done(tag: &str, object: &str, name: Option<&Name>, verdict: &str, change: Option<i64>) {
    write(Entry {
        tag: Some(tag.to_string()),
        object: object.to_string(),
        name: name.cloned(),
        rule: None,
        verdict: verdict.to_string(),
        change,
    });
}

struct Entry {
    tag: Option<String>,
    object: String,
    name: Option<Name>,
    /// Rule, hazard and level.
    rule: Option<(String, String, &'static str)>,
    verdict: String,
    change: Option<i64>,
}

fn write(e: Entry) {
    // Nothing can be written then, and the statement fails with PostgreSQL's own words, or only reads.
    if session::is_read_only() {
        return;
    }
    let statement = session::ddl_of_statement().map(|s| clip::within(&s, STATEMENT_MAX)).unwrap_or_default();
    let (current, session) = (roles::name(roles::current()), roles::name(roles::session()));
    later::write(move || insert(e, &current, &session, &statement));
}

fn insert(e: Entry, current: &str, session: &str, statement: &str) {
    let (rule, hazard, level) = e.rule.map_or((None, None, None), |(r, h, l)| (Some(r), Some(h), Some(l)));
    owner::run(|| {
        spi::execute(
            "INSERT INTO governance.ddl_entry (tag, object, schema_name, relation_name, rule, hazard, level, verdict,
                    change, db_role, session_role, application, statement)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, current_setting('application_name'), $12)",
            &[
                e.tag.into(),
                e.object.into(),
                e.name.as_ref().map(|n| n.schema.clone()).into(),
                e.name.as_ref().map(|n| n.relation.clone()).into(),
                rule.into(),
                hazard.into(),
                level.into(),
                e.verdict.into(),
                e.change.into(),
                current.into(),
                session.into(),
                statement.into(),
            ],
        )
    });
}
