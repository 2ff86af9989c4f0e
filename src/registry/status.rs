//! `status()`: what is on, what is not held and the statement that mends it. Every feature adds its rows.
use super::{attach, duty, overriding, restore, role};
use crate::pg::loading::{self, Mode};
use crate::pg::{not_yet, owner, spi, xact};

/// One row of `status()`.
pub struct StatusRow {
    /// Feature, or part of one: `guard`, `privacy.masks`, `audit`.
    pub feature: String,
    /// Its level in the database, or empty.
    pub level: String,
    /// Whether it holds in this session.
    pub active: bool,
    /// What it does or what is not held, in plain words.
    pub detail: String,
    /// The statement that mends it; None when nothing is wrong.
    pub fix: Option<String>,
}

impl StatusRow {
    /// Something that is on.
    pub fn on(feature: &str, level: &str, detail: impl Into<String>) -> Self {
        StatusRow {
            feature: feature.into(),
            level: level.into(),
            active: true,
            detail: detail.into(),
            fix: None,
        }
    }

    /// Something that is not held, with the statement that mends it.
    pub fn off(feature: &str, level: &str, detail: impl Into<String>, fix: Option<String>) -> Self {
        StatusRow { feature: feature.into(), level: level.into(), active: false, detail: detail.into(), fix }
    }
}

/// All rows of `status()`.
#[must_use]
pub fn rows() -> Vec<StatusRow> {
    let fits = loading::other_version().is_none();
    let mut rows = vec![mode(), switch(), version()];
    let features = [
        || vec![restoring()],
        gaps,
        crate::guard::status,
        crate::change::status,
        crate::privacy::status,
        crate::audit::status,
        crate::lineage::status,
        crate::boundary::status,
        crate::assess::status,
        not_yet,
    ];
    for feature in features {
        if fits {
            rows.extend(feature());
            continue;
        }
        // Objects of another version may lack what is asked for.
        rows.extend(xact::apart(feature).unwrap_or_else(|| {
            let detail = "part of this cannot be told: the extension does not fit its library";
            vec![StatusRow::off("status", "", detail, Some(UPDATE.into()))]
        }));
    }
    rows
}

/// What makes the extension fit its library.
const UPDATE: &str = "ALTER EXTENSION data_governance UPDATE; then reconnect";

fn mode() -> StatusRow {
    let mode = loading::mode();
    let word = mode.as_str();
    match mode {
        Mode::Preloaded => StatusRow::on("mode", word, "every session and replication connection is covered"),
        Mode::Attached if attach::is_in_settings() => {
            StatusRow::on("mode", word, "new sessions of this database load the library")
        }
        Mode::Attached => StatusRow::off(
            "mode",
            word,
            "this session is attached, but the database's setting is gone: new sessions are not",
            Some("SELECT * FROM governance.attach();".into()),
        ),
        Mode::Installed if attach::is_in_settings() => StatusRow::off(
            "mode",
            word,
            "the database is attached, but this session is older or its role has a setting of its own: no hooks here",
            Some("reconnect".into()),
        ),
        Mode::Installed => StatusRow::off(
            "mode",
            word,
            "not held: the guard below the event triggers (TRUNCATE), masks on SELECT, COPY and pg_dump, notices of deprecated columns",
            Some("SELECT * FROM governance.attach();".into()),
        ),
    }
}

fn switch() -> StatusRow {
    if crate::settings::ENABLED.get() {
        return StatusRow::on("enabled", "", "governance.enabled is on");
    }
    StatusRow::off(
        "enabled",
        "",
        "governance.enabled is off: nothing is guarded, masked or recorded",
        Some("ALTER SYSTEM SET governance.enabled = on; SELECT pg_reload_conf();".into()),
    )
}

fn restoring() -> StatusRow {
    match restore::state() {
        restore::State::Until(_) => StatusRow::off(
            "restore",
            "",
            "the declarations came from another database: the guard only observes",
            Some("SELECT * FROM governance.confirm_restore();".into()),
        ),
        _ => StatusRow::on("restore", "", "not restoring"),
    }
}

/// The extension's version in this database against the library's.
fn version() -> StatusRow {
    let library = loading::LIBRARY_VERSION;
    let Some(extension) = loading::other_version() else {
        return StatusRow::on("version", "", format!("extension and library are {library}"));
    };
    StatusRow::off(
        "version",
        "",
        format!("the extension is {extension}, the library {library}"),
        Some(UPDATE.into()),
    )
}

/// Who is not covered although the database is, and duties that wait for a role.
fn gaps() -> Vec<StatusRow> {
    let mut rows = Vec::new();
    if loading::mode() != Mode::Preloaded && attach::is_in_settings() {
        for o in overriding::roles() {
            let role = pgrx::spi::quote_identifier(&o.role);
            rows.push(StatusRow::off(
                "mode",
                "installed",
                format!("role {role} has a session_preload_libraries of its own, without the library"),
                Some(o.mend()),
            ));
        }
        let replication = attach::replication_roles();
        if !replication.is_empty() {
            rows.push(StatusRow::off(
                "mode",
                "installed",
                format!("replication connections of {} load no session libraries", replication.join(", ")),
                Some("add data_governance to shared_preload_libraries and restart".into()),
            ));
        }
    }
    if loading::mode() != Mode::Preloaded && attach::is_in_settings() {
        rows.extend(older_sessions());
    }
    for (place, name) in role::gone() {
        let fix = place.strip_prefix("duty ").map(|duty| {
            format!(
                "SELECT governance.revoke_duty({}, {});",
                pgrx::spi::quote_literal(duty),
                pgrx::spi::quote_literal(&name)
            )
        });
        let detail =
            format!("{place} names role \"{name}\", which is gone: a new role of that name gets nothing");
        rows.push(StatusRow::off("roles", "", detail, fix));
    }
    rows
}

/// Sessions that began before attach(). Who they are is for those to know who may see everything.
fn older_sessions() -> Option<StatusRow> {
    let older = attach::older_sessions();
    if older.is_empty() {
        return None;
    }
    let who = if duty::is_operator() || duty::is_auditor() {
        attach::listing(&older)
    } else {
        older.len().to_string()
    };
    Some(StatusRow::off(
        "mode",
        "installed",
        format!("sessions older than attach() are not covered: {who}"),
        Some("reconnect them, or: SELECT pg_terminate_backend(pid);".into()),
    ))
}

/// One row per function that this version declares and does not have.
fn not_yet() -> Vec<StatusRow> {
    owner::run(|| {
        spi::select(
            "SELECT DISTINCT p.proname::text FROM pg_proc p
              WHERE p.pronamespace = 'governance'::regnamespace AND p.prosrc = $1 ORDER BY 1",
            &[not_yet::SYMBOL.into()],
            |r| StatusRow::off(&format!("{}()", r.must::<String>(1)), "", "not in this version", None),
        )
    })
}
