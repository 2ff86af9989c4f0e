//! Whether expressions call functions that users wrote: by name, or because a type has some, as domains and casts of composite types do.
use super::list::items;
use pgrx::pg_sys;
use pgrx::pg_sys::NodeTag::*;
use std::ffi::c_void;

/// Which functions count.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Whose {
    /// All but the server's own.
    NotTheServers,
    /// The same without those in C, which superusers install.
    Written,
}

/// Whether an expression does.
///
/// # Safety
/// A valid analysed tree, or NULL.
#[must_use]
pub unsafe fn is_called(node: *mut pg_sys::Node, whose: Whose) -> bool {
    // SAFETY: the caller vouches for the tree; the walkers only read what is behind the pointer.
    unsafe { walk(node, std::ptr::from_ref(&whose).cast_mut().cast()) }
}

/// Languages in pg_language.dat, the same in every version.
const INTERNAL: u32 = 12;
const C: u32 = 13;

#[pgrx::pg_guard]
unsafe extern "C-unwind" fn walk(node: *mut pg_sys::Node, whose: *mut c_void) -> bool {
    // SAFETY: a valid analysed tree; the walker keeps to it.
    unsafe {
        !node.is_null()
            && (pg_sys::check_functions_in_node(node, Some(counts), whose)
                || is_typed_so(node)
                || pg_sys::expression_tree_walker(node, Some(walk), whose))
    }
}

#[pgrx::pg_guard]
unsafe extern "C-unwind" fn counts(function: pg_sys::Oid, whose: *mut c_void) -> bool {
    // SAFETY: the pointer is that of `is_called`.
    unsafe { is_users(function, *whose.cast::<Whose>()) }
}

/// Whether a function is of those.
fn is_users(function: pg_sys::Oid, whose: Whose) -> bool {
    function.to_u32() >= pg_sys::FirstNormalObjectId && (whose == Whose::NotTheServers || !is_in_c(function))
}

fn is_in_c(function: pg_sys::Oid) -> bool {
    // SAFETY: a row of the catalog cache, given back.
    unsafe {
        let id = pg_sys::SysCacheIdentifier::PROCOID as i32;
        let tuple = pg_sys::SearchSysCache1(id, pg_sys::Datum::from(function));
        if tuple.is_null() {
            return false;
        }
        let language = (*pg_sys::GETSTRUCT(tuple).cast::<pg_sys::FormData_pg_proc>()).prolang;
        pg_sys::ReleaseSysCache(tuple);
        matches!(language.to_u32(), INTERNAL | C)
    }
}

/// Whether one of the server's own functions calls others for the types that it is given here, or makes.
///
/// # Safety
/// A valid analysed node.
unsafe fn is_typed_so(node: *mut pg_sys::Node) -> bool {
    // SAFETY: each cast follows the node's tag.
    unsafe {
        let given = |list: *mut pg_sys::List, function: pg_sys::Oid| {
            items::<pg_sys::Node>(list).into_iter().any(|n| has_code(pg_sys::exprType(n), function))
        };
        match (*node).type_ {
            T_CoerceToDomain => true,
            // Read by the type: elements and fields may be of a domain.
            T_CoerceViaIO => is_made_of_users((*node.cast::<pg_sys::CoerceViaIO>()).resulttype),
            T_FuncExpr => {
                let call = &*node.cast::<pg_sys::FuncExpr>();
                given(call.args, call.funcid)
            }
            T_OpExpr | T_DistinctExpr | T_NullIfExpr => {
                let call = &*node.cast::<pg_sys::OpExpr>();
                given(call.args, call.opfuncid)
            }
            T_ScalarArrayOpExpr => {
                let call = &*node.cast::<pg_sys::ScalarArrayOpExpr>();
                given(call.args, call.opfuncid)
            }
            T_MinMaxExpr => given((*node.cast::<pg_sys::MinMaxExpr>()).args, pg_sys::InvalidOid),
            T_RowExpr => given((*node.cast::<pg_sys::RowExpr>()).args, pg_sys::InvalidOid),
            _ => false,
        }
    }
}

/// The type below domains, and of elements.
unsafe fn base(of_type: pg_sys::Oid) -> pg_sys::Oid {
    // SAFETY: catalog look-ups.
    unsafe {
        let plain = pg_sys::getBaseType(of_type);
        let element = pg_sys::get_element_type(plain);
        if element == pg_sys::InvalidOid { plain } else { pg_sys::getBaseType(element) }
    }
}

/// Whether a type may have code of users for a function that takes any: casts, operators, those of its fields. Base types are
/// superusers' to make.
unsafe fn has_code(of_type: pg_sys::Oid, function: pg_sys::Oid) -> bool {
    // SAFETY: catalog look-ups.
    unsafe {
        let base = base(of_type);
        base.to_u32() >= pg_sys::FirstNormalObjectId
            && match pg_sys::get_typtype(base) as u8 {
                b'b' => false,
                b'e' => !takes_enums(function),
                _ => true,
            }
    }
}

/// Whether it is one of the server's for enums, which call nothing.
unsafe fn takes_enums(function: pg_sys::Oid) -> bool {
    if function == pg_sys::InvalidOid {
        return true;
    }
    // SAFETY: a catalog look-up that fills both places; the array is palloc'd.
    unsafe {
        let (mut types, mut count) = (std::ptr::null_mut(), 0);
        pg_sys::get_func_signature(function, &mut types, &mut count);
        (0..count as usize).any(|i| *types.add(i) == pg_sys::ANYENUMOID)
    }
}

/// Whether a value of a type is made of parts whose own types users have made.
unsafe fn is_made_of_users(of_type: pg_sys::Oid) -> bool {
    // SAFETY: catalog look-ups.
    unsafe {
        let element = pg_sys::get_element_type(of_type);
        let part = if element == pg_sys::InvalidOid { of_type } else { element };
        part.to_u32() >= pg_sys::FirstNormalObjectId
            && !matches!(pg_sys::get_typtype(part) as u8, b'b' | b'e')
    }
}

/// Whether an index calls some for a row: for keys of such a type, or by an operator class.
///
/// # Safety
/// An open index.
#[must_use]
pub unsafe fn is_called_by_index(index: &pg_sys::RelationData) -> bool {
    // SAFETY: the arrays are as long as the index has keys, support functions and columns.
    unsafe {
        let keys = (*index.rd_index).indnkeyatts as usize;
        let functions = keys * usize::from((*index.rd_indam).amsupport);
        let attributes = (*index.rd_att).attrs.as_ptr();
        let is_written = |function: pg_sys::Oid| is_users(function, Whose::Written);
        let exclusions = if index.rd_exclprocs.is_null() { 0 } else { keys };
        (0..functions).any(|i| is_written(*index.rd_support.add(i)))
            || (0..exclusions).any(|i| is_written(*index.rd_exclprocs.add(i)))
            || (0..keys).any(|i| has_code((*attributes.add(i)).atttypid, pg_sys::InvalidOid))
    }
}
