//! The assessment as a document for other tools: JUnit for test reports, the Prometheus text format for monitoring.
use std::collections::BTreeMap;
use std::fmt::Write;

/// One row of an assessment, as far as documents show it.
#[derive(Clone, Debug)]
pub struct Row {
    /// `OWN-001`.
    pub check: String,
    /// `D1`.
    pub item: String,
    /// pass, fail, warn, not_assessed, manual, error or waived.
    pub status: String,
    /// critical to info.
    pub severity: String,
    /// What it is about.
    pub object: String,
    /// One sentence.
    pub finding: String,
    /// What mends it.
    pub remediation: Option<String>,
}

/// Text inside an XML attribute or element. Control characters that XML 1.0 cannot hold become U+FFFD.
fn xml(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut out, c| {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&apos;"),
            '\t' | '\n' | '\r' => {
                let _ = write!(out, "&#{};", c as u32);
            }
            c if (c as u32) < 0x20 || matches!(c, '\u{fffe}' | '\u{ffff}') => out.push('\u{fffd}'),
            c => out.push(c),
        }
        out
    })
}

/// JUnit: fail and warn are failures, error is an error, what could not be seen is skipped with its reason.
#[must_use]
pub fn junit(rows: &[Row]) -> Vec<String> {
    let count = |states: &[&str]| rows.iter().filter(|r| states.contains(&r.status.as_str())).count();
    let mut lines = vec![
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>".to_string(),
        format!(
            "<testsuite name=\"data_governance\" tests=\"{}\" failures=\"{}\" errors=\"{}\" skipped=\"{}\">",
            rows.len(),
            count(&["fail", "warn"]),
            count(&["error"]),
            count(&["not_assessed", "manual", "waived"]),
        ),
    ];
    for r in rows {
        let head = format!(
            "  <testcase classname=\"{}.{}\" name=\"{}\"",
            xml(&r.item),
            xml(&r.check),
            xml(&format!("{} {}", r.check, r.object)),
        );
        let body = match r.status.as_str() {
            "pass" => {
                lines.push(format!("{head}/>"));
                continue;
            }
            "fail" | "warn" => format!(
                "<failure type=\"{}\" message=\"{}\">{}</failure>",
                xml(&r.severity),
                xml(&r.finding),
                xml(r.remediation.as_deref().unwrap_or_default()),
            ),
            "error" => format!("<error message=\"{}\"/>", xml(&r.finding)),
            _ => format!("<skipped message=\"{}: {}\"/>", xml(&r.status), xml(&r.finding)),
        };
        lines.push(format!("{head}>{body}</testcase>"));
    }
    lines.push("</testsuite>".into());
    lines
}

/// Prometheus: how many rows each item has, by status and severity. Objects stay out: labels must not grow.
#[must_use]
pub fn prometheus(rows: &[Row]) -> Vec<String> {
    let mut counts: BTreeMap<(&str, &str, &str), usize> = BTreeMap::new();
    for r in rows {
        *counts.entry((&r.item, &r.status, &r.severity)).or_default() += 1;
    }
    let mut lines = vec![
        "# HELP data_governance_assessment Rows of the assessment by checklist item, status and severity."
            .to_string(),
        "# TYPE data_governance_assessment gauge".to_string(),
    ];
    lines.extend(counts.into_iter().map(|((item, status, severity), n)| {
        format!(
            "data_governance_assessment{{item=\"{item}\",status=\"{status}\",severity=\"{severity}\"}} {n}"
        )
    }));
    lines
}

#[cfg(test)]
mod tests {
    use super::{Row, junit, prometheus};

    fn row(status: &str, object: &str) -> Row {
        Row {
            check: "OWN-001".into(),
            item: "D1".into(),
            status: status.into(),
            severity: "medium".into(),
            object: object.into(),
            finding: "a < b & \"c\"\u{1}".into(),
            remediation: Some("SELECT 1;".into()),
        }
    }

    #[test]
    fn junit_escapes_and_counts() {
        let doc =
            junit(&[row("fail", "\"a\".\"<b>\""), row("pass", "x"), row("manual", "y"), row("error", "z")])
                .join("\n");
        assert!(doc.contains("tests=\"4\" failures=\"1\" errors=\"1\" skipped=\"1\""), "{doc}");
        assert!(doc.contains("name=\"OWN-001 &quot;a&quot;.&quot;&lt;b&gt;&quot;\""), "{doc}");
        assert!(doc.contains("message=\"a &lt; b &amp; &quot;c&quot;\u{fffd}\""), "{doc}");
    }

    #[test]
    fn prometheus_counts_by_item_and_status() {
        let lines = prometheus(&[row("fail", "a"), row("fail", "b"), row("pass", "c")]);
        assert_eq!(
            lines[2..],
            [
                "data_governance_assessment{item=\"D1\",status=\"fail\",severity=\"medium\"} 2",
                "data_governance_assessment{item=\"D1\",status=\"pass\",severity=\"medium\"} 1"
            ]
        );
    }
}
