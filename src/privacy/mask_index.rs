//! Indexes by which masked roles find rows by masked values.
use super::masking::{self, MaskFor};
use crate::audit::{self, Act};
use crate::error;
use crate::pg::catalog;
use crate::pg::mask::{self, index};
use crate::pg::regclass::Relation;
use crate::pg::settings_scope::with_setting;
use crate::pg::{owner, spi};
use crate::registry::tagging;
use pgrx::spi::quote_identifier;
use serde_json::json;

/// Makes an index over the mask that a column has for everybody, for a recipient or for a role; its name.
pub fn create(relation: Relation, column: &str, recipient: Option<&str>, role: Option<&str>) -> String {
    let name = relation.name();
    tagging::require_column(relation, &name, column);
    let shown = format!("{name}.{}", quote_identifier(column));
    let refuse = |why: &str| -> ! { error::privacy::no_index_for(&shown, why).raise() };
    let tagged = mask::tagged_columns(relation.0).into_iter().find(|(c, _)| c == column);
    let Some((_, tags)) = tagged else { refuse("It bears no tag whose masks are enforced.") };
    if tags.iter().any(|t| t.contains(" at $")) {
        refuse("It is tagged at paths inside JSON.");
    }
    let of = |tag| masking::in_force(MaskFor::new(tag, recipient, role));
    let strictest = tags.iter().map(|t| of(t.as_str())).reduce(crate::core::privacy::mask::Mask::strictest);
    let Some(strictest) = strictest else { refuse("It bears no tag.") };
    if strictest.subject().is_some() {
        refuse("The mask goes by another column, too.");
    }
    let number = catalog::column_number(relation.0, column).unwrap_or(0);
    let recipient = recipient.unwrap_or_default();
    let Some(expression) = index::expression_of(relation.0, number, &strictest, recipient) else {
        refuse(&format!("Mask {} is the same for all, or does not fit.", strictest.name()))
    };
    if strictest.is_keyed() && !index::has_key(recipient) {
        error::privacy::no_wrapping_key().raise();
    }
    let made = index::making(|| {
        owner::run(|| {
            let before = indexes(relation);
            // In parallel workers `_mask` cannot tell an index from a caller.
            with_setting(c"max_parallel_maintenance_workers", "0", || {
                spi::execute(&format!("CREATE INDEX ON {name} (({expression}))"), &[])
            });
            indexes(relation).into_iter().find(|i| !before.contains(i))
        })
    });
    let made = made.unwrap_or_default();
    // Its statistics would list what guesses become.
    owner::run(|| spi::execute(&format!("ALTER INDEX {made} ALTER COLUMN 1 SET STATISTICS 0"), &[]));
    audit::act(Act {
        verb: "create_mask_index",
        object: &shown,
        relation: Some(relation),
        before: None,
        after: Some(json!({"index": made, "mask": strictest.name(), "recipient": recipient, "role": role})),
        reason: None,
    });
    made
}

fn indexes(relation: Relation) -> Vec<String> {
    spi::select_latest(
        "SELECT format('%I.%I', n.nspname, c.relname) FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
           JOIN pg_namespace n ON n.oid = c.relnamespace WHERE i.indrelid = $1",
        &[relation.0.into()],
        |r| r.must(1),
    )
}
