//! Partial manifests: the datasets of one domain and what is stated about them.
use super::{Section, sections};
use crate::core::registry::feature::Scope;
use crate::core::registry::manifest::{Item, Problem, Sections};
use crate::pg::catalog::Name;
use crate::pg::{owner, spi};
use serde_json::{Value, json};
use std::collections::{HashMap, HashSet};

/// The part that a manifest is about: everything, or a domain with the datasets it has now.
pub struct Part(Option<(String, HashSet<Name>)>);

impl Part {
    /// The part of a domain; None for everything.
    #[must_use]
    pub fn of(domain: Option<&str>) -> Self {
        Part(domain.map(|domain| {
            let names = owner::run(|| {
                spi::select(
                    "SELECT schema_name, relation_name FROM governance._dataset WHERE domain = $1",
                    &[domain.into()],
                    |r| Name { schema: r.must(1), relation: r.must(2) },
                )
            });
            (domain.to_string(), names.into_iter().collect())
        }))
    }

    /// Whether it is less than everything.
    #[must_use]
    pub fn is_part(&self) -> bool {
        self.0.is_some()
    }

    /// Whether a part has items of a section: those that name a relation, and levels.
    #[must_use]
    pub fn has_section(&self, section: &Section) -> bool {
        self.0.is_none() || section.name == "levels" || section.fields.iter().any(|f| f.name == "relation")
    }

    /// Whether an item belongs to it.
    #[must_use]
    pub fn holds(&self, item: &Item) -> bool {
        self.0.as_ref().is_none_or(|(_, names)| relation_of(item).is_some_and(|n| names.contains(&n)))
    }

    /// The items wanted, each dataset in the domain.
    ///
    /// # Errors
    /// Everything that lies outside of it.
    pub fn fit(&mut self, mut wanted: Sections) -> Result<Sections, Vec<Problem>> {
        let Some((domain, names)) = &mut self.0 else { return Ok(wanted) };
        let mut problems = Vec::new();
        let others = of_other_domains(domain);
        if let Some(datasets) = wanted.get_mut("datasets") {
            for (i, item) in datasets.values_mut() {
                match item.get("domain") {
                    None => {
                        item.insert("domain".into(), json!(domain));
                    }
                    Some(Value::String(other)) if other == domain => {}
                    Some(other) => problems.push(Problem {
                        path: format!("$.datasets[{i}].domain"),
                        what: other.to_string(),
                        allowed: format!("\"{domain}\", the domain that this manifest is about"),
                    }),
                }
                let name = relation_of(item);
                if let Some(other) = name.as_ref().and_then(|n| others.get(n)) {
                    problems.push(Problem {
                        path: format!("$.datasets[{i}]"),
                        what: format!("a dataset of domain \"{other}\""),
                        allowed: format!("datasets of domain \"{domain}\", or of none yet"),
                    });
                }
                names.extend(name);
            }
        }
        for (section, items) in &wanted {
            for (i, item) in items.values() {
                if !relation_of(item).is_some_and(|n| names.contains(&n)) {
                    problems.push(Problem {
                        path: format!("$.{section}[{i}]"),
                        what: "something outside of the domain".into(),
                        allowed: format!("what is stated about datasets of domain \"{domain}\""),
                    });
                }
            }
        }
        if problems.is_empty() { Ok(wanted) } else { Err(problems) }
    }
}

/// Datasets that belong to another domain, and which.
fn of_other_domains(domain: &str) -> HashMap<Name, String> {
    owner::run(|| {
        spi::select(
            "SELECT schema_name, relation_name, domain FROM governance._dataset WHERE domain <> $1",
            &[domain.into()],
            |r| (Name { schema: r.must(1), relation: r.must(2) }, r.must(3)),
        )
    })
    .into_iter()
    .collect()
}

/// The relation that an item is about: its own field, or its scope.
fn relation_of(item: &Item) -> Option<Name> {
    if let Some(relation) = item.get("relation").and_then(Value::as_str) {
        return sections::name_of(relation);
    }
    match Scope::parse(item.get("scope")?.as_str()?) {
        Ok(Scope::Dataset(schema, relation)) => Some(Name { schema, relation }),
        _ => None,
    }
}
