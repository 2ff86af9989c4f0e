//! What goes away: DROP of anything, with everything that goes along, TRUNCATE, and what is the whole server's.
use super::follow::loses;
use super::{Hit, On, Sight, facts, names, resolve, shadow};
use crate::pg::catalog;
use crate::pg::depends;
use crate::pg::list::{items, oids};
use crate::pg::object::Address;
use crate::pg::object::catalogs::{
    PG_ATTRDEF, PG_AUTHID, PG_CLASS, PG_CONSTRAINT, PG_DATABASE, PG_EVENT_TRIGGER, PG_EXTENSION,
    PG_LARGEOBJECT, PG_NAMESPACE, PG_POLICY, PG_PROC, PG_PUBLICATION, PG_PUBLICATION_REL, PG_REWRITE,
    PG_STATISTIC_EXT, PG_SUBSCRIPTION, PG_TABLESPACE, PG_TRIGGER, PG_TYPE,
};
use crate::pg::{privileges, relation, xact};
use pgrx::pg_sys;
use pgrx::pg_sys::ObjectType::*;
use pgrx::spi::quote_identifier;

/// DROP of objects.
///
/// # Safety
/// A valid parse tree.
pub unsafe fn objects(s: &pg_sys::DropStmt, sight: &mut Sight) {
    let cascade = s.behavior == pg_sys::DropBehavior::DROP_CASCADE;
    let mut roots = Vec::new();
    // SAFETY: the caller vouches for the tree: names of relations are lists, names of others are what
    // get_object_address() takes for their kind.
    unsafe {
        for object in items::<pg_sys::Node>(s.objects) {
            if matches!(
                s.removeType,
                OBJECT_TABLE
                    | OBJECT_VIEW
                    | OBJECT_MATVIEW
                    | OBJECT_FOREIGN_TABLE
                    | OBJECT_INDEX
                    | OBJECT_SEQUENCE
            ) {
                let range = pg_sys::makeRangeVarFromNameList(object.cast());
                let relid = names::relation(range).filter(|relid| {
                    let may_drop =
                        names::may_alter(*relid) || names::owns_schema_of(Address::relation(*relid));
                    may_drop && is_of_kind(*relid, s.removeType)
                });
                roots.extend(relid.map(Address::relation));
            } else {
                roots.extend(resolve::droppable(s.removeType, object));
            }
        }
    }
    if s.removeType == OBJECT_INDEX {
        drop_indexes(&roots, s.concurrent, sight);
    }
    along(&roots, cascade, sight);
}

/// Whether DROP of a kind takes a relation: of another kind it is PostgreSQL's own error.
fn is_of_kind(relid: pg_sys::Oid, kind: pg_sys::ObjectType::Type) -> bool {
    let kinds: &[u8] = match kind {
        OBJECT_TABLE => b"rp",
        OBJECT_VIEW => b"v",
        OBJECT_MATVIEW => b"m",
        OBJECT_FOREIGN_TABLE => b"f",
        OBJECT_INDEX => b"iI",
        OBJECT_SEQUENCE => b"S",
        _ => return false,
    };
    catalog::relation_kind(relid).is_some_and(|k| kinds.contains(&k))
}

/// The index of a full table that is not dropped CONCURRENTLY keeps readers and writers waiting.
fn drop_indexes(roots: &[Address], concurrently: bool, sight: &mut Sight) {
    for index in roots {
        let Some(table) = index.relation_of() else { continue };
        let mode = if concurrently { pg_sys::ShareUpdateExclusiveLock } else { pg_sys::AccessExclusiveLock };
        sight.lock(table, mode);
        // One that the transaction itself has built nobody uses yet.
        if !concurrently && !xact::is_created_here(index.id, None) && facts::has_rows(table) {
            let what = format!("dropping index {} while {} is locked", names::of(index.id), names::of(table));
            sight.hit("require-concurrent-index-deletion", what, On::Relation(table));
        }
    }
}

/// Everything that goes when these objects go, as far as rules are about it. What is only a part of something else that
/// goes, an index of a table say, is not named beside it.
pub fn along(roots: &[Address], cascade: bool, sight: &mut Sight) {
    let mut victims = depends::victims(roots, cascade);
    victims.retain(|v| !shadow::is_lost(v.address));
    shadow::note_lost(victims.iter().map(|v| v.address));
    // An empty schema holds nothing.
    let is_alone = |address: &Address| address.class == PG_NAMESPACE && victims.len() == roots.len();
    let whole: Vec<pg_sys::Oid> =
        victims.iter().filter(|v| v.address.is_relation()).map(|v| v.address.id).collect();
    for victim in &victims {
        let address = victim.address;
        if address.class == PG_CLASS {
            lock(address, sight);
        }
        let table = address.relation_of();
        let is_row_holder = address.class == PG_CLASS
            && (address.sub != 0
                || matches!(catalog::relation_kind(address.id), Some(b'r' | b'p' | b'f' | b'm' | b'v')));
        let is_part_of_victim = !is_row_holder && table.is_some_and(|t| whole.contains(&t));
        let is_column_of_victim = address.sub != 0 && whole.contains(&address.id);
        if is_part_of_victim || is_column_of_victim || is_alone(&address) {
            continue;
        }
        if !victim.is_named_or_cascaded && !is_row_holder {
            continue;
        }
        sight.hits.extend(hit_of(address));
    }
}

fn lock(address: Address, sight: &mut Sight) {
    if matches!(catalog::relation_kind(address.id), Some(b'r' | b'p' | b'f' | b'm' | b'v'))
        && !sight.locks.iter().any(|(relid, _)| *relid == address.id)
    {
        sight.lock(address.id, pg_sys::AccessExclusiveLock);
    }
}

/// The rule that the loss of an object falls under.
#[must_use]
pub fn hit_of(address: Address) -> Option<Hit> {
    let rule = rule_of(address)?;
    let on = match address.relation_of() {
        Some(relid) => On::Relation(relid),
        None if is_of_the_server(address.class) => On::Database,
        None if address.class == PG_LARGEOBJECT => On::LargeObjects,
        None => address.schema_of().map_or(On::Database, On::Schema),
    };
    let what = format!("dropping {}", address.describe()?);
    Some(Hit { rule, what, on, object: Some(address) })
}

fn is_of_the_server(class: pg_sys::Oid) -> bool {
    [PG_DATABASE, PG_AUTHID, PG_TABLESPACE, PG_EVENT_TRIGGER, PG_EXTENSION, PG_PUBLICATION, PG_SUBSCRIPTION]
        .contains(&class)
}

fn rule_of(address: Address) -> Option<&'static str> {
    if address.class == PG_CLASS {
        if address.sub != 0 {
            return Some("ban-drop-column");
        }
        return Some(match catalog::relation_kind(address.id)? {
            b'r' | b'p' | b'f' => "ban-drop-table",
            b'v' | b'm' => "ban-drop-view",
            b'i' | b'I' => "ban-drop-index",
            b'S' => "ban-drop-sequence",
            b'c' => "ban-drop-type",
            _ => return None,
        });
    }
    let rules: [(pg_sys::Oid, &str); 17] = [
        (PG_NAMESPACE, "ban-drop-schema"),
        (PG_CONSTRAINT, "ban-drop-constraint"),
        (PG_TRIGGER, "ban-drop-trigger"),
        (PG_POLICY, "ban-drop-policy"),
        (PG_REWRITE, "ban-drop-rule"),
        (PG_ATTRDEF, "ban-drop-default"),
        (PG_PROC, "ban-drop-function"),
        (PG_EXTENSION, "ban-drop-extension"),
        (PG_STATISTIC_EXT, "ban-drop-statistics"),
        (PG_PUBLICATION, "ban-drop-publication"),
        (PG_PUBLICATION_REL, "ban-drop-publication"),
        (PG_SUBSCRIPTION, "ban-drop-publication"),
        (PG_LARGEOBJECT, "ban-drop-large-object"),
        (PG_DATABASE, "ban-drop-database"),
        (PG_AUTHID, "ban-drop-role"),
        (PG_TABLESPACE, "ban-drop-tablespace"),
        (PG_EVENT_TRIGGER, "ban-drop-trigger"),
    ];
    if address.class == PG_TYPE {
        return match resolve::type_kind(address.id)? {
            b'd' => Some("ban-drop-domain"),
            b'b' | b'e' | b'r' => Some("ban-drop-type"),
            // The row type of a table goes with the table.
            b'c' if resolve::is_composite(address.id) => Some("ban-drop-type"),
            _ => None,
        };
    }
    if address.class == PG_TRIGGER && relation::is_our_trigger(address.id) {
        return Some("disabling-guard");
    }
    let is_ours = address.extension().as_deref() == Some(crate::pg::EXTENSION);
    if is_ours && address.class == PG_EVENT_TRIGGER {
        return Some("disabling-guard");
    }
    rules.iter().find(|(class, _)| *class == address.class).map(|(_, rule)| *rule)
}

/// DROP OWNED.
///
/// # Safety
/// A valid parse tree.
pub unsafe fn owned(s: &pg_sys::DropOwnedStmt, sight: &mut Sight) {
    let cascade = s.behavior == pg_sys::DropBehavior::DROP_CASCADE;
    // SAFETY: the caller vouches for the tree.
    let roles = unsafe { resolve::roles(s.roles) };
    if !roles.iter().all(|role| names::may_act_for(*role)) {
        return;
    }
    let roots: Vec<Address> = roles.iter().copied().flat_map(depends::owned_by).collect();
    along(&roots, cascade, sight);
    // What was granted to them goes too, and their place in policies.
    for role in roles {
        let name = quote_identifier(crate::pg::roles::name(role));
        for (address, is_policy) in depends::granted_to(role) {
            // Who only passed a privilege on loses none.
            let loses = || is_policy || !privileges::held(address, role).is_empty();
            let of = address.relation_of();
            if roots.contains(&address)
                || of.is_some_and(|r| roots.contains(&Address::relation(r)))
                || !loses()
            {
                continue;
            }
            let Some(what) = address.describe() else { continue };
            let on = of.map_or_else(|| address.schema_of().map_or(On::Database, On::Schema), On::Relation);
            if is_policy {
                sight.hit("ban-alter-policy-roles", format!("taking {name} out of {what}"), on);
            } else {
                sight.hit("ban-revoke", format!("revoking privileges on {what} from {name}"), on);
            }
        }
    }
}

/// TRUNCATE, and the tables that CASCADE reaches.
///
/// # Safety
/// A valid parse tree.
pub unsafe fn truncate(s: &pg_sys::TruncateStmt, sight: &mut Sight) {
    // SAFETY: the caller vouches for the tree.
    let named: Vec<pg_sys::Oid> = unsafe {
        items::<pg_sys::RangeVar>(s.relations)
            .into_iter()
            .filter_map(|range| names::relation(range).map(|relid| (relid, (*range).inh)))
            .filter(|(relid, _)| names::holds(*relid, pg_sys::ACL_TRUNCATE))
            .flat_map(|(relid, inh)| if inh { names::tree(relid) } else { vec![relid] })
            .collect()
    };
    let mut all = named.clone();
    if s.behavior == pg_sys::DropBehavior::DROP_CASCADE {
        loop {
            // SAFETY: a list of oids made here; the function reads pg_constraint.
            let more = unsafe {
                let list =
                    all.iter().fold(std::ptr::null_mut(), |list, relid| pg_sys::lappend_oid(list, *relid));
                oids(pg_sys::heap_truncate_find_FKs(list))
            };
            let before = all.len();
            for relid in more.into_iter().flat_map(names::tree) {
                if !all.contains(&relid) {
                    all.push(relid);
                }
            }
            if all.len() == before {
                break;
            }
        }
    }
    for relid in all {
        sight.lock(relid, pg_sys::AccessExclusiveLock);
        if catalog::relation_name(relid).is_some_and(|name| name.schema == catalog::SCHEMA) {
            sight.hit("disabling-guard", format!("truncating {}", names::of(relid)), On::Database);
        } else if facts::has_rows(relid) {
            let rule = if named.contains(&relid) { "ban-truncate" } else { "ban-truncate-cascade" };
            let (what, object) = (format!("truncating {}", names::of(relid)), Some(Address::relation(relid)));
            sight.hits.push(Hit { rule, what, on: On::Relation(relid), object });
        }
    }
}

/// DROP ROLE.
///
/// # Safety
/// A valid parse tree.
pub unsafe fn role(s: &pg_sys::DropRoleStmt, sight: &mut Sight) {
    // SAFETY: the caller vouches for the tree.
    let roles = unsafe { resolve::roles(s.roles) };
    if !super::role::may_make_roles() {
        return;
    }
    sight.hits.extend(roles.into_iter().filter_map(|r| hit_of(loses(Address::of(PG_AUTHID, r)))));
}

/// DROP DATABASE.
///
/// # Safety
/// A valid parse tree.
pub unsafe fn database(s: &pg_sys::DropdbStmt, sight: &mut Sight) {
    // SAFETY: a missing_ok look-up of the name in the tree.
    let oid = unsafe { pg_sys::get_database_oid(s.dbname, true) };
    let database = Address::of(PG_DATABASE, oid);
    sight.hits.extend(Some(database).filter(|d| names::may_alter_object(*d)).and_then(hit_of));
}

/// DROP TABLESPACE.
///
/// # Safety
/// A valid parse tree.
pub unsafe fn tablespace(s: &pg_sys::DropTableSpaceStmt, sight: &mut Sight) {
    // SAFETY: a missing_ok look-up of the name in the tree.
    let oid = unsafe { pg_sys::get_tablespace_oid(s.tablespacename, true) };
    let tablespace = Address::of(PG_TABLESPACE, oid);
    sight.hits.extend(Some(tablespace).filter(|t| names::may_alter_object(*t)).and_then(hit_of));
}

/// DROP SUBSCRIPTION.
///
/// # Safety
/// A valid parse tree.
pub unsafe fn subscription(s: &pg_sys::DropSubscriptionStmt, sight: &mut Sight) {
    // SAFETY: the caller vouches for the tree; a missing_ok look-up of the name in it.
    let subscription = unsafe { resolve::own(OBJECT_SUBSCRIPTION, pg_sys::makeString(s.subname).cast()) };
    sight.hits.extend(subscription.map(loses).and_then(hit_of));
}
