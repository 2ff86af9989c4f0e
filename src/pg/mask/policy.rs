//! What is masked and for whom, cached per backend: loaded when a generation begins, dropped when anything it depends on
//! changes.
use super::session::{self, Internal};
use crate::core::privacy::mask::Mask;
use crate::core::registry::level::Level;
use crate::pg::catalog::{self, Name};
use crate::pg::{cache, hooks, loading, owner, roles, spi};
use crate::{error, registry, settings};
use pgrx::{JsonB, PgTryBuilder, pg_sys};
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::rc::Rc;

/// A tagged column of one relation.
pub struct Column {
    /// Its number in that relation.
    pub number: i16,
    /// What it holds.
    pub tags: Vec<String>,
}

/// Leave for a role to see what a tag masks.
pub struct Grant {
    /// Members of it may see.
    pub role: pg_sys::Oid,
    /// The tag, and all below it.
    pub tag: String,
}

/// What is masked and for whom.
#[derive(Default)]
pub struct Policy {
    /// Tagged columns by relation; tags of one member of an inheritance tree count for all of it.
    pub relations: HashMap<pg_sys::Oid, Vec<Column>>,
    /// Masks by tag, then recipient; the empty recipient is everybody.
    masks: HashMap<String, HashMap<String, Mask>>,
    /// Masked roles.
    pub roles: Vec<pg_sys::Oid>,
    /// Whether everybody is masked: deny by default.
    pub everybody: bool,
    /// Unmask grants in force.
    pub grants: Vec<Grant>,
    /// When the first grant or level ends, in microseconds as PostgreSQL counts.
    ends_at: Option<i64>,
    /// The function that masks, called for each value.
    pub function: pg_sys::Oid,
}

impl Policy {
    /// The mask of a tag for a recipient; a tag without one is hidden.
    #[must_use]
    pub fn mask(&self, tag: &str, recipient: &str) -> Mask {
        let by_recipient = self.masks.get(tag);
        by_recipient.and_then(|m| m.get(recipient).or_else(|| m.get(""))).cloned().unwrap_or(Mask::Null)
    }

    /// Notes that something of it ends by itself.
    fn ends(&mut self, at: i64) {
        self.ends_at = Some(self.ends_at.map_or(at, |e| e.min(at)));
    }

    /// Whether grants end by themselves.
    #[must_use]
    pub fn is_limited(&self) -> bool {
        self.ends_at.is_some()
    }
}

thread_local! {
    static POLICY: RefCell<Option<Rc<Policy>>> = const { RefCell::new(None) };
    static LOADED_AT: Cell<u64> = const { Cell::new(0) };
    /// The subtransaction in which it was loaded, zero once that transaction has ended.
    static LOADED_IN: Cell<pg_sys::SubTransactionId> = const { Cell::new(0) };
    static CONCERNS: Cell<bool> = const { Cell::new(false) };
    static STALE: Cell<bool> = const { Cell::new(true) };
    static CALLBACKS: Cell<bool> = const { Cell::new(false) };
    /// Relations whose change empties the cache: a partition more or less, a column dropped and added again.
    static WATCHED: RefCell<HashSet<pg_sys::Oid>> = RefCell::new(HashSet::new());
    static ENDS_AT: Cell<i64> = const { Cell::new(i64::MAX) };
}

#[pgrx::pg_guard]
unsafe extern "C-unwind" fn on_relcache(_arg: pg_sys::Datum, relid: pg_sys::Oid) {
    let watched = relid == pg_sys::InvalidOid
        || WATCHED.try_with(|w| w.try_borrow().map_or(true, |w| w.contains(&relid))).unwrap_or(true);
    if watched {
        STALE.set(true);
    }
}

/// Roles or memberships changed: who is masked must be asked anew, and plans hold the old answer.
#[pgrx::pg_guard]
unsafe extern "C-unwind" fn on_roles(_arg: pg_sys::Datum, _cache: std::ffi::c_int, _hash: u32) {
    STALE.set(true);
    // SAFETY: only marks saved plans, as plancache.c's own callbacks do.
    unsafe { pg_sys::ResetPlanCache() };
}

fn register_callbacks() {
    if CALLBACKS.replace(true) {
        return;
    }
    // SAFETY: registers static functions, once per process; they only touch backend-local state.
    unsafe {
        pg_sys::CacheRegisterRelcacheCallback(Some(on_relcache), pg_sys::Datum::from(0));
        for cache in [pg_sys::SysCacheIdentifier::AUTHMEMROLEMEM, pg_sys::SysCacheIdentifier::AUTHOID] {
            pg_sys::CacheRegisterSyscacheCallback(cache as i32, Some(on_roles), pg_sys::Datum::from(0));
        }
    }
}

/// A (sub)transaction was aborted, the whole one where None. What was loaded in it, or in one inside it, may lack a table
/// that was dropped there: no invalidation names that table to a policy that does not know it. Ids rise, and whatever
/// was begun before it and is newer has ended. Must not raise.
pub fn forget_rolled_back(sub: Option<pg_sys::SubTransactionId>) {
    let loaded = LOADED_IN.get();
    if loaded != 0 && loaded >= sub.unwrap_or(0) {
        STALE.set(true);
        // SAFETY: only marks saved plans, which may have been made by it.
        unsafe { pg_sys::ResetPlanCache() };
    }
    if sub.is_none() {
        LOADED_IN.set(0);
    }
}

/// The transaction has ended well: what was loaded in it stays good.
pub fn keep() {
    LOADED_IN.set(0);
}

/// Whether anything is tagged and anybody is masked: one cached test.
#[inline]
#[must_use]
pub fn concerns_anybody() -> bool {
    if session::is_internal() {
        return false;
    }
    if is_stale() && !reload() {
        return false;
    }
    CONCERNS.get() || session::recipient_is_set()
}

#[inline]
fn is_stale() -> bool {
    STALE.get() || LOADED_AT.get() != cache::generation() || has_ended()
}

/// Whether something ended by itself since it was loaded.
#[inline]
fn has_ended() -> bool {
    // SAFETY: reads the clock.
    ENDS_AT.get() != i64::MAX && unsafe { pg_sys::GetCurrentTimestamp() } >= ENDS_AT.get()
}

/// Drops saved plans that show what a grant allowed that has ended; loads nothing.
#[inline]
pub fn note_end() {
    if has_ended() && !STALE.replace(true) {
        // SAFETY: only marks saved plans.
        unsafe { pg_sys::ResetPlanCache() };
    }
}

/// The policy as last loaded, where it may not be loaded now (no snapshot may be taken, or none is needed).
#[must_use]
pub fn last() -> Option<Rc<Policy>> {
    POLICY.with_borrow(Clone::clone)
}

/// The policy.
#[must_use]
pub fn current() -> Rc<Policy> {
    if is_stale() {
        reload();
    }
    last().unwrap_or_default()
}

/// Whether any tagged relation is masked at level enforce.
#[must_use]
pub fn is_enforced_anywhere() -> bool {
    !current().relations.is_empty()
}

/// Loading the policy: stale again where that fails, however far it came. Invalidations that arrive meanwhile count.
struct Attempt {
    done: bool,
}

impl Attempt {
    fn begin() -> Self {
        STALE.set(false);
        Attempt { done: false }
    }
}

impl Drop for Attempt {
    fn drop(&mut self) {
        if !self.done {
            STALE.set(true);
        }
    }
}

/// Loads it anew; false where that is not possible now.
#[cold]
fn reload() -> bool {
    // SAFETY: plain read of the transaction state.
    let in_transaction = unsafe { pg_sys::IsTransactionState() };
    if !in_transaction || session::is_internal() || loading::creating_extension() {
        return false;
    }
    let ours = Name { schema: catalog::SCHEMA.into(), relation: "masked_role".into() };
    if catalog::relation_oid(&ours).is_none() {
        return false; // another schema of that name, or one that is being dropped
    }
    register_callbacks();
    let _internal = Internal::begin();
    cache::settle();
    // A library that is newer or older than the objects may ask for what is not there. Whom no mask holds for has to
    // get in to mend that.
    let versions = loading::other_version();
    if versions.is_some()
        && roles::is_superuser(roles::outer())
        && !settings::MASK_OWNERS.get()
        && !session::recipient_is_set()
        && !session::is_forced()
    {
        return false;
    }
    let mut attempt = Attempt::begin();
    let generation = cache::generation();
    let expired = ENDS_AT.get() != i64::MAX;
    let policy = match versions {
        None => owner::run(load),
        Some(versions) => PgTryBuilder::new(|| owner::run(load))
            .catch_others(|_| error::privacy::objects_do_not_fit(&versions).raise())
            .execute(),
    };
    if !policy.relations.is_empty() {
        hooks::hook_executor();
    }
    CONCERNS.set(!policy.relations.is_empty() && (policy.everybody || !policy.roles.is_empty()));
    ENDS_AT.set(policy.ends_at.unwrap_or(i64::MAX));
    LOADED_AT.set(generation);
    // SAFETY: plain read of the transaction state.
    LOADED_IN.set(unsafe { pg_sys::GetCurrentSubTransactionId() });
    POLICY.set(Some(Rc::new(policy)));
    attempt.done = true;
    if expired {
        // SAFETY: only marks saved plans, which may show what a grant allowed that has ended.
        unsafe { pg_sys::ResetPlanCache() };
    }
    true
}

fn load() -> Policy {
    let mut policy = Policy { relations: tagged_relations(), masks: masks(), ..Policy::default() };
    // A masked role that was renamed is found by its oid.
    for (role, oid) in spi::select_latest(
        "SELECT role, role_oid FROM governance.masked_role
          WHERE unmasked_by_xid IS NULL OR unmasked_by_xid = pg_current_xact_id_if_assigned()",
        &[],
        |r| (r.must::<String>(1), r.get::<pg_sys::Oid>(2)),
    ) {
        match roles::oid(&role).or(oid) {
            _ if role == "public" => policy.everybody = true,
            Some(oid) => policy.roles.push(oid),
            None => {}
        }
    }
    for (role, tag, until) in spi::select_latest(
        "SELECT role, tag, valid_until FROM governance.unmask_grant
          WHERE (valid_until IS NULL OR valid_until > clock_timestamp())
            AND granted_by_xid IS DISTINCT FROM pg_current_xact_id_if_assigned()",
        &[],
        |r| (r.must::<String>(1), r.must::<String>(2), r.get::<pgrx::datum::TimestampWithTimeZone>(3)),
    ) {
        if let Some(role) = registry::role::meant(&format!("unmask {tag}"), &role) {
            policy.grants.push(Grant { role, tag });
            if let Some(end) = until {
                policy.ends(end.into());
            }
        }
    }
    for end in spi::select_latest(
        "SELECT valid_until FROM governance.level
          WHERE feature IN ('privacy', 'privacy.masks') AND valid_until > clock_timestamp()",
        &[],
        |r| r.must::<pgrx::datum::TimestampWithTimeZone>(1),
    ) {
        policy.ends(end.into());
    }
    let function = spi::select_latest(
        "SELECT oid FROM pg_proc WHERE pronamespace = 'governance'::regnamespace AND proname = '_mask'",
        &[],
        |r| r.must::<pg_sys::Oid>(1),
    );
    policy.function = function.first().copied().unwrap_or(pg_sys::InvalidOid);
    policy
}

/// Masks by tag and recipient. While a change of a mask belongs to the running transaction, the stricter of the masks
/// before and after holds.
fn masks() -> HashMap<String, HashMap<String, Mask>> {
    let mut masks: HashMap<String, HashMap<String, Mask>> = HashMap::new();
    let parse = |name: Option<String>, args: Option<JsonB>| {
        let args = args.map_or(serde_json::Value::Null, |a| a.0);
        name.map(|n| Mask::parse(&n, &args).unwrap_or(Mask::Null))
    };
    // The mask of a tag for everybody comes first: others are compared with it.
    let rows = spi::select_latest(
        "SELECT t.name, '', t.mask, t.mask_args, NULL, NULL, false FROM governance.tag t
         UNION ALL
         (SELECT m.tag, m.recipient, m.mask, m.args, m.was_mask, m.was_args,
                 m.changed_by_xid IS NOT DISTINCT FROM pg_current_xact_id_if_assigned()
            FROM governance.mask m ORDER BY m.recipient)",
        &[],
        |r| {
            let now = parse(r.get(3), r.get(4));
            (r.must::<String>(1), r.must::<String>(2), now, parse(r.get(5), r.get(6)), r.must::<bool>(7))
        },
    );
    for (tag, recipient, now, was, pending) in rows {
        let of_tag = masks.entry(tag).or_default();
        let default = of_tag.get("").cloned().unwrap_or(Mask::Null);
        let mask = match (now, pending) {
            (now, true) => now.unwrap_or(default.clone()).strictest(was.unwrap_or(default)),
            (Some(now), false) => now,
            (None, false) => continue,
        };
        of_tag.insert(recipient, mask);
    }
    masks
}

/// Tagged columns of every relation whose masks are enforced, spread over inheritance trees.
fn tagged_relations() -> HashMap<pg_sys::Oid, Vec<Column>> {
    let rows = spi::select_latest(
        "SELECT schema_name, relation_name, column_name, tag FROM governance.column_tag
          WHERE untagged_by_xid IS NULL OR untagged_by_xid = pg_current_xact_id_if_assigned()",
        &[],
        |r| (Name { schema: r.must(1), relation: r.must(2) }, r.must::<String>(3), r.must::<String>(4)),
    );
    let mut by_name: BTreeMap<Name, Vec<(String, String)>> = BTreeMap::new();
    for (name, column, tag) in rows {
        by_name.entry(name).or_default().push((column, tag));
    }
    let mut trees: HashMap<pg_sys::Oid, BTreeMap<String, Vec<String>>> = HashMap::new();
    let mut watched = HashSet::new();
    for (name, tags) in by_name {
        let Some(relid) = catalog::relation_oid(&name) else { continue };
        let members = tree_of(relid);
        watched.extend(members.iter().copied());
        if registry::ladder::Ladder::of_tagged(&name).level("privacy.masks").level != Level::Enforce {
            continue;
        }
        for member in members {
            let columns = trees.entry(member).or_default();
            for (column, tag) in &tags {
                columns.entry(column.clone()).or_default().push(tag.clone());
            }
        }
    }
    WATCHED.set(watched);
    let numbered = trees.into_iter().map(|(relid, columns)| {
        let columns: Vec<Column> = columns
            .into_iter()
            .filter_map(|(column, mut tags)| {
                tags.sort();
                tags.dedup();
                catalog::column_number(relid, &column).map(|number| Column { number, tags })
            })
            .collect();
        (relid, columns)
    });
    numbered.filter(|(_, columns)| !columns.is_empty()).collect()
}

/// The relation with all its ancestors and everything below any of them.
fn tree_of(relid: pg_sys::Oid) -> Vec<pg_sys::Oid> {
    spi::select_latest(
        "WITH RECURSIVE tree(relid) AS (
             SELECT $1::oid
             UNION
             SELECT CASE WHEN i.inhrelid = t.relid THEN i.inhparent ELSE i.inhrelid END
               FROM tree t JOIN pg_inherits i ON t.relid IN (i.inhrelid, i.inhparent))
         SELECT relid FROM tree",
        &[relid.into()],
        |r| r.must(1),
    )
}
