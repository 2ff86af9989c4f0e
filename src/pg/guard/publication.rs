//! Publications: what no longer reaches subscribers, and what reaches them that no mask can hold back.
use super::{On, Sight, names, resolve};
use crate::pg::catalog::{self, text};
use crate::pg::list::items;
use crate::pg::{mask, relation, roles};
use pgrx::pg_sys;
use pgrx::pg_sys::PublicationObjSpecType::*;
use pgrx::spi::quote_identifier;

/// CREATE PUBLICATION.
///
/// # Safety
/// A valid parse tree.
pub unsafe fn create(s: &pg_sys::CreatePublicationStmt, sight: &mut Sight) {
    // SAFETY: the caller vouches for the tree.
    unsafe {
        let publication = text(s.pubname).unwrap_or_default();
        if s.for_all_tables {
            if roles::is_superuser(roles::current()) {
                mask::tagged_tables().into_iter().for_each(|relid| sends(relid, None, &publication, sight));
            }
        } else {
            objects(s.pubobjects, &publication, sight);
        }
    }
}

/// ALTER PUBLICATION: tables that come, and tables that DROP or SET takes away.
///
/// # Safety
/// A valid parse tree.
pub unsafe fn alter(s: &pg_sys::AlterPublicationStmt, sight: &mut Sight) {
    use pg_sys::AlterPublicationAction::*;
    // SAFETY: the caller vouches for the tree.
    unsafe {
        let publication = text(s.pubname).unwrap_or_default();
        if s.pubobjects.is_null() {
            return;
        }
        if matches!(s.action, AP_AddObjects | AP_SetObjects) {
            objects(s.pubobjects, &publication, sight);
        }
        if !matches!(s.action, AP_DropObjects | AP_SetObjects) {
            return;
        }
        let named: Vec<pg_sys::Oid> = items::<pg_sys::PublicationObjSpec>(s.pubobjects)
            .into_iter()
            .filter(|o| (**o).pubobjtype == PUBLICATIONOBJ_TABLE && !(**o).pubtable.is_null())
            .filter_map(|o| names::relation((*(*o).pubtable).relation))
            .collect();
        let address = resolve::by_name(pg_sys::ObjectType::OBJECT_PUBLICATION, s.pubname);
        if !address.is_some_and(names::may_alter_object) {
            return;
        }
        let published = relation::published_by(&publication);
        let leaving =
            published.into_iter().filter(|relid| named.contains(relid) == (s.action == AP_DropObjects));
        for relid in leaving {
            let what =
                format!("taking {} out of publication {}", names::of(relid), quote_identifier(&publication));
            sight.hit("ban-drop-publication", what, On::Relation(relid));
        }
    }
}

/// The tables that a publication is given.
///
/// # Safety
/// A list of a valid parse tree.
unsafe fn objects(list: *mut pg_sys::List, publication: &str, sight: &mut Sight) {
    // SAFETY: the caller vouches for the list; each kind of object has the fields that are read.
    unsafe {
        for object in items::<pg_sys::PublicationObjSpec>(list) {
            let schema = match (*object).pubobjtype {
                PUBLICATIONOBJ_TABLE if !(*object).pubtable.is_null() => {
                    let table = &*(*object).pubtable;
                    let columns = items::<pg_sys::String>(table.columns);
                    let columns: Vec<String> = columns.into_iter().filter_map(|c| text((*c).sval)).collect();
                    if let Some(relid) = names::relation(table.relation) {
                        sends(relid, (!columns.is_empty()).then_some(&columns), publication, sight);
                    }
                    continue;
                }
                PUBLICATIONOBJ_TABLES_IN_SCHEMA => text((*object).name),
                PUBLICATIONOBJ_TABLES_IN_CUR_SCHEMA => crate::pg::ddl::creation_schema(),
                _ => None,
            };
            for relid in schema.iter().flat_map(|s| relation::of_schema(s)) {
                sends(relid, None, publication, sight);
            }
        }
    }
}

/// Subscribers get what is published as it is, and whoever reads there sees it.
fn sends(relid: pg_sys::Oid, columns: Option<&Vec<String>>, publication: &str, sight: &mut Sight) {
    if !matches!(catalog::relation_kind(relid), Some(b'r' | b'p')) {
        return;
    }
    let tagged = mask::tagged_columns(relid);
    let sent: Vec<String> = tagged
        .into_iter()
        .filter(|(column, _)| columns.is_none_or(|named| named.contains(column)))
        .map(|(column, tags)| format!("{} ({})", quote_identifier(column), tags.join(", ")))
        .collect();
    if !sent.is_empty() {
        let what = format!(
            "sending {} of {} to the subscribers of publication {}",
            sent.join(", "),
            names::of(relid),
            quote_identifier(publication)
        );
        sight.hit("publishing-tagged-column", what, On::Relation(relid));
    }
}
