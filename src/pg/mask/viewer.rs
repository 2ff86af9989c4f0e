//! Who is reading, and what of a relation is masked for them.
use super::policy::{Borne, Policy};
use super::session;
use crate::core::privacy::mask::Mask;
use crate::pg::{catalog, roles};
use crate::settings;
use pgrx::pg_sys;

/// Whoever reads and is masked.
#[derive(Clone)]
pub enum Viewer {
    /// An export or a session with a recipient: everything tagged is masked, for whomever; for a masked role never
    /// milder than without.
    Recipient(String, Option<pg_sys::Oid>),
    /// A masked role; grants and ownership count.
    Role(pg_sys::Oid),
}

/// What a viewer sees of a relation's tagged columns.
#[derive(Default)]
pub struct Sight {
    /// The masked ones.
    pub masked: Vec<Masked>,
    /// Those that a grant shows, number and tags.
    pub granted: Vec<(i16, Vec<String>)>,
}

impl Sight {
    /// Whether everything is raw, and nobody's leave is used.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        self.masked.is_empty() && self.granted.is_empty()
    }
}

/// One masked column.
pub struct Masked {
    /// Its number.
    pub number: i16,
    /// How it leaves.
    pub mask: Mask,
    /// Why, for receipts.
    pub tags: Vec<String>,
}

/// Statistics hold common values and histogram bounds: their columns, by relation.
const STATISTICS: [(u32, &[i16]); 2] = [(2619, &[27, 28, 29, 30, 31]), (3429, &[5, 6])];

/// Whether the relation holds values of others.
#[must_use]
pub fn is_statistics(relid: pg_sys::Oid) -> bool {
    STATISTICS.iter().any(|s| s.0 == relid.to_u32())
}

/// Who is reading now; None where nobody is masked. Inside SECURITY DEFINER functions the outer role decides, and what is
/// maintained for a masked owner holds masks, whoever asked for it: a role of more rights would fill it with raw values.
#[must_use]
pub fn now(policy: &Policy) -> Option<Viewer> {
    let owner = session::maintainer().and_then(|owner| of_role(policy, owner));
    let role = owner.or_else(|| of_role(policy, roles::outer()));
    match (session::recipient(), role) {
        (Some(recipient), role) => Some(Viewer::Recipient(recipient, role)),
        (None, role) => role.map(Viewer::Role),
    }
}

/// What a role would be as a viewer: itself where it is masked.
#[must_use]
pub fn of_role(policy: &Policy, role: pg_sys::Oid) -> Option<pg_sys::Oid> {
    if roles::is_superuser(role) && !settings::MASK_OWNERS.get() {
        return None;
    }
    let masked = policy.everybody || policy.roles.iter().any(|r| roles::is_member_of(role, *r));
    masked.then_some(role)
}

impl Viewer {
    /// For whom pseudonyms and masks are made.
    #[must_use]
    pub fn recipient(&self) -> &str {
        match self {
            Viewer::Recipient(r, _) => r,
            Viewer::Role(_) => "",
        }
    }

    /// The role that reads, where one is masked.
    #[must_use]
    pub fn role(&self) -> Option<pg_sys::Oid> {
        match self {
            Viewer::Role(role) | Viewer::Recipient(_, Some(role)) => Some(*role),
            Viewer::Recipient(_, None) => None,
        }
    }

    /// The masked columns of a relation, and those that a grant shows.
    #[must_use]
    pub fn sight(&self, policy: &Policy, relid: pg_sys::Oid) -> Sight {
        if let Some((_, columns)) = STATISTICS.iter().find(|s| s.0 == relid.to_u32()) {
            let hidden = |n: &i16| Masked { number: *n, mask: Mask::Null, tags: vec!["statistics".into()] };
            return Sight { masked: columns.iter().map(hidden).collect(), granted: Vec::new() };
        }
        let Some(columns) = policy.relations.get(&relid) else { return Sight::default() };
        let role = self.role().filter(|r| settings::MASK_OWNERS.get() || !owns(*r, relid));
        let mut sight = Sight::default();
        for column in columns {
            let (mut tags, mut strictest) = (Vec::new(), None::<Mask>);
            for Borne { tag, path } in &column.tags {
                let as_role =
                    role.filter(|r| !may_see(policy, *r, tag)).map(|r| policy.mask_for_role(tag, r));
                let mask = match self {
                    Viewer::Role(_) => as_role,
                    Viewer::Recipient(recipient, _) => {
                        let mask = policy.mask_for_recipient(tag, recipient);
                        Some(as_role.map_or(mask.clone(), |other| mask.strictest(other)))
                    }
                };
                if let Some(mask) = mask {
                    let mask = match path {
                        Some(path) => Mask::Json(vec![(path.clone(), mask)]),
                        None => mask,
                    };
                    tags.push(tag.clone());
                    strictest = Some(strictest.map_or(mask.clone(), |s| s.strictest(mask)));
                }
            }
            match strictest {
                Some(mask) => sight.masked.push(Masked { number: column.number, mask, tags }),
                None if role.is_some() => {
                    let tags = column.tags.iter().map(|b| b.tag.clone()).collect();
                    sight.granted.push((column.number, tags));
                }
                None => {}
            }
        }
        sight
    }
}

fn owns(role: pg_sys::Oid, relid: pg_sys::Oid) -> bool {
    catalog::relation_owner(relid).is_some_and(|o| roles::has_rights_of(role, o))
}

/// Whether a grant lets a role see a tag, or one above it.
fn may_see(policy: &Policy, role: pg_sys::Oid, tag: &str) -> bool {
    policy.grants.iter().any(|g| {
        let covers = tag == g.tag || tag.strip_prefix(g.tag.as_str()).is_some_and(|r| r.starts_with('.'));
        covers && roles::is_member_of(role, g.role)
    })
}
