//! The steps of `advance_change`, and the ways back.
use super::acting::as_change;
use super::store::{self, Change};
use super::{backfill, certificate, contract, table};
use crate::audit::{self, Act};
use crate::core::change::{Kind, State};
use crate::error;
use crate::pg::regclass::Relation;
use crate::pg::{catalog, owner, spi};
use crate::registry::{duty, tagging};
use pgrx::spi::quote_literal;
use serde_json::json;

/// Name of the dual-write trigger: sorts behind the users' triggers, so that it sees what they wrote.
fn trigger_name(change: &Change) -> String {
    format!("zz_data_governance_change_{}", change.id)
}

/// One step; whether another one follows before the next gate.
pub fn advance(id: i64) -> bool {
    let change = store::lock(id);
    if change.state == State::Contracted {
        duty::require_owner("advancing a change", subject(&change), false);
        end_quarantine(&change);
        return false;
    }
    let approve =
        Some(format!("SELECT governance.approve_change({id}, 'why', waive => '{{not_observed}}');"));
    match change.state {
        State::Proposed => error::change::wrong_state(id, "advanced", "not approved yet", approve).raise(),
        s if s.has_ended() => error::change::wrong_state(id, "advanced", s.as_str(), None).raise(),
        _ => {}
    }
    duty::require_owner("advancing a change", change.relation(), false);
    if certificate::has_drifted(&change) {
        error::change::drifted(id, &change.name).raise();
    }
    match (change.kind, change.state) {
        (Kind::RenameColumn, State::Approved) => {
            expand(&change);
            true
        }
        (Kind::RenameColumn, State::Expanding) => {
            if backfill::batch(&change) {
                return true;
            }
            verify(&change);
            false
        }
        _ => {
            contract::contract(&change, false);
            false
        }
    }
}

/// The relation whose owner decides about a contracted change: for a dropped table the one in quarantine.
fn subject(change: &Change) -> Relation {
    let name = match change.kind {
        Kind::DropTable => {
            catalog::Name { schema: change.name.schema.clone(), relation: change.quarantine_name() }
        }
        _ => change.name.clone(),
    };
    Relation(catalog::relation_oid(&name).unwrap_or_else(|| error::change::drifted(change.id, &name).raise()))
}

/// Adds the new column and the trigger that writes both together.
fn expand(change: &Change) {
    let relation = change.relation();
    let column = change.column.as_deref().unwrap_or_default();
    let new_name = change.new_name.as_deref().unwrap_or_default();
    let Some(facts) = table::column(relation.0, column) else {
        error::change::column_gone(column).raise();
    };
    let collation = facts.collation.map(|c| format!(" COLLATE {c}")).unwrap_or_default();
    contract::bound_lock_wait();
    as_change(change, || {
        spi::execute(
            &format!(
                "ALTER TABLE {} ADD COLUMN {} {}{collation}",
                change.name,
                change.new_quoted(),
                facts.type_name
            ),
            &[],
        );
        copy_column_grants(change, relation);
        // Masks hold on the twin from its first moment.
        for tag in tags(change) {
            tagging::tag(relation, new_name, &tag, None, "copied");
        }
        let trigger = trigger_name(change);
        // As the extension's owner: nobody else may execute the trigger function.
        owner::run(|| {
            spi::execute(
                &format!(
                    "CREATE TRIGGER {trigger} BEFORE INSERT OR UPDATE ON {} FOR EACH ROW
                     EXECUTE FUNCTION governance._dual_write({}, {})",
                    change.name,
                    quote_literal(column),
                    quote_literal(new_name)
                ),
                &[],
            );
            spi::execute(&format!("ALTER TABLE {} ENABLE ALWAYS TRIGGER {trigger}", change.name), &[]);
        });
    });
    store::set_state(change.id, State::Expanding);
    backfill::begin(change, relation);
    note(change, State::Expanding, relation);
}

/// Grants on the old column alone hold for its twin as well.
fn copy_column_grants(change: &Change, relation: Relation) {
    let grants: Vec<(Option<String>, String, bool)> = owner::run(|| {
        spi::select(
            "SELECT CASE WHEN x.grantee <> 0 THEN pg_get_userbyid(x.grantee)::text END, x.privilege_type,
                    x.is_grantable
               FROM pg_attribute a CROSS JOIN LATERAL aclexplode(a.attacl) x
              WHERE a.attrelid = $1 AND a.attname = $2",
            &[relation.0.into(), change.column.clone().into()],
            |r| (r.get(1), r.must(2), r.must(3)),
        )
    });
    for (grantee, privilege, grantable) in grants {
        let grantee = grantee.map_or_else(|| "PUBLIC".to_string(), pgrx::spi::quote_identifier);
        spi::execute(
            &format!(
                "GRANT {privilege} ({}) ON {} TO {grantee}{}",
                change.new_quoted(),
                change.name,
                if grantable { " WITH GRANT OPTION" } else { "" }
            ),
            &[],
        );
    }
}

fn tags(change: &Change) -> Vec<String> {
    owner::run(|| {
        spi::select(
            "SELECT DISTINCT tag FROM governance._column_tag
              WHERE schema_name = $1 AND relation_name = $2 AND column_name = $3",
            &[
                change.name.schema.as_str().into(),
                change.name.relation.as_str().into(),
                change.column.clone().into(),
            ],
            |r| r.must(1),
        )
    })
}

/// Counts the rows that differ; at zero the change stands at its gate.
fn verify(change: &Change) {
    let rows = backfill::differing_rows(change);
    if rows > 0 {
        backfill::start_over(change.id);
        error::change::not_equal(change.id, rows).raise();
    }
    owner::run(|| {
        spi::execute(
            "UPDATE governance.change SET state = 'ready', verified_at = clock_timestamp(), last_error = NULL WHERE id = $1",
            &[change.id.into()],
        )
    });
    note(change, State::Ready, change.relation());
}

/// Whether the dual-write trigger still fires for everybody: without it the columns may have come apart since they were
/// verified.
#[must_use]
pub fn dual_write_is_intact(change: &Change) -> bool {
    let Some(relid) = catalog::relation_oid(&change.name) else { return false };
    owner::run(|| {
        spi::select_one(
            "SELECT EXISTS (SELECT FROM pg_trigger WHERE tgrelid = $1 AND tgname = $2 AND tgenabled = 'A')",
            &[relid.into(), trigger_name(change).into()],
            |r| r.must(1),
        )
    })
    .unwrap_or(false)
}

/// Removes the dual-write trigger.
pub fn drop_dual_write(change: &Change) {
    spi::execute(&format!("DROP TRIGGER IF EXISTS {} ON {}", trigger_name(change), change.name), &[]);
}

fn end_quarantine(change: &Change) {
    let until: Option<String> = owner::run(|| {
        spi::select_one(
            "SELECT quarantine_until::text FROM governance.change WHERE id = $1 AND quarantine_until > now()",
            &[change.id.into()],
            |r| r.must(1),
        )
    });
    if let Some(until) = until {
        error::change::in_quarantine(change.id, &until).raise();
    }
    let relation = subject(change);
    note(change, State::Done, relation);
    contract::purge(change);
    store::set_state(change.id, State::Done);
}

/// Gives a change up; the old shape is as it was before.
pub fn abort(id: i64, reason: Option<&str>) {
    let change = store::lock(id);
    if !change.state.is_before_contraction() {
        let hint =
            (change.state == State::Contracted).then(|| format!("SELECT governance.undo_change({id});"));
        error::change::wrong_state(id, "aborted", change.state.as_str(), hint).raise();
    }
    let relid = catalog::relation_oid(&change.name);
    match relid {
        Some(relid) => {
            let mine = change.state == State::Proposed
                && change.proposed_by == crate::pg::roles::name(crate::pg::roles::current());
            if !mine {
                duty::require_owner("aborting a change", Relation(relid), false);
            }
        }
        None => duty::require_operator("aborting a change whose table is gone"),
    }
    let has_twin = relid.is_some()
        && change.kind == Kind::RenameColumn
        && matches!(change.state, State::Expanding | State::Ready);
    if has_twin {
        contract::bound_lock_wait();
        as_change(&change, || {
            drop_dual_write(&change);
            spi::execute(
                &format!("ALTER TABLE {} DROP COLUMN IF EXISTS {}", change.name, change.new_quoted()),
                &[],
            );
        });
        owner::run(|| {
            spi::execute(
                "DELETE FROM governance.column_tag
                  WHERE schema_name = $1 AND relation_name = $2 AND column_name = $3 AND source = 'copied'",
                &[
                    change.name.schema.as_str().into(),
                    change.name.relation.as_str().into(),
                    change.new_name.clone().into(),
                ],
            )
        });
    }
    store::set_state(id, State::Aborted);
    audit::act(Act {
        verb: "abort_change",
        object: &format!("change {id}"),
        relation: relid.map(Relation),
        before: Some(json!({"state": change.state.as_str()})),
        after: Some(json!({"state": "aborted"})),
        reason,
    });
}

/// Brings back what a contracted change took away.
pub fn undo(id: i64, reason: Option<&str>) {
    let change = store::lock(id);
    if change.state != State::Contracted {
        let hint =
            change.state.is_before_contraction().then(|| format!("SELECT governance.abort_change({id});"));
        error::change::wrong_state(id, "undone", change.state.as_str(), hint).raise();
    }
    let relation = subject(&change);
    duty::require_owner("undoing a change", relation, false);
    contract::restore(&change);
    store::set_state(id, State::Undone);
    audit::act(Act {
        verb: "undo_change",
        object: &format!("change {id}"),
        relation: Some(relation),
        before: Some(json!({"state": "contracted"})),
        after: Some(json!({"state": "undone"})),
        reason,
    });
}

fn note(change: &Change, to: State, relation: Relation) {
    audit::act(Act {
        verb: "advance_change",
        object: &format!("change {}", change.id),
        relation: Some(relation),
        before: Some(json!({"state": change.state.as_str()})),
        after: Some(json!({"state": to.as_str(), "ddl": change.ddl})),
        reason: None,
    });
}
