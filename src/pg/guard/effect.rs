//! What statements of a script that does not run would change.
use crate::pg::catalog::Name;
use crate::pg::object::Address;
use pgrx::pg_sys;

/// A check constraint that a script adds to a relation of today.
#[derive(Clone, Debug)]
pub struct Check {
    /// Its name, where it has one.
    pub name: Option<String>,
    /// Its condition as the parser read it, as long as the call that explains the script.
    pub condition: *mut pg_sys::Node,
    /// Whether all rows were checked.
    pub valid: bool,
}

/// Something that holds or does not, and that statements change.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Fact {
    /// Row level security is on.
    RowSecurity(pg_sys::Oid),
    /// It is forced on the owner.
    RowSecurityForced(pg_sys::Oid),
    /// A column has a default.
    Default(pg_sys::Oid, i16),
    /// A column is NOT NULL.
    NotNull(pg_sys::Oid, i16),
    /// A column is an identity.
    Identity(pg_sys::Oid, i16),
    /// A column is generated.
    Generated(pg_sys::Oid, i16),
    /// A domain has a default.
    DomainDefault(pg_sys::Oid),
    /// A domain is NOT NULL.
    DomainNotNull(pg_sys::Oid),
    /// A trigger of a relation is not disabled.
    Trigger(pg_sys::Oid, String),
    /// A rule of a relation is not disabled.
    Rule(pg_sys::Oid, String),
    /// An object has a comment.
    Comment(Address),
    /// An object has a security label.
    Label(Address),
}

/// What one statement does beyond [`Ddl`](crate::pg::ddl::Ddl).
pub enum Effect {
    /// A check is added.
    Check(pg_sys::Oid, Check),
    /// A check is validated, or goes.
    Checked(pg_sys::Oid, String, bool),
    /// Something holds or no longer does.
    Holds(Fact, bool),
    /// A relation of a kind that is no dataset gets another name.
    Renamed(Name, String),
    /// An object is gone, or has another name.
    Lost(Address),
    /// There is something under a name that is not followed.
    Hidden(String),
    /// Something is granted.
    Granted,
}
