//! What accepting a proposal would do, or why it cannot be done.
use super::Proposal;
use crate::core::registry::level::Declared;
use crate::pg::catalog::{self, Name};
use crate::pg::regclass::Relation;
use crate::pg::{owner, roles, spi};
use crate::registry::ladder::Ladder;
use crate::registry::{consumer, dataset, duty, grant, party, tagging};
use std::collections::{HashMap, HashSet};

/// The party that a role acts for.
pub struct Party {
    name: String,
    /// It has to be declared first.
    pub new: bool,
    /// The role that acts for it; None where only a comment or a schema names it.
    role: Option<String>,
}

/// What accepting does.
pub enum Plan {
    /// Declares the owner.
    Owner(Party),
    /// Declares a consumer of these columns, or of all.
    Consumer(Party, Option<Vec<String>>),
    /// Declares class, domain or concept.
    Field,
    /// Tags this column.
    Tag(String),
    /// Keeps the declaration.
    Keep,
}

/// What plans depend on, read once however many proposals there are, and kept up to date while they are carried out or
/// rehearsed.
pub struct Situation {
    parties: HashMap<String, Vec<String>>,
    consumers: HashSet<(Name, String)>,
    scoped_classes: HashSet<String>,
    operator: bool,
    /// Datasets to declare: one statement for all that was accepted about one.
    pending: Vec<(Relation, dataset::Statement)>,
    place: HashMap<Name, usize>,
}

impl Situation {
    /// As it is now.
    #[must_use]
    pub fn now() -> Self {
        let (parties, consumers, scoped_classes) = owner::run(|| {
            let parties =
                spi::select("SELECT name, db_roles FROM governance.party", &[], |r| (r.must(1), r.must(2)));
            let consumers =
                spi::select("SELECT schema_name, relation_name, party FROM governance.consumer", &[], |r| {
                    (Name { schema: r.must(1), relation: r.must(2) }, r.must(3))
                });
            let scoped = spi::select(
                "SELECT DISTINCT substr(scope, 7) FROM governance.level WHERE level IS NOT NULL AND starts_with(scope, 'class:')",
                &[],
                |r| r.must(1),
            );
            (parties, consumers, scoped)
        });
        Self {
            parties: parties.into_iter().collect(),
            consumers: consumers.into_iter().collect(),
            scoped_classes: scoped_classes.into_iter().collect(),
            operator: duty::is_operator(),
            pending: Vec::new(),
            place: HashMap::new(),
        }
    }

    /// Stewards and operators decide; about owners, parties that are new, and relations that are gone, operators.
    #[must_use]
    pub fn is_for_me(&self, p: &Proposal) -> bool {
        self.operator || (!self.is_operators(p) && p.relation().is_some_and(duty::is_steward))
    }

    /// Whether only operators decide about it.
    #[must_use]
    pub fn is_operators(&self, p: &Proposal) -> bool {
        p.kind == "owner"
            || (p.kind == "consumer" && !matches!(self.party_for(&p.value), Ok(Party { new: false, .. })))
    }

    /// The plan for a proposal.
    pub fn plan(&self, p: &Proposal) -> Result<(Plan, Relation), String> {
        let Some(relation) = p.relation() else { return Err("the relation is gone".into()) };
        let is_gone = |column: &String| catalog::column_number(relation.0, column).is_none();
        if p.column.as_ref().is_some_and(is_gone) {
            return Err("the column is gone".into());
        }
        let plan = match (p.kind.as_str(), &p.column) {
            ("owner", _) => Plan::Owner(self.party_for(&p.value)?),
            ("consumer", _) => {
                let party = self.party_for(&p.value)?;
                if self.consumers.contains(&(p.name.clone(), party.name.clone())) {
                    return Err(format!("party \"{}\" is a consumer of it already", party.name));
                }
                let columns = p.columns();
                if columns.iter().flatten().any(is_gone) {
                    return Err("a column is gone".into());
                }
                Plan::Consumer(party, columns)
            }
            ("class", _) => {
                self.require_no_weakening(p)?;
                Plan::Field
            }
            ("domain" | "concept", _) => Plan::Field,
            ("tag", Some(column)) => Plan::Tag(column.clone()),
            ("identity", _) => Plan::Keep,
            _ => return Err(format!("proposals of kind {} cannot be accepted here", p.kind)),
        };
        Ok((plan, relation))
    }

    /// Lowering a level needs a reason, which accepting does not give.
    fn require_no_weakening(&self, p: &Proposal) -> Result<(), String> {
        if p.value == "analytical" && dataset::facts(&p.name).declared == Declared::Single {
            return Err("it is declared one by one, and the class would lower its levels".into());
        }
        if self.scoped_classes.contains(&p.value) && Ladder::of(&p.name).class_would_lower(&p.value) {
            return Err(format!("levels that are set for class {} would lower its own", p.value));
        }
        Ok(())
    }

    /// The party that a role acts for: the one declared with it, else a new one of its name.
    fn party_for(&self, value: &str) -> Result<Party, String> {
        let mut of: Vec<&String> = self
            .parties
            .iter()
            .filter(|(_, of)| of.iter().any(|r| r == value))
            .map(|(name, _)| name)
            .collect();
        of.sort();
        let known = |name: &str| Ok(Party { name: name.to_string(), new: false, role: None });
        let is_role = roles::oid(value).is_some();
        match of.as_slice() {
            [party] => known(party),
            [_, ..] if of.iter().any(|party| *party == value) => known(value),
            [_, ..] => {
                let of: Vec<&str> = of.into_iter().map(String::as_str).collect();
                Err(format!("role \"{value}\" acts for several parties: {}", of.join(", ")))
            }
            [] if self.parties.contains_key(value) && is_role => {
                Err(format!("party \"{value}\" is declared without the role"))
            }
            [] if self.parties.contains_key(value) => known(value),
            [] if is_role && makes_me_a_member(value) => Err(format!(
                "nobody makes themselves a member of a party; another operator declares party \"{value}\""
            )),
            [] => Ok(Party { name: value.to_string(), new: true, role: is_role.then(|| value.to_string()) }),
        }
    }

    /// Does it, or only remembers that it would be done. Declarations of datasets wait for [`Self::declare_pending`].
    pub fn carry_out(&mut self, plan: Plan, p: &Proposal, relation: Relation, dry_run: bool) {
        match plan {
            Plan::Owner(party) => {
                self.declare_party(&party, dry_run);
                self.statement(relation, p).owner = Some(party.name);
            }
            Plan::Field => {
                let value = Some(p.value.clone());
                let s = self.statement(relation, p);
                match p.kind.as_str() {
                    "class" => s.class = value,
                    "domain" => s.domain = value,
                    _ => s.concept = value,
                }
            }
            Plan::Consumer(party, columns) => {
                self.declare_party(&party, dry_run);
                if !dry_run {
                    consumer::declare(relation, &party.name, columns, None, None);
                }
                self.consumers.insert((p.name.clone(), party.name));
            }
            Plan::Tag(column) if !dry_run => {
                tagging::tag(relation, &column, tagging::Tag { tag: &p.value, path: "" }, "proposal")
            }
            Plan::Tag(_) | Plan::Keep => {}
        }
    }

    fn declare_party(&mut self, party: &Party, dry_run: bool) {
        if party.new {
            let of: Vec<String> = party.role.iter().cloned().collect();
            if !dry_run {
                party::declare(&party.name, None, Some(&of), None);
            }
            self.parties.insert(party.name.clone(), of);
        }
    }

    /// What waits to be stated about a relation. In bulk: it raises no level above warn.
    fn statement(&mut self, relation: Relation, p: &Proposal) -> &mut dataset::Statement {
        let next = self.pending.len();
        let place = *self.place.entry(p.name.clone()).or_insert(next);
        if place == next {
            self.pending.push((relation, dataset::Statement { in_bulk: true, ..Default::default() }));
        }
        &mut self.pending[place].1
    }

    /// Declares the datasets that wait.
    pub fn declare_pending(&mut self) {
        self.place.clear();
        for (relation, statement) in self.pending.drain(..) {
            dataset::declare(relation, statement);
        }
    }
}

/// Whether a new party with this role would have the current user in it: refused, superusers excepted.
fn makes_me_a_member(role: &str) -> bool {
    !roles::is_superuser(roles::current()) && roles::oid(role).is_some_and(grant::is_oneself)
}

/// A plan in words.
#[must_use]
pub fn describe(plan: &Plan, p: &Proposal) -> String {
    let party_as = |party: &Party, what: &str| match (party.new, &party.role) {
        (true, Some(_)) => format!("declare party \"{}\", and it as {what}", party.name),
        (true, None) => format!("declare party \"{}\" without roles, and it as {what}", party.name),
        (false, _) => format!("declare {what} \"{}\"", party.name),
    };
    match plan {
        Plan::Owner(party) => party_as(party, "owner"),
        Plan::Consumer(party, None) => party_as(party, "consumer"),
        Plan::Consumer(party, Some(columns)) => {
            let columns: Vec<String> = columns.iter().map(pgrx::spi::quote_identifier).collect();
            format!("{} of {}", party_as(party, "consumer"), columns.join(", "))
        }
        Plan::Field => format!("declare {} {}", p.kind, p.value),
        Plan::Tag(_) => format!("tag {}", p.value),
        Plan::Keep => "keep the declaration".into(),
    }
}
