//! What mentions relations and schemas in passing: scopes of duties and of break-glasses, objects of decisions. They
//! follow a rename, and stay with the name too where another relation takes it over.
use crate::core::registry::feature::Scope;
use crate::pg::catalog::Name;
use crate::pg::{owner, spi};

/// Whether a relation is mentioned.
#[must_use]
pub fn is_mentioned(name: &Name) -> bool {
    owner::run(|| {
        spi::select_one(
            "SELECT EXISTS (SELECT FROM governance.duty WHERE scope = 'dataset:' || $1)
                 OR EXISTS (SELECT FROM governance.decision WHERE $1 = ANY (objects))",
            &[name.to_string().into()],
            |r| r.must(1),
        )
    })
    .unwrap_or(false)
}

/// Whether a duty has this scope.
#[must_use]
pub fn is_scope(scope: &str) -> bool {
    owner::run(|| {
        spi::select_one(
            "SELECT EXISTS (SELECT FROM governance.duty WHERE scope = $1)",
            &[scope.into()],
            |r| r.must(1),
        )
    })
    .unwrap_or(false)
}

/// A relation got another name.
pub fn relation_renamed(before: &Name, now: &Name) {
    scope_renamed(&format!("dataset:{before}"), &format!("dataset:{now}"));
    owner::run(|| {
        // A decision may be about both already.
        spi::execute(
            "UPDATE governance.decision SET objects = CASE WHEN $2 = ANY (objects) THEN array_remove(objects, $1)
                                                           ELSE array_replace(objects, $1, $2) END
              WHERE $1 = ANY (objects)",
            &[before.to_string().into(), now.to_string().into()],
        )
    });
}

/// A scope, of a relation or of a schema, got another name.
pub fn scope_renamed(before: &str, now: &str) {
    let both = [before.into(), now.into()];
    owner::run(|| {
        spi::execute(
            "DELETE FROM governance.duty o USING governance.duty n
              WHERE (o.scope, n.scope) = ($1, $2) AND (o.duty, o.role) = (n.duty, n.role)",
            &both,
        );
        spi::execute("UPDATE governance.duty SET scope = $2 WHERE scope = $1", &both);
        spi::execute("UPDATE governance.break_glass_entry SET scope = $2 WHERE scope = $1", &both);
    });
}

/// Another relation bears the name that one left: what mentioned the name means both.
pub fn taken_over(left_to: &Name, name: &Name) {
    owner::run(|| {
        spi::execute(
            "INSERT INTO governance.duty (duty, role, scope, granted_at, granted_by, comment)
             SELECT duty, role, $2, granted_at, granted_by, comment FROM governance.duty WHERE scope = $1
             ON CONFLICT DO NOTHING",
            &[format!("dataset:{left_to}").into(), format!("dataset:{name}").into()],
        );
        spi::execute(
            "UPDATE governance.decision SET objects = objects || $2::text
              WHERE $1 = ANY (objects) AND NOT $2 = ANY (objects)",
            &[left_to.to_string().into(), name.to_string().into()],
        );
    });
}

/// Relations of a schema that levels, duties or decisions mention, whether they exist or not.
pub fn relations_of(schema: &str) -> Vec<String> {
    let scopes: Vec<String> = owner::run(|| {
        spi::select(
            "SELECT scope FROM governance.level WHERE scope LIKE 'dataset:%'
             UNION SELECT scope FROM governance.duty WHERE scope LIKE 'dataset:%'
             UNION SELECT 'dataset:' || o FROM governance.decision d, unnest(d.objects) o WHERE o LIKE '%.%'",
            &[],
            |r| r.must(1),
        )
    });
    scopes
        .iter()
        .filter_map(|scope| match Scope::parse(scope) {
            Ok(Scope::Dataset(s, relation)) if s == schema => Some(relation),
            _ => None,
        })
        .collect()
}
