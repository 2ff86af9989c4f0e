//! The manifest's section of tags of one's own.
use super::sections::text;
use crate::audit::{self, Act};
use crate::core::privacy::mask::Mask;
use crate::core::registry::manifest::Item;
use crate::error;
use crate::pg::{owner, spi};
use crate::registry::duty;
use serde_json::{Value, json};

/// A tag of one's own. Its mask cannot be changed here: that weakens, and the vocabulary keeps no former state.
pub fn put(before: Option<&Item>, item: &Item, _reason: Option<&str>) {
    let tag = text(item, "tag").unwrap_or_default();
    let mask = text(item, "mask").unwrap_or_default();
    if before
        .is_some_and(|b| b.get("mask") != item.get("mask") || b.get("mask_args") != item.get("mask_args"))
    {
        error::registry::mask_by_manifest(tag).raise();
    }
    let args = item.get("mask_args").cloned().unwrap_or(json!({}));
    if let Err(why) = Mask::parse(mask, &args) {
        error::privacy::bad_mask(mask, &why).raise();
    }
    owner::run(|| {
        spi::execute(
            "INSERT INTO governance.tag (name, description, mask, mask_args) VALUES ($1, $2, $3, $4)
             ON CONFLICT (name) DO UPDATE SET description = excluded.description",
            &[tag.into(), text(item, "description").into(), mask.into(), pgrx::JsonB(args).into()],
        )
    });
    act("declare_tag", tag, before, Some(item), None);
}

/// Takes a tag from the vocabulary, with the masks and leave to unmask that name it; not while a column bears it.
pub fn remove(item: &Item, reason: Option<&str>) {
    let tag = text(item, "tag").unwrap_or_default();
    let reason = duty::reason_for("taking a tag from the vocabulary", reason);
    let borne: Option<String> = owner::run(|| {
        spi::execute("SELECT FROM governance.tag WHERE name = $1 FOR UPDATE", &[tag.into()]);
        spi::select_latest(
            "SELECT string_agg(format('%I.%I.%I', schema_name, relation_name, column_name), ', ' ORDER BY 1)
               FROM governance._column_tag WHERE tag = $1",
            &[tag.into()],
            |r| r.get(1),
        )
    })
    .into_iter()
    .next()
    .flatten();
    if let Some(columns) = borne {
        error::registry::tag_in_use(tag, &columns).raise();
    }
    owner::run(|| {
        for table in ["column_tag", "mask", "unmask_grant"] {
            spi::execute(&format!("DELETE FROM governance.{table} WHERE tag = $1"), &[tag.into()]);
        }
        spi::execute("DELETE FROM governance.tag WHERE name = $1 AND NOT shipped", &[tag.into()])
    });
    act("forget_tag", tag, Some(item), None, Some(&reason));
}

fn act(verb: &str, tag: &str, before: Option<&Item>, after: Option<&Item>, reason: Option<&str>) {
    let json = |item: Option<&Item>| item.cloned().map(Value::Object);
    audit::act(Act { verb, object: tag, relation: None, before: json(before), after: json(after), reason });
}
