//! Identity: declarations follow their relation through renames and schema moves, and their name through drop and
//! create.
//!
//! Declarations are stored by name. `governance.binding` remembers which relation bears a governed name, so that a
//! rename is recognised by the relation's oid, and `governance.former_name` remembers names that a rename left, so that
//! a rename-swap (a new relation under the old name) does not leave the new relation ungoverned.
use super::rename::renamed;
use super::{carry, doubt, mention, stated, strictness};
use crate::pg::catalog::{self, Name};
use crate::pg::regclass::Relation;
use crate::pg::{cache, owner, spi};
use pgrx::pg_sys;

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
             UNION SELECT schema_name, relation_name FROM governance.deprecation
             UNION SELECT schema_name, relation_name FROM governance.proposal WHERE relation_name IS NOT NULL
             UNION SELECT schema_name, relation_name FROM governance.declared_writer ORDER BY 1, 2",
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
        None => {
            if is_governed(&now) {
                bind(relid, &now);
                cache::touch();
            }
            // The stand-in that a change makes for a moment takes over nothing.
            if !crate::change::is_acting() {
                take_over_former_name(relid, &now);
            }
        }
    }
}

/// Tables that govern a relation by its name, in whichever state their rows are.
/// Proposals too: what was rejected about a relation that nobody declared is not to come back when that is renamed.
const GOVERNED_BY: [&str; 7] =
    ["dataset", "column_tag", "consumer", "deprecation", "audited_relation", "declared_writer", "proposal"];

/// Whether anything is or was stated about a name, or mentions it.
#[must_use]
pub fn is_governed(name: &Name) -> bool {
    names_in(&GOVERNED_BY, name) || mention::is_mentioned(name)
}

/// Whether anything stated about a name holds: not what was forgotten, untagged or stopped before.
#[must_use]
pub fn is_stated(name: &Name) -> bool {
    names_in(
        &["_dataset", "_column_tag", "consumer", "deprecation", "_audited_relation", "_declared_writer"],
        name,
    )
}

fn names_in(tables: &[&str], name: &Name) -> bool {
    let mut any: Vec<String> = tables
        .iter()
        .map(|t| format!("EXISTS (SELECT FROM governance.{t} WHERE schema_name = $1 AND relation_name = $2)"))
        .collect();
    any.push(
        "EXISTS (SELECT FROM governance.level WHERE scope = 'dataset:' || format('%I.%I', $1, $2) AND level IS NOT NULL)"
            .into(),
    );
    owner::run(|| {
        spi::select_one(
            &format!("SELECT {}", any.join(" OR ")),
            &[name.schema.as_str().into(), name.relation.as_str().into()],
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
/// of what is stated about that, so that nothing is less protected than before, and a proposal asks which of both is
/// meant.
pub fn take_over_former_name(relid: pg_sys::Oid, now: &Name) {
    let heir = owner::run(|| {
        spi::select_one(
            "SELECT now_schema_name, now_relation_name FROM governance.former_name
              WHERE schema_name = $1 AND relation_name = $2",
            &[now.schema.as_str().into(), now.relation.as_str().into()],
            |r| Name { schema: r.must(1), relation: r.must(2) },
        )
    });
    // A relation that only flows name leaves nothing to take over, nor does one that was forgotten since.
    let Some(heir) = heir.filter(is_stated) else { return };
    // The view that a change keeps under the old name is no new relation.
    if catalog::relation_kind(relid) == Some(b'v')
        && crate::change::behind_old_name(now).as_ref() == Some(&heir)
    {
        return;
    }
    forget_former_name(now);
    if heir == *now {
        return; // it came back to its own name
    }
    let mut at_least = vec![strictness::of(&heir)];
    if is_stated(now) {
        at_least.push(strictness::of(now));
    }
    let why = format!("it took the name that {heir} bore before");
    let was = stated::of(now);
    let mut carried = carry::copy(&heir, now);
    mention::taken_over(&heir, now);
    carried.add_levels(strictness::keep(now, &at_least, &why));
    bind(relid, now);
    cache::touch();
    doubt::ask_about_heir(now, &heir, &why, &carried);
    stated::record("follow_name", relid, now, was, ("declared_as", &heir.to_string()));
    super::former_column::taken(relid);
}

fn forget_former_name(name: &Name) {
    owner::run(|| {
        spi::execute(
            "DELETE FROM governance.former_name WHERE schema_name = $1 AND relation_name = $2",
            &[name.schema.as_str().into(), name.relation.as_str().into()],
        )
    });
}
