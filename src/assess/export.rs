//! Documents for other tools.
use crate::core::assess::export::{Row, junit, prometheus};
use crate::error;
use crate::pg::spi;

/// What can be written today.
const FORMATS: [&str; 3] = ["junit", "prometheus", "sarif"];

/// The lines of a document, from what the caller may see.
pub fn document(format: &str) -> Vec<String> {
    let write: fn(&[Row]) -> Vec<String> = match format {
        "junit" => junit,
        "prometheus" => prometheus,
        "sarif" => error::not_yet("assess_export('sarif')").raise(),
        _ => error::not_one_of("format", format, &FORMATS).raise(),
    };
    let rows = spi::select(
        "SELECT check_id, item, status, severity, object, finding, remediation_sql FROM governance.assess()",
        &[],
        |r| Row {
            check: r.must(1),
            item: r.must(2),
            status: r.must(3),
            severity: r.must(4),
            object: r.must(5),
            finding: r.must(6),
            remediation: r.get(7),
        },
    );
    write(&rows)
}
