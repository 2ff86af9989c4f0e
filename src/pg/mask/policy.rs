//! What is masked and for whom, cached per backend: loaded when a generation begins, dropped when anything it depends on
//! changes.
use super::session::{self, Internal};
use super::spread::{self, Tags};
use crate::core::privacy::choice::{Choices, Whom};
use crate::core::privacy::mask::Mask;
use crate::core::privacy::path::Path;
use crate::core::registry::level::Level;
use crate::pg::catalog::{self, Name};
use crate::pg::{cache, hooks, loading, owner, roles, spi};
use crate::privacy::unclassified;
use crate::{error, privacy, registry, settings};
use pgrx::{PgTryBuilder, pg_sys};
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::rc::Rc;

/// A tagged column of one relation.
pub struct Column {
    /// Its number in that relation.
    pub number: i16,
    /// What it holds.
    pub tags: Vec<Borne>,
}

/// A tag, and where in a JSON column it holds.
#[derive(Clone)]
pub struct Borne {
    /// The tag.
    pub tag: String,
    /// The path; None for the whole column.
    pub path: Option<Path>,
}

impl Borne {
    /// From a tag with its path behind it. A path that cannot be read stands for everything.
    fn read(text: &str) -> Self {
        let (tag, path) = text.split_at(text.find('$').unwrap_or(text.len()));
        Borne { tag: tag.to_string(), path: Path::parse(path).ok() }
    }

    /// As people write it.
    #[must_use]
    pub fn text(&self) -> String {
        self.path.as_ref().map_or_else(|| self.tag.clone(), |p| format!("{} at {p}", self.tag))
    }
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
    /// Which mask each tag has, for whom.
    masks: Choices,
    /// What names the keys in use, by recipient; None where they were destroyed.
    keys: HashMap<String, Option<String>>,
    /// Roles that masks were chosen for.
    mask_roles: Vec<pg_sys::Oid>,
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
    /// The mask of a tag for a recipient.
    #[must_use]
    pub fn mask_for_recipient(&self, tag: &str, recipient: &str) -> Mask {
        let whom = Whom::Recipient(recipient.to_string());
        self.masks.for_whom(tag, &whom).unwrap_or_else(|| self.masks.for_everybody(tag))
    }

    /// The mask of a tag for a masked role: of those chosen for roles that it is a member of the strictest, else that
    /// for everybody.
    #[must_use]
    pub fn mask_for_role(&self, tag: &str, role: pg_sys::Oid) -> Mask {
        let mine = self.mask_roles.iter().filter(|r| roles::is_member_of(role, **r));
        mine.filter_map(|r| self.masks.for_whom(tag, &Whom::Role(r.to_u32())))
            .reduce(Mask::strictest)
            .unwrap_or_else(|| self.masks.for_everybody(tag))
    }

    /// What names the keys in use for a recipient: its own, else what is derived from those of everybody. Empty where there
    /// are none.
    #[must_use]
    pub fn key(&self, recipient: &str) -> String {
        let id = self.keys.get(recipient).or_else(|| self.keys.get("")).cloned().flatten();
        id.map(|id| format!("{id}/{recipient}")).unwrap_or_default()
    }

    /// Whether a list of oids has that of a tagged relation.
    ///
    /// # Safety
    /// The list must be one of oids, or NULL.
    #[must_use]
    pub unsafe fn has_any_of(&self, relids: *mut pg_sys::List) -> bool {
        // SAFETY: the caller vouches for the list.
        let list = unsafe { pgrx::PgList::<pg_sys::Oid>::from_pg(relids) };
        list.iter_oid().any(|relid| self.relations.contains_key(&relid))
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
    static EPOCH: Cell<u64> = const { Cell::new(1) };
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
        expire();
    }
}

/// Roles or memberships changed: who is masked must be asked anew, and plans hold the old answer.
#[pgrx::pg_guard]
unsafe extern "C-unwind" fn on_roles(_arg: pg_sys::Datum, _cache: std::ffi::c_int, _hash: u32) {
    expire();
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
        expire();
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

/// Rises whenever who is masked may be answered differently.
#[inline]
#[must_use]
pub fn epoch() -> u64 {
    EPOCH.get()
}

/// What was answered before may be wrong.
fn expire() {
    STALE.set(true);
    EPOCH.set(EPOCH.get() + 1);
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
    if has_ended() && !STALE.get() {
        expire();
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

/// The tagged columns of a relation that masks are enforced for, wherever the tags came from: name and tags.
#[must_use]
pub fn tagged_columns(relid: pg_sys::Oid) -> Vec<(String, Vec<String>)> {
    let policy = current();
    let columns = policy.relations.get(&relid).into_iter().flatten();
    let texts = |c: &Column| c.tags.iter().map(Borne::text).collect();
    columns.filter_map(|c| Some((catalog::column_name(relid, c.number)?, texts(c)))).collect()
}

/// Relations with tagged columns that masks are enforced for.
#[must_use]
pub fn tagged_tables() -> Vec<pg_sys::Oid> {
    let mut tables: Vec<pg_sys::Oid> = current().relations.keys().copied().collect();
    tables.sort_by_key(|relid| relid.to_u32());
    tables
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
            expire();
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
    EPOCH.set(EPOCH.get() + 1);
    attempt.done = true;
    if expired {
        // SAFETY: only marks saved plans, which may show what a grant allowed that has ended.
        unsafe { pg_sys::ResetPlanCache() };
    }
    true
}

fn load() -> Policy {
    let relations = tagged_relations();
    let (masks, mask_roles) = privacy::choices();
    let mut policy =
        Policy { relations, masks, mask_roles, keys: privacy::key::in_use(), ..Policy::default() };
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
          WHERE feature IN ('privacy', 'privacy.masks', 'privacy.unclassified') AND valid_until > clock_timestamp()",
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

/// Tagged columns of every relation whose masks are enforced, wherever their tags hold.
fn tagged_relations() -> HashMap<pg_sys::Oid, Vec<Column>> {
    let rows = spi::select_latest(
        "SELECT schema_name, relation_name, column_name, tag || path FROM governance.column_tag
          WHERE untagged_by_xid IS NULL OR untagged_by_xid = pg_current_xact_id_if_assigned()",
        &[],
        |r| (Name { schema: r.must(1), relation: r.must(2) }, r.must::<String>(3), r.must::<String>(4)),
    );
    let mut by_name: BTreeMap<Name, Vec<(String, String)>> = BTreeMap::new();
    for (name, column, tag) in rows {
        by_name.entry(name).or_default().push((column, tag));
    }
    let mut tags = Tags::new();
    let mut watched = HashSet::new();
    for (name, borne) in by_name {
        let Some(relid) = catalog::relation_oid(&name) else { continue };
        watched.insert(relid);
        let ladder = registry::ladder::Ladder::of_tagged(&name);
        let enforces = |feature| ladder.level(feature).level == Level::Enforce;
        if !enforces("privacy.masks") {
            continue;
        }
        let masks_new = enforces(unclassified::FEATURE);
        let columns = tags.entry(relid).or_default();
        for (column, tag) in borne.into_iter().filter(|(_, tag)| masks_new || tag != unclassified::TAG) {
            columns.entry(column).or_default().insert(tag);
        }
    }
    spread::spread(&mut tags);
    watched.extend(tags.keys().copied());
    WATCHED.set(watched);
    let numbered = tags.into_iter().map(|(relid, columns)| {
        let columns: Vec<Column> = columns
            .into_iter()
            .filter_map(|(column, tags)| {
                let tags = tags.iter().map(|t| Borne::read(t)).collect();
                catalog::column_number(relid, &column).map(|number| Column { number, tags })
            })
            .collect();
        (relid, columns)
    });
    numbered.filter(|(_, columns)| !columns.is_empty()).collect()
}
