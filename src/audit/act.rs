//! The product's own acts as rows of the audit log.
use crate::core::audit::clip;
use crate::pg::catalog;
use crate::pg::regclass::Relation;
use crate::pg::{owner, roles, session, spi};
use crate::settings;
use pgrx::JsonB;
use serde_json::Value;

/// A declaration, level, grant or change that somebody made.
pub struct Act<'a> {
    /// The function that did it: `declare_dataset`, `set_level`, …
    pub verb: &'a str,
    /// What it was done to, readable: a party, `sales.orders`, `guard on schema:sales`.
    pub object: &'a str,
    /// The relation concerned, where it is one.
    pub relation: Option<Relation>,
    /// State before.
    pub before: Option<Value>,
    /// State after.
    pub after: Option<Value>,
    /// Why; `governance.reason` where the act itself takes none.
    pub reason: Option<&'a str>,
}

/// Records an act. In the same transaction: an act that rolls back leaves no row.
pub fn act(a: Act) {
    let name = a.relation.and_then(|r| catalog::relation_name(r.0));
    let owned_by = a.relation.and_then(|r| catalog::relation_owner(r.0)).map(roles::name);
    let reason = a.reason.map(String::from).or_else(|| settings::text(&settings::REASON));
    let (current, session) = (roles::name(roles::current()), roles::name(roles::session()));
    owner::run(|| {
        spi::execute(
            "INSERT INTO governance.audit_entry (kind, op, object, schema_name, relation_name, old_row, new_row,
                    db_role, session_role, actor, application, client_addr, reason, statement, owned_by, party)
             VALUES ('act', $1, $2, $3, $4, $5, $6, $7, $8, $9, current_setting('application_name'),
                    inet_client_addr(), $10, $11, $12,
                    (SELECT d.owner FROM governance._dataset d WHERE d.schema_name = $3 AND d.relation_name = $4))",
            &[
                a.verb.into(),
                a.object.into(),
                name.as_ref().map(|n| n.schema.clone()).into(),
                name.as_ref().map(|n| n.relation.clone()).into(),
                a.before.map(JsonB).into(),
                a.after.map(JsonB).into(),
                current.into(),
                session.into(),
                settings::text(&settings::ACTOR).into(),
                reason.into(),
                session::statement().map(|s| clip::statement(&s)).into(),
                owned_by.into(),
            ],
        )
    });
}
