//! Deprecations that are carried to another relation with everything else that is stated. Of two for one column the
//! earlier sunset holds, and the row remembers what was its own.
use super::deprecation;
use super::rename::rename_args;
use super::strictness::{self, Strictness};
use crate::core::registry::level::Level;
use crate::pg::catalog::Name;
use crate::pg::{owner, spi};

/// Deprecates the columns of one relation as those of another; returns those that were not, or later.
pub fn copy(from: &Name, to: &Name) -> Vec<String> {
    if !deprecation::is_used() {
        return Vec::new();
    }
    let mut new = owner::run(|| {
        spi::execute_returning(
            "INSERT INTO governance.deprecation AS d
                    (schema_name, relation_name, column_name, sunset, replacement, carried, declared_by)
             SELECT $3, $4, column_name, sunset, replacement, true, declared_by FROM governance.deprecation
              WHERE schema_name = $1 AND relation_name = $2
             ON CONFLICT (schema_name, relation_name, column_name) DO UPDATE
                SET sunset = excluded.sunset, carried = true,
                    own_sunset = CASE WHEN d.carried THEN d.own_sunset ELSE d.sunset END
              WHERE d.sunset > excluded.sunset
             RETURNING column_name",
            &rename_args(from, to),
            |r| r.must(1),
        )
    });
    new.sort();
    new
}

/// Columns that are deprecated under a name and not, or later, for the relation that takes it.
#[must_use]
pub fn waiting(mover: &Name, under: &Name) -> Vec<String> {
    if !deprecation::is_used() {
        return Vec::new();
    }
    owner::run(|| {
        spi::select(
            "SELECT n.column_name FROM governance.deprecation n
               LEFT JOIN governance.deprecation o
                    ON (o.schema_name, o.relation_name, o.column_name) = ($1, $2, n.column_name)
              WHERE (n.schema_name, n.relation_name) = ($3, $4) AND (o.sunset IS NULL OR o.sunset > n.sunset)
              ORDER BY 1",
            &rename_args(mover, under),
            |r| r.must(1),
        )
    })
}

/// A relation takes a name under which deprecations wait: called before its own move there.
pub fn unite(mover: &Name, under: &Name) {
    if !deprecation::is_used() {
        return;
    }
    owner::run(|| {
        spi::execute(
            "UPDATE governance.deprecation o
                SET sunset = n.sunset, carried = true, own_sunset = CASE WHEN o.carried THEN o.own_sunset ELSE o.sunset END
               FROM governance.deprecation n
              WHERE (o.schema_name, o.relation_name, n.schema_name, n.relation_name) = ($1, $2, $3, $4)
                AND o.column_name = n.column_name AND n.sunset < o.sunset",
            &rename_args(mover, under),
        );
        spi::execute(
            "DELETE FROM governance.deprecation n USING governance.deprecation o
              WHERE (o.schema_name, o.relation_name, n.schema_name, n.relation_name) = ($1, $2, $3, $4)
                AND o.column_name = n.column_name",
            &rename_args(mover, under),
        );
        spi::execute(
            "UPDATE governance.deprecation SET carried = true
              WHERE (schema_name, relation_name) = ($3, $4) AND ($1, $2) <> ($3, $4)",
            &rename_args(mover, under),
        );
    });
}

/// How strict deprecated columns of a relation are, and nothing else of it: all that comes down a tree from relations
/// that nobody declared. None where it has none.
#[must_use]
pub fn strictness_of(name: &Name) -> Option<Strictness> {
    let has_any = deprecation::is_used()
        && owner::run(|| {
            spi::select_one(
                "SELECT EXISTS (SELECT FROM governance.deprecation WHERE (schema_name, relation_name) = ($1, $2))",
                &[name.schema.as_str().into(), name.relation.as_str().into()],
                |r| r.must(1),
            )
        })
        .unwrap_or(false);
    let only = |(feature, level): (String, Level)| {
        let level = if feature == "deprecation" { level } else { Level::Off };
        (feature, level)
    };
    has_any.then(|| strictness::of(name).into_iter().map(only).collect())
}

/// Takes back what was carried to a relation before a question about it was asked.
pub fn take_back(name: &Name, proposal: i64) {
    let key = || [name.schema.as_str().into(), name.relation.as_str().into(), proposal.into()];
    const CARRIED: &str = "schema_name = $1 AND relation_name = $2 AND carried
        AND declared_at <= (SELECT proposed_at FROM governance.proposal WHERE id = $3)";
    owner::run(|| {
        spi::execute(
            &format!("DELETE FROM governance.deprecation WHERE {CARRIED} AND own_sunset IS NULL"),
            &key(),
        );
        spi::execute(
            &format!(
                "UPDATE governance.deprecation SET sunset = own_sunset, own_sunset = NULL, carried = false WHERE {CARRIED}"
            ),
            &key(),
        );
    });
}
