//! Exports: one masked SELECT, its lines, what is checked on the way, and a receipt.
use super::{key, receipt, threshold};
use crate::core::privacy::format::{Digester, Format, copy_field, csv_field};
use crate::core::privacy::output::{Classes, MOST_CLASSES, Sampler};
use crate::core::registry::level::{Declared, Level};
use crate::error;
use crate::pg::catalog::{self, Name};
use crate::pg::lineage::Edge;
use crate::pg::mask::export::{Row, random};
use crate::pg::mask::{Noted, tagged_columns};
use crate::pg::{lineage, owner, xact};
use crate::registry::ladder::Ladder;
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};

/// Whether exports are checked, and what becomes of those that let out too much.
const FEATURE: &str = "privacy.exports";
/// The tag of quasi-identifiers, and all below it.
const QUASI: &str = "quasi";

/// What was asked for.
pub struct Wish {
    /// The query, as it was given.
    pub query: String,
    pub(super) format: Format,
    pub(super) recipient: String,
    pub(super) min_k: u32,
}

impl Wish {
    /// Checks what can be checked before anything is done.
    #[must_use]
    pub fn new(query: String, format: &str, recipient: String, min_k: Option<i32>) -> Self {
        let known = Format::parse(format);
        let format = known.unwrap_or_else(|| error::not_one_of("format", format, &Format::NAMES).raise());
        // The argument only tightens: whoever exports is not who decides.
        let least = threshold::of(&recipient);
        let min_k = match min_k.map(u32::try_from) {
            None => least,
            Some(Ok(k)) if k >= least => k,
            Some(_) => error::privacy::bad_min_k(least).raise(),
        };
        key::ensure("");
        Wish { query, format, recipient, min_k }
    }
}

/// How an export ended.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Every line was handed out.
    Complete,
    /// Nobody wanted more.
    Stopped,
    /// By an error, or with its transaction.
    Failed,
    /// Its level does not let it out.
    Refused,
}

impl Outcome {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Outcome::Complete => "complete",
            Outcome::Stopped => "stopped",
            Outcome::Failed => "failed",
            Outcome::Refused => "refused",
        }
    }
}

/// An export under way.
pub struct Export {
    pub(super) wish: Wish,
    pub(super) level: Level,
    /// What is known when it begins: who, when, what from.
    pub(super) begun: Map<String, Value>,
    pub(super) columns: Vec<String>,
    pub(super) seen: Noted,
    /// By (relation, column): the output columns that show it, None where lineage could not tell.
    pub(super) shown: Option<BTreeMap<(String, String), BTreeSet<usize>>>,
    /// Tags of what each output column shows.
    pub(super) tags: Vec<BTreeSet<String>>,
    pub(super) quasi: Vec<usize>,
    pub(super) classes: Option<Classes>,
    pub(super) sampler: Option<Sampler>,
    pub(super) digest: Digester,
    pub(super) lines: u64,
    pub(super) refused: bool,
}

impl Export {
    /// Begins; the query was planned and opened.
    #[must_use]
    pub fn begin(wish: Wish, statement: &str, columns: Vec<String>, search_path: &str, seen: Noted) -> Self {
        let begun = receipt::begins("export_query", &wish.recipient);
        let edges = xact::apart(|| lineage::statement::lineage(statement, search_path))
            .map(|deliveries| deliveries.into_iter().flat_map(|d| d.edges).collect::<Vec<_>>());
        let level = level_of(edges.as_deref().unwrap_or_default());
        let mut export = Export {
            wish,
            level,
            begun,
            tags: vec![BTreeSet::new(); columns.len()],
            columns,
            seen,
            shown: None,
            quasi: Vec::new(),
            classes: None,
            sampler: None,
            digest: Digester::default(),
            lines: 0,
            refused: false,
        };
        if let Some(edges) = edges {
            export.place(&edges);
        }
        if level > Level::Off {
            let is_quasi =
                |t: &String| t == QUASI || t.strip_prefix(QUASI).is_some_and(|r| r.starts_with('.'));
            export.quasi =
                (0..export.columns.len()).filter(|i| export.tags[*i].iter().any(is_quasi)).collect();
            export.classes = (!export.quasi.is_empty()).then(|| Classes::new(MOST_CLASSES));
            export.sampler = Some(Sampler::new(random().map_or(1, u64::from_ne_bytes)));
        }
        export
    }

    /// Notes which output column shows which column of which relation, and so which tags.
    fn place(&mut self, edges: &[Edge]) {
        let mut tagged = BTreeMap::new();
        let mut shown: BTreeMap<(String, String), BTreeSet<usize>> = BTreeMap::new();
        for edge in edges {
            let Some(relation) = catalog::relation_name(edge.input) else { continue };
            let inputs = match &edge.column {
                Some(column) => vec![column.clone()],
                None => columns_of(edge),
            };
            let output = edge.output.as_ref().filter(|_| edge.role.is_direct());
            let outputs: Vec<usize> =
                (0..self.columns.len()).filter(|i| output == Some(&self.columns[*i])).collect();
            let of = tagged.entry(edge.input.to_u32()).or_insert_with(|| tagged_columns(edge.input));
            for input in inputs {
                for (_, tags) in of.iter().filter(|(column, _)| *column == input) {
                    outputs.iter().for_each(|i| self.tags[*i].extend(tags.iter().cloned()));
                }
                shown.entry((relation.to_string(), input)).or_default().extend(&outputs);
            }
        }
        self.shown = Some(shown);
    }

    /// The first line, where the format has one.
    #[must_use]
    pub fn header(&self) -> Option<Vec<u8>> {
        (self.wish.format == Format::Csv).then(|| {
            let mut line = Vec::new();
            for (i, name) in self.columns.iter().enumerate() {
                csv_field(Some(name.as_bytes()), i == 0, &mut line);
            }
            line
        })
    }

    /// Whether nothing may be handed out before all was checked.
    #[must_use]
    pub fn is_checked_first(&self) -> bool {
        self.level == Level::Enforce
    }

    /// The line of a row, which is checked.
    pub fn line(&mut self, row: &mut Row) -> Vec<u8> {
        let mut line = Vec::new();
        match self.wish.format {
            Format::Jsonl => line.extend_from_slice(row.json()),
            Format::Csv => (0..row.columns()).for_each(|i| csv_field(row.bytes(i), i == 0, &mut line)),
            Format::Copy => (0..row.columns()).for_each(|i| copy_field(row.bytes(i), i == 0, &mut line)),
        }
        if let Some(classes) = &mut self.classes {
            let quasi: Vec<Option<Vec<u8>>> =
                self.quasi.iter().map(|i| row.bytes(*i).map(<[u8]>::to_vec)).collect();
            classes.add(&quasi);
        }
        if let Some(sampler) = &mut self.sampler {
            sampler.add(row.columns(), |i| row.bytes(i).map(|b| String::from_utf8_lossy(b).into_owned()));
        }
        line
    }

    /// A line has left.
    pub fn handed_out(&mut self, line: &[u8]) {
        self.digest.line(line);
        self.lines += 1;
    }

    /// Why all that was read may not leave, at level enforce.
    pub fn is_refused(&mut self) -> Option<String> {
        let risks = self.risks();
        self.refused = !risks.is_empty();
        self.refused.then(|| risks.join(" "))
    }

    /// The export has ended: leaves the receipt, and says what is wrong.
    pub fn end(self, outcome: Outcome) {
        let risks = if outcome == Outcome::Complete { self.risks() } else { Vec::new() };
        if self.level == Level::Warn && !risks.is_empty() {
            error::privacy::export_risk(&risks.join(" ")).warn();
        }
        receipt::leave(self.receipt(outcome));
    }

    /// The same at the end of a transaction that was aborted. Must not raise.
    pub fn end_aborted(&self) {
        let outcome = if self.refused { Outcome::Refused } else { Outcome::Failed };
        receipt::leave_aborted(self.receipt(outcome));
    }
}

/// All columns of a relation that is used as a whole.
fn columns_of(edge: &Edge) -> Vec<String> {
    let last = catalog::last_column_number(edge.input).unwrap_or(0);
    (1..=last).filter_map(|n| catalog::column_name(edge.input, n)).collect()
}

/// The strictest level of what is read; that of the database where nothing is.
fn level_of(edges: &[Edge]) -> Level {
    let inputs: BTreeSet<u32> = edges.iter().map(|e| e.input.to_u32()).collect();
    let mut names: Vec<Name> = inputs.into_iter().filter_map(|r| catalog::relation_name(r.into())).collect();
    names.push(Name { schema: String::new(), relation: String::new() });
    owner::run(|| Ladder::levels_of(FEATURE, &names, Declared::Single))
        .into_values()
        .max()
        .unwrap_or(Level::Observe)
}
