//! Inside one expression: which columns it reads, and how.
use super::levels::Walker;
use super::{items, live_columns, nth, tag};
use crate::core::lineage::Role;
use crate::core::lineage::resolve::{Output, ROWS, Source};
use pgrx::pg_sys;
use pgrx::pg_sys::NodeTag::*;
use std::ffi::{CStr, c_void};

/// A level of a query with those around it.
pub struct Scope<'a> {
    pub query: *mut pg_sys::Query,
    /// Where there is no query: the only relation that Vars can mean (an expression stored with a column).
    pub relation: pg_sys::Oid,
    pub level: usize,
    pub parent: Option<&'a Scope<'a>>,
}

impl<'a> Scope<'a> {
    fn up(&'a self, levels: u32) -> Option<&'a Scope<'a>> {
        (0..levels).try_fold(self, |scope, _| scope.parent)
    }

    /// The query of the WITH clause that an entry of this level names.
    ///
    /// # Safety
    /// `entry` must be a valid RTE_CTE of this level.
    pub unsafe fn cte(&'a self, entry: *const pg_sys::RangeTblEntry) -> Option<*mut pg_sys::Query> {
        // SAFETY: the caller vouches for the entry; names are NUL-terminated.
        unsafe {
            let scope = self.up((*entry).ctelevelsup)?;
            if scope.query.is_null() {
                return None;
            }
            items::<pg_sys::CommonTableExpr>((*scope.query).cteList)
                .into_iter()
                .find(|c| CStr::from_ptr((**c).ctename) == CStr::from_ptr((*entry).ctename))
                .map(|c| (*c).ctequery.cast())
        }
    }
}

/// What the callback of the server's tree walker needs.
struct Step<'a> {
    walker: *mut Walker,
    role: Role,
    at: Output,
    scope: &'a Scope<'a>,
}

#[pgrx::pg_guard]
unsafe extern "C-unwind" fn step(node: *mut pg_sys::Node, context: *mut c_void) -> bool {
    // SAFETY: the context is the Step that `children` passed, alive until it returns.
    unsafe {
        let step = &*context.cast::<Step>();
        (*step.walker).trace(node, step.role, step.at, step.scope);
    }
    false
}

impl Walker {
    /// Notes what an expression reads as steps of the output `at`.
    ///
    /// # Safety
    /// `node` must be null or a valid analysed expression of the level `scope`.
    pub unsafe fn trace(&mut self, node: *mut pg_sys::Node, role: Role, at: Output, scope: &Scope) {
        if node.is_null() {
            return;
        }
        // SAFETY: nodes are cast to what their tag says; the tree is only read.
        unsafe {
            pg_sys::check_stack_depth();
            match tag(node) {
                T_Var => self.variable(node.cast(), role, at, scope),
                T_TargetEntry => {
                    self.trace((*node.cast::<pg_sys::TargetEntry>()).expr.cast(), role, at, scope)
                }
                T_List | T_InferenceElem => self.children(node, role, at, scope),
                // The value passes as it is.
                T_RelabelType => {
                    self.trace((*node.cast::<pg_sys::RelabelType>()).arg.cast(), role, at, scope)
                }
                T_CollateExpr => {
                    self.trace((*node.cast::<pg_sys::CollateExpr>()).arg.cast(), role, at, scope)
                }
                T_CoerceToDomain | T_CoerceViaIO | T_ArrayCoerceExpr | T_FuncExpr
                    if is_implicit_cast(node) =>
                {
                    self.children(node, role, at, scope);
                }
                T_Aggref => self.aggregate(node.cast(), role, at, scope),
                T_WindowFunc => self.window(node.cast(), role, at, scope),
                // Says which columns are grouped, nothing about their values.
                T_GroupingFunc => {}
                T_CaseExpr => self.case(node.cast(), role, at, scope),
                T_NullIfExpr => {
                    let args = items::<pg_sys::Node>((*node.cast::<pg_sys::OpExpr>()).args);
                    for (i, arg) in args.into_iter().enumerate() {
                        let role = if i == 0 { role.computed() } else { role.deciding(Role::Conditional) };
                        self.trace(arg, role, at, scope);
                    }
                }
                T_SubLink => self.sublink(node.cast(), role, at, scope),
                T_Param => self.assigned_row(node.cast(), role, at, scope),
                T_FieldSelect => self.field(node.cast(), role, at, scope),
                T_Query => {
                    self.visit(node.cast(), Some(scope));
                }
                _ => self.children(node, role.computed(), at, scope),
            }
        }
    }

    unsafe fn children(&mut self, node: *mut pg_sys::Node, role: Role, at: Output, scope: &Scope) {
        let mut context = Step { walker: self, role, at, scope };
        // SAFETY: the context outlives the call; `step` uses it only meanwhile, and `self` not otherwise.
        unsafe {
            pg_sys::expression_tree_walker(node, Some(step), (&raw mut context).cast());
        }
    }

    unsafe fn variable(&mut self, var: *mut pg_sys::Var, role: Role, at: Output, scope: &Scope) {
        // SAFETY: as in `trace`.
        unsafe {
            let Some(scope) = scope.up((*var).varlevelsup) else { return };
            self.column(scope, (*var).varno, (*var).varattno, role, at);
        }
    }

    /// Column `number` of entry `index` of a level; number 0 is the whole row.
    unsafe fn column(&mut self, scope: &Scope, index: i32, number: i16, role: Role, at: Output) {
        // SAFETY: as in `trace`; entries are read by their kind.
        unsafe {
            if scope.query.is_null() {
                self.relation_column(scope.relation, number, role, at);
                return;
            }
            let conflict = (*scope.query).onConflict;
            if !conflict.is_null() && (*conflict).exclRelIndex == index {
                // EXCLUDED is the row that was to be inserted.
                for entry in items::<pg_sys::TargetEntry>((*scope.query).targetList) {
                    if (*entry).resno == number || number == 0 {
                        self.trace((*entry).expr.cast(), role, at, scope);
                    }
                }
                return;
            }
            let entry: *mut pg_sys::RangeTblEntry =
                if index < 1 { std::ptr::null_mut() } else { nth((*scope.query).rtable, index as usize - 1) };
            if entry.is_null() {
                return;
            }
            let aliases = || if number > 0 { (number - 1) as usize..number as usize } else { 0..usize::MAX };
            match (*entry).rtekind {
                pg_sys::RTEKind::RTE_RELATION => self.relation_column((*entry).relid, number, role, at),
                pg_sys::RTEKind::RTE_SUBQUERY => self.output((*entry).subquery, number, role, at),
                pg_sys::RTEKind::RTE_CTE => {
                    if let Some(cte) = scope.cte(entry) {
                        self.output(cte, number, role, at);
                    }
                }
                pg_sys::RTEKind::RTE_JOIN => {
                    let merged = items::<pg_sys::Node>((*entry).joinaliasvars).len();
                    for i in aliases().take_while(|i| *i < merged.max(number.max(0) as usize)) {
                        self.trace(nth((*entry).joinaliasvars, i), role, at, scope);
                    }
                }
                pg_sys::RTEKind::RTE_VALUES => {
                    for row in items::<pg_sys::List>((*entry).values_lists) {
                        let width = (*row).length as usize;
                        for i in aliases().take_while(|i| *i < width) {
                            self.trace(nth(row, i), role, at, scope);
                        }
                    }
                }
                pg_sys::RTEKind::RTE_FUNCTION => {
                    let mut first = 1;
                    for function in items::<pg_sys::RangeTblFunction>((*entry).functions) {
                        let last = first + (*function).funccolcount as i16;
                        if number == 0 || (first..last).contains(&number) {
                            self.trace((*function).funcexpr, role.computed(), at, scope);
                        }
                        first = last;
                    }
                }
                pg_sys::RTEKind::RTE_TABLEFUNC if !(*entry).tablefunc.is_null() => {
                    let function = (*entry).tablefunc;
                    self.trace((*function).docexpr, role.computed(), at, scope);
                    if number > 0 {
                        let i = number as usize - 1;
                        self.trace(nth((*function).colexprs, i), role.computed(), at, scope);
                        self.trace(nth((*function).coldefexprs, i), role.computed(), at, scope);
                    }
                }
                #[cfg(feature = "pg18")]
                pg_sys::RTEKind::RTE_GROUP if number > 0 => {
                    self.trace(nth((*entry).groupexprs, number as usize - 1), role, at, scope);
                }
                _ => {}
            }
        }
    }

    fn relation_column(&mut self, relation: pg_sys::Oid, number: i16, role: Role, at: Output) {
        if number != 0 {
            self.steps.add(at, Source::Column(relation.to_u32(), number), role);
            return;
        }
        for column in live_columns(relation) {
            self.steps.add(at, Source::Column(relation.to_u32(), column), role.computed());
        }
    }

    /// An output of another level; number 0 is the whole row.
    unsafe fn output(&mut self, query: *mut pg_sys::Query, number: i16, role: Role, at: Output) {
        let level = self.level(query);
        if number > 0 {
            self.steps.add(at, Source::Output(Output(level, number)), role);
            return;
        }
        // SAFETY: as in `trace`.
        for entry in unsafe { super::levels::returned(query) } {
            // SAFETY: as above.
            let (junk, number) = unsafe { ((*entry).resjunk, (*entry).resno) };
            if !junk {
                self.steps.add(at, Source::Output(Output(level, number)), role.computed());
            }
        }
    }

    unsafe fn aggregate(&mut self, call: *mut pg_sys::Aggref, role: Role, at: Output, scope: &Scope) {
        // SAFETY: as in `trace`. The arguments are target entries: those of ORDER BY that are not arguments are junk.
        unsafe {
            let value = match self.follows_values && counts((*call).aggfnoid) {
                true => role.deciding(Role::Conditional),
                false => role.over(Role::Aggregation),
            };
            for arg in items::<pg_sys::Node>((*call).aggdirectargs) {
                self.trace(arg, value, at, scope);
            }
            let order: Vec<u32> = items::<pg_sys::SortGroupClause>((*call).aggorder)
                .into_iter()
                .map(|c| (*c).tleSortGroupRef)
                .collect();
            // In percentile_cont(…) WITHIN GROUP (ORDER BY x), x is the value.
            let ordered_set = (*call).aggkind as u8 != b'n';
            for arg in items::<pg_sys::TargetEntry>((*call).args) {
                if !(*arg).resjunk {
                    self.trace((*arg).expr.cast(), value, at, scope);
                }
                if order.contains(&(*arg).ressortgroupref) && !ordered_set {
                    self.trace((*arg).expr.cast(), role.deciding(Role::Sort), at, scope);
                }
            }
            self.trace((*call).aggfilter.cast(), role.deciding(Role::Conditional), at, scope);
        }
    }

    unsafe fn window(&mut self, call: *mut pg_sys::WindowFunc, role: Role, at: Output, scope: &Scope) {
        // SAFETY: as in `trace`; the window is one of the same level.
        unsafe {
            let value = match (*call).winagg {
                true if self.follows_values && counts((*call).winfnoid) => role.deciding(Role::Conditional),
                true => role.over(Role::Aggregation),
                false => role.over(Role::Transformation),
            };
            self.trace((*call).args.cast(), value, at, scope);
            self.trace((*call).aggfilter.cast(), role.deciding(Role::Conditional), at, scope);
            let how = role.deciding(Role::Window);
            for window in items::<pg_sys::WindowClause>((*scope.query).windowClause) {
                if (*window).winref != (*call).winref {
                    continue;
                }
                let clauses =
                    items((*window).partitionClause).into_iter().chain(items((*window).orderClause));
                for clause in clauses {
                    self.by_reference(scope, clause, how, at);
                }
                self.trace((*window).startOffset, how, at, scope);
                self.trace((*window).endOffset, how, at, scope);
            }
        }
    }

    unsafe fn case(&mut self, case: *mut pg_sys::CaseExpr, role: Role, at: Output, scope: &Scope) {
        // SAFETY: as in `trace`.
        unsafe {
            let test = role.deciding(Role::Conditional);
            self.trace((*case).arg.cast(), test, at, scope);
            for when in items::<pg_sys::CaseWhen>((*case).args) {
                self.trace((*when).expr.cast(), test, at, scope);
                self.trace((*when).result.cast(), role.computed(), at, scope);
            }
            self.trace((*case).defresult.cast(), role.computed(), at, scope);
        }
    }

    unsafe fn sublink(&mut self, link: *mut pg_sys::SubLink, role: Role, at: Output, scope: &Scope) {
        // SAFETY: as in `trace`.
        unsafe {
            use pg_sys::SubLinkType::*;
            let query = (*link).subselect.cast::<pg_sys::Query>();
            let level = self.visit(query, Some(scope));
            let columns = |walker: &mut Self, role| {
                for entry in super::levels::returned(query) {
                    if !(*entry).resjunk {
                        walker.steps.add(at, Source::Output(Output(level, (*entry).resno)), role);
                    }
                }
            };
            let rows = Source::Output(Output(level, ROWS));
            match (*link).subLinkType {
                EXPR_SUBLINK | ARRAY_SUBLINK => {
                    let array = (*link).subLinkType == ARRAY_SUBLINK;
                    columns(self, if array { role.over(Role::Aggregation) } else { role });
                    self.steps.add(at, rows, role);
                }
                // Its columns are read by Params, each by the column it is assigned to.
                MULTIEXPR_SUBLINK => self.steps.add(at, rows, role),
                EXISTS_SUBLINK => self.steps.add(at, rows, role.deciding(Role::Filter)),
                _ => {
                    self.trace((*link).testexpr, role.computed(), at, scope);
                    columns(self, role.deciding(Role::Filter));
                    self.steps.add(at, rows, role.deciding(Role::Filter));
                }
            }
        }
    }

    /// `SET (a, b) = (SELECT x, y …)`: a Param per column, which names the sublink and its column.
    unsafe fn assigned_row(&mut self, param: *mut pg_sys::Param, role: Role, at: Output, scope: &Scope) {
        // SAFETY: as in `trace`; such a sublink stands in a junk entry of the same target list.
        unsafe {
            if (*param).paramkind != pg_sys::ParamKind::PARAM_MULTIEXPR || scope.query.is_null() {
                return;
            }
            let (id, number) = ((*param).paramid >> 16, ((*param).paramid & 0xffff) as i16);
            let mut lists = vec![(*scope.query).targetList];
            if !(*scope.query).onConflict.is_null() {
                lists.push((*(*scope.query).onConflict).onConflictSet);
            }
            for action in items::<pg_sys::MergeAction>((*scope.query).mergeActionList) {
                lists.push((*action).targetList);
            }
            for entry in lists.into_iter().flat_map(|l| items::<pg_sys::TargetEntry>(l)) {
                let link = (*entry).expr.cast::<pg_sys::SubLink>();
                if link.is_null() || tag(link.cast()) != T_SubLink || (*link).subLinkId != id {
                    continue;
                }
                let level = self.visit((*link).subselect.cast(), Some(scope));
                self.steps.add(at, Source::Output(Output(level, number)), role);
                self.steps.add(at, Source::Output(Output(level, ROWS)), role);
            }
        }
    }

    /// `(row).field`: only that column, where the row is one of the query's own.
    unsafe fn field(&mut self, select: *mut pg_sys::FieldSelect, role: Role, at: Output, scope: &Scope) {
        // SAFETY: as in `trace`.
        unsafe {
            let row = (*select).arg.cast::<pg_sys::Node>();
            match tag(row) {
                T_Var if (*row.cast::<pg_sys::Var>()).varattno == 0 => {
                    let var = row.cast::<pg_sys::Var>();
                    if let Some(scope) = scope.up((*var).varlevelsup) {
                        self.column(scope, (*var).varno, (*select).fieldnum, role, at);
                    }
                }
                T_RowExpr => {
                    let args = (*row.cast::<pg_sys::RowExpr>()).args;
                    self.trace(nth(args, ((*select).fieldnum - 1).max(0) as usize), role, at, scope);
                }
                _ => self.trace(row, role.computed(), at, scope),
            }
        }
    }
}

/// Whether the server added the cast by itself, so that the value is still the same one.
unsafe fn is_implicit_cast(node: *mut pg_sys::Node) -> bool {
    // SAFETY: the caller vouches for the node; it is cast to what its tag says.
    let form = unsafe {
        match tag(node) {
            T_FuncExpr => (*node.cast::<pg_sys::FuncExpr>()).funcformat,
            T_CoerceViaIO => (*node.cast::<pg_sys::CoerceViaIO>()).coerceformat,
            T_ArrayCoerceExpr => (*node.cast::<pg_sys::ArrayCoerceExpr>()).coerceformat,
            T_CoerceToDomain => return true,
            _ => return false,
        }
    };
    form == pg_sys::CoercionForm::COERCE_IMPLICIT_CAST
}

/// Whether an aggregate tells only how many there are.
fn counts(function: pg_sys::Oid) -> bool {
    [pg_sys::F_COUNT_ANY, pg_sys::F_COUNT_, pg_sys::F_REGR_COUNT].contains(&function.to_u32())
}
