//! What a statement of a script that does not run does, so that those after it are read as they would be.
use super::rename::NAMED_BY_CLIENTS;
use super::shadow::{Check, Effect, Fact, note_lost, take_lost};
use super::{names, resolve};
use crate::pg::catalog::{self, text};
use crate::pg::list::items;
use crate::pg::object::Address;
use crate::pg::object::catalogs::PG_NAMESPACE;
use pgrx::pg_sys;
use pgrx::pg_sys::NodeTag::*;
use pgrx::pg_sys::ObjectType::*;

/// What a statement does. Names are read as they are before it, and what it drops is known from the look at it.
///
/// # Safety
/// `node` must be a valid raw parse tree of a statement.
pub unsafe fn effects(node: *mut pg_sys::Node) -> Vec<Effect> {
    let mut effects: Vec<Effect> = take_lost().into_iter().map(Effect::Lost).collect();
    // SAFETY: every cast follows the node's tag.
    unsafe {
        match (*node).type_ {
            T_AlterTableStmt => {
                let s = &*node.cast::<pg_sys::AlterTableStmt>();
                if let Some(relid) = names::relation(s.relation) {
                    for command in items::<pg_sys::AlterTableCmd>(s.cmds) {
                        effects.extend(of_command(relid, &*command));
                    }
                }
            }
            T_AlterDomainStmt => {
                let s = &*node.cast::<pg_sys::AlterDomainStmt>();
                let domain = resolve::type_named(s.typeName, b'd').map(|(oid, _)| oid);
                let holds =
                    |fact: fn(pg_sys::Oid) -> Fact, holds| domain.map(|d| Effect::Holds(fact(d), holds));
                effects.extend(match s.subtype as u8 {
                    b'T' => holds(Fact::DomainDefault, !s.def.is_null()),
                    b'N' => holds(Fact::DomainNotNull, false),
                    b'O' => holds(Fact::DomainNotNull, true),
                    _ => None,
                });
            }
            T_CommentStmt => {
                let s = &*node.cast::<pg_sys::CommentStmt>();
                let of = described(s.objtype, s.object);
                effects.extend(of.map(|of| Effect::Holds(Fact::Comment(of), !s.comment.is_null())));
            }
            T_SecLabelStmt => {
                let s = &*node.cast::<pg_sys::SecLabelStmt>();
                let of = described(s.objtype, s.object);
                effects.extend(of.map(|of| Effect::Holds(Fact::Label(of), !s.label.is_null())));
            }
            T_RenameStmt => effects.extend(of_rename(&*node.cast())),
            T_AlterObjectSchemaStmt => {
                let s = &*node.cast::<pg_sys::AlterObjectSchemaStmt>();
                // What belongs to a table goes with it.
                effects.extend(text(s.newschema).map(Effect::Hidden));
                if s.relation.is_null() {
                    effects.extend(resolve::object(s.objectType, s.object).map(Effect::Lost));
                }
            }
            T_DropStmt => {
                // One name may stand for several routines, of which one is left then.
                let s = &*node.cast::<pg_sys::DropStmt>();
                if matches!(
                    s.removeType,
                    OBJECT_FUNCTION | OBJECT_PROCEDURE | OBJECT_ROUTINE | OBJECT_AGGREGATE
                ) {
                    for routine in items::<pg_sys::ObjectWithArgs>(s.objects) {
                        let name = items::<pg_sys::String>((*routine).objname).into_iter().next_back();
                        effects.extend(name.and_then(|n| text((*n).sval)).map(Effect::Hidden));
                    }
                }
            }
            T_GrantStmt if (*node.cast::<pg_sys::GrantStmt>()).is_grant => effects.push(Effect::Granted),
            T_GrantRoleStmt if (*node.cast::<pg_sys::GrantRoleStmt>()).is_grant => {
                effects.push(Effect::Granted)
            }
            T_CreateRoleStmt | T_AlterRoleStmt => effects.push(Effect::Granted),
            _ => {}
        }
    }
    effects
}

/// # Safety
/// A valid sub-command of ALTER TABLE.
unsafe fn of_command(relid: pg_sys::Oid, c: &pg_sys::AlterTableCmd) -> Option<Effect> {
    use pg_sys::AlterTableType::*;
    // SAFETY: the caller vouches for the tree; ADD CONSTRAINT has a Constraint.
    let name = unsafe { text(c.name) }.unwrap_or_default();
    let of_column = |fact: fn(pg_sys::Oid, i16) -> Fact, holds| {
        names::column(relid, &name).map(|number| Effect::Holds(fact(relid, number), holds))
    };
    match c.subtype {
        AT_AddConstraint => {
            // SAFETY: as above.
            let c = unsafe { &*c.def.cast::<pg_sys::Constraint>() };
            (c.contype == pg_sys::ConstrType::CONSTR_CHECK).then(|| {
                // SAFETY: as above.
                let name = unsafe { text(c.conname) };
                Effect::Check(relid, Check { name, condition: c.raw_expr, valid: !c.skip_validation })
            })
        }
        AT_ValidateConstraint => Some(Effect::Checked(relid, name, true)),
        AT_DropConstraint => Some(Effect::Checked(relid, name, false)),
        AT_ColumnDefault => of_column(Fact::Default, !c.def.is_null()),
        AT_SetNotNull => of_column(Fact::NotNull, true),
        AT_DropNotNull => of_column(Fact::NotNull, false),
        AT_AddIdentity => of_column(Fact::Identity, true),
        AT_DropIdentity => of_column(Fact::Identity, false),
        AT_DropExpression => of_column(Fact::Generated, false),
        AT_EnableRowSecurity => Some(Effect::Holds(Fact::RowSecurity(relid), true)),
        AT_DisableRowSecurity => Some(Effect::Holds(Fact::RowSecurity(relid), false)),
        AT_ForceRowSecurity => Some(Effect::Holds(Fact::RowSecurityForced(relid), true)),
        AT_NoForceRowSecurity => Some(Effect::Holds(Fact::RowSecurityForced(relid), false)),
        AT_EnableTrig | AT_EnableAlwaysTrig | AT_EnableReplicaTrig => {
            Some(Effect::Holds(Fact::Trigger(relid, name), true))
        }
        AT_DisableTrig => Some(Effect::Holds(Fact::Trigger(relid, name), false)),
        AT_EnableRule | AT_EnableAlwaysRule | AT_EnableReplicaRule => {
            Some(Effect::Holds(Fact::Rule(relid, name), true))
        }
        AT_DisableRule => Some(Effect::Holds(Fact::Rule(relid, name), false)),
        _ => None,
    }
}

/// # Safety
/// A valid parse tree.
unsafe fn of_rename(s: &pg_sys::RenameStmt) -> Vec<Effect> {
    // SAFETY: the caller vouches for the tree.
    unsafe {
        let Some(to) = text(s.newname) else { return Vec::new() };
        match s.renameType {
            OBJECT_COLUMN => Vec::new(),
            OBJECT_TABLE | OBJECT_VIEW | OBJECT_MATVIEW | OBJECT_FOREIGN_TABLE | OBJECT_INDEX
            | OBJECT_SEQUENCE => {
                // Those with rows are read as Ddl.
                let other = names::relation(s.relation).filter(|relid| {
                    matches!(catalog::relation_kind(*relid), Some(b'i' | b'I' | b'S' | b'c'))
                });
                let name = other.and_then(names::name_now);
                name.map(|name| Effect::Renamed(name, to)).into_iter().collect()
            }
            OBJECT_SCHEMA => {
                let schema = text(s.subname).and_then(|name| catalog::schema_oid(&name));
                let lost = schema.map(|oid| Effect::Lost(Address::of(PG_NAMESPACE, oid)));
                lost.into_iter().chain([Effect::Hidden(to)]).collect()
            }
            kind @ (OBJECT_TABCONSTRAINT | OBJECT_TRIGGER | OBJECT_POLICY | OBJECT_RULE) => {
                let part =
                    names::relation(s.relation).and_then(|relid| resolve::part(kind, relid, s.subname));
                part.map(Effect::Lost).into_iter().chain([Effect::Hidden(to)]).collect()
            }
            kind if NAMED_BY_CLIENTS.contains(&kind) => {
                let object = if s.object.is_null() {
                    resolve::by_name(kind, s.subname)
                } else {
                    resolve::object(kind, s.object)
                };
                object.map(Effect::Lost).into_iter().chain([Effect::Hidden(to)]).collect()
            }
            // In these the grammar names what the constraint or attribute belongs to.
            _ => vec![Effect::Hidden(to)],
        }
    }
}

/// An object with a comment or label; a large object's name is a number, which needs no look-up.
///
/// # Safety
/// `object` must be what the grammar puts there for this kind.
unsafe fn described(kind: pg_sys::ObjectType::Type, object: *mut pg_sys::Node) -> Option<Address> {
    if matches!(kind, OBJECT_LARGEOBJECT | OBJECT_TABLESPACE | OBJECT_ROLE | OBJECT_DATABASE) {
        return None;
    }
    // SAFETY: the caller vouches for the node.
    unsafe { resolve::object(kind, object) }
}

/// Notes an object that goes with nothing else.
pub fn loses(object: Address) -> Address {
    note_lost(std::iter::once(object));
    object
}
