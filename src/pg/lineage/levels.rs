//! The levels of a query: what its outputs and its rows are made of.
use super::expression::Scope;
use super::{Wanted, column_name, items, nth, string, tag};
use crate::core::lineage::Role;
use crate::core::lineage::resolve::{Output, ROWS, Source, Steps, WHOLE};
use pgrx::pg_sys;
use pgrx::pg_sys::NodeTag::*;
use std::collections::{HashMap, HashSet};

/// A write found in a statement: the relation and the outputs that are its columns.
pub struct Write {
    pub relation: pg_sys::Oid,
    pub wanted: Wanted,
}

/// Notes the steps of a query and of everything inside it.
#[derive(Default)]
pub struct Walker {
    /// What is counted only decides: for whoever follows values.
    pub follows_values: bool,
    pub steps: Steps,
    pub writes: Vec<Write>,
    levels: HashMap<usize, usize>,
    count: usize,
    done: HashSet<usize>,
}

impl Walker {
    /// The number of a level; it may be named before it is walked.
    pub fn level(&mut self, query: *const pg_sys::Query) -> usize {
        let next = self.count;
        let level = *self.levels.entry(query as usize).or_insert(next);
        if level == next {
            self.count += 1;
        }
        level
    }

    /// Walks a level and those below it.
    ///
    /// # Safety
    /// `query` must be a valid analysed Query inside the scope `parent`.
    pub unsafe fn visit(&mut self, query: *mut pg_sys::Query, parent: Option<&Scope>) -> usize {
        let level = self.level(query);
        if !self.done.insert(query as usize) {
            return level;
        }
        let scope = Scope { query, relation: pg_sys::InvalidOid, level, parent };
        // SAFETY: the tree is valid; only its own lists are followed.
        unsafe {
            for entry in items::<pg_sys::RangeTblEntry>((*query).rtable) {
                if (*entry).rtekind == pg_sys::RTEKind::RTE_SUBQUERY && !(*entry).subquery.is_null() {
                    self.visit((*entry).subquery, Some(&scope));
                }
            }
            for cte in items::<pg_sys::CommonTableExpr>((*query).cteList) {
                self.visit((*cte).ctequery.cast(), Some(&scope));
            }
            self.outputs(&scope);
            self.rows(&scope);
            if (*query).commandType != pg_sys::CmdType::CMD_SELECT {
                self.write(&scope);
            }
        }
        level
    }

    /// What the columns of a level are made of: its target list, its RETURNING list, or the arms of a set operation.
    unsafe fn outputs(&mut self, scope: &Scope) {
        // SAFETY: as in `visit`.
        unsafe {
            let query = scope.query;
            if !(*query).setOperations.is_null() {
                let columns = items::<pg_sys::TargetEntry>((*query).targetList).len() as i16;
                self.arms(scope, (*query).setOperations, columns, true);
                return;
            }
            for entry in returned(query) {
                if !(*entry).resjunk {
                    let at = Output(scope.level, (*entry).resno);
                    self.trace((*entry).expr.cast(), Role::Identity, at, scope);
                }
            }
        }
    }

    /// The arms of a set operation. What EXCEPT takes away flows nowhere and decides which rows are there; the arms of
    /// INTERSECT are equal, so values of both are found in the result.
    unsafe fn arms(&mut self, scope: &Scope, node: *mut pg_sys::Node, columns: i16, flows: bool) {
        // SAFETY: as in `visit`; leaves of the tree are subqueries of the range table.
        unsafe {
            if tag(node) == T_SetOperationStmt {
                let operation = node.cast::<pg_sys::SetOperationStmt>();
                let takes_away = (*operation).op == pg_sys::SetOperation::SETOP_EXCEPT;
                self.arms(scope, (*operation).larg, columns, flows);
                self.arms(scope, (*operation).rarg, columns, flows && !takes_away);
            } else if tag(node) == T_RangeTblRef {
                let index = (*node.cast::<pg_sys::RangeTblRef>()).rtindex;
                let entry: *mut pg_sys::RangeTblEntry = nth((*scope.query).rtable, index as usize - 1);
                if entry.is_null() || (*entry).subquery.is_null() {
                    return;
                }
                let arm = self.level((*entry).subquery);
                for column in 1..=columns {
                    let source = Source::Output(Output(arm, column));
                    if flows {
                        self.steps.add(Output(scope.level, column), source, Role::Identity);
                    } else {
                        self.steps.add(Output(scope.level, ROWS), source, Role::Filter);
                    }
                }
                self.steps.add(Output(scope.level, ROWS), Source::Output(Output(arm, ROWS)), Role::Identity);
            }
        }
    }

    /// What decides which rows a level has, and in which order.
    unsafe fn rows(&mut self, scope: &Scope) {
        let at = Output(scope.level, ROWS);
        // SAFETY: as in `visit`.
        unsafe {
            let query = scope.query;
            self.from(scope, (*query).jointree.cast());
            #[cfg(any(feature = "pg17", feature = "pg18"))]
            self.trace((*query).mergeJoinCondition, Role::Join, at, scope);
            for clause in items((*query).groupClause).into_iter().chain(items((*query).distinctClause)) {
                self.by_reference(scope, clause, Role::GroupBy, at);
            }
            for clause in items((*query).sortClause) {
                self.by_reference(scope, clause, Role::Sort, at);
            }
            self.trace((*query).havingQual, Role::Filter, at, scope);
            self.trace((*query).limitOffset, Role::Filter, at, scope);
            self.trace((*query).limitCount, Role::Filter, at, scope);
        }
    }

    /// An expression that GROUP BY, DISTINCT, ORDER BY or a window names by its place in the target list.
    pub unsafe fn by_reference(
        &mut self,
        scope: &Scope,
        clause: *mut pg_sys::SortGroupClause,
        role: Role,
        at: Output,
    ) {
        // SAFETY: as in `visit`.
        unsafe {
            for entry in items::<pg_sys::TargetEntry>((*scope.query).targetList) {
                if (*entry).ressortgroupref != (*clause).tleSortGroupRef {
                    continue;
                }
                if (*scope.query).setOperations.is_null() {
                    self.trace((*entry).expr.cast(), role, at, scope);
                } else {
                    let source = Source::Output(Output(scope.level, (*entry).resno));
                    self.steps.add(at, source, role);
                }
            }
        }
    }

    /// The FROM clause with its conditions.
    unsafe fn from(&mut self, scope: &Scope, node: *mut pg_sys::Node) {
        if node.is_null() {
            return;
        }
        let at = Output(scope.level, ROWS);
        // SAFETY: as in `visit`.
        unsafe {
            match tag(node) {
                T_FromExpr => {
                    let from = node.cast::<pg_sys::FromExpr>();
                    for item in items((*from).fromlist) {
                        self.from(scope, item);
                    }
                    let merge = (*scope.query).commandType == pg_sys::CmdType::CMD_MERGE;
                    for condition in conjuncts((*from).quals) {
                        // A comma and WHERE a.x = b.y is a join as well.
                        let joins = merge
                            || (!pg_sys::checkExprHasSubLink(condition)
                                && pg_sys::bms_num_members(pg_sys::pull_varnos(
                                    std::ptr::null_mut(),
                                    condition,
                                )) > 1);
                        let role = if joins { Role::Join } else { Role::Filter };
                        self.trace(condition, role, at, scope);
                    }
                }
                T_JoinExpr => {
                    let join = node.cast::<pg_sys::JoinExpr>();
                    self.from(scope, (*join).larg);
                    self.from(scope, (*join).rarg);
                    self.trace((*join).quals, Role::Join, at, scope);
                }
                T_RangeTblRef => self.entry_of_from(scope, (*node.cast::<pg_sys::RangeTblRef>()).rtindex),
                _ => {}
            }
        }
    }

    /// One entry of the FROM clause.
    unsafe fn entry_of_from(&mut self, scope: &Scope, index: i32) {
        let at = Output(scope.level, ROWS);
        // SAFETY: as in `visit`.
        unsafe {
            let entry: *mut pg_sys::RangeTblEntry = nth((*scope.query).rtable, index as usize - 1);
            if entry.is_null() {
                return;
            }
            // Policies and security barriers.
            for condition in items((*entry).securityQuals) {
                self.trace(condition, Role::Filter, at, scope);
            }
            match (*entry).rtekind {
                pg_sys::RTEKind::RTE_RELATION if index != (*scope.query).resultRelation => {
                    self.steps.add(at, Source::Column((*entry).relid.to_u32(), WHOLE), Role::Filter);
                }
                pg_sys::RTEKind::RTE_SUBQUERY => {
                    let inner = self.level((*entry).subquery);
                    self.steps.add(at, Source::Output(Output(inner, ROWS)), Role::Identity);
                }
                pg_sys::RTEKind::RTE_CTE => {
                    if let Some(cte) = scope.cte(entry) {
                        let inner = self.level(cte);
                        self.steps.add(at, Source::Output(Output(inner, ROWS)), Role::Identity);
                    }
                }
                // How many rows a function gives depends on its arguments: a lateral join.
                pg_sys::RTEKind::RTE_FUNCTION => {
                    for function in items::<pg_sys::RangeTblFunction>((*entry).functions) {
                        self.trace((*function).funcexpr, Role::Join, at, scope);
                    }
                }
                pg_sys::RTEKind::RTE_TABLEFUNC if !(*entry).tablefunc.is_null() => {
                    let function = (*entry).tablefunc;
                    self.trace((*function).docexpr, Role::Join, at, scope);
                    self.trace((*function).rowexpr, Role::Join, at, scope);
                }
                _ => {}
            }
        }
    }

    /// The relation that a level writes, and what its columns are made of.
    unsafe fn write(&mut self, scope: &Scope) {
        // SAFETY: as in `visit`.
        unsafe {
            let query = scope.query;
            let target: *mut pg_sys::RangeTblEntry =
                nth((*query).rtable, ((*query).resultRelation - 1).max(0) as usize);
            if (*query).resultRelation < 1 || target.is_null() {
                return;
            }
            let level = self.count;
            self.count += 1;
            let rows = Output(level, ROWS);
            self.steps.add(rows, Source::Output(Output(scope.level, ROWS)), Role::Identity);
            let mut lists = vec![];
            match (*query).commandType {
                pg_sys::CmdType::CMD_INSERT | pg_sys::CmdType::CMD_UPDATE => lists.push((*query).targetList),
                _ => {}
            }
            for action in items::<pg_sys::MergeAction>((*query).mergeActionList) {
                self.trace((*action).qual, Role::Conditional, rows, scope);
                lists.push((*action).targetList);
            }
            if !(*query).onConflict.is_null() {
                let conflict = (*query).onConflict;
                lists.push((*conflict).onConflictSet);
                for element in items::<pg_sys::Node>((*conflict).arbiterElems) {
                    self.trace(element, Role::Filter, rows, scope);
                }
                self.trace((*conflict).onConflictWhere, Role::Filter, rows, scope);
                for column in super::stored::constraint_columns((*conflict).constraint) {
                    let source = Source::Column((*target).relid.to_u32(), column);
                    self.steps.add(rows, source, Role::Filter);
                }
            }
            let mut columns = Vec::new();
            for entry in lists.into_iter().flat_map(|l| items::<pg_sys::TargetEntry>(l)) {
                if (*entry).resjunk {
                    continue;
                }
                let Some(name) = column_name((*target).relid, (*entry).resno) else { continue };
                if !columns.contains(&((*entry).resno, name.clone())) {
                    columns.push(((*entry).resno, name));
                }
                self.trace((*entry).expr.cast(), Role::Identity, Output(level, (*entry).resno), scope);
            }
            self.generated((*target).relid, level, &mut columns);
            self.writes.push(Write { relation: (*target).relid, wanted: Wanted { level, columns } });
        }
    }

    /// Columns that the server computes from those written.
    fn generated(&mut self, relation: pg_sys::Oid, level: usize, columns: &mut Vec<(i16, String)>) {
        let written: HashSet<i16> = columns.iter().map(|c| c.0).collect();
        for column in super::stored::generated_columns(relation) {
            if column.inputs.iter().any(|i| written.contains(&i.0)) {
                for (input, role) in column.inputs {
                    let source = Source::Column(relation.to_u32(), input);
                    self.steps.add(Output(level, column.number), source, role);
                }
                columns.push((column.number, column.name));
            }
        }
    }
}

/// The visible target list of a level as seen from outside.
pub unsafe fn returned(query: *mut pg_sys::Query) -> Vec<*mut pg_sys::TargetEntry> {
    // SAFETY: a valid Query.
    unsafe {
        if (*query).commandType == pg_sys::CmdType::CMD_SELECT {
            items((*query).targetList)
        } else {
            items((*query).returningList)
        }
    }
}

/// The columns of a SELECT, with the names the client sees, or others.
pub unsafe fn selected(walker: &mut Walker, query: *mut pg_sys::Query, renamed: &[String]) -> Wanted {
    // SAFETY: a valid Query.
    unsafe {
        let columns = returned(query)
            .into_iter()
            .filter(|e| !(**e).resjunk)
            .enumerate()
            .map(|(i, e)| {
                let own = string((*e).resname).unwrap_or_else(|| format!("column{}", (*e).resno));
                ((*e).resno, renamed.get(i).cloned().unwrap_or(own))
            })
            .collect();
        Wanted { level: walker.level(query), columns }
    }
}

/// The conditions that AND joins.
unsafe fn conjuncts(node: *mut pg_sys::Node) -> Vec<*mut pg_sys::Node> {
    if node.is_null() {
        return Vec::new();
    }
    // SAFETY: a valid expression; a list is an implicit AND.
    unsafe {
        match tag(node) {
            T_List => items(node.cast()).into_iter().flat_map(|n| conjuncts(n)).collect(),
            T_BoolExpr if (*node.cast::<pg_sys::BoolExpr>()).boolop == pg_sys::BoolExprType::AND_EXPR => {
                items((*node.cast::<pg_sys::BoolExpr>()).args)
                    .into_iter()
                    .flat_map(|n| conjuncts(n))
                    .collect()
            }
            _ => vec![node],
        }
    }
}
