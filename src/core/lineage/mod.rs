//! lineage: what an edge says, how edges compose, and the graphs they make.
pub mod graph;
pub mod resolve;

/// What one column (or the set of rows) owes to another column: OpenLineage's transformation subtypes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// The value as it is.
    Identity,
    /// A value computed from it, row by row.
    Transformation,
    /// A value computed from many rows.
    Aggregation,
    /// It decides which rows are joined.
    Join,
    /// It decides which rows are grouped.
    GroupBy,
    /// It decides which rows are there.
    Filter,
    /// It decides the order.
    Sort,
    /// It partitions or orders a window.
    Window,
    /// It decides which value is taken.
    Conditional,
}

/// Every role, in the order of its bit in [`Roles`].
pub const ROLES: [Role; 9] = [
    Role::Identity,
    Role::Transformation,
    Role::Aggregation,
    Role::Join,
    Role::GroupBy,
    Role::Filter,
    Role::Sort,
    Role::Window,
    Role::Conditional,
];

impl Role {
    /// Whether values flow, rather than only deciding about them.
    #[must_use]
    pub fn is_direct(self) -> bool {
        self <= Role::Aggregation
    }

    /// `DIRECT` or `INDIRECT`.
    #[must_use]
    pub fn kind(self) -> &'static str {
        if self.is_direct() { "DIRECT" } else { "INDIRECT" }
    }

    /// OpenLineage's word.
    #[must_use]
    pub fn subtype(self) -> &'static str {
        match self {
            Role::Identity => "IDENTITY",
            Role::Transformation => "TRANSFORMATION",
            Role::Aggregation => "AGGREGATION",
            Role::Join => "JOIN",
            Role::GroupBy => "GROUP_BY",
            Role::Filter => "FILTER",
            Role::Sort => "SORT",
            Role::Window => "WINDOW",
            Role::Conditional => "CONDITIONAL",
        }
    }

    /// The role of a word.
    #[must_use]
    pub fn of_subtype(word: &str) -> Option<Role> {
        ROLES.into_iter().find(|r| r.subtype() == word)
    }

    /// The role over two hops: this one is nearer to the result. What only decides at one hop decides over both; of
    /// two direct ones the stronger counts.
    #[must_use]
    pub fn over(self, inner: Role) -> Role {
        match (self.is_direct(), inner.is_direct()) {
            (false, _) => self,
            (true, false) => inner,
            (true, true) => self.max(inner),
        }
    }

    /// This role, where something is computed on the way.
    #[must_use]
    pub fn computed(self) -> Role {
        self.max(Role::Transformation)
    }

    /// This role where something that decides lies on the way: what decides already stays as it is.
    #[must_use]
    pub fn deciding(self, how: Role) -> Role {
        if self.is_direct() { how } else { self }
    }
}

/// A set of roles.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Roles(u16);

impl Roles {
    /// A set of one.
    #[must_use]
    pub fn one(role: Role) -> Self {
        Roles(1 << role as u16)
    }

    /// Adds all of another set; whether that changed anything.
    pub fn add(&mut self, other: Roles) -> bool {
        let before = self.0;
        self.0 |= other.0;
        self.0 != before
    }

    /// Its members.
    pub fn iter(self) -> impl Iterator<Item = Role> {
        ROLES.into_iter().filter(move |r| self.0 & (1 << *r as u16) != 0)
    }

    /// Every member as seen through another hop.
    #[must_use]
    pub fn through(self, outer: Role) -> Roles {
        let mut out = Roles::default();
        for role in self.iter() {
            out.add(Roles::one(outer.over(role)));
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_compose() {
        assert_eq!(Role::Identity.over(Role::Identity), Role::Identity);
        assert_eq!(Role::Transformation.over(Role::Aggregation), Role::Aggregation);
        assert_eq!(Role::Aggregation.over(Role::Identity), Role::Aggregation);
        assert_eq!(Role::Identity.over(Role::Filter), Role::Filter);
        assert_eq!(Role::Conditional.over(Role::Join), Role::Conditional);
        assert_eq!(Role::Sort.computed(), Role::Sort);
        assert_eq!(Role::Identity.deciding(Role::Window), Role::Window);
        assert_eq!(Role::Filter.deciding(Role::Window), Role::Filter);
    }

    #[test]
    fn words_are_read_back() {
        for role in ROLES {
            assert_eq!(Role::of_subtype(role.subtype()), Some(role));
        }
        assert_eq!(Role::of_subtype("identity"), None);
    }

    #[test]
    fn sets_of_roles() {
        let mut set = Roles::one(Role::Identity);
        assert!(set.add(Roles::one(Role::Sort)));
        assert!(!set.add(Roles::one(Role::Sort)));
        assert_eq!(
            set.through(Role::Aggregation).iter().collect::<Vec<_>>(),
            [Role::Aggregation, Role::Sort]
        );
        assert_eq!(set.through(Role::Filter).iter().collect::<Vec<_>>(), [Role::Filter]);
    }
}
