//! Identity: declarations follow their relation through renames and schema moves, and their name through drop and
//! create.
//!
//! Declarations are stored by name. `governance.binding` remembers which relation bears a governed name, so that a
//! rename is recognised by the relation's oid, and `governance.former_name` remembers names that a rename left, so that
//! a rename-swap (a new relation under the old name) does not leave the new relation ungoverned.
use crate::audit::{self, Act};
use crate::pg::catalog::{self, Name};
use crate::pg::regclass::Relation;
use crate::pg::{cache, owner, spi};
use pgrx::pg_sys;
use serde_json::json;

/// Tables whose rows name a relation by `schema_name` and `relation_name` and follow it through renames. The flag says
/// whether they name a column too, as `column_name`. A feature that stores relations by name adds its table here.
const FOLLOWERS: &[(&str, bool)] =
    &[("dataset", false), ("column_tag", true), ("consumer", false), ("proposal", true), ("waiver", false)];

/// Remembers which relation bears a governed name.
pub fn bind(relid: pg_sys::Oid, name: &Name) {
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

/// Called with the old name before DDL that renames: after a restore nothing is bound yet.
pub fn bind_if_governed(name: &Name) {
    if let Some(relid) = catalog::relation_oid(name)
        && is_governed(name)
    {
        bind(relid, name);
    }
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
                 OR EXISTS (SELECT FROM governance.column_tag WHERE schema_name = $1 AND relation_name = $2)",
            &key,
            |r| r.must(1),
        )
    })
    .unwrap_or(false)
}

/// A governed relation got another name or schema.
fn renamed(relid: pg_sys::Oid, before: &Name, now: &Name) {
    let doubtful = is_governed(now);
    owner::run(|| {
        if doubtful {
            // The name it takes was governed too. The stricter declaration wins: one declared singly over one in bulk;
            // tags of both are kept.
            spi::execute(
                "DELETE FROM governance.dataset o USING governance.dataset n
                  WHERE (o.schema_name, o.relation_name, n.schema_name, n.relation_name) = ($1, $2, $3, $4)
                    AND o.in_bulk AND NOT n.in_bulk",
                &rename_args(before, now),
            );
            spi::execute(
                "DELETE FROM governance.dataset n USING governance.dataset o
                  WHERE (o.schema_name, o.relation_name, n.schema_name, n.relation_name) = ($1, $2, $3, $4)",
                &rename_args(before, now),
            );
            spi::execute(
                "DELETE FROM governance.column_tag o USING governance.column_tag n
                  WHERE (o.schema_name, o.relation_name, n.schema_name, n.relation_name) = ($1, $2, $3, $4)
                    AND (o.column_name, o.tag, o.path) = (n.column_name, n.tag, n.path)",
                &rename_args(before, now),
            );
            spi::execute(
                "DELETE FROM governance.consumer o USING governance.consumer n
                  WHERE (o.schema_name, o.relation_name, n.schema_name, n.relation_name) = ($1, $2, $3, $4)
                    AND o.party = n.party",
                &rename_args(before, now),
            );
        }
        for (table, _) in FOLLOWERS {
            spi::execute(
                &format!(
                    "UPDATE governance.{table} SET schema_name = $3, relation_name = $4
                      WHERE schema_name = $1 AND relation_name = $2"
                ),
                &rename_args(before, now),
            );
        }
        spi::execute(
            "UPDATE governance.level l SET scope = 'dataset:' || format('%I.%I', $3, $4)
              WHERE scope = 'dataset:' || format('%I.%I', $1, $2)
                AND NOT EXISTS (SELECT FROM governance.level x
                                 WHERE x.feature = l.feature AND x.scope = 'dataset:' || format('%I.%I', $3, $4))",
            &rename_args(before, now),
        );
        spi::execute(
            "UPDATE governance.former_name SET now_schema_name = $3, now_relation_name = $4
              WHERE now_schema_name = $1 AND now_relation_name = $2",
            &rename_args(before, now),
        );
        spi::execute(
            "INSERT INTO governance.former_name (schema_name, relation_name, now_schema_name, now_relation_name)
             VALUES ($1, $2, $3, $4)
             ON CONFLICT (schema_name, relation_name) DO UPDATE
                SET now_schema_name = excluded.now_schema_name, now_relation_name = excluded.now_relation_name,
                    renamed_at = now()",
            &rename_args(before, now),
        );
        spi::execute(
            "DELETE FROM governance.former_name WHERE schema_name = $1 AND relation_name = $2",
            &[now.schema.as_str().into(), now.relation.as_str().into()],
        );
    });
    bind(relid, now);
    cache::touch();
    if doubtful {
        doubt(now, &format!("{before} was renamed to a name that was governed already"));
    }
    audit::act(Act {
        verb: "follow_rename",
        object: &now.to_string(),
        relation: Some(Relation(relid)),
        before: Some(json!({"relation": before.to_string()})),
        after: Some(json!({"relation": now.to_string()})),
        reason: None,
    });
}

fn rename_args<'a>(before: &Name, now: &Name) -> [pgrx::datum::DatumWithOid<'a>; 4] {
    [
        before.schema.clone().into(),
        before.relation.clone().into(),
        now.schema.clone().into(),
        now.relation.clone().into(),
    ]
}

/// A relation took a name that a governed relation left by a rename: the second half of a rename-swap. It gets a copy
/// of the declaration, so that nothing is less protected than before, and a proposal asks which of both is meant.
fn take_over_former_name(relid: pg_sys::Oid, now: &Name) {
    let heir = owner::run(|| {
        spi::select_one(
            "SELECT now_schema_name, now_relation_name FROM governance.former_name
              WHERE schema_name = $1 AND relation_name = $2",
            &[now.schema.as_str().into(), now.relation.as_str().into()],
            |r| Name { schema: r.must(1), relation: r.must(2) },
        )
    });
    let Some(heir) = heir else { return };
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
            "INSERT INTO governance.level (feature, scope, level, floor, reason, valid_until, set_by)
             SELECT feature, 'dataset:' || format('%I.%I', $3, $4), level, floor, reason, valid_until, set_by
               FROM governance.level WHERE scope = 'dataset:' || format('%I.%I', $1, $2) AND level IS NOT NULL
             ON CONFLICT DO NOTHING",
            &rename_args(&heir, now),
        );
        spi::execute(
            "DELETE FROM governance.former_name WHERE schema_name = $1 AND relation_name = $2",
            &[now.schema.as_str().into(), now.relation.as_str().into()],
        );
    });
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

/// Leaves a proposal that asks a person to confirm an identity.
fn doubt(name: &Name, why: &str) {
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

/// A column got another name, in the relation and in everything that inherits from it.
pub fn column_renamed(relid: pg_sys::Oid, before: &str, now: &str) {
    owner::run(|| {
        for (table, has_column) in FOLLOWERS {
            if *has_column {
                spi::execute(
                    &format!(
                        "WITH RECURSIVE tree AS (
                            SELECT $1::oid AS relid
                            UNION SELECT i.inhrelid FROM pg_inherits i JOIN tree t ON t.relid = i.inhparent)
                         UPDATE governance.{table} f SET column_name = $3
                           FROM tree JOIN pg_class c ON c.oid = tree.relid JOIN pg_namespace n ON n.oid = c.relnamespace
                          WHERE f.schema_name = n.nspname AND f.relation_name = c.relname AND f.column_name = $2"
                    ),
                    &[relid.into(), before.into(), now.into()],
                );
            }
        }
        spi::execute(
            "UPDATE governance.consumer f SET columns = array_replace(columns, $2, $3)
               FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
              WHERE c.oid = $1 AND f.schema_name = n.nspname AND f.relation_name = c.relname AND $2 = ANY (columns)",
            &[relid.into(), before.into(), now.into()],
        );
    });
    cache::touch();
}

/// A schema got another name.
pub fn schema_renamed(before: &str, now: &str) {
    owner::run(|| {
        for table in FOLLOWERS.iter().map(|f| f.0).chain(["binding", "former_name"]) {
            spi::execute(
                &format!("UPDATE governance.{table} SET schema_name = $2 WHERE schema_name = $1"),
                &[before.into(), now.into()],
            );
        }
        spi::execute(
            "UPDATE governance.former_name SET now_schema_name = $2 WHERE now_schema_name = $1",
            &[before.into(), now.into()],
        );
        spi::execute(
            "UPDATE governance.level
                SET scope = CASE WHEN scope = 'schema:' || quote_ident($1) THEN 'schema:' || quote_ident($2)
                                 ELSE 'dataset:' || quote_ident($2) || substr(scope, length('dataset:' || quote_ident($1)) + 1) END
              WHERE scope = 'schema:' || quote_ident($1) OR starts_with(scope, 'dataset:' || quote_ident($1) || '.')",
            &[before.into(), now.into()],
        );
    });
    cache::touch();
}
