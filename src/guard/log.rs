//! `ddl_log`: what happened.
use super::judge::Rule;
use super::victim::Victim;
use crate::core::audit::clip;
use crate::core::registry::level::Level;
use crate::pg::catalog::Name;
use crate::pg::{owner, roles, session, spi};

/// Longest statement text kept, in bytes.
const STATEMENT_MAX: usize = 8000;

/// Records what became of one victim.
pub fn note(victim: &Victim, rule: &Rule, level: Level, verdict: &str, change: Option<i64>) {
    write(&Entry {
        tag: None,
        object: &victim.what,
        name: Some(&victim.dataset),
        rule: Some(&rule.rule),
        hazard: Some(&rule.hazard),
        level: Some(level.as_str()),
        verdict,
        change,
    });
}

/// Records a command that ran.
pub fn done(tag: &str, object: &str, name: Option<&Name>, verdict: &str, change: Option<i64>) {
    write(&Entry { tag: Some(tag), object, name, rule: None, hazard: None, level: None, verdict, change });
}

struct Entry<'a> {
    tag: Option<&'a str>,
    object: &'a str,
    name: Option<&'a Name>,
    rule: Option<&'a str>,
    hazard: Option<&'a str>,
    level: Option<&'a str>,
    verdict: &'a str,
    change: Option<i64>,
}

fn write(e: &Entry) {
    let statement = session::statement().map(|s| clip::within(&s, STATEMENT_MAX)).unwrap_or_default();
    let (current, session) = (roles::name(roles::current()), roles::name(roles::session()));
    owner::run(|| {
        spi::execute(
            "INSERT INTO governance.ddl_entry (tag, object, schema_name, relation_name, rule, hazard, level, verdict,
                    change, db_role, session_role, application, statement)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, current_setting('application_name'), $12)",
            &[
                e.tag.into(),
                e.object.into(),
                e.name.map(|n| n.schema.as_str()).into(),
                e.name.map(|n| n.relation.as_str()).into(),
                e.rule.into(),
                e.hazard.into(),
                e.level.into(),
                e.verdict.into(),
                e.change.into(),
                current.into(),
                session.into(),
                statement.into(),
            ],
        )
    });
}
