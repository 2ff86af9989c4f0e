//! ALTER TABLE, sub-command by sub-command.
use super::shadow::{self, Fact};
use super::{
    Hit, On, Sight, access, column, constraint, drops, facts, names, partition, replace, storage, types,
};
use crate::pg::catalog::{self, text};
use crate::pg::list::items;
use crate::pg::object::Address;
use crate::pg::relation;
use pgrx::pg_sys;
use pgrx::pg_sys::AlterTableType::*;
use pgrx::spi::quote_identifier;

/// What the sub-commands of one statement are about.
pub struct Target {
    /// The relation.
    pub relid: pg_sys::Oid,
    /// Its name, quoted.
    pub name: String,
    /// As in `pg_class.relkind`.
    pub kind: u8,
    /// Whether it holds rows: what only takes long on a full table is no finding on an empty one.
    pub is_full: bool,
    /// Whether the statement goes on to what is below: not where it says ONLY.
    pub recurses: bool,
}

impl Target {
    /// It and, where the statement goes on to them, its partitions and children, as far as they hold rows.
    pub fn full_members(&self) -> Vec<pg_sys::Oid> {
        let members = if self.recurses { names::tree(self.relid) } else { vec![self.relid] };
        // Nobody checks rows that are elsewhere.
        let is_here = |m: &pg_sys::Oid| catalog::relation_kind(*m) != Some(b'f') && facts::has_own_rows(*m);
        members.into_iter().filter(is_here).collect()
    }

    /// The same for what children do not inherit, only partitions do: keys and indexes.
    pub fn full_parts(&self) -> Vec<pg_sys::Oid> {
        if self.kind == b'p' {
            return self.full_members();
        }
        Some(self.relid)
            .filter(|_| self.kind != b'f' && facts::has_own_rows(self.relid))
            .into_iter()
            .collect()
    }

    /// A column of it in words.
    pub fn column(&self, column: &str) -> String {
        format!("{}.{}", self.name, quote_identifier(column))
    }
}

/// ALTER TABLE and its kin: INDEX, VIEW, MATERIALIZED VIEW, SEQUENCE, FOREIGN TABLE, and TYPE of composite types.
///
/// # Safety
/// A valid parse tree, as for everything in this folder.
pub unsafe fn alter(s: &pg_sys::AlterTableStmt, sight: &mut Sight) {
    // SAFETY: the caller vouches for the tree.
    unsafe {
        let Some(relid) = names::relation(s.relation) else { return };
        let Some(kind) = catalog::relation_kind(relid) else { return };
        if !names::may_alter(relid) {
            return;
        }
        let commands = items::<pg_sys::AlterTableCmd>(s.cmds);
        let mode = pg_sys::AlterTableGetLockLevel(s.cmds);
        if kind == b'c' {
            for typed in catalog::typed_tables(relid) {
                sight.locks.push((typed, mode));
                let target = Target {
                    relid: typed,
                    name: names::of(typed),
                    kind: b'r',
                    is_full: facts::has_rows(typed),
                    recurses: true,
                };
                commands.iter().for_each(|c| attribute(&target, &**c, sight));
            }
            commands.iter().for_each(|c| of_rows(relid, &**c, sight));
            return;
        }
        commands.iter().for_each(|c| of_rows(relid, &**c, sight));
        let recurses = (*s.relation).inh && kind != b'i' && kind != b'I';
        let members = if recurses { names::tree(relid) } else { vec![relid] };
        sight.locks.extend(members.into_iter().map(|member| (member, mode)));
        let is_full =
            kind != b'f' && if recurses { facts::has_rows(relid) } else { facts::has_own_rows(relid) };
        let target = Target { relid, name: names::of(relid), kind, is_full, recurses };
        commands.iter().for_each(|c| command(&target, &**c, (*s.relation).inh, sight));
    }
}

/// DROP ATTRIBUTE, or DROP COLUMN of a table whose rows are values elsewhere: every such value loses a part.
///
/// # Safety
/// As [`alter`].
unsafe fn of_rows(relid: pg_sys::Oid, c: &pg_sys::AlterTableCmd, sight: &mut Sight) {
    if c.subtype != AT_DropColumn {
        return;
    }
    // SAFETY: as for the caller.
    let attribute = unsafe { text(c.name) }.unwrap_or_default();
    if names::column(relid, &attribute).is_none() {
        return;
    }
    for (table, column) in relation::columns_of_rows(relid) {
        if !facts::has_rows(table) {
            continue;
        }
        let of = format!("{}.{}", names::of(table), quote_identifier(&column));
        let what = format!("dropping attribute {} of column {of}", quote_identifier(&attribute));
        sight.hits.push(Hit::on_column("ban-drop-column", what, table, &column));
    }
}

/// A sub-command of ALTER TYPE on a table that is made of the type.
///
/// # Safety
/// As [`alter`].
unsafe fn attribute(t: &Target, c: &pg_sys::AlterTableCmd, sight: &mut Sight) {
    if matches!(c.subtype, AT_DropColumn | AT_AlterColumnType) {
        // SAFETY: as for the caller.
        unsafe { command(t, c, true, sight) };
    }
}

/// # Safety
/// As [`alter`].
unsafe fn command(t: &Target, c: &pg_sys::AlterTableCmd, recurses: bool, sight: &mut Sight) {
    // SAFETY: as for the caller; `def` is what the grammar puts there for the sub-command.
    unsafe {
        let name = text(c.name).unwrap_or_default();
        let cascade = c.behavior == pg_sys::DropBehavior::DROP_CASCADE;
        match c.subtype {
            AT_AddColumn => column::add(t, &*c.def.cast(), sight),
            AT_DropColumn => drop_column(t, &name, cascade, recurses, sight),
            AT_ColumnDefault if c.def.is_null() => column::drop_default(t, &name, sight),
            AT_DropNotNull => column::drop_not_null(t, &name, sight),
            AT_SetNotNull => column::set_not_null(t, &name, sight),
            AT_DropExpression => column::drop_expression(t, &name, sight),
            AT_DropIdentity => column::drop_identity(t, &name, sight),
            AT_SetIdentity => types::set_identity(t, &name, c.def.cast(), sight),
            AT_AlterColumnType => column::change_type(t, &name, &*c.def.cast(), sight),
            AT_AddConstraint => constraint::add(t, &*c.def.cast(), true, sight),
            AT_ValidateConstraint => constraint::validate(t, sight),
            AT_DropConstraint => constraint::drop(t, &name, cascade, sight),
            AT_ChangeOwner => {
                let of = Address::relation(t.relid);
                access::change_owner(of, On::Relation(t.relid), &t.name, c.newowner, sight);
            }
            AT_SetRelOptions | AT_ResetRelOptions | AT_ReplaceRelOptions if t.kind == b'v' => {
                let resets = c.subtype == AT_ResetRelOptions;
                replace::view_options(t, c.def.cast(), resets, sight);
            }
            AT_SetUnLogged => storage::set_logged(t, false, sight),
            AT_SetLogged => storage::set_logged(t, true, sight),
            AT_SetTableSpace => storage::set_tablespace(t, &name, sight),
            AT_SetAccessMethod => storage::set_access_method(t, &name, sight),
            AT_DisableTrig | AT_EnableReplicaTrig | AT_DisableTrigAll | AT_DisableTrigUser => {
                access::disable_trigger(t, Some(&name).filter(|n| !n.is_empty()), c.subtype, sight);
            }
            AT_DisableRule | AT_EnableReplicaRule
                if shadow::holds(&Fact::Rule(t.relid, name.clone()), || {
                    relation::has_active_rule(t.relid, &name)
                }) =>
            {
                let what = format!("disabling rule {} on {}", quote_identifier(&name), t.name);
                sight.hit("ban-disable-trigger", what, On::Relation(t.relid));
            }
            AT_DisableRowSecurity
                if shadow::holds(&Fact::RowSecurity(t.relid), || relation::row_security(t.relid).0) =>
            {
                let what = format!("disabling row level security on {}", t.name);
                sight.hit("ban-alter-row-level-security", what, On::Relation(t.relid));
            }
            AT_NoForceRowSecurity
                if shadow::holds(&Fact::RowSecurityForced(t.relid), || relation::row_security(t.relid).1) =>
            {
                let what = format!("letting the owner of {} pass row level security", t.name);
                sight.hit("ban-alter-row-level-security", what, On::Relation(t.relid));
            }
            AT_ReplicaIdentity => {
                let identity = &*c.def.cast::<pg_sys::ReplicaIdentityStmt>();
                if identity.identity_type as u8 == b'n' {
                    let what = format!("leaving {} without a replica identity", t.name);
                    sight.hit("ban-replica-identity", what, On::Relation(t.relid));
                }
            }
            AT_AttachPartition => partition::attach(t, &*c.def.cast(), sight),
            AT_DetachPartition => partition::detach(t, &*c.def.cast(), sight),
            AT_DropInherit => partition::no_inherit(t, c.def.cast(), sight),
            _ => {}
        }
    }
}

/// DROP COLUMN, in children too, with what goes along.
fn drop_column(t: &Target, name: &str, cascade: bool, recurses: bool, sight: &mut Sight) {
    let Some(number) = names::column(t.relid, name) else { return };
    if matches!(t.kind, b'v' | b'm' | b'c') {
        return;
    }
    let mut roots = vec![Address::column(t.relid, number)];
    if recurses && relation::has_children(t.relid) {
        let column = catalog::column_name(t.relid, number).unwrap_or_else(|| name.to_string());
        for child in names::tree(t.relid).into_iter().skip(1) {
            let number = catalog::column_number(child, &column);
            roots.extend(
                number
                    .filter(|n| relation::column_flags(child, *n).only_inherited)
                    .map(|n| Address::column(child, n)),
            );
        }
    }
    drops::along(&roots, cascade, sight);
}

impl Hit {
    /// One about a column.
    pub fn on_column(rule: &'static str, what: String, relid: pg_sys::Oid, column: &str) -> Hit {
        Hit { rule, what, on: On::Column(relid, column.to_string()), object: None }
    }
}
