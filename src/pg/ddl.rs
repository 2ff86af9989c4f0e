//! Reading DDL parse trees into owned values.
use super::catalog::{self, Name, text};
use super::guard::names;
use super::list::items;
use pgrx::pg_sys;
use pgrx::pg_sys::NodeTag::*;

/// A relation as a statement names it, and what that resolves to now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// Schema and name: as resolved, or as written where there is no such relation.
    pub name: Name,
    /// The relation, None when it does not exist.
    pub relid: Option<pg_sys::Oid>,
}

/// What a DDL statement wishes, as far as the guard and changes care.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ddl {
    /// ALTER … RENAME of a relation.
    RenameRelation {
        /// The relation under its old name.
        target: Target,
        /// Its new name.
        new_name: String,
    },
    /// ALTER … RENAME COLUMN.
    RenameColumn {
        /// The relation.
        target: Target,
        /// Old name of the column.
        column: String,
        /// New name.
        new_name: String,
    },
    /// ALTER SCHEMA … RENAME.
    RenameSchema {
        /// Old name.
        schema: String,
        /// New name.
        new_name: String,
    },
    /// ALTER … SET SCHEMA of a relation.
    SetSchema {
        /// The relation in its old schema.
        target: Target,
        /// The new schema.
        new_schema: String,
    },
    /// CREATE or ALTER EXTENSION, of another extension than this: it may make, rename and move members.
    Extension {
        /// Its name.
        name: String,
    },
    /// ALTER TABLE with sub-commands.
    AlterTable {
        /// The relation.
        target: Target,
        /// Columns it drops.
        drops: Vec<ColumnDrop>,
        /// Columns it adds.
        adds: Vec<String>,
        /// Whether it drops a constraint or a default or detaches a partition.
        takes_away: bool,
        /// Whether it adds a constraint, alone or with a column.
        constrains: bool,
        /// Number of all sub-commands.
        commands: usize,
        /// Whether it is written `ONLY`.
        only: bool,
        /// Partitions it detaches and parents it leaves.
        leaves: Vec<Leave>,
        /// Relations it attaches as partitions.
        attaches: Vec<Target>,
    },
    /// ALTER TYPE … RENAME ATTRIBUTE: columns of the tables made of the type.
    RenameAttribute {
        /// The composite type.
        target: Target,
        /// Old name of the attribute.
        attribute: String,
        /// New name.
        new_name: String,
    },
    /// CREATE TRIGGER, not OR REPLACE.
    CreateTrigger {
        /// The relation.
        target: Target,
        /// Name of the trigger.
        trigger: String,
        /// The function as written, schema first.
        function: Vec<String>,
        /// `pg_trigger.tgtype` as it will be; None where it has a condition or names columns.
        kind: Option<i16>,
    },
    /// DROP of relations.
    DropRelations {
        /// The relations.
        targets: Vec<Target>,
        /// `DROP TABLE`, `DROP VIEW`, …
        is_table: bool,
        /// CASCADE.
        cascade: bool,
    },
    /// DROP EXTENSION.
    DropExtensions {
        /// Their names.
        names: Vec<String>,
        /// CASCADE.
        cascade: bool,
    },
    /// Anything else.
    Other,
}

/// One DETACH PARTITION or NO INHERIT of an ALTER TABLE.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leave {
    /// What becomes a table of its own.
    pub child: Target,
    /// What it leaves.
    pub parent: Target,
}

/// One DROP COLUMN of an ALTER TABLE.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ColumnDrop {
    /// The column.
    pub column: String,
    /// CASCADE.
    pub cascade: bool,
    /// IF EXISTS.
    pub missing_ok: bool,
}

/// Reads a utility statement's parse tree.
///
/// # Safety
/// `node` must be null or a valid raw parse tree of a utility statement.
#[must_use]
pub unsafe fn read(node: *mut pg_sys::Node) -> Ddl {
    if node.is_null() {
        return Ddl::Other;
    }
    // SAFETY: every cast follows the node's tag; strings are NUL-terminated as the parser makes them.
    unsafe {
        match (*node).type_ {
            T_RenameStmt => read_rename(&*node.cast::<pg_sys::RenameStmt>()),
            T_AlterObjectSchemaStmt => {
                let s = &*node.cast::<pg_sys::AlterObjectSchemaStmt>();
                if s.objectType == pg_sys::ObjectType::OBJECT_EXTENSION {
                    return read_extension((*s.object.cast::<pg_sys::String>()).sval);
                }
                match (target(s.relation), text(s.newschema)) {
                    (Some(target), Some(new_schema)) => Ddl::SetSchema { target, new_schema },
                    _ => Ddl::Other,
                }
            }
            T_AlterTableStmt => {
                let s = &*node.cast::<pg_sys::AlterTableStmt>();
                let Some(target) = target(s.relation) else { return Ddl::Other };
                let commands = items::<pg_sys::AlterTableCmd>(s.cmds);
                let mut drops = Vec::new();
                let mut adds = Vec::new();
                let mut takes_away = false;
                let mut constrains = false;
                let mut leaves = Vec::new();
                let mut attaches = Vec::new();
                for c in &commands {
                    let c = &**c;
                    match c.subtype {
                        pg_sys::AlterTableType::AT_DropColumn => drops.push(ColumnDrop {
                            column: text(c.name).unwrap_or_default(),
                            cascade: c.behavior == pg_sys::DropBehavior::DROP_CASCADE,
                            missing_ok: c.missing_ok,
                        }),
                        pg_sys::AlterTableType::AT_AddColumn
                            if !c.def.is_null() && (*c.def).type_ == T_ColumnDef =>
                        {
                            let column = &*c.def.cast::<pg_sys::ColumnDef>();
                            constrains |= !column.constraints.is_null();
                            adds.extend(text(column.colname));
                        }
                        pg_sys::AlterTableType::AT_AddConstraint => constrains = true,
                        pg_sys::AlterTableType::AT_DropConstraint => takes_away = true,
                        pg_sys::AlterTableType::AT_ColumnDefault if c.def.is_null() => takes_away = true,
                        pg_sys::AlterTableType::AT_DetachPartition
                        | pg_sys::AlterTableType::AT_DetachPartitionFinalize
                            if !c.def.is_null() && (*c.def).type_ == T_PartitionCmd =>
                        {
                            takes_away = true;
                            let child = self::target((*c.def.cast::<pg_sys::PartitionCmd>()).name);
                            leaves.extend(child.map(|child| Leave { child, parent: target.clone() }));
                        }
                        pg_sys::AlterTableType::AT_AttachPartition
                            if !c.def.is_null() && (*c.def).type_ == T_PartitionCmd =>
                        {
                            attaches.extend(self::target((*c.def.cast::<pg_sys::PartitionCmd>()).name));
                        }
                        pg_sys::AlterTableType::AT_DropInherit
                            if !c.def.is_null() && (*c.def).type_ == T_RangeVar =>
                        {
                            let parent = self::target(c.def.cast::<pg_sys::RangeVar>());
                            leaves.extend(parent.map(|parent| Leave { child: target.clone(), parent }));
                        }
                        _ => {}
                    }
                }
                let (commands, only) = (commands.len(), !(*s.relation).inh);
                Ddl::AlterTable {
                    target,
                    drops,
                    adds,
                    takes_away,
                    constrains,
                    commands,
                    only,
                    leaves,
                    attaches,
                }
            }
            T_CreateTrigStmt => {
                let s = &*node.cast::<pg_sys::CreateTrigStmt>();
                let function =
                    items::<pg_sys::String>(s.funcname).into_iter().filter_map(|n| text((*n).sval)).collect();
                match (target(s.relation), text(s.trigname)) {
                    (Some(target), Some(trigger)) if !s.replace => {
                        let level = if s.row { pg_sys::TRIGGER_TYPE_ROW as i16 } else { 0 };
                        let is_plain = s.whenClause.is_null() && s.columns.is_null() && !s.isconstraint;
                        let kind = is_plain.then_some(level | s.timing | s.events);
                        Ddl::CreateTrigger { target, trigger, function, kind }
                    }
                    _ => Ddl::Other,
                }
            }
            T_CreateExtensionStmt => read_extension((*node.cast::<pg_sys::CreateExtensionStmt>()).extname),
            T_AlterExtensionStmt => read_extension((*node.cast::<pg_sys::AlterExtensionStmt>()).extname),
            T_DropStmt => read_drop(&*node.cast::<pg_sys::DropStmt>()),
            _ => Ddl::Other,
        }
    }
}

/// # Safety
/// `name` must be null or a valid C string.
unsafe fn read_extension(name: *const std::ffi::c_char) -> Ddl {
    // SAFETY: the caller vouches for the string.
    let other = unsafe { text(name) }.filter(|name| name != "data_governance");
    other.map_or(Ddl::Other, |name| Ddl::Extension { name })
}

/// # Safety
/// `s` must be a valid parse tree.
unsafe fn read_rename(s: &pg_sys::RenameStmt) -> Ddl {
    use pg_sys::ObjectType::*;
    // SAFETY: the caller vouches for the tree.
    unsafe {
        let Some(new_name) = text(s.newname) else { return Ddl::Other };
        match s.renameType {
            // ALTER INDEX and ALTER SEQUENCE … RENAME take tables and views as well.
            OBJECT_TABLE | OBJECT_VIEW | OBJECT_MATVIEW | OBJECT_FOREIGN_TABLE | OBJECT_INDEX
            | OBJECT_SEQUENCE => match target(s.relation) {
                Some(target) if is_dataset_kind(&target) => Ddl::RenameRelation { target, new_name },
                _ => Ddl::Other,
            },
            OBJECT_COLUMN => match (target(s.relation), text(s.subname)) {
                (Some(target), Some(column)) => Ddl::RenameColumn { target, column, new_name },
                _ => Ddl::Other,
            },
            OBJECT_ATTRIBUTE => match (target(s.relation), text(s.subname)) {
                (Some(target), Some(attribute)) => Ddl::RenameAttribute { target, attribute, new_name },
                _ => Ddl::Other,
            },
            OBJECT_SCHEMA => match text(s.subname) {
                Some(schema) => Ddl::RenameSchema { schema, new_name },
                None => Ddl::Other,
            },
            _ => Ddl::Other,
        }
    }
}

/// Whether a name that ALTER TABLE accepts is a relation with rows: it also accepts indexes and sequences.
fn is_dataset_kind(target: &Target) -> bool {
    target.relid.is_none_or(|r| matches!(catalog::relation_kind(r), Some(b'r' | b'p' | b'v' | b'm' | b'f')))
}

/// # Safety
/// `s` must be a valid parse tree.
unsafe fn read_drop(s: &pg_sys::DropStmt) -> Ddl {
    use pg_sys::ObjectType::*;
    let cascade = s.behavior == pg_sys::DropBehavior::DROP_CASCADE;
    // SAFETY: the caller vouches for the tree: names of relations are lists of String nodes, those of extensions are
    // String nodes.
    unsafe {
        match s.removeType {
            OBJECT_TABLE | OBJECT_VIEW | OBJECT_MATVIEW | OBJECT_FOREIGN_TABLE => {
                let targets = items::<pg_sys::List>(s.objects)
                    .into_iter()
                    .filter_map(|names| target(pg_sys::makeRangeVarFromNameList(names)))
                    .collect();
                Ddl::DropRelations { targets, is_table: s.removeType == OBJECT_TABLE, cascade }
            }
            OBJECT_EXTENSION => {
                let names =
                    items::<pg_sys::String>(s.objects).into_iter().filter_map(|n| text((*n).sval)).collect();
                Ddl::DropExtensions { names, cascade }
            }
            _ => Ddl::Other,
        }
    }
}

/// Resolves a relation under the search path in force; a name that does not resolve is kept as written.
///
/// # Safety
/// `range` must be null or a valid RangeVar.
unsafe fn target(range: *mut pg_sys::RangeVar) -> Option<Target> {
    if range.is_null() {
        return None;
    }
    // SAFETY: the caller vouches for the tree.
    unsafe {
        if let Some((relid, name)) =
            names::relation(range).and_then(|relid| Some((relid, catalog::relation_name(relid)?)))
        {
            return Some(Target { name, relid: Some(relid) });
        }
        Some(Target { name: name_of(range)?, relid: None })
    }
}

/// The name under which a relation would be made.
///
/// # Safety
/// `range` must be a valid RangeVar.
pub unsafe fn name_of(range: *const pg_sys::RangeVar) -> Option<Name> {
    // SAFETY: the caller vouches for the tree.
    unsafe {
        let relation = text((*range).relname)?;
        let schema = text((*range).schemaname).unwrap_or_else(|| creation_schema().unwrap_or_default());
        Some(Name { schema, relation })
    }
}

/// The first schema of the search path that exists: where an unqualified name would be created.
#[must_use]
pub fn creation_schema() -> Option<String> {
    // SAFETY: fetch_search_path returns a palloc'd list of oids.
    unsafe {
        let path = pg_sys::fetch_search_path(false);
        if path.is_null() || (*path).length == 0 {
            return None;
        }
        text(pg_sys::get_namespace_name((*(*path).elements).oid_value))
    }
}
