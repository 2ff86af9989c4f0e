//! Roles that load other libraries than the database says: their sessions are not attached.
use crate::core::registry::library_list as list;
use crate::pg::{owner, spi};

/// A role whose own setting replaces the database's, and does not name the library.
pub struct Override {
    /// The role.
    pub role: String,
    /// What its sessions load instead.
    pub value: String,
    /// Whether the setting is for this database only.
    pub here_only: bool,
}

impl Override {
    /// The statement that takes the setting back where it was made.
    #[must_use]
    pub fn mend(&self) -> String {
        let place = if self.here_only {
            format!(" IN DATABASE {}", super::attach::this_database())
        } else {
            String::new()
        };
        let role = pgrx::spi::quote_identifier(&self.role);
        format!("ALTER ROLE {role}{place} RESET session_preload_libraries;")
    }
}

/// Roles whose own setting replaces the database's, and does not name the library. Of a role that has one for this
/// database and one for all, the former counts: where it names the library the other says nothing.
#[must_use]
pub fn roles() -> Vec<Override> {
    let settings: Vec<Override> = owner::run(|| {
        spi::select(
            "SELECT r.rolname::text, substr(c, strpos(c, '=') + 1), s.setdatabase <> 0
               FROM pg_db_role_setting s JOIN pg_roles r ON r.oid = s.setrole
               LEFT JOIN pg_database d ON d.oid = s.setdatabase
              CROSS JOIN LATERAL unnest(s.setconfig) AS c
              WHERE (s.setdatabase = 0 OR d.datname = current_database())
                AND starts_with(c, 'session_preload_libraries=') ORDER BY 1, 3 DESC, 2",
            &[],
            |r| Override { role: r.must(1), value: r.must(2), here_only: r.must(3) },
        )
    });
    let covered: Vec<String> =
        settings.iter().filter(|o| o.here_only && list::contains(&o.value)).map(|o| o.role.clone()).collect();
    settings.into_iter().filter(|o| !list::contains(&o.value) && !covered.contains(&o.role)).collect()
}
