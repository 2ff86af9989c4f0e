//! Victims: what a statement takes away or renames, each with the rule it falls under.
use crate::pg::catalog::{self, Name};
use crate::pg::ddl::{Ddl, Target};
use crate::pg::guard;
use crate::pg::object::Address;
use crate::pg::{relation, xact};
use crate::registry::tree;
use pgrx::pg_sys;
use pgrx::spi::{quote_identifier, quote_literal};

/// One object that a statement takes away, renames or empties.
#[derive(Clone, Debug)]
pub struct Victim {
    /// Rule it falls under: `ban-drop-column`.
    pub rule: &'static str,
    /// The object in words: `dropping column sales.orders.phone`.
    pub what: String,
    /// The relation whose declaration decides the level.
    pub dataset: Name,
    /// The relation, where it is known.
    pub relid: Option<pg_sys::Oid>,
    /// The column, where it is one.
    pub column: Option<String>,
    /// The object, where one goes away or is emptied.
    pub object: Option<Address>,
    /// The same wish as a change can plan it; None where no change form exists.
    pub wish: Option<String>,
    /// Made by the running transaction, or temporary: nobody loses anything.
    pub harmless: bool,
}

/// A relation or column about to be dropped. `kind` as in `pg_class.relkind`; kinds without rows are nobody's loss.
#[must_use]
pub fn victim_of_drop(relid: pg_sys::Oid, name: Name, kind: u8, column: Option<i16>) -> Option<Victim> {
    // Asking who governs it would read what is about to go, when the extension itself is dropped.
    if name.schema == catalog::SCHEMA {
        return None;
    }
    let harmless = catalog::is_temporary(relid) || xact::is_created_here(relid, column);
    let (number, column) = (column, column.and_then(|number| catalog::column_name(relid, number)));
    let governors = tree::governors(relid);
    let in_a_tree = kind == b'p' || catalog::partition_root(relid).is_some();
    let object = number.map_or_else(|| Address::relation(relid), |number| Address::column(relid, number));
    drop_victim(object, name, governors, kind, in_a_tree, column, harmless)
}

/// A relation or column that was dropped, when its name is all that is left. `governors`: the declared datasets among it
/// and what is above it. `in_a_tree`: it is a partition or a partitioned table, whose dropping has no change form.
#[must_use]
pub fn drop_victim(
    object: Address,
    name: Name,
    governors: Vec<Name>,
    kind: u8,
    in_a_tree: bool,
    column: Option<String>,
    harmless: bool,
) -> Option<Victim> {
    if name.schema == catalog::SCHEMA {
        return None;
    }
    let (rule, word, command) = match kind {
        b'r' | b'p' | b'f' => ("ban-drop-table", "table", "DROP TABLE"),
        b'v' => ("ban-drop-view", "view", "DROP VIEW"),
        b'm' => ("ban-drop-view", "materialized view", "DROP MATERIALIZED VIEW"),
        _ => return None,
    };
    let judged_by = if column.is_some() { "ban-drop-column" } else { rule };
    let dataset = strictest(judged_by, governors, &name);
    let is_root_or_alone = dataset == name;
    Some(match column {
        Some(column) if rule == "ban-drop-table" => Victim {
            rule: "ban-drop-column",
            what: format!("dropping column {name}.{}", quote_identifier(&column)),
            wish: is_root_or_alone
                .then(|| format!("ALTER TABLE {name} DROP COLUMN {}", quote_identifier(&column))),
            dataset,
            relid: Some(object.id),
            column: Some(column),
            object: Some(object),
            harmless,
        },
        Some(_) => return None, // columns of views and composite types go with their relation
        None => Victim {
            rule,
            what: format!("dropping {word} {name}"),
            wish: (kind == b'r' && !in_a_tree).then(|| format!("{command} {name}")),
            dataset,
            relid: Some(object.id),
            column: None,
            object: Some(object),
            harmless,
        },
    })
}

/// A schema about to be dropped.
#[must_use]
pub fn victim_of_schema_drop(schema: String) -> Victim {
    Victim {
        rule: "ban-drop-schema",
        what: format!("dropping schema {}", quote_identifier(&schema)),
        dataset: Name { schema, relation: String::new() },
        relid: None,
        column: None,
        object: None,
        wish: None,
        harmless: false,
    }
}

/// A relation about to be truncated.
#[must_use]
pub fn victim_of_truncate(relid: pg_sys::Oid, name: Name) -> Victim {
    Victim {
        rule: "ban-truncate",
        what: format!("truncating {name}"),
        dataset: governing_name("ban-truncate", relid, &name),
        harmless: catalog::is_temporary(relid)
            || xact::is_created_here(relid, None)
            || name.schema == catalog::SCHEMA
            || !guard::has_rows(relid),
        relid: Some(relid),
        column: None,
        object: Some(Address::relation(relid)),
        wish: None,
    }
}

/// What a statement renames or moves, read before it runs.
#[must_use]
pub fn victims_of_rename(ddl: &Ddl) -> Vec<Victim> {
    let (target, rule, what, column, wish) = match ddl {
        Ddl::RenameRelation { target, new_name } => (
            target,
            "renaming-table",
            format!("renaming {} to {}", target.name, quote_identifier(new_name)),
            None,
            Some(format!("ALTER TABLE {} RENAME TO {}", target.name, quote_identifier(new_name))),
        ),
        Ddl::SetSchema { target, new_schema } if target.name.schema == *new_schema => return Vec::new(),
        Ddl::SetSchema { target, new_schema } => (
            target,
            "ban-set-schema",
            format!("moving {} to schema {}", target.name, quote_identifier(new_schema)),
            None,
            Some(format!("ALTER TABLE {} SET SCHEMA {}", target.name, quote_identifier(new_schema))),
        ),
        Ddl::RenameColumn { target, column, new_name } => (
            target,
            "renaming-column",
            format!(
                "renaming column {}.{} to {}",
                target.name,
                quote_identifier(column),
                quote_identifier(new_name)
            ),
            Some(column.clone()),
            is_table(target.relid).then(|| {
                format!(
                    "ALTER TABLE {} RENAME COLUMN {} TO {}",
                    target.name,
                    quote_identifier(column),
                    quote_identifier(new_name)
                )
            }),
        ),
        Ddl::RenameAttribute { target: composite, attribute, new_name } => {
            let typed = composite.relid.map(catalog::typed_tables).unwrap_or_default();
            return typed
                .into_iter()
                .filter_map(|relid| {
                    catalog::relation_name(relid).map(|name| Target { name, relid: Some(relid) })
                })
                .flat_map(|target| {
                    let (column, new_name) = (attribute.clone(), new_name.clone());
                    victims_of_rename(&Ddl::RenameColumn { target, column, new_name })
                })
                // A change cannot rename it in the table alone.
                .map(|victim| Victim { wish: None, ..victim })
                .chain(
                    composite.relid.into_iter().flat_map(|relid| renamed_in_rows(relid, attribute, new_name)),
                )
                .collect();
        }
        Ddl::RenameSchema { schema, new_name } => {
            if !guard::names::may_alter_schema(schema) {
                return Vec::new();
            }
            return vec![Victim {
                rule: "renaming-object",
                what: format!(
                    "renaming schema {} to {}",
                    quote_identifier(schema),
                    quote_identifier(new_name)
                ),
                dataset: Name { schema: schema.clone(), relation: String::new() },
                relid: None,
                column: None,
                object: None,
                wish: None,
                harmless: false,
            }];
        }
        _ => return Vec::new(),
    };
    // PostgreSQL has its own errors for what is not there and for who may not.
    let Some(relid) = target.relid.filter(|relid| guard::names::may_alter(*relid)) else { return Vec::new() };
    // A column that is not there is PostgreSQL's own error, or made by the script that is read.
    let number = column.as_deref().and_then(|column| guard::names::column(relid, column));
    if column.is_some() && number.is_none() {
        return Vec::new();
    }
    vec![Victim {
        rule,
        what,
        dataset: governing_name(rule, relid, &target.name),
        harmless: (catalog::is_temporary(relid) || xact::is_created_here(relid, number))
            && reached(rule, relid).is_empty(),
        relid: Some(relid),
        column,
        object: None,
        wish,
    }]
}

/// Columns whose values are of a composite type: clients name their attributes.
fn renamed_in_rows(composite: pg_sys::Oid, attribute: &str, new_name: &str) -> Vec<Victim> {
    if !guard::names::may_alter(composite) || guard::names::column(composite, attribute).is_none() {
        return Vec::new();
    }
    relation::columns_of_rows(composite)
        .into_iter()
        .filter_map(|(relid, column)| {
            let name = catalog::relation_name(relid)?;
            let what = format!(
                "renaming attribute {} of column {name}.{} to {}",
                quote_identifier(attribute),
                quote_identifier(&column),
                quote_identifier(new_name)
            );
            Some(Victim {
                rule: "renaming-column",
                what,
                dataset: governing_name("renaming-column", relid, &name),
                harmless: catalog::is_temporary(relid) || xact::is_created_here(relid, None),
                relid: Some(relid),
                column: Some(column),
                object: None,
                wish: None,
            })
        })
        .collect()
}

fn is_table(relid: Option<pg_sys::Oid>) -> bool {
    relid.and_then(catalog::relation_kind).is_some_and(|k| k == b'r' || k == b'p')
}

/// Rules about what a statement does to everything below the relation that it names, too.
const GOES_DOWN: [&str; 24] = [
    "adding-exclusion-constraint",
    "adding-field-with-default",
    "adding-foreign-key-constraint",
    "adding-not-nullable-field",
    "adding-required-field",
    "ban-alter-identity",
    "ban-disable-trigger",
    "ban-drop-constraint",
    "ban-drop-default",
    "ban-drop-generated-expression",
    "ban-drop-index",
    "ban-drop-not-null",
    "ban-drop-trigger",
    "bypassing-triggers",
    "changing-column-collation",
    "changing-column-type",
    "constraint-missing-not-valid",
    "disallowed-unique-constraint",
    "granting-access",
    "renaming-column",
    "require-concurrent-index-creation",
    "require-concurrent-index-deletion",
    "shrinking-column-type",
    "unbounded_write",
];

/// Declared datasets below a relation that a statement on it reaches under a rule, and that were there before it.
#[must_use]
pub fn reached(rule: &str, relid: pg_sys::Oid) -> Vec<Name> {
    if !GOES_DOWN.contains(&rule) {
        return Vec::new();
    }
    let below = tree::governed_below(relid).into_iter();
    below.filter(|(below, _)| !super::foresee::is_new(*below)).map(|(_, name)| name).collect()
}

/// The dataset whose declaration governs this relation under a rule: of itself, of what it is a partition or child of,
/// whose rows it holds, and of what is below it and reached too, the strictest.
#[must_use]
pub fn governing_name(rule: &str, relid: pg_sys::Oid, name: &Name) -> Name {
    let mut governors = tree::governors(relid);
    governors.extend(reached(rule, relid));
    strictest(rule, governors, name)
}

/// Of equals a declared one.
fn strictest(rule: &str, mut governors: Vec<Name>, name: &Name) -> Name {
    if !governors.contains(name) {
        governors.push(name.clone());
    }
    tree::strictest(&format!("guard.{rule}"), governors).unwrap_or_else(|| name.clone())
}

/// The call that brings the same wish in as a change, or the one with which an operator lets it pass.
#[must_use]
pub fn way_forward(victim: &Victim, hazard: &str, role: &str) -> String {
    if victim.rule == "require-lock-timeout" {
        return "SET lock_timeout = '2 s';".into();
    }
    if victim.rule == "disabling-guard" {
        return "An operator can run: SELECT governance.set_level('guard.disabling-guard', 'off', reason => 'why');".into();
    }
    match &victim.wish {
        Some(wish) => format!("SELECT governance.propose_change({}, 'why');", quote_literal(wish)),
        None => {
            let scope = match (victim.dataset.schema.as_str(), victim.dataset.relation.as_str()) {
                ("", _) => "NULL".to_string(),
                (schema, "") => quote_literal(format!("schema:{}", quote_identifier(schema))),
                _ => quote_literal(format!("dataset:{}", victim.dataset)),
            };
            format!(
                "An operator can run: SELECT governance.break_glass('why', {}, {scope}, {});",
                quote_literal(format!("{{{hazard}}}")),
                quote_literal(role)
            )
        }
    }
}
