//! Tags of one's own, beside the shipped ones. Their masks are changed by `set_mask` only, which keeps what held before.
use crate::audit::{self, Act};
use crate::core::privacy::mask::Mask;
use crate::error;
use crate::pg::{owner, spi};
use crate::registry::duty;
use pgrx::JsonB;
use serde_json::{Value, json};

/// Longest tag, in bytes.
const TAG_MAX: usize = 200;

/// A tag as it stands: whether it is shipped, its description, mask and arguments.
struct Known {
    shipped: bool,
    description: String,
    mask: String,
    args: Value,
}

impl Known {
    fn json(&self, tag: &str) -> Value {
        json!({"tag": tag, "description": self.description, "mask": self.mask, "mask_args": self.args})
    }
}

fn known(tag: &str) -> Option<Known> {
    owner::run(|| {
        spi::execute("SELECT FROM governance.tag WHERE name = $1 FOR UPDATE", &[tag.into()]);
        spi::select_latest(
            "SELECT shipped, description, mask, mask_args FROM governance.tag WHERE name = $1",
            &[tag.into()],
            |r| Known {
                shipped: r.must(1),
                description: r.must(2),
                mask: r.must(3),
                args: r.must::<JsonB>(4).0,
            },
        )
    })
    .into_iter()
    .next()
}

fn is_well_formed(tag: &str) -> bool {
    let word = |w: &str| {
        w.starts_with(|c: char| c.is_ascii_lowercase())
            && w.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
    };
    tag.len() <= TAG_MAX && tag.split('.').all(word)
}

/// Adds a tag, or changes its description.
pub fn declare(tag: &str, description: &str, mask: &str, args: Value) {
    if !is_well_formed(tag) {
        error::privacy::bad_tag(tag).raise();
    }
    if let Err(why) = Mask::parse(mask, &args) {
        error::privacy::bad_mask(mask, &why).raise();
    }
    let before = known(tag);
    if let Some(before) = &before {
        if before.shipped {
            error::privacy::shipped_tag(tag).raise();
        }
        if (before.mask.as_str(), &before.args) != (mask, &args) {
            error::registry::mask_by_manifest(tag).raise();
        }
        if before.description == description {
            return;
        }
    }
    owner::run(|| {
        spi::execute(
            "INSERT INTO governance.tag (name, description, mask, mask_args) VALUES ($1, $2, $3, $4)
             ON CONFLICT (name) DO UPDATE SET description = excluded.description",
            &[tag.into(), description.into(), mask.into(), JsonB(args.clone()).into()],
        )
    });
    let after = Known { shipped: false, description: description.into(), mask: mask.into(), args };
    act("declare_tag", tag, before.map(|b| b.json(tag)), Some(after.json(tag)), None);
}

/// Takes a tag from the vocabulary, with the masks and leave to unmask that name it; not while a column bears it.
pub fn forget(tag: &str, reason: Option<&str>) {
    let Some(before) = known(tag) else { crate::registry::tagging::unknown(tag) };
    if before.shipped {
        error::privacy::shipped_tag(tag).raise();
    }
    let reason = duty::reason_for("taking a tag from the vocabulary", reason);
    let borne: Option<String> = owner::run(|| {
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
        spi::execute("DELETE FROM governance.tag WHERE name = $1", &[tag.into()])
    });
    act("forget_tag", tag, Some(before.json(tag)), None, Some(&reason));
}

fn act(verb: &str, tag: &str, before: Option<Value>, after: Option<Value>, reason: Option<&str>) {
    audit::act(Act { verb, object: tag, relation: None, before, after, reason });
}
