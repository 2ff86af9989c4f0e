//! Which mask a tag has: the nearest choice up the tag's path, for whom it was made.
use super::mask::Mask;
use std::collections::HashMap;

/// Whom a choice is for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Whom {
    /// Everybody.
    Everybody,
    /// One recipient.
    Recipient(String),
    /// The members of a role, by its oid.
    Role(u32),
}

/// A mask that somebody chose.
#[derive(Clone, Debug)]
pub struct Choice {
    /// The mask; None once it was taken back.
    pub now: Option<Mask>,
    /// What held before the last change, where that change belongs to the running transaction.
    pub was: Option<Mask>,
}

/// The vocabulary's own masks, and what was chosen instead.
#[derive(Clone, Default)]
pub struct Choices {
    /// Each tag's own mask.
    pub defaults: HashMap<String, Mask>,
    /// By tag and whom.
    pub chosen: HashMap<(String, Whom), Choice>,
}

/// A tag and the tags above it, nearest first.
pub fn path(tag: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(tag), |t| t.rsplit_once('.').map(|(above, _)| above))
}

impl Choices {
    /// The mask of a tag for everybody; a tag without one is hidden.
    #[must_use]
    pub fn for_everybody(&self, tag: &str) -> Mask {
        let own = || self.defaults.get(tag).cloned().unwrap_or(Mask::Null);
        self.nearest(tag, &Whom::Everybody, own).unwrap_or_else(own)
    }

    /// The mask of a tag for a recipient, or for a role's members, where one was chosen for them.
    #[must_use]
    pub fn for_whom(&self, tag: &str, whom: &Whom) -> Option<Mask> {
        self.nearest(tag, whom, || self.for_everybody(tag))
    }

    /// A tag and the tags below it.
    pub fn below<'a>(&'a self, tag: &'a str) -> impl Iterator<Item = &'a str> {
        self.defaults.keys().map(String::as_str).filter(move |t| path(t).any(|above| above == tag))
    }

    /// The nearest choice up the path. While a change of it belongs to the running transaction, the strictest of what
    /// held before and after it holds.
    fn nearest(&self, tag: &str, whom: &Whom, otherwise: impl Fn() -> Mask) -> Option<Mask> {
        let mut held: Option<Mask> = None;
        let add = |held: Option<Mask>, mask: Mask| Some(held.map_or(mask.clone(), |h| h.strictest(mask)));
        for at in path(tag) {
            let Some(choice) = self.chosen.get(&(at.to_string(), whom.clone())) else { continue };
            match (&choice.now, &choice.was) {
                (Some(now), None) => return add(held, now.clone()),
                (None, None) => {}
                // What held below it before can be the next one's.
                (now, Some(was)) => {
                    held = add(held, was.clone());
                    held = now.iter().cloned().fold(held, add);
                }
            }
        }
        held.and_then(|h| add(Some(h), otherwise()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn choices(chosen: &[(&str, Whom, Option<Mask>, Option<Mask>)]) -> Choices {
        let defaults =
            [("pii.contact.email", Mask::Email), ("pii.contact.phone", Mask::Phone), ("pii", Mask::Null)];
        Choices {
            defaults: defaults.into_iter().map(|(t, m)| (t.to_string(), m)).collect(),
            chosen: chosen
                .iter()
                .map(|(t, w, now, was)| {
                    ((t.to_string(), w.clone()), Choice { now: now.clone(), was: was.clone() })
                })
                .collect(),
        }
    }

    #[test]
    fn the_nearest_choice_wins_over_the_shipped_mask() {
        let c = choices(&[("pii.contact", Whom::Everybody, Some(Mask::Default), None)]);
        assert_eq!(c.for_everybody("pii.contact.email"), Mask::Default);
        assert_eq!(c.for_everybody("pii"), Mask::Null);
        assert_eq!(c.for_everybody("pii.contacts"), Mask::Null, "no tag, no mask that is mild");
        let c = choices(&[
            ("pii.contact", Whom::Everybody, Some(Mask::Default), None),
            ("pii.contact.email", Whom::Everybody, Some(Mask::Email), None),
        ]);
        assert_eq!(c.for_everybody("pii.contact.email"), Mask::Email);
        let taken_back = choices(&[("pii.contact", Whom::Everybody, None, None)]);
        assert_eq!(taken_back.for_everybody("pii.contact.email"), Mask::Email);
    }

    #[test]
    fn a_choice_for_some_is_for_them_alone() {
        let acme = Whom::Recipient("acme".into());
        let c = choices(&[
            ("pii", acme.clone(), Some(Mask::Null), None),
            ("pii", Whom::Role(7), Some(Mask::Email), None),
        ]);
        assert_eq!(c.for_whom("pii.contact.phone", &acme), Some(Mask::Null));
        assert_eq!(c.for_whom("pii.contact.phone", &Whom::Role(7)), Some(Mask::Email));
        assert_eq!(c.for_whom("pii.contact.phone", &Whom::Role(8)), None);
        assert_eq!(c.for_everybody("pii.contact.phone"), Mask::Phone);
    }

    #[test]
    fn until_commit_the_strictest_of_before_and_after_holds() {
        let milder = choices(&[("pii", Whom::Everybody, Some(Mask::Phone), Some(Mask::Null))]);
        assert_eq!(milder.for_everybody("pii.contact.email"), Mask::Null);
        let new_above = choices(&[
            ("pii", Whom::Everybody, Some(Mask::Default), None),
            ("pii.contact", Whom::Everybody, Some(Mask::Phone), Some(Mask::Phone)),
        ]);
        assert_eq!(new_above.for_everybody("pii.contact.email"), Mask::Default);
        let taken_back = choices(&[("pii.contact.email", Whom::Everybody, None, Some(Mask::Null))]);
        assert_eq!(taken_back.for_everybody("pii.contact.email"), Mask::Null);
    }
}
