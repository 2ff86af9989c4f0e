//! Which mask a tag has.
use crate::audit::{self, Act};
use crate::core::privacy::known::KNOWN;
use crate::core::privacy::mask::Mask;
use crate::error;
use crate::pg::catalog::{self, Name};
use crate::pg::mask::{self as held, Misfit};
use crate::pg::{owner, roles, spi};
use crate::registry::{duty, one_at_a_time, tagging};
use pgrx::JsonB;
use serde_json::{Value, json};

/// The masks there are: name, arguments with their defaults, what they do, column types.
pub fn known() -> Vec<(String, JsonB, String, String)> {
    let parse = |args| JsonB(serde_json::from_str(args).unwrap_or(Value::Null));
    KNOWN.iter().map(|(m, a, d, t)| ((*m).into(), parse(a), (*d).into(), (*t).into())).collect()
}

/// What a tag has now for a recipient: its own mask, else that for everybody, else the shipped one.
fn effective(tag: &str, recipient: &str) -> (String, Value) {
    let found = owner::run(|| {
        spi::select_one(
            "SELECT mask, args FROM (
                 SELECT mask, args, recipient <> '' AS own, true AS set FROM governance.mask
                  WHERE tag = $1 AND recipient IN ($2, '') AND mask IS NOT NULL
                 UNION ALL SELECT mask, mask_args, false, false FROM governance.tag WHERE name = $1) m
              ORDER BY own DESC, set DESC LIMIT 1",
            &[tag.into(), recipient.into()],
            |r| (r.must::<String>(1), r.must::<JsonB>(2).0),
        )
    });
    found.unwrap_or_else(|| ("null".into(), json!({})))
}

/// Columns that an error names.
const NAMED: usize = 10;

/// Refuses a mask that does not fit a column that bears the tag.
fn require_fit(tag: &str, mask: &Mask) {
    let columns = owner::run(|| {
        spi::select(
            "SELECT schema_name, relation_name, column_name FROM governance._column_tag
              WHERE tag = $1 AND path = '' ORDER BY 1, 2, 3",
            &[tag.into()],
            |r| (Name { schema: r.must(1), relation: r.must(2) }, r.must::<String>(3)),
        )
    });
    let misfits: Vec<(String, Misfit)> = columns
        .into_iter()
        .filter_map(|(name, column)| {
            let relid = catalog::relation_oid(&name)?;
            let misfit = held::fits_column(mask, relid, catalog::column_number(relid, &column)?).err()?;
            Some((format!("{name}.{}: {}.", pgrx::spi::quote_identifier(&column), misfit.reason), misfit))
        })
        .collect();
    let Some((_, first)) = misfits.first() else { return };
    // One mask has to fit all of them: where several kinds of types bear the tag, only a default does.
    let fitting =
        if misfits.iter().all(|(_, m)| m.fitting == first.fitting) { first.fitting } else { "default" };
    let tag = pgrx::spi::quote_literal(tag);
    let hint = format!("SELECT governance.set_mask({tag}, '{fitting}', reason => 'why');");
    let type_differs = misfits.iter().any(|(_, m)| m.type_differs);
    let mut columns: Vec<String> = misfits.into_iter().map(|(c, _)| c).collect();
    if columns.len() > NAMED {
        let more = columns.len() - NAMED;
        columns.truncate(NAMED);
        columns.push(format!("And {more} more."));
    }
    error::privacy::mask_does_not_fit(mask.name(), type_differs, &columns, &hint).raise();
}

/// Sets the mask of a tag.
pub fn set(tag: &str, name: &str, args: Value, recipient: &str, reason: Option<&str>) {
    one_at_a_time(); // whether it weakens is judged by the mask that is set
    tagging::require_tag(tag);
    let mask = Mask::parse(name, &args).unwrap_or_else(|why| error::privacy::bad_mask(name, &why).raise());
    require_fit(tag, &mask);
    let (old_name, old_args) = effective(tag, recipient);
    let old = Mask::parse(&old_name, &old_args).unwrap_or(Mask::Null);
    let reason = if mask.strictness() < old.strictness() {
        Some(duty::reason_for("set_mask", reason))
    } else {
        reason.map(String::from)
    };
    store(tag, recipient, Some((name, args.clone())), (&old_name, old_args.clone()), reason.as_deref());
    if mask.is_keyed() {
        super::key::ensure();
    }
    audit::act(Act {
        verb: "set_mask",
        object: &object(tag, recipient),
        relation: None,
        before: Some(json!({"mask": old_name, "args": old_args})),
        after: Some(json!({"mask": name, "args": args})),
        reason: reason.as_deref(),
    });
}

/// Takes the mask of a tag back: the wider choice holds again.
pub fn reset(tag: &str, recipient: &str, reason: &str) {
    one_at_a_time();
    tagging::require_tag(tag);
    let is_set = owner::run(|| {
        spi::select_one(
            "SELECT true FROM governance.mask WHERE tag = $1 AND recipient = $2 AND mask IS NOT NULL",
            &[tag.into(), recipient.into()],
            |r| r.must::<bool>(1),
        )
    });
    if is_set.is_none() {
        error::privacy::no_such_mask(tag, recipient).raise();
    }
    let (name, args) = effective(tag, recipient);
    store(tag, recipient, None, (&name, args.clone()), Some(reason));
    audit::act(Act {
        verb: "reset_mask",
        object: &object(tag, recipient),
        relation: None,
        before: Some(json!({"mask": name, "args": args})),
        after: None,
        reason: Some(reason),
    });
}

fn object(tag: &str, recipient: &str) -> String {
    if recipient.is_empty() { tag.to_string() } else { format!("{tag} for {recipient}") }
}

/// Writes a mask, keeping what held before this transaction touched it.
fn store(tag: &str, recipient: &str, now: Option<(&str, Value)>, was: (&str, Value), reason: Option<&str>) {
    let me = roles::name(roles::current());
    let (mask, args) = now.map_or((None, None), |(m, a)| (Some(m), Some(JsonB(a))));
    owner::run(|| {
        spi::execute(
            "INSERT INTO governance.mask AS m (tag, recipient, mask, args, was_mask, was_args, reason, set_by)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
             ON CONFLICT (tag, recipient) DO UPDATE SET
                was_mask = CASE WHEN m.changed_by_xid = pg_current_xact_id() THEN m.was_mask ELSE $5 END,
                was_args = CASE WHEN m.changed_by_xid = pg_current_xact_id() THEN m.was_args ELSE $6 END,
                mask = $3, args = $4, reason = $7, set_by = $8, set_at = now(), changed_by_xid = pg_current_xact_id()",
            &[
                tag.into(),
                recipient.into(),
                mask.into(),
                args.into(),
                was.0.into(),
                JsonB(was.1).into(),
                reason.into(),
                me.into(),
            ],
        )
    });
}
