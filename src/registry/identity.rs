//! Identity: declarations follow their relation through renames and schema moves, and their name through drop and
//! create.
//!
//! Declarations are stored by name. `governance.binding` remembers which relation bears a governed name, so that a
//! rename is recognised by the relation's oid, and `governance.former_name` remembers names that a rename left, so that
//! a rename-swap (a new relation under the old name) does not leave the new relation ungoverned.
use super::rename::{rename_args, renamed};
use crate::audit::{self, Act};
use crate::pg::catalog::{self, Name};
use crate::pg::regclass::Relation;
use crate::pg::{cache, owner, spi};
use pgrx::pg_sys;
use serde_json::json;

/// Remembers which relation bears a governed name. Writes nothing where that is known: a row that is locked for no change
/// makes others wait.
pub fn bind(relid: pg_sys::Oid, name: &Name) {
    let known: Vec<pg_sys::Oid> = owner::run(|| {
        spi::select(
            "SELECT relid FROM governance.binding WHERE schema_name = $1 AND relation_name = $2",
            &[name.schema.as_str().into(), name.relation.as_str().into()],
            |r| r.must(1),
        )
    });
    if known == [relid] {
        return;
    }
    owner::run(|| {
        spi::execute(
            "DELETE FROM governance.binding
              WHERE relid <> $1 AND schema_name = $2 AND relation_name = $3",
            &[relid.into(), name.schema.as_str().into(), name.relation.as_str().into()],
        );
        spi::execute(
            "INSERT INTO governance.binding AS b (relid, schema_name, relation_name) VALUES ($1, $2, $3)
             ON CONFLICT (relid) DO UPDATE SET schema_name = excluded.schema_name, relation_name = excluded.relation_name
              WHERE (b.schema_name, b.relation_name) <> (excluded.schema_name, excluded.relation_name)",
            &[relid.into(), name.schema.as_str().into(), name.relation.as_str().into()],
        );
    });
}

/// Binds every declared name that has a relation: after a restore, where no oid is known yet.
pub fn bind_all() {
    let names: Vec<Name> = owner::run(|| {
        spi::select(
            "SELECT schema_name, relation_name FROM governance.dataset
             UNION SELECT schema_name, relation_name FROM governance.column_tag
             UNION SELECT schema_name, relation_name FROM governance.consumer
             UNION SELECT schema_name, relation_name FROM governance.deprecation ORDER BY 1, 2",
            &[],
            |r| Name { schema: r.must(1), relation: r.must(2) },
        )
    });
    for name in &names {
        if let Some(relid) = catalog::relation_oid(name) {
            bind(relid, name);
        }
    }
}

/// Called with the old name before DDL that renames: after a restore nothing is bound yet. The statement does not have
/// its lock yet, and must not wait for that with a row of ours that an act on the relation is going to need.
pub fn bind_if_governed(name: &Name) {
    if let Some(relid) = catalog::relation_oid(name)
        && !is_bound(relid)
        && (is_governed(name) || has_flows(name))
        && Relation(relid).hold()
    {
        bind(relid, name);
    }
}

/// Whether a relation is known to bear the name it has.
#[must_use]
pub fn is_bound(relid: pg_sys::Oid) -> bool {
    let Some(name) = catalog::relation_name(relid) else { return false };
    owner::run(|| {
        spi::select_one(
            "SELECT EXISTS (SELECT FROM governance.binding
                             WHERE (relid, schema_name, relation_name) = ($1, $2, $3))",
            &[relid.into(), name.schema.as_str().into(), name.relation.as_str().into()],
            |r| r.must(1),
        )
    })
    .unwrap_or(false)
}

/// Forgets the bindings of relations that were dropped; their declarations wait under the name.
pub fn unbind(relids: Vec<pg_sys::Oid>) {
    owner::run(|| spi::execute("DELETE FROM governance.binding WHERE relid = ANY ($1)", &[relids.into()]));
}

/// Called after DDL with each relation it made or altered.
pub fn follow(relid: pg_sys::Oid) {
    let Some(now) = catalog::relation_name(relid) else { return };
    let bound = owner::run(|| {
        spi::select_one(
            "SELECT schema_name, relation_name FROM governance.binding WHERE relid = $1",
            &[relid.into()],
            |r| Name { schema: r.must(1), relation: r.must(2) },
        )
    });
    match bound {
        Some(before) if before == now => {}
        Some(before) => renamed(relid, &before, &now),
        None if is_governed(&now) => {
            bind(relid, &now);
            cache::touch();
        }
        // The stand-in that a change makes for a moment takes over nothing.
        None if crate::change::is_acting() => {}
        None => take_over_former_name(relid, &now),
    }
}

/// Whether anything is stated about a name.
#[must_use]
pub fn is_governed(name: &Name) -> bool {
    let key = [name.schema.as_str().into(), name.relation.as_str().into()];
    owner::run(|| {
        spi::select_one(
            "SELECT EXISTS (SELECT FROM governance.dataset WHERE schema_name = $1 AND relation_name = $2)
                 OR EXISTS (SELECT FROM governance.column_tag WHERE schema_name = $1 AND relation_name = $2)
                 OR EXISTS (SELECT FROM governance.consumer WHERE schema_name = $1 AND relation_name = $2)
                 OR EXISTS (SELECT FROM governance.deprecation WHERE schema_name = $1 AND relation_name = $2)
                 OR EXISTS (SELECT FROM governance.audited_relation WHERE schema_name = $1 AND relation_name = $2)
                 OR EXISTS (SELECT FROM governance.declared_writer WHERE schema_name = $1 AND relation_name = $2)",
            &key,
            |r| r.must(1),
        )
    })
    .unwrap_or(false)
}

/// Whether flows name a relation.
fn has_flows(name: &Name) -> bool {
    let key = [name.schema.as_str().into(), name.relation.as_str().into()];
    owner::run(|| {
        spi::select_one(
            "SELECT EXISTS (SELECT FROM governance.flow WHERE source_schema_name = $1 AND source_relation_name = $2)
                 OR EXISTS (SELECT FROM governance.flow WHERE target_schema_name = $1 AND target_relation_name = $2)",
            &key,
            |r| r.must(1),
        )
    })
    .unwrap_or(false)
}

/// A relation took a name that a governed relation left by a rename: the second half of a rename-swap. It gets a copy
/// of the declaration, so that nothing is less protected than before, and a proposal asks which of both is meant.
pub fn take_over_former_name(relid: pg_sys::Oid, now: &Name) {
    let heir = owner::run(|| {
        spi::select_one(
            "SELECT now_schema_name, now_relation_name FROM governance.former_name
              WHERE schema_name = $1 AND relation_name = $2",
            &[now.schema.as_str().into(), now.relation.as_str().into()],
            |r| Name { schema: r.must(1), relation: r.must(2) },
        )
    });
    // A relation that only flows name leaves nothing to take over.
    let Some(heir) = heir.filter(is_governed) else { return };
    if heir == *now {
        forget_former_name(now); // it came back to its own name
        return;
    }
    owner::run(|| {
        spi::execute(
            "INSERT INTO governance.dataset (schema_name, relation_name, owner, class, steward, domain, concept, arbiter,
                    consistency, max_staleness, description, in_bulk, declared_by)
             SELECT $3, $4, owner, class, steward, domain, concept, arbiter, consistency, max_staleness, description,
                    in_bulk, declared_by
               FROM governance._dataset WHERE schema_name = $1 AND relation_name = $2
             ON CONFLICT DO NOTHING",
            &rename_args(&heir, now),
        );
        spi::execute(
            "INSERT INTO governance.column_tag (schema_name, relation_name, column_name, tag, path, source, tagged_by)
             SELECT $3, $4, column_name, tag, path, 'copied', tagged_by
               FROM governance._column_tag WHERE schema_name = $1 AND relation_name = $2
             ON CONFLICT DO NOTHING",
            &rename_args(&heir, now),
        );
        spi::execute(
            "INSERT INTO governance.declared_writer (schema_name, relation_name, role, declared_by)
             SELECT $3, $4, w.role, w.declared_by FROM governance._declared_writer w
              WHERE w.schema_name = $1 AND w.relation_name = $2
                AND NOT EXISTS (SELECT FROM governance.declared_writer x
                                 WHERE x.schema_name = $3 AND x.relation_name = $4 AND x.role = w.role)",
            &rename_args(&heir, now),
        );
        spi::execute(
            "INSERT INTO governance.level (feature, scope, level, floor, reason, valid_until, set_by)
             SELECT feature, 'dataset:' || format('%I.%I', $3, $4), level, floor, reason, valid_until, set_by
               FROM governance.level WHERE scope = 'dataset:' || format('%I.%I', $1, $2) AND level IS NOT NULL
             ON CONFLICT DO NOTHING",
            &rename_args(&heir, now),
        );
    });
    forget_former_name(now);
    bind(relid, now);
    cache::touch();
    doubt(now, &format!("it took the name that {heir} bore before"));
    audit::act(Act {
        verb: "follow_name",
        object: &now.to_string(),
        relation: Some(Relation(relid)),
        before: Some(json!({"declared_as": heir.to_string()})),
        after: super::dataset::get(now),
        reason: None,
    });
}

fn forget_former_name(name: &Name) {
    owner::run(|| {
        spi::execute(
            "DELETE FROM governance.former_name WHERE schema_name = $1 AND relation_name = $2",
            &[name.schema.as_str().into(), name.relation.as_str().into()],
        )
    });
}

/// Leaves a proposal that asks a person to confirm an identity.
pub fn doubt(name: &Name, why: &str) {
    owner::run(|| {
        spi::execute(
            "INSERT INTO governance.proposal (id, kind, schema_name, relation_name, value, confidence, evidence)
             VALUES (governance._proposal_id('identity', $1, $2, NULL, 'keep'), 'identity', $1, $2, 'keep', 0.5,
                     jsonb_build_object('why', $3))
             ON CONFLICT (id) DO UPDATE SET state = 'open', evidence = excluded.evidence, proposed_at = now()",
            &[name.schema.as_str().into(), name.relation.as_str().into(), why.into()],
        )
    });
}
