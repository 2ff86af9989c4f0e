//! Reading the wishes that take a name, a rule or a place away.
#![expect(non_upper_case_globals, reason = "names of the server's enums in patterns")]
use super::catalog::{self, Name, text};
use super::ddl;
use super::guard::{facts, names, resolve};
use super::list::items;
use super::wish::Wish;
use super::{owner, spi};
use crate::core::change::away::Away;
use crate::core::change::part::Part;
use pgrx::pg_sys;
use pgrx::pg_sys::NodeTag::*;

/// A sub-command of ALTER TABLE; None where it is none of these.
///
/// # Safety
/// A valid parse tree.
pub unsafe fn sub_command(c: &pg_sys::AlterTableCmd) -> Option<Result<Part, Option<&'static str>>> {
    use pg_sys::AlterTableType::*;
    let cascades = c.behavior == pg_sys::DropBehavior::DROP_CASCADE;
    // SAFETY: the caller vouches for the tree; casts follow the kind of sub-command and the tags.
    unsafe {
        let name = text(c.name).unwrap_or_default();
        let part = match c.subtype {
            AT_DropColumn if cascades => Away::Cascade(Box::new(Part::DropColumn { column: name })),
            AT_DropConstraint if cascades => {
                return Some(Err(Some(
                    "DROP CONSTRAINT … CASCADE has no change form: change what depends on it first",
                )));
            }
            AT_DropConstraint => Away::DropConstraint { constraint: name },
            AT_DropNotNull => Away::DropNotNull { column: name },
            AT_ColumnDefault if c.def.is_null() => Away::DropDefault { column: name },
            AT_DetachPartition if !c.def.is_null() && (*c.def).type_ == T_PartitionCmd => {
                let range = (*c.def.cast::<pg_sys::PartitionCmd>()).name;
                let child = names::relation(range).and_then(catalog::relation_name);
                Away::Detach { partition: child.or(ddl::name_of(range))?.to_string() }
            }
            AT_AddColumn if !c.def.is_null() && (*c.def).type_ == T_ColumnDef => {
                let d = &*c.def.cast::<pg_sys::ColumnDef>();
                Away::AddColumn { column: text(d.colname)?, definition: definition(d)? }
            }
            _ => return None,
        };
        Some(Ok(Part::Away(part)))
    }
}

/// Type and constant default of a new column; None where anything else is said of it.
unsafe fn definition(d: &pg_sys::ColumnDef) -> Option<String> {
    // SAFETY: the caller vouches for the tree; a missing_ok look-up of the type, whose tuple is released.
    unsafe {
        if !d.collClause.is_null() || d.typeName.is_null() || (*d.typeName).setof {
            return None;
        }
        let mut modifier = -1;
        let tuple = pg_sys::LookupTypeName(std::ptr::null_mut(), d.typeName, &mut modifier, true);
        if tuple.is_null() {
            return None;
        }
        let row = &*pg_sys::GETSTRUCT(tuple).cast::<pg_sys::FormData_pg_type>();
        let (oid, is_domain) = (row.oid, row.typtype as u8 == b'd');
        pg_sys::ReleaseSysCache(tuple);
        if is_domain {
            return None; // its constraints and defaults would have to be looked at
        }
        let mut default = d.raw_default;
        for c in items::<pg_sys::Constraint>(d.constraints) {
            match (*c).contype {
                pg_sys::ConstrType::CONSTR_DEFAULT => default = (*c).raw_expr,
                pg_sys::ConstrType::CONSTR_NULL => {}
                _ => return None,
            }
        }
        let of_type = facts::type_name(oid, modifier);
        if default.is_null() {
            return Some(of_type);
        }
        if (*default).type_ != T_A_Const {
            return None;
        }
        let state = pg_sys::make_parsestate(std::ptr::null_mut());
        let copy = pg_sys::copyObjectImpl(default.cast()).cast();
        let kind = pg_sys::ParseExprKind::EXPR_KIND_COLUMN_DEFAULT;
        let constant = pg_sys::transformExpr(state, copy, kind);
        let written = text(pg_sys::deparse_expression(constant, std::ptr::null_mut(), false, false))?;
        Some(format!("{of_type} DEFAULT {written}"))
    }
}

/// DROP POLICY and DROP INDEX; None where it is neither.
///
/// # Safety
/// A valid parse tree.
pub unsafe fn drop(s: &pg_sys::DropStmt) -> Option<Vec<Wish>> {
    use pg_sys::ObjectType::*;
    let cascades = s.behavior == pg_sys::DropBehavior::DROP_CASCADE;
    // SAFETY: the caller vouches for the tree: names are lists of String nodes, that of a policy comes last.
    unsafe {
        let objects = items::<pg_sys::List>(s.objects);
        match s.removeType {
            OBJECT_POLICY => Some(
                objects
                    .into_iter()
                    .filter_map(|list| {
                        let last = (*list).length - 1;
                        let policy = text((*super::list::nth::<pg_sys::String>(list, last as usize)).sval)?;
                        let of = pg_sys::list_truncate(pg_sys::list_copy(list), last);
                        let relid = names::relation(pg_sys::makeRangeVarFromNameList(of))?;
                        on(relid, Away::DropPolicy { policy })
                    })
                    .collect(),
            ),
            OBJECT_INDEX if !cascades => Some(
                objects
                    .into_iter()
                    .filter_map(|list| {
                        let range = pg_sys::makeRangeVarFromNameList(list);
                        let Some(index) = names::relation(range) else {
                            // A change may have dropped it.
                            let name = ddl::name_of(range)?;
                            let part = Away::DropIndex { index: name.to_string() };
                            return Some(wish(name, None, part));
                        };
                        let relid = pg_sys::IndexGetRelation(index, true);
                        let part = Away::DropIndex { index: catalog::relation_name(index)?.to_string() };
                        on(relid, part).map(|wish| Wish { comes_first: s.concurrent, ..wish })
                    })
                    .collect(),
            ),
            _ => None,
        }
    }
}

/// ALTER TYPE … RENAME VALUE: planned on a table that uses the type, a declared one first.
///
/// # Safety
/// A valid parse tree.
pub unsafe fn alter_enum(s: &pg_sys::AlterEnumStmt) -> Vec<Wish> {
    // SAFETY: the caller vouches for the tree.
    let read = unsafe { text(s.oldVal).zip(text(s.newVal)).zip(resolve::type_named(s.typeName, b'e')) };
    let Some(((value, new_value), (of, type_name))) = read else { return Vec::new() };
    let table: Option<pg_sys::Oid> = owner::run(|| {
        spi::select_one(
            "WITH RECURSIVE t(oid) AS (
                SELECT $1::oid
                UNION SELECT x.oid FROM t JOIN pg_type x ON x.typbasetype = t.oid OR x.typelem = t.oid AND x.typcategory = 'A')
             SELECT c.oid FROM pg_attribute a JOIN t ON t.oid = a.atttypid
               JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
              WHERE a.attnum > 0 AND NOT a.attisdropped AND c.relkind IN ('r', 'p') AND NOT c.relispartition
              ORDER BY NOT EXISTS (SELECT FROM governance._dataset d
                                    WHERE (d.schema_name, d.relation_name) = (n.nspname, c.relname)), n.nspname, c.relname LIMIT 1",
            &[of.into()],
            |r| r.must(1),
        )
    });
    let Some(wish) = table.and_then(|relid| on(relid, Away::RenameValue { type_name, value, new_value }))
    else {
        return Vec::new();
    };
    // The guard judges it by the schema of the type.
    let also = vec![Name { schema: resolve::type_schema(of), relation: String::new() }];
    vec![Wish { also, ..wish }]
}

fn on(relid: pg_sys::Oid, part: Away) -> Option<Wish> {
    Some(wish(catalog::relation_name(relid)?, Some(relid), part))
}

fn wish(name: Name, relid: Option<pg_sys::Oid>, part: Away) -> Wish {
    Wish {
        name,
        relid,
        parts: vec![Part::Away(part)],
        is_all: true,
        adds_anew: false,
        why_not: None,
        also: Vec::new(),
        comes_first: false,
    }
}
