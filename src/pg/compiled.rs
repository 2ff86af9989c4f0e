//! The expressions of a conversion trigger, compiled.
use super::catalog::{column_name, text};
use super::dual_write::{self, position};
use super::formula::{self, As, Column, Names};
use super::settings_scope::{self, Settings};
use super::written::Value;
use pgrx::pg_sys;
use pgrx::pg_sys::ffi::pg_guard_ffi_boundary;
use serde_json::Value as Json;
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::ffi::CString;
use std::rc::Rc;

thread_local! {
    /// By trigger and user: the right to call the functions is checked when an expression is compiled.
    static CACHE: RefCell<HashMap<(pg_sys::Oid, pg_sys::Oid), Rc<Compiled>>> = RefCell::new(HashMap::new());
    /// Rises when functions or all relations have changed.
    static GENERATION: Cell<u64> = const { Cell::new(0) };
}

/// A column that an expression is for.
pub struct Sink {
    /// Its name.
    pub name: String,
    /// Its number.
    pub at: i32,
    /// The expression; null where the column is only watched.
    state: *mut pg_sys::ExprState,
}

/// The expressions of a trigger.
pub struct Compiled {
    /// Number of the change.
    pub change: i64,
    /// Whether it is contracted: then only old values are made.
    pub after: bool,
    /// The new columns.
    pub up: Vec<Sink>,
    /// The old columns.
    pub down: Vec<Sink>,
    /// The primary key: numbers and names.
    pub key: Vec<(i32, String)>,
    /// The settings that the expressions were written under, where they depend on them.
    meaning: Vec<(CString, String)>,
    relid: pg_sys::Oid,
    generation: u64,
    stale: Cell<bool>,
    /// Whether an evaluation is running: what it calls may write to the same table.
    busy: Cell<bool>,
    context: pg_sys::MemoryContext,
    values: *mut pg_sys::ExprContext,
}

impl Drop for Compiled {
    fn drop(&mut self) {
        // SAFETY: the context was made for this and holds all the pointers; nobody uses them any more.
        unsafe { pg_sys::MemoryContextDelete(self.context) };
    }
}

/// The end of an evaluation.
pub struct Use<'a> {
    compiled: &'a Compiled,
    /// The settings of the expressions, for as long.
    _settings: Option<Settings>,
}

impl Drop for Use<'_> {
    fn drop(&mut self) {
        self.compiled.busy.set(false);
    }
}

impl Compiled {
    /// The expressions of a trigger that fires.
    ///
    /// # Safety
    /// The data of a trigger with the arguments of `governance._convert()`.
    #[must_use]
    pub unsafe fn of(data: &pg_sys::TriggerData) -> Rc<Compiled> {
        // SAFETY: the caller vouches for the data.
        let key = unsafe { ((*data.tg_trigger).tgoid, pg_sys::GetUserId()) };
        let known = CACHE.with_borrow(|cache| cache.get(&key).cloned());
        if let Some(known) =
            known.filter(|k| !k.stale.get() && !k.busy.get() && k.generation == GENERATION.get())
        {
            return known;
        }
        // SAFETY: as above.
        let fresh = Rc::new(unsafe { Compiled::make(data) });
        // What is no longer good is dropped outside of the borrow, and only when nobody uses it any more.
        let _before: Vec<Rc<Compiled>> = CACHE.with_borrow_mut(|cache| {
            let stale: Vec<_> = cache.iter().filter(|(_, c)| c.stale.get()).map(|(key, _)| *key).collect();
            let gone = stale.iter().filter_map(|key| cache.remove(key)).collect::<Vec<_>>();
            gone.into_iter().chain(cache.insert(key, fresh.clone())).collect()
        });
        fresh
    }

    /// # Safety
    /// As [`Compiled::of`].
    unsafe fn make(data: &pg_sys::TriggerData) -> Compiled {
        // SAFETY: everything is made in a context of its own, which is kept once nothing can fail any more; the caller
        // vouches for the data.
        unsafe {
            let generation = GENERATION.get();
            let relation = data.tg_relation;
            let argument = |i: usize| text(*(*data.tg_trigger).tgargs.add(i)).unwrap_or_default();
            let context = pg_sys::AllocSetContextCreateInternal(
                pg_sys::CurrentMemoryContext,
                c"data_governance conversion".as_ptr(),
                pg_sys::ALLOCSET_SMALL_MINSIZE as usize,
                pg_sys::ALLOCSET_SMALL_INITSIZE as usize,
                pg_sys::ALLOCSET_SMALL_MAXSIZE as usize,
            );
            let before = pg_sys::MemoryContextSwitchTo(context);
            let desc = (*relation).rd_att;
            let values = pg_sys::CreateStandaloneExprContext();
            let (mut up, mut down) = (sides(&argument(2)), sides(&argument(3)));
            let (change, after) = (argument(0).parse().unwrap_or_default(), argument(1) == "down");
            // Nobody's writes may fail for the sake of what is in quarantine.
            let gone = |(name, _): &&(String, Option<String>)| !dual_write::exists(desc, name);
            if after && let Some((name, _)) = up.iter().chain(&down).find(gone) {
                crate::error::conversion::no_longer_kept(change, name).warn();
                (up, down) = (Vec::new(), Vec::new());
            }
            let (up_at, down_at) = (columns(desc, &up), columns(desc, &down));
            let name = text((*(*relation).rd_rel).relname.data.as_ptr()).unwrap_or_default();
            let (up, down) = settings_scope::with_fixed_path(|| {
                (compile(up, &up_at, &down_at, &name), compile(down, &down_at, &up_at, &name))
            });
            let key = primary_key(relation);
            let has_meaning = (*data.tg_trigger).tgnargs > 4;
            let meaning = if has_meaning { argument(4) } else { String::new() };
            let meaning = serde_json::from_str(&meaning).unwrap_or(Json::Null);
            pg_sys::MemoryContextSwitchTo(before);
            pg_sys::MemoryContextSetParent(context, pg_sys::CacheMemoryContext);
            Compiled {
                change,
                after,
                up,
                down,
                key,
                meaning: settings_scope::meaning_of(&meaning),
                relid: (*relation).rd_id,
                generation,
                stale: Cell::new(false),
                busy: Cell::new(false),
                context,
                values,
            }
        }
    }

    /// Begins the evaluation of expressions for a row, which a slot holds until it ends. What was given for the row before
    /// ends now.
    ///
    /// # Safety
    /// The slot must hold a row of the relation.
    #[must_use]
    pub unsafe fn enter(&self, slot: *mut pg_sys::TupleTableSlot) -> Use<'_> {
        self.busy.set(true);
        // SAFETY: the context that the expressions were compiled for.
        unsafe {
            let context = (*self.values).ecxt_per_tuple_memory;
            if !(*context).isReset {
                pg_sys::MemoryContextReset(context);
            }
            (*self.values).ecxt_scantuple = slot;
        }
        Use { compiled: self, _settings: settings_scope::as_written(&self.meaning) }
    }
}

impl Use<'_> {
    /// What expressions give for the row; they live until the next one. `at` says which one is evaluated: an error ends it
    /// there.
    #[must_use]
    pub fn run(&self, sinks: &[Sink], at: &Cell<usize>) -> Vec<Value> {
        let mut values: Vec<Value> = vec![(pg_sys::Datum::from(0), true); sinks.len()];
        let context = self.compiled.values;
        // SAFETY: compiled expressions and the context they were compiled for, which has its row; one boundary turns errors
        // of all of them into unwinding, and nothing inside of it has to be dropped.
        unsafe {
            let before = pg_sys::MemoryContextSwitchTo((*context).ecxt_per_tuple_memory);
            pg_guard_ffi_boundary(|| {
                for (i, (sink, value)) in sinks.iter().zip(&mut values).enumerate() {
                    if let Some(evaluate) = sink.state.as_ref().and_then(|s| s.evalfunc) {
                        at.set(i);
                        value.0 = evaluate(sink.state, context, &mut value.1);
                    }
                }
            });
            pg_sys::MemoryContextSwitchTo(before);
        }
        values
    }
}

/// Columns with their expressions; without them where columns are only watched.
fn sides(argument: &str) -> Vec<(String, Option<String>)> {
    match serde_json::from_str(argument) {
        Ok(Json::Object(map)) => {
            map.into_iter().map(|(column, e)| (column, e.as_str().map(String::from))).collect()
        }
        Ok(Json::Array(list)) => {
            list.iter().filter_map(|c| c.as_str().map(|c| (c.to_string(), None))).collect()
        }
        _ => crate::error::change::not_a_trigger().raise(),
    }
}

/// The columns as the tuple has them; raises when one is gone.
///
/// # Safety
/// `desc` must be valid.
unsafe fn columns(desc: pg_sys::TupleDesc, sides: &[(String, Option<String>)]) -> Vec<(i32, Column)> {
    let of = |(name, _): &(String, Option<String>)| {
        // SAFETY: the caller vouches for the descriptor; attributes are stored behind it, from 1.
        unsafe {
            let at = position(desc, name);
            let a = &*(*desc).attrs.as_ptr().add(at as usize - 1);
            let column = Column {
                name: name.clone(),
                of_type: a.atttypid,
                modifier: a.atttypmod,
                collation: a.attcollation,
            };
            (at, column)
        }
    };
    sides.iter().map(of).collect()
}

/// # Safety
/// In the memory context that the expressions are to live in.
unsafe fn compile(
    sides: Vec<(String, Option<String>)>,
    sinks: &[(i32, Column)],
    sources: &[(i32, Column)],
    relation: &str,
) -> Vec<Sink> {
    let (numbers, columns): (Vec<i32>, Vec<Column>) = sources.iter().cloned().unzip();
    let names = Names { columns: &columns, numbers: &numbers, become_: As::Columns, relation };
    sides
        .into_iter()
        .zip(sinks)
        .map(|((name, expression), (at, column))| {
            let state = expression.map_or(std::ptr::null_mut(), |e| {
                // SAFETY: a tree that the parser has just made, analysed for the tuple it will be given.
                unsafe {
                    let target = (column.of_type, column.modifier);
                    let node = formula::analyse(formula::parse(&e), &names, target);
                    pg_sys::ExecInitExpr(pg_sys::expression_planner(node.cast()), std::ptr::null_mut())
                }
            });
            Sink { name, at: *at, state }
        })
        .collect()
}

/// # Safety
/// A relation that is open.
unsafe fn primary_key(relation: pg_sys::Relation) -> Vec<(i32, String)> {
    // SAFETY: the set is palloc'd; its members are column numbers with an offset.
    unsafe {
        let kind = pg_sys::IndexAttrBitmapKind::INDEX_ATTR_BITMAP_PRIMARY_KEY;
        let set = pg_sys::RelationGetIndexAttrBitmap(relation, kind);
        let mut key = Vec::new();
        let mut at = pg_sys::bms_next_member(set, -1);
        while at >= 0 {
            let number = at + pg_sys::FirstLowInvalidHeapAttributeNumber;
            key.push((number, column_name((*relation).rd_id, number as i16).unwrap_or_default()));
            at = pg_sys::bms_next_member(set, at);
        }
        key
    }
}

/// Relcache callback.
#[pgrx::pg_guard]
unsafe extern "C-unwind" fn on_relcache(_arg: pg_sys::Datum, relid: pg_sys::Oid) {
    let marked = CACHE.with(|cache| {
        let cache = cache.try_borrow().ok()?;
        cache.values().filter(|c| c.relid == relid).for_each(|c| c.stale.set(true));
        Some(())
    });
    if relid == pg_sys::InvalidOid || marked.is_none() {
        GENERATION.set(GENERATION.get() + 1);
    }
}

/// Syscache callback: a function has changed, and may have been folded into an expression.
#[pgrx::pg_guard]
unsafe extern "C-unwind" fn on_function(_arg: pg_sys::Datum, _cache: std::ffi::c_int, _hash: u32) {
    GENERATION.set(GENERATION.get() + 1);
}

/// Registers the callbacks; called once per process.
pub fn install() {
    // SAFETY: registers static functions that only touch backend-local cells.
    unsafe {
        pg_sys::CacheRegisterRelcacheCallback(Some(on_relcache), pg_sys::Datum::from(0));
        pg_sys::CacheRegisterSyscacheCallback(
            pg_sys::SysCacheIdentifier::PROCOID as i32,
            Some(on_function),
            pg_sys::Datum::from(0),
        );
    }
}
