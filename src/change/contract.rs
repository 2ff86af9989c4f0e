//! Contraction: what goes is put in quarantine under a reserved name, with everything undo needs.
use super::acting::as_change;
use super::store::Change;
use super::{certificate, table};
use crate::audit::{self, Act};
use crate::core::change::{Kind, State};
use crate::pg::regclass::Relation;
use crate::pg::{catalog, owner, roles, spi};
use pgrx::JsonB;
use pgrx::spi::quote_identifier;
use serde_json::{Value, json};

/// How long what was taken away can be brought back.
const QUARANTINE_DAYS: i32 = 7;

/// How long a step waits for its lock before it gives up, where the session has set nothing shorter.
const LOCK_TIMEOUT: &str = "3s";

/// Bounds the wait for locks until the transaction ends: a queue behind an exclusive lock request stops everybody.
pub fn bound_lock_wait() {
    spi::execute(
        "SELECT set_config('lock_timeout', $1, true) WHERE current_setting('lock_timeout') = '0'",
        &[LOCK_TIMEOUT.into()],
    );
}

/// Contracts a change whose certificate is valid. Where a migration tool's own rename completes it, `tool` leaves the
/// rename itself to that statement.
pub fn contract(change: &Change, tool: bool) {
    let certificate = certificate::require(change);
    let relation = change.relation();
    let quarantine = change.quarantine_name();
    let quoted = quote_identifier(&quarantine);
    bound_lock_wait();
    let kept = as_change(change, || match change.kind {
        Kind::DropColumn => {
            let not_null = table::column(relation.0, change.column.as_deref().unwrap_or_default())
                .is_some_and(|c| c.not_null);
            spi::execute(
                &format!("ALTER TABLE {} RENAME COLUMN {} TO {quoted}", change.name, change.column_quoted()),
                &[],
            );
            if not_null {
                // Writers of the new shape no longer give a value.
                spi::execute(
                    &format!("ALTER TABLE {} ALTER COLUMN {quoted} DROP NOT NULL", change.name),
                    &[],
                );
            }
            json!({"not_null": not_null})
        }
        Kind::DropTable => {
            let grants = grants(relation);
            spi::execute(&format!("ALTER TABLE {} RENAME TO {quoted}", change.name), &[]);
            let mut grantees: Vec<String> = grants.as_array().into_iter().flatten().map(grantee).collect();
            grantees.sort();
            grantees.dedup();
            let schema = quote_identifier(&change.name.schema);
            for grantee in grantees {
                // Takes grants on columns too; CASCADE, since who had the grant option may have passed it on.
                spi::execute(&format!("REVOKE ALL ON {schema}.{quoted} FROM {grantee} CASCADE"), &[]);
            }
            json!({"grants": grants})
        }
        Kind::RenameColumn => {
            super::steps::drop_dual_write(change);
            spi::execute(
                &format!("ALTER TABLE {} RENAME COLUMN {} TO {quoted}", change.name, change.new_quoted()),
                &[],
            );
            if !tool {
                spi::execute(
                    &format!(
                        "ALTER TABLE {} RENAME COLUMN {} TO {}",
                        change.name,
                        change.column_quoted(),
                        change.new_quoted()
                    ),
                    &[],
                );
            }
            json!({})
        }
    });
    record(change, relation, &quarantine, kept, certificate, tool);
}

fn record(
    change: &Change,
    relation: Relation,
    quarantine: &str,
    kept: Value,
    certificate: Value,
    tool: bool,
) {
    let me = roles::name(roles::current());
    owner::run(|| {
        spi::execute(
            "UPDATE governance.change SET state = 'contracted', quarantine_name = $2, kept = $3, contracted_by = $4,
                    contracted_at = clock_timestamp(), quarantine_until = clock_timestamp() + make_interval(days => $5),
                    last_error = NULL
              WHERE id = $1",
            &[
                change.id.into(),
                quarantine.into(),
                JsonB(kept).into(),
                me.into(),
                QUARANTINE_DAYS.into(),
            ],
        )
    });
    audit::act(Act {
        verb: "contract_change",
        object: &format!("change {}", change.id),
        relation: Some(relation),
        before: Some(json!({"state": change.state.as_str()})),
        after: Some(json!({
            "state": State::Contracted.as_str(), "ddl": change.ddl, "quarantine": quarantine,
            "by_own_ddl": tool, "certificate": certificate,
        })),
        reason: None,
    });
}

/// Grants on a table and its columns to anybody but its owner, for undo: grantee (NULL: public), column (NULL: the
/// table), privilege, with grant option.
fn grants(relation: Relation) -> Value {
    owner::run(|| {
        spi::select_one(
            "SELECT coalesce(jsonb_agg(jsonb_build_object(
                        'grantee', CASE WHEN x.grantee <> 0 THEN pg_get_userbyid(x.grantee) END, 'column', g.attname,
                        'privilege', x.privilege_type, 'grantable', x.is_grantable) ORDER BY g.attname NULLS FIRST), '[]')
               FROM pg_class c
              CROSS JOIN LATERAL (SELECT NULL::name AS attname, c.relacl AS acl
                                  UNION ALL SELECT a.attname, a.attacl FROM pg_attribute a
                                             WHERE a.attrelid = c.oid AND NOT a.attisdropped) g
              CROSS JOIN LATERAL aclexplode(g.acl) x
              WHERE c.oid = $1 AND x.grantee <> c.relowner",
            &[relation.0.into()],
            |r| r.must::<JsonB>(1).0,
        )
    })
    .unwrap_or_else(|| json!([]))
}

fn grantee(grant: &Value) -> String {
    grant["grantee"].as_str().map_or_else(|| "PUBLIC".to_string(), quote_identifier)
}

/// Brings back what a contracted change took away.
pub fn restore(change: &Change) {
    let quarantine = quote_identifier(change.quarantine_name());
    bound_lock_wait();
    as_change(change, || match change.kind {
        Kind::DropColumn => {
            spi::execute(
                &format!(
                    "ALTER TABLE {} RENAME COLUMN {quarantine} TO {}",
                    change.name,
                    change.column_quoted()
                ),
                &[],
            );
            if change.kept["not_null"] == true {
                spi::execute(
                    &format!(
                        "ALTER TABLE {} ALTER COLUMN {} SET NOT NULL",
                        change.name,
                        change.column_quoted()
                    ),
                    &[],
                );
            }
        }
        Kind::DropTable => {
            let schema = quote_identifier(&change.name.schema);
            spi::execute(
                &format!(
                    "ALTER TABLE {schema}.{quarantine} RENAME TO {}",
                    quote_identifier(&change.name.relation)
                ),
                &[],
            );
            for g in change.kept["grants"].as_array().into_iter().flatten() {
                let option = if g["grantable"] == true { " WITH GRANT OPTION" } else { "" };
                let privilege = g["privilege"].as_str().unwrap_or("SELECT");
                let column =
                    g["column"].as_str().map(|c| format!(" ({})", quote_identifier(c))).unwrap_or_default();
                spi::execute(
                    &format!("GRANT {privilege}{column} ON {} TO {}{option}", change.name, grantee(g)),
                    &[],
                );
            }
        }
        Kind::RenameColumn => {
            spi::execute(
                &format!(
                    "ALTER TABLE {} RENAME COLUMN {} TO {}",
                    change.name,
                    change.new_quoted(),
                    change.column_quoted()
                ),
                &[],
            );
            spi::execute(&format!("ALTER TABLE {} DROP COLUMN {quarantine}", change.name), &[]);
            forget_tags(change);
        }
    });
}

/// The column in quarantine is gone: nothing is left that its tags could protect.
fn forget_tags(change: &Change) {
    owner::run(|| {
        spi::execute(
            "DELETE FROM governance.column_tag WHERE schema_name = $1 AND relation_name = $2 AND column_name = $3",
            &[
                change.name.schema.as_str().into(),
                change.name.relation.as_str().into(),
                change.quarantine_name().into(),
            ],
        )
    });
}

/// Ends the quarantine: what was taken away is gone for good.
pub fn purge(change: &Change) {
    let quarantine = quote_identifier(change.quarantine_name());
    bound_lock_wait();
    as_change(change, || match change.kind {
        Kind::DropColumn | Kind::RenameColumn => {
            spi::execute(&format!("ALTER TABLE {} DROP COLUMN {quarantine}", change.name), &[]);
            forget_tags(change);
        }
        Kind::DropTable => {
            spi::execute(&format!("DROP TABLE {}.{quarantine}", quote_identifier(&change.name.schema)), &[]);
        }
    });
}

/// Whether what a change took away still is in quarantine under its reserved name.
#[must_use]
pub fn is_in_quarantine(change: &Change) -> bool {
    let name = change.quarantine_name();
    match change.kind {
        Kind::DropTable => {
            catalog::relation_oid(&catalog::Name { schema: change.name.schema.clone(), relation: name })
                .is_some()
        }
        _ => catalog::relation_oid(&change.name)
            .is_some_and(|relid| catalog::column_number(relid, &name).is_some()),
    }
}
