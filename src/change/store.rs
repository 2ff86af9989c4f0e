//! Changes as they are stored.
use crate::core::change::{Kind, State};
use crate::error;
use crate::pg::catalog::{self, Name};
use crate::pg::regclass::Relation;
use crate::pg::{owner, roles, spi};
use pgrx::JsonB;
use pgrx::spi::quote_identifier;
use serde_json::Value;

/// One change.
#[derive(Clone, Debug)]
pub struct Change {
    /// Its number.
    pub id: i64,
    /// What it does.
    pub kind: Kind,
    /// The table, under the name it had when proposed; followed through renames once something is in quarantine.
    pub name: Name,
    /// The column.
    pub column: Option<String>,
    /// Its new name.
    pub new_name: Option<String>,
    /// The wish.
    pub ddl: String,
    /// Where it stands.
    pub state: State,
    /// Catalog state the plan was made for.
    pub fingerprint: String,
    /// Who proposed it.
    pub proposed_by: String,
    /// Who approved it.
    pub approved_by: Option<String>,
    /// What the approval goes without.
    pub waived: Vec<String>,
    /// Name in quarantine.
    pub quarantine: Option<String>,
    /// What undo needs.
    pub kept: Value,
    /// Whether the copy was verified.
    pub verified: bool,
}

impl Change {
    /// The column, quoted.
    #[must_use]
    pub fn column_quoted(&self) -> String {
        quote_identifier(self.column.as_deref().unwrap_or_default())
    }

    /// The new name, quoted.
    #[must_use]
    pub fn new_quoted(&self) -> String {
        quote_identifier(self.new_name.as_deref().unwrap_or_default())
    }

    /// The name in quarantine, as recorded or as it will be.
    #[must_use]
    pub fn quarantine_name(&self) -> String {
        self.quarantine.clone().unwrap_or_else(|| {
            let name = match self.kind {
                Kind::DropColumn => self.column.as_deref(),
                Kind::DropTable => Some(self.name.relation.as_str()),
                Kind::RenameColumn => self.new_name.as_deref(),
            };
            crate::core::change::quarantine_name(self.id, name.unwrap_or_default())
        })
    }

    /// The table; raises when it is gone.
    #[must_use]
    pub fn relation(&self) -> Relation {
        Relation(
            catalog::relation_oid(&self.name)
                .unwrap_or_else(|| error::change::drifted(self.id, &self.name).raise()),
        )
    }
}

const COLUMNS: &str =
    "id, kind, schema_name, relation_name, column_name, new_name, ddl, state, fingerprint, proposed_by,
    approved_by, waived, quarantine_name, kept, verified_at IS NOT NULL";

fn read(r: &spi::Row) -> Change {
    Change {
        id: r.must(1),
        kind: Kind::parse(&r.must::<String>(2)).unwrap_or(Kind::DropColumn),
        name: Name { schema: r.must(3), relation: r.must(4) },
        column: r.get(5),
        new_name: r.get(6),
        ddl: r.must(7),
        state: State::parse(&r.must::<String>(8)).unwrap_or(State::Aborted),
        fingerprint: r.must(9),
        proposed_by: r.must(10),
        approved_by: r.get(11),
        waived: r.must(12),
        quarantine: r.get(13),
        kept: r.must::<JsonB>(14).0,
        verified: r.must(15),
    }
}

/// A change by its number.
#[must_use]
pub fn get(id: i64) -> Change {
    let sql = format!("SELECT {COLUMNS} FROM governance.change WHERE id = $1");
    owner::run(|| spi::select_one(&sql, &[id.into()], read))
        .unwrap_or_else(|| error::change::no_such_change(id).raise())
}

/// A change by its number, locked until the transaction ends; raises when another session works on it.
#[must_use]
pub fn lock(id: i64) -> Change {
    let sql = format!("SELECT {COLUMNS} FROM governance.change WHERE id = $1 FOR UPDATE SKIP LOCKED");
    owner::run(|| spi::execute_returning(&sql, &[id.into()], read)).into_iter().next().unwrap_or_else(|| {
        let _ = get(id); // tells a change that does not exist from one that is locked
        error::change::being_advanced(id).raise()
    })
}

/// A change that the current user may see.
#[must_use]
pub fn visible(id: i64) -> Change {
    let change = get(id);
    let sees = change.proposed_by == roles::name(roles::current())
        || crate::registry::sight::may_see(catalog::relation_oid(&change.name));
    if !sees {
        error::change::no_such_change(id).raise();
    }
    change
}

/// Open changes of a table.
#[must_use]
pub fn open_on(name: &Name) -> Vec<Change> {
    if crate::registry::bare::has_no_changes() {
        return Vec::new();
    }
    let sql = format!(
        "SELECT {COLUMNS} FROM governance.change
          WHERE schema_name = $1 AND relation_name = $2 AND ended_at IS NULL ORDER BY id"
    );
    owner::run(|| spi::select(&sql, &[name.schema.as_str().into(), name.relation.as_str().into()], read))
}

/// Moves a change to another state, with further columns to set (`column = $n` from $3).
pub fn set_state(id: i64, state: State) {
    owner::run(|| {
        spi::execute(
            "UPDATE governance.change SET state = $2, last_error = NULL,
                    ended_at = CASE WHEN $2 IN ('done', 'aborted', 'undone') THEN clock_timestamp() END
              WHERE id = $1",
            &[id.into(), state.as_str().into()],
        )
    });
}
