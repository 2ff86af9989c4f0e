//! Attaching: the library loaded at the start of every session of this database, without a restart.
use super::{duty, overriding, restore};
use crate::audit::{self, Act};
use crate::core::registry::library_list as list;
use crate::error;
use crate::pg::catalog::{self, Name};
use crate::pg::loading::{self, Mode};
use crate::pg::{owner, roles, spi};
use serde_json::json;

/// A line of what `attach()` and `detach()` print.
type Line = (String, String);

fn line(item: &str, detail: impl Into<String>) -> Line {
    (item.to_string(), detail.into())
}

/// The value of `session_preload_libraries` that this database sets for itself.
fn of_database() -> Option<String> {
    owner::run(|| {
        spi::select_one(
            "SELECT substr(c, strpos(c, '=') + 1)
               FROM pg_db_role_setting s JOIN pg_database d ON d.oid = s.setdatabase CROSS JOIN LATERAL unnest(s.setconfig) AS c
              WHERE d.datname = current_database() AND s.setrole = 0 AND starts_with(c, 'session_preload_libraries=')",
            &[],
            |r| r.must(1),
        )
    })
}

/// The value in the configuration files: what holds where neither database nor role sets one.
fn of_files() -> String {
    owner::run(|| {
        spi::select_one(
            "SELECT setting FROM pg_file_settings
              WHERE name = 'session_preload_libraries' AND applied ORDER BY seqno DESC LIMIT 1",
            &[],
            |r| r.get::<String>(1),
        )
    })
    .flatten()
    .unwrap_or_default()
}

/// Whether new sessions of this database load the library, so far as no role's setting says otherwise.
#[must_use]
pub fn is_in_settings() -> bool {
    loading::mode() == Mode::Preloaded || list::contains(&of_database().unwrap_or_else(of_files))
}

/// Whether this database's own setting names the library: what `detach()` takes back. Unlike `shared_preload_libraries`
/// it would make every login fail once the library's files are removed.
#[must_use]
pub fn is_in_database_setting() -> bool {
    of_database().is_some_and(|l| list::contains(&l))
}

/// Roles that can open replication connections, which load no session libraries.
#[must_use]
pub fn replication_roles() -> Vec<String> {
    owner::run(|| {
        spi::select(
            "SELECT rolname::text FROM pg_roles WHERE rolreplication AND rolcanlogin AND NOT rolsuper ORDER BY 1",
            &[],
            |r| r.must(1),
        )
    })
}

/// At most this many sessions are listed.
const LISTED: usize = 20;

/// Client sessions of this database that began before it was attached, oldest first: they are not covered until they
/// reconnect.
#[must_use]
pub fn older_sessions() -> Vec<String> {
    if !has_note() {
        return Vec::new();
    }
    owner::run(|| {
        spi::select(
            "SELECT format('pid %s, role %I%s, since %s', a.pid, a.usename,
                           coalesce(', application ' || nullif(a.application_name, ''), ''), a.backend_start::timestamptz(0))
               FROM pg_stat_activity a
              WHERE a.datname = current_database() AND a.backend_type = 'client backend' AND a.pid <> pg_backend_pid()
                AND a.backend_start <= (SELECT t.attached_at FROM governance.attachment t)
              ORDER BY a.backend_start",
            &[],
            |r| r.must(1),
        )
    })
}

/// Sessions for a person to read: some of them, and how many more.
#[must_use]
pub fn listing(sessions: &[String]) -> String {
    let mut text = sessions.iter().take(LISTED).cloned().collect::<Vec<_>>().join("; ");
    if sessions.len() > LISTED {
        text.push_str(&format!("; and {} more (pg_stat_activity)", sessions.len() - LISTED));
    }
    text
}

fn has_note() -> bool {
    let name = Name { schema: catalog::SCHEMA.into(), relation: "attachment".into() };
    catalog::relation_oid(&name).is_some()
}

/// Remembers since when new sessions load the library, or that they do not.
fn note(attached: bool) {
    // The way out must not depend on objects that another version does not have.
    if !has_note() {
        return;
    }
    owner::run(|| {
        spi::execute(
            if attached {
                "INSERT INTO governance.attachment (attached_at) VALUES (clock_timestamp())
                 ON CONFLICT ((true)) DO UPDATE SET attached_at = excluded.attached_at"
            } else {
                "DELETE FROM governance.attachment"
            },
            &[],
        );
    });
}

fn require_rights(act: &str, statement: &str) {
    duty::require_operator(act);
    if !roles::is_superuser(roles::current()) {
        error::registry::superuser_required(act, statement).raise();
    }
}

pub(super) fn this_database() -> String {
    owner::run(|| spi::select_one("SELECT quote_ident(current_database())", &[], |r| r.must(1)))
        .unwrap_or_default()
}

/// The statement that gives this database a list; RESET for none of its own.
fn statement(entries: Option<&[String]>) -> String {
    let database = this_database();
    match entries {
        None => format!("ALTER DATABASE {database} RESET session_preload_libraries"),
        Some(entries) => {
            let quoted: Vec<String> = entries.iter().map(pgrx::spi::quote_literal).collect();
            format!("ALTER DATABASE {database} SET session_preload_libraries = {}", quoted.join(", "))
        }
    }
}

/// Attaches, and says what holds from now on, what does not, and the way back.
pub fn attach() -> Vec<Line> {
    require_rights("attach()", "SELECT * FROM governance.attach();");
    restore::end_if_over();
    if loading::mode() == Mode::Preloaded {
        let mut lines = vec![line(
            "preloaded",
            "shared_preload_libraries loads the library in every session; nothing was changed",
        )];
        lines.extend(surroundings(false));
        return lines;
    }
    // A library that cannot be loaded locks everybody out of the database, superusers too. An error here ends the
    // statement before anything is changed.
    spi::execute(&format!("LOAD {}", pgrx::spi::quote_literal(list::LIBRARY)), &[]);
    let mut lines = vec![line("library", "loads by its name in this server")];
    let own = of_database();
    let in_force = own.clone().unwrap_or_else(of_files);
    if list::contains(&in_force) {
        lines.push(line("already attached", format!("session_preload_libraries = {in_force}")));
    } else {
        let entries = list::with_us(&in_force);
        owner::run(|| spi::execute(&statement(Some(&entries)), &[]));
        note(true);
        lines.push(line("attached", format!("session_preload_libraries = {}", list::join(&entries))));
        if entries.len() > 1 {
            let from = if own.is_some() { "the database's own setting" } else { "postgresql.conf" };
            lines.push(line("kept", format!("{in_force} (from {from})")));
        }
        audit::act(Act {
            verb: "attach",
            object: "database",
            relation: None,
            before: Some(json!({"session_preload_libraries": own})),
            after: Some(json!({"session_preload_libraries": list::join(&entries)})),
            reason: None,
        });
    }
    lines.extend(surroundings(true));
    lines.push(line(
        "way back, should logins fail: run in another database",
        format!("{};", statement(remaining(&in_force).as_deref())),
    ));
    lines
}

/// What a list is without us: None where the files' list says the same, or nothing is left.
///
/// Nothing left is RESET rather than an empty list: PostgreSQL stores an empty list as a quoted empty name, and no
/// session could load that.
fn remaining(own: &str) -> Option<Vec<String>> {
    let left = list::without_us(own);
    (!left.is_empty() && left != list::split(&of_files())).then_some(left)
}

/// Who is not covered, and what else has to have the library.
fn surroundings(by_session: bool) -> Vec<Line> {
    let mut lines = Vec::new();
    if by_session {
        for o in overriding::roles() {
            let value = if o.value.is_empty() { "nothing" } else { &o.value };
            let role = pgrx::spi::quote_identifier(&o.role);
            lines.push(line(
                "not covered: a role's own setting replaces the database's",
                format!("role {role} loads {value}; mend with: {}", o.mend()),
            ));
        }
        let replication = replication_roles();
        if !replication.is_empty() {
            lines.push(line(
                "not covered: replication connections load no session libraries",
                format!("roles {}; shared_preload_libraries covers them", replication.join(", ")),
            ));
        }
        let older = older_sessions();
        if !older.is_empty() {
            lines.push(line("not covered until they reconnect: sessions older than this", listing(&older)));
        }
        if loading::mode() == Mode::Installed {
            lines.push(line("this session", "is older too: reconnect"));
        }
    }
    let standbys: Vec<String> = owner::run(|| {
        spi::select(
            "SELECT coalesce(nullif(application_name, ''), 'unnamed') FROM pg_stat_replication ORDER BY 1",
            &[],
            |r| r.must(1),
        )
    });
    if !standbys.is_empty() {
        lines.push(line(
            "standbys: the library has to be installed there too, or nobody can log in",
            standbys.join(", "),
        ));
    }
    lines
}

/// Takes our entry out of the database's list; sessions keep the library until they end.
pub fn detach(reason: Option<&str>) -> Vec<Line> {
    require_rights("detach()", "SELECT * FROM governance.detach(reason => 'why');");
    let mut lines = Vec::new();
    if loading::mode() == Mode::Preloaded {
        lines.push(line(
            "preloaded",
            "shared_preload_libraries in postgresql.conf loads the library: remove it there and restart",
        ));
    }
    let own = of_database();
    match own.as_deref().filter(|l| list::contains(l)) {
        Some(before) => {
            let reason = duty::reason_for("detach()", reason);
            let left = remaining(before);
            owner::run(|| spi::execute(&statement(left.as_deref()), &[]));
            note(false);
            audit::act(Act {
                verb: "detach",
                object: "database",
                relation: None,
                before: Some(json!({"session_preload_libraries": before})),
                after: Some(json!({"session_preload_libraries": left.as_deref().map(list::join)})),
                reason: Some(&reason),
            });
            lines.push(line(
                "detached",
                match left {
                    Some(left) => format!("session_preload_libraries = {}", list::join(&left)),
                    None => "session_preload_libraries is postgresql.conf's again".to_string(),
                },
            ));
            lines.push(line("sessions", "those that are open keep the library until they end"));
        }
        None => lines.push(line("database setting", "does not name the library; nothing was changed")),
    }
    if list::contains(&of_files()) {
        lines.push(line(
            "postgresql.conf",
            "names the library in session_preload_libraries: remove it there and reload",
        ));
    }
    lines
}
