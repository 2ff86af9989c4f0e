//! Exports: one masked SELECT, its lines, what is checked on the way, and a receipt.
use super::{key, receipt};
use crate::core::privacy::format::{Digester, Format, copy_field, csv_field};
use crate::core::privacy::output::{Classes, Found, MOST_CLASSES, Sampler};
use crate::core::privacy::receipt::utc;
use crate::core::registry::level::{Declared, Level};
use crate::error;
use crate::pg::catalog::{self, Name};
use crate::pg::lineage::Edge;
use crate::pg::mask::export::{Row, random};
use crate::pg::mask::{Noted, tagged_columns};
use crate::pg::{lineage, owner, plain, xact};
use crate::registry::ladder::Ladder;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// Whether exports are checked, and what becomes of those that let out too much.
pub const FEATURE: &str = "privacy.exports";
/// Smallest class of rows with the same quasi-identifiers, unless told otherwise.
const MIN_K: u32 = 5;
/// The tag of quasi-identifiers, and all below it.
const QUASI: &str = "quasi";

/// What was asked for.
pub struct Wish {
    /// The query, as it was given.
    pub query: String,
    format: Format,
    recipient: String,
    min_k: u32,
}

impl Wish {
    /// Checks what can be checked before anything is done.
    #[must_use]
    pub fn new(query: String, format: &str, recipient: String, min_k: Option<i32>) -> Self {
        let known = Format::parse(format);
        let format = known.unwrap_or_else(|| error::not_one_of("format", format, &Format::NAMES).raise());
        let min_k = match min_k.map(u32::try_from) {
            None => MIN_K,
            // The argument only tightens: whoever exports is not who decides.
            Some(Ok(k)) if k >= MIN_K => k,
            Some(_) => error::privacy::bad_min_k(MIN_K).raise(),
        };
        key::ensure();
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
    fn as_str(self) -> &'static str {
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
    wish: Wish,
    level: Level,
    /// What is known when it begins: who, when, what from.
    begun: Map<String, Value>,
    columns: Vec<String>,
    seen: Noted,
    /// By (relation, column): the output columns that show it, None where lineage could not tell.
    shown: Option<BTreeMap<(String, String), BTreeSet<usize>>>,
    /// Tags of what each output column shows.
    tags: Vec<BTreeSet<String>>,
    quasi: Vec<usize>,
    classes: Option<Classes>,
    sampler: Option<Sampler>,
    digest: Digester,
    lines: u64,
    refused: bool,
}

impl Export {
    /// Begins; the query was planned and opened.
    #[must_use]
    pub fn begin(wish: Wish, statement: &str, columns: Vec<String>, search_path: &str, seen: Noted) -> Self {
        let begun = receipt::begins("export_query");
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

    /// What a level is about, as sentences.
    fn risks(&self) -> Vec<String> {
        let mut risks = Vec::new();
        if let Some(a) = self.classes.as_ref().and_then(|c| c.assess(self.wish.min_k))
            && a.rows_below > 0
        {
            risks.push(format!(
                "{} rows are in classes of fewer than {} with the same {}; the smallest has {}.",
                a.rows_below,
                self.wish.min_k,
                self.names(&self.quasi).join(", "),
                a.smallest
            ));
        }
        for f in self.found().iter().filter(|f| f.is_likely) {
            risks.push(format!(
                "Column \"{}\" shows what looks like {} in {} of {} sampled values.",
                self.columns[f.column], f.tag, f.matching, f.sampled
            ));
        }
        risks
    }

    /// What the output looks like. A mask may look like what it stands for, so that of masked columns their own kind does
    /// not count.
    fn found(&self) -> Vec<Found> {
        let mut found = self.sampler.as_ref().map(Sampler::found).unwrap_or_default();
        found.retain(|f| {
            let is_own =
                |t: &String| t == f.tag || f.tag.strip_prefix(t.as_str()).is_some_and(|r| r.starts_with('.'));
            !self.tags[f.column].iter().any(is_own)
        });
        found
    }

    fn names(&self, columns: &[usize]) -> Vec<&str> {
        columns.iter().map(|i| self.columns[*i].as_str()).collect()
    }

    /// The fields of the receipt. Asks the server for nothing but the time: it may be made where nothing else works.
    fn receipt(&self, outcome: Outcome) -> Map<String, Value> {
        let mut fields = self.begun.clone();
        let key_id = fields.remove("key_id");
        let rows = self.lines - u64::from(self.lines > 0 && self.wish.format == Format::Csv);
        let seen = self.seen.borrow();
        let show = |relation: &str, column: &str| {
            let at = self.shown.as_ref()?.get(&(relation.to_string(), column.to_string()))?;
            Some(at.iter().map(|i| self.columns[*i].as_str()).collect::<Vec<_>>())
        };
        let is_masked = |(r, c): &(String, String)| seen.iter().any(|m| m.relation == *r && m.column == *c);
        let masked: Vec<Value> =
            seen.iter().map(|m| receipt::masked(m, key_id.as_ref(), show(&m.relation, &m.column))).collect();
        let read: Option<BTreeMap<&str, Vec<&str>>> = self.shown.as_ref().map(|shown| {
            let mut read: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
            for key in shown.keys().filter(|k| !is_masked(k)) {
                read.entry(&key.0).or_default().push(&key.1);
            }
            read
        });
        let more = json!({
            "query": self.wish.query,
            "format": format!("{:?}", self.wish.format).to_lowercase(),
            "recipient": (!self.wish.recipient.is_empty()).then_some(&self.wish.recipient),
            "finished_at": utc(plain::clock()),
            "outcome": outcome.as_str(),
            "complete": outcome == Outcome::Complete,
            "row_count": rows,
            "byte_count": self.digest.bytes(),
            "sha256": self.digest.finish(),
            "columns": self.columns,
            "policy_digest": receipt::policy_digest(&masked),
            "masked": masked,
            "read": read,
            "level": self.level.as_str(),
            "k_anonymity": self.anonymity(outcome),
            "found": self.found_json(),
        });
        if let Value::Object(more) = more {
            fields.extend(more);
        }
        fields
    }

    fn anonymity(&self, outcome: Outcome) -> Value {
        let not_assessed = |why: &str| json!({"assessed": false, "reason": why});
        if self.level == Level::Off {
            return not_assessed("level off");
        }
        if self.shown.is_none() {
            return not_assessed("it cannot be told where the columns come from");
        }
        let Some(classes) = &self.classes else {
            return not_assessed("no quasi-identifier in the output");
        };
        if matches!(outcome, Outcome::Stopped | Outcome::Failed) && !self.is_checked_first() {
            return not_assessed("not all rows were read");
        }
        match classes.assess(self.wish.min_k) {
            None => not_assessed(&format!("more than {MOST_CLASSES} classes")),
            Some(a) => json!({"assessed": true, "columns": self.names(&self.quasi), "k": self.wish.min_k,
                              "smallest": a.smallest, "rows_below": a.rows_below, "classes": a.classes}),
        }
    }

    fn found_json(&self) -> Value {
        let Some(sampler) = &self.sampler else {
            return json!({"assessed": false, "reason": "level off"});
        };
        let found: Vec<Value> = self
            .found()
            .iter()
            .map(|f| {
                json!({"column": self.columns[f.column], "tag": f.tag, "matching": f.matching,
                       "sampled": f.sampled, "likely": f.is_likely})
            })
            .collect();
        json!({"assessed": true, "sampled_rows": sampler.sampled(), "columns": found})
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
