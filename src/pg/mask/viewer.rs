//! Who is reading, and what of a relation is masked for them.
use super::policy::Policy;
use super::session;
use crate::core::privacy::mask::Mask;
use crate::pg::{catalog, roles};
use crate::settings;
use pgrx::pg_sys;

/// Whoever reads and is masked.
#[derive(Clone)]
pub enum Viewer {
    /// An export or a session with a recipient: everything tagged is masked, for whomever.
    Recipient(String),
    /// A masked role; grants and ownership count.
    Role(pg_sys::Oid),
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

/// Who is reading now; None where nobody is masked. Inside SECURITY DEFINER functions the outer role decides.
#[must_use]
pub fn now(policy: &Policy) -> Option<Viewer> {
    if let Some(recipient) = session::recipient() {
        return Some(Viewer::Recipient(recipient));
    }
    let role = roles::outer();
    if roles::is_superuser(role) && !settings::MASK_OWNERS.get() {
        return None;
    }
    let masked = policy.everybody || policy.roles.iter().any(|r| roles::is_member_of(role, *r));
    masked.then_some(Viewer::Role(role))
}

impl Viewer {
    /// For whom pseudonyms and masks are made.
    #[must_use]
    pub fn recipient(&self) -> &str {
        match self {
            Viewer::Recipient(r) => r,
            Viewer::Role(_) => "",
        }
    }

    /// The masked columns of a relation; empty where it is not masked for this viewer.
    #[must_use]
    pub fn masked(&self, policy: &Policy, relid: pg_sys::Oid) -> Vec<Masked> {
        if let Some((_, columns)) = STATISTICS.iter().find(|s| s.0 == relid.to_u32()) {
            let hidden = |n: &i16| Masked { number: *n, mask: Mask::Null, tags: vec!["statistics".into()] };
            return columns.iter().map(hidden).collect();
        }
        let Some(columns) = policy.relations.get(&relid) else { return Vec::new() };
        if let Viewer::Role(role) = self
            && !settings::MASK_OWNERS.get()
            && catalog::relation_owner(relid).is_some_and(|o| roles::has_rights_of(*role, o))
        {
            return Vec::new();
        }
        let mut masked = Vec::new();
        for column in columns {
            let tags: Vec<String> =
                column.tags.iter().filter(|t| !self.may_see(policy, t)).cloned().collect();
            let strictest = tags.iter().map(|t| policy.mask(t, self.recipient())).reduce(Mask::strictest);
            if let Some(mask) = strictest {
                masked.push(Masked { number: column.number, mask, tags });
            }
        }
        masked
    }

    /// Whether a grant lets them see a tag, or one above it.
    fn may_see(&self, policy: &Policy, tag: &str) -> bool {
        let Viewer::Role(role) = self else { return false };
        policy.grants.iter().any(|g| {
            let covers = tag == g.tag || tag.strip_prefix(g.tag.as_str()).is_some_and(|r| r.starts_with('.'));
            covers && roles::is_member_of(*role, g.role)
        })
    }
}
