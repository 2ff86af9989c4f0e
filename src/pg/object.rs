//! Objects of any kind by their address, as dependencies and the server's own hooks name them.
use super::catalog::{self, text};
use super::depends;
use pgrx::pg_sys;

/// Oids of the catalogs that objects are in: fixed numbers, which pgrx does not bind for all of them.
pub mod catalogs {
    use pgrx::pg_sys::Oid;

    /// A column's default.
    pub const PG_ATTRDEF: Oid = Oid::from_u32(2604);
    /// Roles.
    pub const PG_AUTHID: Oid = Oid::from_u32(1260);
    /// Relations and, with a part, their columns.
    pub const PG_CLASS: Oid = Oid::from_u32(1259);
    /// Constraints of tables and domains.
    pub const PG_CONSTRAINT: Oid = Oid::from_u32(2606);
    /// Databases.
    pub const PG_DATABASE: Oid = Oid::from_u32(1262);
    /// Event triggers.
    pub const PG_EVENT_TRIGGER: Oid = Oid::from_u32(3466);
    /// Extensions.
    pub const PG_EXTENSION: Oid = Oid::from_u32(3079);
    /// Large objects.
    pub const PG_LARGEOBJECT: Oid = Oid::from_u32(2613);
    /// Schemas.
    pub const PG_NAMESPACE: Oid = Oid::from_u32(2615);
    /// Policies of row level security.
    pub const PG_POLICY: Oid = Oid::from_u32(3256);
    /// Functions.
    pub const PG_PROC: Oid = Oid::from_u32(1255);
    /// Publications.
    pub const PG_PUBLICATION: Oid = Oid::from_u32(6104);
    /// Tables of publications.
    pub const PG_PUBLICATION_REL: Oid = Oid::from_u32(6106);
    /// Rules, those of views among them.
    pub const PG_REWRITE: Oid = Oid::from_u32(2618);
    /// Extended statistics.
    pub const PG_STATISTIC_EXT: Oid = Oid::from_u32(3381);
    /// Subscriptions.
    pub const PG_SUBSCRIPTION: Oid = Oid::from_u32(6100);
    /// Tablespaces.
    pub const PG_TABLESPACE: Oid = Oid::from_u32(1213);
    /// Triggers.
    pub const PG_TRIGGER: Oid = Oid::from_u32(2620);
    /// Parsers of text search.
    pub const PG_TS_PARSER: Oid = Oid::from_u32(3601);
    /// Templates of text search dictionaries.
    pub const PG_TS_TEMPLATE: Oid = Oid::from_u32(3764);
    /// Types.
    pub const PG_TYPE: Oid = Oid::from_u32(1247);
}
use catalogs::*;

/// An object: the catalog it is in, its oid there, and the column for a part of a relation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Address {
    /// Oid of the catalog: `pg_class`, `pg_proc`, …
    pub class: pg_sys::Oid,
    /// Oid of the object.
    pub id: pg_sys::Oid,
    /// Column number, 0 for the object itself.
    pub sub: i32,
}

impl Address {
    /// An object as a whole.
    #[must_use]
    pub fn of(class: pg_sys::Oid, id: pg_sys::Oid) -> Self {
        Address { class, id, sub: 0 }
    }

    /// A relation.
    #[must_use]
    pub fn relation(relid: pg_sys::Oid) -> Self {
        Self::of(PG_CLASS, relid)
    }

    /// A column of a relation.
    #[must_use]
    pub fn column(relid: pg_sys::Oid, number: i16) -> Self {
        Address { class: PG_CLASS, id: relid, sub: number.into() }
    }

    /// Whether it is a relation as a whole.
    #[must_use]
    pub fn is_relation(self) -> bool {
        self.class == PG_CLASS && self.sub == 0
    }

    fn raw(self) -> pg_sys::ObjectAddress {
        pg_sys::ObjectAddress { classId: self.class, objectId: self.id, objectSubId: self.sub }
    }

    /// Kind and quoted name: `index public.orders_pkey`; None where there is no such object.
    #[must_use]
    pub fn describe(self) -> Option<String> {
        let raw = self.raw();
        // SAFETY: missing_ok look-ups; the results are palloc'd or NULL.
        unsafe {
            let identity = text(pg_sys::getObjectIdentity(&raw, true))?;
            Some(format!("{} {identity}", text(pg_sys::getObjectTypeDescription(&raw, true))?))
        }
    }

    /// Quoted name with its schema, or, for parts of a relation, followed by ` on ` and the relation.
    #[must_use]
    pub fn identity(self) -> Option<String> {
        // SAFETY: a missing_ok look-up; the result is palloc'd or NULL.
        unsafe { text(pg_sys::getObjectIdentity(&self.raw(), true)) }
    }

    /// The relation that an object is, or is a part of: the table of an index, constraint, trigger, policy, rule, default,
    /// statistics object or owned sequence.
    #[must_use]
    pub fn relation_of(self) -> Option<pg_sys::Oid> {
        if self.class == PG_CLASS {
            return match catalog::relation_kind(self.id)? {
                // SAFETY: a missing_ok look-up by oid.
                b'i' | b'I' => Some(unsafe { pg_sys::IndexGetRelation(self.id, true) }).filter(is_valid),
                b'S' => self.owning_relation(),
                b'c' => None,
                _ => Some(self.id),
            };
        }
        let is_part = [
            PG_CONSTRAINT,
            PG_TRIGGER,
            PG_POLICY,
            PG_REWRITE,
            PG_ATTRDEF,
            PG_STATISTIC_EXT,
            PG_PUBLICATION_REL,
        ]
        .contains(&self.class);
        if is_part { self.owning_relation() } else { None }
    }

    /// The relation on which it depends so that it goes with it.
    fn owning_relation(self) -> Option<pg_sys::Oid> {
        depends::owners(self)
            .into_iter()
            .find(|(owner, kind)| {
                owner.class == PG_CLASS
                    && matches!(kind, b'a' | b'i')
                    && catalog::relation_kind(owner.id).is_some_and(|k| !matches!(k, b'i' | b'I' | b'S'))
            })
            .map(|(owner, _)| owner.id)
    }

    /// The schema it is in.
    #[must_use]
    pub fn schema_of(self) -> Option<String> {
        if self.class == PG_NAMESPACE {
            return catalog::schema_name(self.id);
        }
        self.schema_oid().and_then(catalog::schema_name)
    }

    /// Oid of the schema it is in.
    #[must_use]
    pub fn schema_oid(self) -> Option<pg_sys::Oid> {
        // SAFETY: looks only; classes without a schema give InvalidOid.
        Some(unsafe { pg_sys::get_object_namespace(&self.raw()) }).filter(is_valid)
    }

    /// The role that owns it, or owns the relation that it is a part of; None for kinds that nobody owns.
    #[must_use]
    pub fn owner(self) -> Option<pg_sys::Oid> {
        if let Some(relid) = self.relation_of() {
            return catalog::relation_owner(relid);
        }
        if self.class == PG_CONSTRAINT {
            let domain =
                depends::owners(self).into_iter().find(|(of, kind)| of.class == PG_TYPE && *kind == b'a');
            return domain.and_then(|(of, _)| of.owner());
        }
        let lock = pg_sys::AccessShareLock as i32;
        // SAFETY: a look-up by oid in the object's catalog, whose rows have an owner; the tuple is read while it is open.
        unsafe {
            if !pg_sys::is_objectclass_supported(self.class) {
                return None;
            }
            let number = pg_sys::get_object_attnum_owner(self.class);
            if number == 0 {
                return None;
            }
            let rows = pg_sys::table_open(self.class, lock);
            let tuple =
                pg_sys::get_catalog_object_by_oid(rows, pg_sys::get_object_attnum_oid(self.class), self.id);
            let mut is_null = true;
            let owner = (!tuple.is_null())
                .then(|| pg_sys::heap_getattr(tuple, number.into(), (*rows).rd_att, &mut is_null));
            pg_sys::table_close(rows, lock);
            owner.filter(|_| !is_null).map(|owner| pg_sys::Oid::from(owner.value() as u32))
        }
    }

    /// The extension it is a member of.
    #[must_use]
    pub fn extension(self) -> Option<String> {
        // SAFETY: look-ups by oid; the name is palloc'd or NULL.
        unsafe {
            let extension = pg_sys::getExtensionOfObject(self.class, self.id);
            text(pg_sys::get_extension_name(extension))
        }
    }
}

fn is_valid(oid: &pg_sys::Oid) -> bool {
    *oid != pg_sys::InvalidOid
}

impl From<pg_sys::ObjectAddress> for Address {
    fn from(raw: pg_sys::ObjectAddress) -> Self {
        Address { class: raw.classId, id: raw.objectId, sub: raw.objectSubId }
    }
}
