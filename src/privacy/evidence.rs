//! What is known of an export when it has ended: its risks, and the fields of its receipt.
use super::export::{Export, Outcome};
use super::receipt;
use crate::core::privacy::format::Format;
use crate::core::privacy::output::{Found, MOST_CLASSES, Sampler};
use crate::core::privacy::receipt::utc;
use crate::core::registry::level::Level;
use crate::pg::plain;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

impl Export {
    /// What a level is about, as sentences.
    pub(super) fn risks(&self) -> Vec<String> {
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
    pub(super) fn receipt(&self, outcome: Outcome) -> Map<String, Value> {
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
