//! Which mask a tag has.
use crate::audit::{self, Act};
use crate::core::privacy::choice::{Choice, Choices, Whom};
use crate::core::privacy::known::KNOWN;
use crate::core::privacy::mask::Mask;
use crate::error;
use crate::pg::catalog::{self, Name};
use crate::pg::mask::{self as held, Misfit};
use crate::pg::{owner, roles, spi};
use crate::registry::{duty, one_at_a_time, role, tagging};
use pgrx::{JsonB, pg_sys};
use serde_json::{Value, json};

/// The masks there are: name, arguments with their defaults, what they do, column types.
pub fn known() -> Vec<(String, JsonB, String, String)> {
    let parse = |args| JsonB(serde_json::from_str(args).unwrap_or(Value::Null));
    KNOWN.iter().map(|(m, a, d, t)| ((*m).into(), parse(a), (*d).into(), (*t).into())).collect()
}

/// Which tag's mask, and for whom: for everybody, for one recipient, or for the members of a role.
#[derive(Clone, Copy)]
pub struct MaskFor<'a> {
    /// The tag.
    pub tag: &'a str,
    /// Empty for everybody.
    pub recipient: &'a str,
    /// Empty for everybody.
    pub role: &'a str,
}

impl<'a> MaskFor<'a> {
    /// As the arguments of a call name it.
    #[must_use]
    pub fn new(tag: &'a str, recipient: Option<&'a str>, role: Option<&'a str>) -> Self {
        MaskFor { tag, recipient: recipient.unwrap_or_default(), role: role.unwrap_or_default() }
    }

    fn whom(self) -> Whom {
        match (self.recipient, self.role) {
            ("", "") => Whom::Everybody,
            ("", role) => Whom::Role(roles::oid(role).map_or(0, |oid| oid.to_u32())),
            (recipient, _) => Whom::Recipient(recipient.to_string()),
        }
    }

    fn require(self) {
        tagging::require_tag(self.tag);
        if !self.recipient.is_empty() && !self.role.is_empty() {
            error::privacy::recipient_and_role().raise();
        }
        if !self.role.is_empty() && roles::oid(self.role).is_none() {
            error::registry::no_such_role(self.role).raise();
        }
    }
}

impl std::fmt::Display for MaskFor<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (self.recipient, self.role) {
            ("", "") => f.write_str(self.tag),
            ("", role) => write!(f, "{} for role {role}", self.tag),
            (recipient, _) => write!(f, "{} for {recipient}", self.tag),
        }
    }
}

/// Which mask each tag has, for whom; and the roles among them.
#[must_use]
pub fn choices() -> (Choices, Vec<pg_sys::Oid>) {
    owner::run(read_choices)
}

fn read_choices() -> (Choices, Vec<pg_sys::Oid>) {
    let parse = |name: Option<String>, args: Option<JsonB>| {
        let args = args.map_or(serde_json::Value::Null, |a| a.0);
        name.map(|n| Mask::parse(&n, &args).unwrap_or(Mask::Null))
    };
    let mut choices = Choices::default();
    let mut roles_named = Vec::new();
    choices.defaults.extend(spi::select_latest(
        "SELECT name, mask, mask_args FROM governance.tag",
        &[],
        |r| (r.must::<String>(1), parse(r.get(2), r.get(3)).unwrap_or(Mask::Null)),
    ));
    for (tag, recipient, role, now, was) in spi::select_latest(
        "SELECT tag, recipient, role, mask, args, CASE WHEN pending THEN was_mask END, was_args
           FROM (SELECT *, changed_by_xid IS NOT DISTINCT FROM pg_current_xact_id_if_assigned() AS pending
                   FROM governance.mask) m",
        &[],
        |r| {
            let masks = (parse(r.get(4), r.get(5)), parse(r.get(6), r.get(7)));
            (r.must::<String>(1), r.must::<String>(2), r.must::<String>(3), masks.0, masks.1)
        },
    ) {
        let whom = match (recipient.as_str(), role.as_str()) {
            ("", "") => Whom::Everybody,
            ("", role) => match role::meant(&place(&tag), role) {
                Some(oid) => {
                    roles_named.push(oid);
                    Whom::Role(oid.to_u32())
                }
                None => continue,
            },
            _ => Whom::Recipient(recipient),
        };
        choices.chosen.insert((tag, whom), Choice { now, was });
    }
    roles_named.sort_unstable_by_key(|r: &pg_sys::Oid| r.to_u32());
    roles_named.dedup();
    (choices, roles_named)
}

/// Where a role is named by a mask chosen for its members.
fn place(tag: &str) -> String {
    format!("mask {tag}")
}

/// What a tag has now for them.
fn effective(choices: &Choices, tag: &str, whom: &Whom) -> Mask {
    choices.for_whom(tag, whom).unwrap_or_else(|| choices.for_everybody(tag))
}

/// The mask that holds for a tag, for them.
#[must_use]
pub fn in_force(of: MaskFor) -> Mask {
    of.require();
    effective(&choices().0, of.tag, &of.whom())
}

/// Columns that an error names.
const NAMED: usize = 10;

/// Refuses a mask that does not fit a column that bears the tag, or one below it that would have that mask.
fn require_fit(tags: &[&str], mask: &Mask, chosen: &str) {
    let columns = owner::run(|| {
        spi::select(
            "SELECT schema_name, relation_name, column_name FROM governance._column_tag
              WHERE tag = ANY($1) AND path = '' ORDER BY 1, 2, 3",
            &[tags.iter().map(ToString::to_string).collect::<Vec<_>>().into()],
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
    let tag = pgrx::spi::quote_literal(chosen);
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
pub fn set(of: MaskFor, name: &str, args: Value, reason: Option<&str>) {
    one_at_a_time(); // whether it weakens is judged by the mask that is set
    role::follow();
    of.require();
    let mask = Mask::parse(name, &args).unwrap_or_else(|why| error::privacy::bad_mask(name, &why).raise());
    let whom = of.whom();
    let (before, _) = choices();
    let mut after = before.clone();
    after.chosen.insert((of.tag.to_string(), whom.clone()), Choice { now: Some(mask.clone()), was: None });
    let concerned: Vec<&str> =
        before.below(of.tag).filter(|tag| effective(&after, tag, &whom) == mask).collect();
    require_fit(&concerned, &mask, of.tag);
    let weakens = before
        .below(of.tag)
        .any(|tag| effective(&after, tag, &whom).weakens(&effective(&before, tag, &whom)));
    let reason = if weakens { Some(duty::reason_for("set_mask", reason)) } else { reason.map(String::from) };
    let (old_name, old_args) = effective(&before, of.tag, &whom).to_json();
    if !of.role.is_empty() {
        role::bind(&place(of.tag), of.role);
    }
    store(of, Some((name, args.clone())), (old_name, old_args.clone()), reason.as_deref());
    if mask.is_keyed() {
        super::key::ensure("");
    }
    audit::act(Act {
        verb: "set_mask",
        object: &of.to_string(),
        relation: None,
        before: Some(json!({"mask": old_name, "args": old_args})),
        after: Some(json!({"mask": name, "args": args})),
        reason: reason.as_deref(),
    });
}

/// Takes the mask of a tag back: the wider choice holds again.
pub fn reset(of: MaskFor, reason: &str) {
    one_at_a_time();
    role::follow();
    tagging::require_tag(of.tag);
    let is_set = owner::run(|| {
        spi::select_one(
            "SELECT true FROM governance.mask WHERE (tag, recipient, role) = ($1, $2, $3) AND mask IS NOT NULL",
            &[of.tag.into(), of.recipient.into(), of.role.into()],
            |r| r.must::<bool>(1),
        )
    });
    if is_set.is_none() {
        error::privacy::no_such_mask(&of.to_string()).raise();
    }
    let (name, args) = effective(&choices().0, of.tag, &of.whom()).to_json();
    store(of, None, (name, args.clone()), Some(reason));
    audit::act(Act {
        verb: "reset_mask",
        object: &of.to_string(),
        relation: None,
        before: Some(json!({"mask": name, "args": args})),
        after: None,
        reason: Some(reason),
    });
}

/// Writes a mask, keeping what held before this transaction touched it.
fn store(of: MaskFor, now: Option<(&str, Value)>, was: (&str, Value), reason: Option<&str>) {
    let me = roles::name(roles::current());
    let (mask, args) = now.map_or((None, None), |(m, a)| (Some(m), Some(JsonB(a))));
    owner::run(|| {
        spi::execute(
            "INSERT INTO governance.mask AS m (tag, recipient, role, mask, args, was_mask, was_args, reason, set_by)
             VALUES ($1, $2, $9, $3, $4, $5, $6, $7, $8)
             ON CONFLICT (tag, recipient, role) DO UPDATE SET
                was_mask = CASE WHEN m.changed_by_xid = pg_current_xact_id() THEN m.was_mask ELSE $5 END,
                was_args = CASE WHEN m.changed_by_xid = pg_current_xact_id() THEN m.was_args ELSE $6 END,
                mask = $3, args = $4, reason = $7, set_by = $8, set_at = now(), changed_by_xid = pg_current_xact_id()",
            &[
                of.tag.into(),
                of.recipient.into(),
                mask.into(),
                args.into(),
                was.0.into(),
                JsonB(was.1).into(),
                reason.into(),
                me.into(),
                of.role.into(),
            ],
        )
    });
}
