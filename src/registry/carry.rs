//! What is stated about one relation, carried to another that took its name or left its tree.
use super::carry_deprecation;
use crate::pg::catalog::Name;
use crate::pg::{owner, spi};
use serde_json::{Map, Value, json};

/// What was carried, so that a person can send it back.
#[derive(Default)]
pub struct Carried {
    /// The declaration itself.
    pub declaration: bool,
    /// Tags, as `column: tag`.
    pub tags: Vec<String>,
    /// Levels of the dataset, with what was set before: level and end.
    pub levels: Vec<(String, Option<Value>)>,
    /// Declared writers.
    pub writers: Vec<String>,
    /// Declared consumers.
    pub consumers: Vec<String>,
    /// Deprecated columns.
    pub deprecations: Vec<String>,
}

impl Carried {
    /// Whether it is nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        !self.declaration
            && self.tags.is_empty()
            && self.levels.is_empty()
            && self.writers.is_empty()
            && self.consumers.is_empty()
            && self.deprecations.is_empty()
    }

    /// Adds levels that were raised, where they are not copies themselves.
    pub fn add_levels(&mut self, raised: Vec<(String, Option<Value>)>) {
        for (feature, before) in raised {
            if !self.levels.iter().any(|(f, _)| *f == feature) {
                self.levels.push((feature, before));
            }
        }
    }

    /// As evidence of a proposal; what is empty is left out.
    #[must_use]
    pub fn evidence(&self) -> Map<String, Value> {
        let levels: Map<String, Value> = self.levels.iter().map(|(f, b)| (f.clone(), json!(b))).collect();
        let mut all = Map::new();
        if self.declaration {
            all.insert("declaration".into(), json!(true));
        }
        if !levels.is_empty() {
            all.insert("levels".into(), Value::Object(levels));
        }
        for (key, list) in [
            ("tags", &self.tags),
            ("writers", &self.writers),
            ("consumers", &self.consumers),
            ("deprecations", &self.deprecations),
        ] {
            if !list.is_empty() {
                all.insert(key.into(), json!(list));
            }
        }
        all
    }
}

/// Copies everything that is stated about one relation to another that keeps what it has of its own; returns what was
/// new.
pub fn copy(from: &Name, to: &Name) -> Carried {
    let mut carried = copy_declaration(from, to);
    carried.tags = copy_tags(to, &tags_of(from));
    carried.writers = copy_writers(from, to);
    carried.consumers = copy_consumers(from, to);
    carried.deprecations = carry_deprecation::copy(from, to);
    owner::run(|| {
        spi::execute(
            "INSERT INTO governance.former_column (schema_name, relation_name, column_name, now_column_name)
             SELECT $3, $4, column_name, now_column_name FROM governance.former_column
              WHERE schema_name = $1 AND relation_name = $2
             ON CONFLICT DO NOTHING",
            &super::rename::rename_args(from, to),
        )
    });
    carried
}

/// Copies a declaration, and the levels of the dataset with it.
pub fn copy_declaration(from: &Name, to: &Name) -> Carried {
    let args = || super::rename::rename_args(from, to);
    let is_new = !super::dataset::is_declared(to);
    let mut carried = Carried::default();
    owner::run(|| {
        // What was forgotten under the name says nothing any more.
        carried.declaration = spi::execute(
            "INSERT INTO governance.dataset AS d (schema_name, relation_name, owner, class, steward, domain, concept, arbiter,
                    consistency, max_staleness, description, in_bulk, declared_by)
             SELECT $3, $4, owner, class, steward, domain, concept, arbiter, consistency, max_staleness, description,
                    in_bulk, declared_by
               FROM governance._dataset WHERE schema_name = $1 AND relation_name = $2
             ON CONFLICT (schema_name, relation_name) DO UPDATE
                SET (owner, class, steward, domain, concept, arbiter, consistency, max_staleness, description, in_bulk,
                     declared_by) = (excluded.owner, excluded.class, excluded.steward, excluded.domain, excluded.concept,
                     excluded.arbiter, excluded.consistency, excluded.max_staleness, excluded.description,
                     excluded.in_bulk, excluded.declared_by),
                    changed_by_xid = NULL, declared_at = now(), forgotten_by_xid = NULL
              WHERE d.forgotten_by_xid IS NOT NULL",
            &args(),
        ) > 0;
        if is_new {
            // A copy changes nothing that held: what it was before is what the original was.
            let levels = spi::execute_returning(
                "INSERT INTO governance.level AS l (feature, scope, level, floor, was_level, was_floor,
                        was_valid_until, reason, valid_until, set_by)
                 SELECT feature, 'dataset:' || format('%I.%I', $3, $4), level, floor,
                        CASE WHEN changed_by_xid = pg_current_xact_id() THEN was_level ELSE level END,
                        CASE WHEN changed_by_xid = pg_current_xact_id() THEN was_floor ELSE floor END,
                        CASE WHEN changed_by_xid = pg_current_xact_id() THEN was_valid_until ELSE valid_until END,
                        reason, valid_until, set_by
                   FROM governance.level
                  WHERE scope = 'dataset:' || format('%I.%I', $1, $2) AND level IS NOT NULL
                    AND (valid_until IS NULL OR valid_until > now())
                 ON CONFLICT (feature, scope) DO UPDATE
                    SET was_level = excluded.was_level, was_floor = excluded.was_floor, was_valid_until = excluded.was_valid_until, level = excluded.level, floor = excluded.floor, reason = excluded.reason,
                        valid_until = excluded.valid_until, set_by = excluded.set_by, set_at = now(),
                        changed_by_xid = pg_current_xact_id()
                  WHERE l.level IS NULL OR l.valid_until <= now()
                 RETURNING feature",
                &args(),
                |r| r.must::<String>(1),
            );
            carried.levels = levels.into_iter().map(|f| (f, None)).collect();
        }
    });
    carried
}

/// Declares the consumers of one relation for another; contracts that it has stay.
pub fn copy_consumers(from: &Name, to: &Name) -> Vec<String> {
    owner::run(|| {
        spi::execute_returning(
            "INSERT INTO governance.consumer (schema_name, relation_name, party, columns, purpose, valid_until, declared_by)
             SELECT $3, $4, party, columns, purpose, valid_until, declared_by
               FROM governance.consumer WHERE schema_name = $1 AND relation_name = $2
             ON CONFLICT DO NOTHING RETURNING party",
            &super::rename::rename_args(from, to),
            |r| r.must(1),
        )
    })
}

/// Tags that hold on a relation, as column and tag with its path behind it.
#[must_use]
pub fn tags_of(name: &Name) -> Vec<(String, String)> {
    owner::run(|| {
        spi::select(
            "SELECT column_name, tag || path FROM governance._column_tag WHERE schema_name = $1 AND relation_name = $2 ORDER BY 1, 2",
            &[name.schema.as_str().into(), name.relation.as_str().into()],
            |r| (r.must(1), r.must(2)),
        )
    })
}

/// Tags a relation as another one is; returns those that are new to it.
pub fn copy_tags(to: &Name, tags: &[(String, String)]) -> Vec<String> {
    if tags.is_empty() {
        return Vec::new();
    }
    let (columns, tags): (Vec<String>, Vec<String>) = tags.iter().cloned().unzip();
    let mut new = owner::run(|| {
        spi::execute_returning(
            "INSERT INTO governance.column_tag AS t (schema_name, relation_name, column_name, tag, path, source)
             SELECT $1, $2, n.column_name, split_part(n.tag, '$', 1), coalesce(substring(n.tag FROM '[$].*'), ''), 'copied'
               FROM unnest($3::text[], $4::text[]) AS n (column_name, tag)
             ON CONFLICT (schema_name, relation_name, column_name, tag, path) DO UPDATE
                SET untagged_by_xid = NULL, source = 'copied', tagged_at = now(), tagged_by = excluded.tagged_by
              WHERE t.untagged_by_xid IS NOT NULL
             RETURNING column_name || ': ' || tag || path",
            &[to.schema.as_str().into(), to.relation.as_str().into(), columns.into(), tags.into()],
            |r| r.must::<String>(1),
        )
    });
    new.sort();
    new
}

/// Declares the writers of one relation for another; those that it has stay. Only roles in both lists would be the
/// strictest, but no role at all is no boundary at all.
pub fn copy_writers(from: &Name, to: &Name) -> Vec<String> {
    owner::run(|| {
        spi::execute_returning(
            "INSERT INTO governance.declared_writer (schema_name, relation_name, role, declared_by)
             SELECT DISTINCT ON (w.role) $3, $4, w.role, w.declared_by FROM governance._declared_writer w
              WHERE w.schema_name = $1 AND w.relation_name = $2
                AND NOT EXISTS (SELECT FROM governance._declared_writer x
                                 WHERE x.schema_name = $3 AND x.relation_name = $4 AND x.role = w.role)
             RETURNING role",
            &super::rename::rename_args(from, to),
            |r| r.must(1),
        )
    })
}

/// What waits under a name for a relation that takes it, beyond what that has of its own.
/// None where it says nothing else than what is stated about the mover: a tool that renames to the same name every night
/// asks nobody.
pub fn waiting(mover: &Name, under: &Name) -> Option<Carried> {
    let args = super::rename::rename_args(mover, under);
    let own = tags_of(mover);
    let new: Vec<_> = tags_of(under).into_iter().filter(|t| !own.contains(t)).collect();
    let is_declared = super::dataset::is_declared;
    let mut carried =
        Carried { declaration: !is_declared(mover) && is_declared(under), ..Carried::default() };
    owner::run(|| {
        let (columns, tags): (Vec<String>, Vec<String>) = new.iter().cloned().unzip();
        // From now on it says only that something of this name bore the tag.
        spi::execute(
            "UPDATE governance.column_tag t SET source = 'copied' FROM unnest($3::text[], $4::text[]) AS n (column_name, tag)
              WHERE (t.schema_name, t.relation_name) = ($1, $2) AND (t.column_name, t.tag || t.path) = (n.column_name, n.tag)",
            &[under.schema.as_str().into(), under.relation.as_str().into(), columns.into(), tags.into()],
        );
        carried.writers = spi::select(
            "SELECT DISTINCT role FROM governance._declared_writer n WHERE (schema_name, relation_name) = ($3, $4)
                AND NOT EXISTS (SELECT FROM governance._declared_writer o
                                 WHERE (o.schema_name, o.relation_name, o.role) = ($1, $2, n.role)) ORDER BY 1",
            &args,
            |r| r.must(1),
        );
        carried.consumers = spi::select(
            "SELECT party FROM governance.consumer n WHERE (schema_name, relation_name) = ($3, $4)
                AND NOT EXISTS (SELECT FROM governance.consumer o
                                 WHERE (o.schema_name, o.relation_name, o.party) = ($1, $2, n.party)) ORDER BY 1",
            &args,
            |r| r.must(1),
        );
        carried.levels = spi::select(
            "SELECT feature FROM governance.level n
              WHERE scope = 'dataset:' || format('%I.%I', $3, $4) AND level IS NOT NULL
                AND NOT EXISTS (SELECT FROM governance.level o
                                 WHERE o.scope = 'dataset:' || format('%I.%I', $1, $2) AND o.feature = n.feature)",
            &args,
            |r| (r.must(1), None),
        );
    });
    carried.deprecations = carry_deprecation::waiting(mover, under);
    carried.tags = new.into_iter().map(|(column, tag)| format!("{column}: {tag}")).collect();
    (!carried.is_empty() || differ(mover, under)).then_some(carried)
}

/// Whether two declarations, or levels that are set for both, say different things.
fn differ(mover: &Name, under: &Name) -> bool {
    let get = super::dataset::get;
    let both_declared = get(under).is_some_and(|theirs| get(mover).is_some_and(|ours| ours != theirs));
    both_declared
        || owner::run(|| {
            spi::select_one(
            "SELECT EXISTS (SELECT FROM governance.level o JOIN governance.level n ON n.feature = o.feature
                                 WHERE o.scope = 'dataset:' || format('%I.%I', $1, $2)
                                   AND n.scope = 'dataset:' || format('%I.%I', $3, $4) AND n.level IS NOT NULL
                                   AND (o.level, o.floor) IS DISTINCT FROM (n.level, n.floor))",
            &super::rename::rename_args(mover, under),
            |r| r.must(1),
        )
        })
        .unwrap_or(false)
}
