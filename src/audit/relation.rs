//! Audited relations: started, stopped, followed.
use super::watched::{self, Entry};
use super::{Act, act, triggers};
use crate::error;
use crate::pg::catalog::{self, Name};
use crate::pg::regclass::Relation;
use crate::pg::{owner, roles, session, spi};
use crate::registry::{dataset, duty, identity, restore, tagging};
use pgrx::pg_sys;
use serde_json::json;

/// Starts the audit of a relation, or changes which columns it leaves out. Starting twice is no error. Where the columns
/// wait, they need not be there.
pub fn start(relation: Relation, exclude: Vec<String>, reason: Option<&str>, waits: bool) {
    let name = auditable(relation);
    identity::follow(relation.0);
    merge(&name);
    let exclude = checked_exclusions(relation, &name, exclude, waits);
    let entries = watched::entries(relation.0);
    if let Some(above) = entries.iter().find(|e| e.relid != relation.0 && !e.stopped) {
        triggers::ensure(above.relid);
        error::audit::audited_as_part_of(&name, &above.name).notice();
        return;
    }
    let own = entries.into_iter().find(|e| e.relid == relation.0);
    let before = own.as_ref().filter(|e| !e.stopped);
    let added: Vec<String> = before
        .map(|e| exclude.iter().filter(|c| !e.exclude_columns.contains(c)).cloned().collect())
        .unwrap_or_default();
    let reason = if added.is_empty() {
        reason.map(String::from)
    } else {
        // Leaving out more of what is logged weakens.
        duty::require_steward("excluding columns from a running audit", relation);
        Some(duty::reason_for("excluding columns from a running audit", reason))
    };
    let stored = store(&name, own.as_ref(), &exclude);
    let repaired = triggers::ensure(relation.0);
    identity::bind(relation.0, &name);
    if stored || repaired {
        act(Act {
            verb: "start_audit",
            object: &name.to_string(),
            relation: Some(relation),
            before: before.map(|e| json!({"exclude_columns": e.exclude_columns})),
            after: Some(json!({"exclude_columns": exclude})),
            reason: reason.as_deref(),
        });
    }
}

/// Stops the audit of a relation once this transaction has committed. The triggers stay and do nothing; stopping
/// again, later, removes them.
pub fn stop(relation: Relation, reason: &str) {
    let name = relation.name();
    identity::follow(relation.0);
    let entries = watched::entries(relation.0);
    if let Some(above) = entries.iter().find(|e| e.relid != relation.0 && !e.stopped) {
        error::audit::stop_the_whole(&name, &above.name).raise();
    }
    match entries.iter().find(|e| e.relid == relation.0) {
        Some(own) if !own.stopped => {
            let me = roles::name(roles::current());
            owner::run(|| {
                spi::execute(
                    "UPDATE governance.audited_relation
                        SET stopped_at = now(), stopped_by = $3, stopped_by_xid = pg_current_xact_id()
                      WHERE schema_name = $1 AND relation_name = $2 AND stopped_at IS NULL",
                    &[name.schema.as_str().into(), name.relation.as_str().into(), me.into()],
                )
            });
            act(Act {
                verb: "stop_audit",
                object: &name.to_string(),
                relation: Some(relation),
                before: Some(json!({"exclude_columns": own.exclude_columns})),
                after: None,
                reason: Some(reason),
            });
        }
        _ => {
            // Parts that are audited for themselves keep theirs, and get back what they had from the whole.
            let parts: Vec<pg_sys::Oid> = triggers::tree(relation.0, &triggers::ROW)
                .into_iter()
                .map(|part| part.relid)
                .filter(|part| watched::entries(*part).iter().any(|e| !e.stopped))
                .collect();
            let rows = triggers::remove(relation.0, &triggers::ROW, &parts);
            let truncate = triggers::remove(relation.0, &triggers::TRUNCATE, &parts);
            if !rows && !truncate {
                error::audit::not_audited(&name).raise();
            }
            parts.into_iter().for_each(|part| {
                triggers::ensure(part);
            });
        }
    }
}

/// Called after DDL with each relation it made or altered, when declarations have followed: new partitions get the
/// triggers, and so does a new relation under an audited name (drop and create, rename-swap). Not while a dump is being
/// restored, which brings the triggers itself and would fail on those that are there: [`ensure_all`] comes after it.
/// `is_new_here`: the relation did not bear its name before.
pub fn follow(relid: pg_sys::Oid, is_new_here: bool) {
    if restore::is_restoring() {
        return;
    }
    let Some(name) = catalog::relation_name(relid) else { return };
    if !matches!(catalog::relation_kind(relid), Some(b'r' | b'p' | b'f')) || catalog::is_temporary(relid) {
        return;
    }
    merge(&name);
    leave_to_former_owner(relid, &name, is_new_here);
    let entries = watched::entries(relid);
    if entries.iter().any(|e| !e.stopped) {
        if entries.iter().any(|e| e.relid == relid && !e.stopped) {
            remember(&name);
            identity::bind(relid, &name);
        }
        triggers::ensure(relid);
        return;
    }
    let heir = owner::run(|| {
        spi::select_one(
            "SELECT a.exclude_columns, format('%I.%I', a.schema_name, a.relation_name)
               FROM governance.audited_name k JOIN governance._audited_relation a ON a.id = k.relation_id
              WHERE k.schema_name = $1 AND k.relation_name = $2",
            &[name.schema.as_str().into(), name.relation.as_str().into()],
            |r| (r.must::<Vec<String>>(1), r.must::<String>(2)),
        )
    });
    // Columns it does not have (yet) stay excluded.
    if let Some((exclude, bore_it)) = heir.filter(|_| entries.is_empty()) {
        store(&name, None, &exclude);
        triggers::ensure(relid);
        identity::bind(relid, &name);
        act(Act {
            verb: "follow_audit",
            object: &name.to_string(),
            relation: Some(Relation(relid)),
            before: Some(json!({"audited_as": bore_it})),
            after: Some(json!({"exclude_columns": exclude})),
            reason: None,
        });
    }
}

/// Puts back triggers that were dropped, replaced or renamed where a relation is audited: ending that is an act of the
/// steward, with a reason.
pub fn keep_triggers(relid: pg_sys::Oid) {
    if restore::is_restoring() || watched::entries(relid).iter().all(|e| e.stopped) {
        return;
    }
    let name = Relation(relid).name();
    triggers::drop_renamed(relid, &name);
    if triggers::ensure(relid) {
        error::audit::triggers_put_back(&name).notice();
    }
}

/// What was logged about a name stays with the role whose relation bore it: when another role's relation takes the name,
/// it is logged under an entry of its own. A superuser who makes a relation or gives it its name vouches for its owner.
fn leave_to_former_owner(relid: pg_sys::Oid, name: &Name, is_new_here: bool) {
    let Some(owner_now) = catalog::relation_owner(relid) else { return };
    let now = roles::name(owner_now);
    let (schema, relation) = (name.schema.as_str(), name.relation.as_str());
    let others: i64 = owner::run(|| {
        spi::select_one(
            "SELECT count(*) FROM governance.audited_relation
              WHERE schema_name = $1 AND relation_name = $2 AND owned_by IS DISTINCT FROM $3 AND NOT left_by_owner",
            &[schema.into(), relation.into(), now.as_str().into()],
            |r| r.must(1),
        )
    })
    .unwrap_or(0);
    // A write, even one without rows, would make every backend load its caches anew.
    if others == 0 {
        return;
    }
    if !is_new_here || roles::is_superuser(owner_now) || roles::is_superuser(roles::current()) {
        owner::run(|| {
            spi::execute(
                "UPDATE governance.audited_relation SET owned_by = $3
                  WHERE schema_name = $1 AND relation_name = $2 AND NOT left_by_owner",
                &[schema.into(), relation.into(), now.as_str().into()],
            )
        });
        return;
    }
    // The declaration of that name may be the new relation's by now; the last act before says whose it was.
    let left: Vec<(bool, Vec<String>, Option<String>)> = owner::run(|| {
        spi::execute_returning(
            "UPDATE governance.audited_relation a
                SET left_by_owner = true, stopped_at = coalesce(a.stopped_at, now()),
                    stopped_by = coalesce(a.stopped_by, current_user),
                    left_party = (SELECT e.party FROM governance.audit_entry e
                                   WHERE e.kind = 'act' AND e.schema_name = $1 AND e.relation_name = $2
                                     AND e.xid <> pg_current_xact_id() ORDER BY e.id DESC LIMIT 1)
               FROM governance.audited_relation was
              WHERE was.id = a.id AND a.schema_name = $1 AND a.relation_name = $2
                AND a.owned_by IS DISTINCT FROM $3 AND NOT a.left_by_owner
             RETURNING was.stopped_at IS NULL, a.exclude_columns, a.owned_by",
            &[schema.into(), relation.into(), now.as_str().into()],
            |r| (r.must(1), r.must(2), r.get(3)),
        )
    });
    let Some((_, exclude, owned_by)) = left.into_iter().find(|(was_running, ..)| *was_running) else {
        return;
    };
    if watched::entries(relid).iter().any(|e| e.relid == relid && !e.stopped) {
        return;
    }
    store(name, None, &exclude);
    act(Act {
        verb: "follow_audit",
        object: &name.to_string(),
        relation: Some(Relation(relid)),
        before: Some(json!({"audited_as": name.to_string(), "owner": owned_by})),
        after: Some(json!({"exclude_columns": exclude, "owner": now})),
        reason: None,
    });
}

/// Gives every audited relation the triggers it lacks: after a restore.
pub fn ensure_all() {
    let audited = owner::run(|| {
        spi::select(
            "SELECT c.oid FROM governance.audited_relation a JOIN pg_class c
                 ON c.oid = to_regclass(format('%I.%I', a.schema_name, a.relation_name))
              WHERE a.stopped_at IS NULL AND c.relkind IN ('r', 'p', 'f')",
            &[],
            |r| r.must::<pg_sys::Oid>(1),
        )
    });
    audited.into_iter().for_each(|relid| {
        triggers::ensure(relid);
    });
}

/// A relation renamed to a name that was audited already brings its own entry: one goes on, and leaves out what either
/// did.
pub fn merge(name: &Name) {
    let key = [name.schema.as_str().into(), name.relation.as_str().into()];
    owner::run(|| {
        let running: i64 = spi::select_one(
            "SELECT count(*) FROM governance.audited_relation
              WHERE schema_name = $1 AND relation_name = $2 AND stopped_at IS NULL",
            &key,
            |r| r.must(1),
        )
        .unwrap_or(0);
        // A write, even one without rows, would make every backend load its caches anew.
        if running < 2 {
            return;
        }
        spi::execute(
            "WITH running AS (
                SELECT id, exclude_columns, row_number() OVER (ORDER BY started_at DESC, id DESC) AS n
                  FROM governance.audited_relation
                 WHERE schema_name = $1 AND relation_name = $2 AND stopped_at IS NULL),
             both_exclude AS (
                SELECT coalesce(array_agg(DISTINCT c ORDER BY c), '{}') AS columns FROM running, unnest(exclude_columns) c)
             UPDATE governance.audited_relation a
                SET exclude_columns = b.columns, was_exclude_columns = b.columns,
                    stopped_at = CASE WHEN r.n > 1 THEN now() END,
                    stopped_by = CASE WHEN r.n > 1 THEN current_user END
               FROM running r, both_exclude b WHERE a.id = r.id",
            &key,
        );
    });
}

/// A trigger of ours fired on a relation that has no entry: it is logged all the same, under a new one.
pub fn adopt(relid: pg_sys::Oid) {
    let name = Relation(relid).name();
    store(&name, None, &[]);
    identity::bind(relid, &name);
    act(Act {
        verb: "adopt_audit",
        object: &name.to_string(),
        relation: Some(Relation(relid)),
        before: None,
        after: Some(json!({"exclude_columns": []})),
        reason: None,
    });
}

/// Checks that a relation can be audited and returns its name.
fn auditable(relation: Relation) -> Name {
    let name = dataset::governable(relation);
    match catalog::relation_kind(relation.0) {
        Some(b'r' | b'p' | b'f') => name,
        _ => error::audit::cannot_audit(&name).raise(),
    }
}

/// The columns to leave out: existing ones, unless they wait, none of the key, each once.
fn checked_exclusions(relation: Relation, name: &Name, mut exclude: Vec<String>, waits: bool) -> Vec<String> {
    exclude.sort();
    exclude.dedup();
    exclude.iter().for_each(|c| tagging::require_column_or_wait(relation, name, c, waits));
    let key = watched::key_columns(relation.0);
    if let Some(column) = exclude.iter().find(|c| key.contains(c)) {
        error::audit::key_column_excluded(name, column).raise();
    }
    exclude
}

/// Writes an entry; says whether that changed anything.
pub(super) fn store(name: &Name, own: Option<&Entry>, exclude: &[String]) -> bool {
    let me = roles::name(roles::current());
    let written = owner::run(|| match own {
        Some(entry) => spi::execute(
            "UPDATE governance.audited_relation SET
                was_exclude_columns = CASE WHEN $4 THEN $2 WHEN changed_by_xid = pg_current_xact_id()
                                           THEN was_exclude_columns ELSE exclude_columns END,
                exclude_columns = $2, changed_by_xid = pg_current_xact_id(),
                started_at = CASE WHEN $4 THEN now() ELSE started_at END,
                started_by = CASE WHEN $4 THEN $3 ELSE started_by END,
                stopped_at = NULL, stopped_by = NULL, stopped_by_xid = NULL
              WHERE id = $1 AND (exclude_columns <> $2 OR stopped_at IS NOT NULL)",
            &[entry.id.into(), exclude.to_vec().into(), me.into(), entry.stopped.into()],
        ),
        None => spi::execute(
            "INSERT INTO governance.audited_relation
                    (schema_name, relation_name, exclude_columns, was_exclude_columns, started_by, owned_by)
             VALUES ($1, $2, $3, $3, $4, $5)",
            &[
                name.schema.as_str().into(),
                name.relation.as_str().into(),
                exclude.to_vec().into(),
                me.into(),
                catalog::relation_oid(name).and_then(catalog::relation_owner).map(roles::name).into(),
            ],
        ),
    });
    remember(name);
    written > 0
}

/// Remembers a name for relations that will take it. A dump brings the names itself, perhaps in another session; only
/// superusers restore what is ours.
fn remember(name: &Name) {
    if session::runs_dump_script() && roles::is_superuser(roles::session()) {
        return;
    }
    owner::run(|| {
        spi::execute(
            "INSERT INTO governance.audited_name AS k (schema_name, relation_name, relation_id)
             SELECT schema_name, relation_name, id FROM governance.audited_relation
              WHERE schema_name = $1 AND relation_name = $2
              ORDER BY stopped_at DESC NULLS FIRST, started_at DESC LIMIT 1
             ON CONFLICT (schema_name, relation_name) DO UPDATE SET relation_id = excluded.relation_id
              WHERE k.relation_id <> excluded.relation_id",
            &[name.schema.as_str().into(), name.relation.as_str().into()],
        )
    });
}
