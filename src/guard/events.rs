//! The event triggers: identity follows DDL, `ddl_log` records it, and where no hook stands below them the guard
//! judges here.
use super::victim::{Victim, drop_victim, victim_of_schema_drop};
use super::{Layer, dump_script, later, log, self_protection};
use crate::pg::catalog::{self, Name};
use crate::pg::ddl::Ddl;
use crate::pg::event::Event;
use crate::pg::object::Address;
use crate::pg::object::catalogs::{PG_CLASS, PG_CONSTRAINT, PG_NAMESPACE};
use crate::pg::{
    cache, hooks, loading, mask, owner, regclass, relation, roles, session, settings_scope, spi, versions,
    xact,
};
use crate::privacy::unclassified;
use crate::registry::{
    bare, carry, deprecation, former_column, identity, rename, rename_column, tagging, tree,
};
use crate::{audit, boundary, change, lineage, settings};
use pgrx::pg_sys;
use std::cell::{Cell, RefCell};

thread_local! {
    /// Each of the statements that are running, the outermost first: triggers of users run statements of their own while
    /// one runs.
    static FORESEEN: RefCell<Vec<Running>> = const { RefCell::new(Vec::new()) };
    /// The table that an ALTER TABLE adds constraints to, and those it had before.
    static CONSTRAINS: RefCell<Option<(pg_sys::Oid, Vec<pg_sys::Oid>)>> = const { RefCell::new(None) };
    /// The table that an ALTER TABLE adds columns to, and how many numbers its columns had used up before.
    static WIDENS: Cell<Option<(pg_sys::Oid, i16)>> = const { Cell::new(None) };
}

/// A statement that is running.
struct Running {
    /// The subtransaction it began in.
    sub: pg_sys::SubTransactionId,
    /// What was judged before it ran.
    foreseen: Vec<Address>,
    /// How many stored things called the function that masks.
    masks: usize,
}

/// Whether the guard has nothing to say. What is declared follows DDL all the same.
fn silent() -> bool {
    !settings::ENABLED.get() || loading::creating_extension()
}

/// Identity follows with the kill switch off too: a tag that stays behind would be a column that nobody masks, for good.
/// But the switch is the way out of whatever goes wrong here, so then it fails no statement.
fn follow_always(handler: impl FnOnce()) {
    if loading::creating_extension() {
        return;
    }
    if settings::ENABLED.get() {
        return handler();
    }
    if let Err(why) = xact::tried(handler)
        && catalog::is_present()
    {
        crate::error::guard::not_followed(&why).warn();
    }
}

/// The event, with names resolved under the search path of the statement, not of our function.
fn read(call: pg_sys::FunctionCallInfo) -> Event {
    let path = settings_scope::callers_search_path();
    settings_scope::with_search_path(&path, || Event::read(call))
}

/// Before the statement does anything.
pub fn on_start(call: pg_sys::FunctionCallInfo) {
    follow_always(|| before(call));
}

/// Forgets the statements that an error has ended: those begun in an aborted subtransaction, or all. Must not raise.
pub fn forget(aborted: Option<pg_sys::SubTransactionId>) {
    let _ = FORESEEN.try_with(|f| {
        f.try_borrow_mut().map(|mut f| match aborted {
            Some(sub) => f.retain(|running| running.sub < sub),
            None => f.clear(),
        })
    });
}

/// How many statements are running inside each other, of those that fire event triggers.
#[must_use]
pub fn running() -> usize {
    FORESEEN.with_borrow(Vec::len)
}

fn before(call: pg_sys::FunctionCallInfo) {
    let event = read(call);
    let masks = mask::index::dependents();
    FORESEEN
        .with_borrow_mut(|f| f.push(Running { sub: xact::subtransaction(), foreseen: Vec::new(), masks }));
    if !silent() {
        dump_script::stop_if_half_done(&event);
    }
    match &event.ddl {
        Ddl::DropExtensions { names, cascade } if !silent() => {
            self_protection::before_drop_extension(names, *cascade)
        }
        Ddl::AlterTable { target, attaches, .. } => {
            let children = attaches.iter().filter_map(|child| child.relid);
            target.relid.into_iter().for_each(|parent| audit::make_way(parent, children.clone()));
        }
        Ddl::RenameRelation { target, .. } | Ddl::SetSchema { target, .. } => {
            identity::bind_if_governed(&target.name);
        }
        Ddl::Extension { name } => {
            let members = catalog::members_of_extension(name);
            members
                .into_iter()
                .filter_map(catalog::relation_name)
                .for_each(|m| identity::bind_if_governed(&m));
        }
        Ddl::CreateTrigger { target, trigger, function, kind } => {
            dump_script::make_way(target, trigger, function, *kind);
        }
        _ => {}
    }
    if event.tag.starts_with("DROP") {
        tree::note_parts();
    }
    if !silent() && !hooks::active() {
        let path = settings_scope::callers_search_path();
        let there = change::before_ddl(|| settings_scope::with_search_path(&path, || event.wishes()));
        if let Some(there) = there {
            event.skip(&there);
        }
        // The extension's own end was judged above, and takes its own triggers along.
        if !self_protection::is_our_end(&event.ddl) {
            let path = settings_scope::callers_search_path();
            let seen = crate::pg::guard::hold::Seen::now();
            // A change that it completes may have put something else under the names in it.
            let (ddl, sight) = settings_scope::with_search_path(&path, || event.read_again());
            let mut foreseen =
                later::within(event.must_come_first(), || super::before(Layer::EventTrigger, &sight, &ddl));
            if super::may_refuse() && event.is_held() && seen.is_stale_once_held(&sight) {
                let (ddl, sight) = settings_scope::with_search_path(&path, || event.read_again());
                foreseen = super::again(Layer::EventTrigger, &sight, &ddl);
            }
            FORESEEN.with_borrow_mut(|f| {
                if let Some(last) = f.last_mut() {
                    last.foreseen = foreseen;
                }
            });
        }
    }
    CONSTRAINS.set(match &event.ddl {
        Ddl::AlterTable { target, constrains: true, .. } if !hooks::active() => {
            target.relid.map(|relid| (relid, relation::constraints(relid)))
        }
        _ => None,
    });
    WIDENS.set(match &event.ddl {
        Ddl::AlterTable { target, adds, .. } if !adds.is_empty() => {
            target.relid.and_then(|relid| catalog::last_column_number(relid).map(|last| (relid, last)))
        }
        _ => None,
    });
}

/// One command as `pg_event_trigger_ddl_commands()` reports it.
struct Command {
    relation: Option<pg_sys::Oid>,
    /// The table of a trigger that was made, replaced or renamed.
    triggers_on: Option<pg_sys::Oid>,
    tag: String,
    schema: Option<String>,
    identity: Option<String>,
    object: Option<Address>,
}

/// Commands that say where columns come from.
const MAKES_FLOWS: [&str; 4] = ["CREATE TABLE AS", "SELECT INTO", "CREATE VIEW", "CREATE MATERIALIZED VIEW"];

/// Commands that leave a relation as it is.
const SAYS_ONLY: [&str; 4] = ["COMMENT", "SECURITY LABEL", "GRANT", "REVOKE"];

/// After the statement, before its transaction goes on.
pub fn on_end(call: pg_sys::FunctionCallInfo) {
    follow_always(|| after(call));
}

fn after(call: pg_sys::FunctionCallInfo) {
    if let Some(running) = FORESEEN.with_borrow_mut(Vec::pop)
        && !roles::is_superuser(roles::current())
    {
        mask::index::refuse_more_than(running.masks);
    }
    let path = settings_scope::callers_search_path();
    let event = read(call);
    let commands = owner::run(|| {
        spi::select(
        "SELECT CASE WHEN classid = 'pg_class'::regclass THEN objid END, command_tag, schema_name, object_identity,
                (SELECT tgrelid FROM pg_trigger WHERE classid = 'pg_trigger'::regclass AND oid = objid), classid, objid
           FROM pg_event_trigger_ddl_commands() WHERE NOT in_extension",
        &[],
        |r| Command {
            relation: r.get(1),
            tag: r.must(2),
            schema: r.get(3),
            identity: r.get(4),
            triggers_on: r.get(5),
            object: r.get(6).zip(r.get(7)).map(|(class, id)| Address::of(class, id)),
        },
    )
    });
    if commands.iter().any(|c| c.schema.as_deref() != Some("pg_temp")) {
        regclass::hold_all(false);
    }
    // CREATE OR REPLACE may have found one that was there before.
    let made = commands.iter().filter(|c| c.tag.starts_with("CREATE ")).filter_map(|c| c.object);
    made.filter(|object| !event.replaces() || !versions::was_there(*object))
        .for_each(xact::note_object_created);
    for command in &commands {
        if let Some(relid) = command.relation.filter(|_| !SAYS_ONLY.contains(&command.tag.as_str())) {
            follow(relid, &event);
            if MAKES_FLOWS.contains(&command.tag.as_str()) && !bare::has_no_tags() {
                // Tags spread over views and materialized views.
                cache::touch();
            }
            // A dump brings its flows itself; those of its views are in the catalogs anyway.
            if MAKES_FLOWS.contains(&command.tag.as_str())
                && !silent()
                && !session::runs_dump_script()
                && let Some(sql) = session::statement()
            {
                lineage::record_ddl(relid, &sql, Some(&path));
            }
        }
    }
    if !bare::has_no_triggers() {
        commands.iter().filter_map(|c| c.triggers_on).for_each(keep_triggers);
    }
    match &event.ddl {
        // What its script did, or a new schema, is not reported member by member.
        Ddl::Extension { name } => {
            catalog::members_of_extension(name).into_iter().for_each(|relid| follow(relid, &event));
        }
        Ddl::RenameSchema { schema, new_name } => {
            let stated = rename::schema_renamed(schema, new_name);
            audit::schema_renamed(schema, new_name);
            for (relid, is_new_here) in stated {
                audit::follow(relid, is_new_here);
                boundary::follow(relid);
            }
        }
        Ddl::RenameAttribute { target, attribute, new_name } => {
            if let Some(composite) = target.relid {
                rename_column::attribute_renamed(composite, attribute, new_name);
            }
        }
        Ddl::AlterTable { leaves, .. } => {
            if !leaves.is_empty() && !bare::is_bare() {
                leaves.iter().for_each(tree::left);
            }
            // With hooks each is seen when it is made.
            if let Some((relid, before)) = CONSTRAINS.take() {
                let made = relation::constraints(relid).into_iter().filter(|c| !before.contains(c));
                made.filter(|c| !versions::had_such_constraint(*c))
                    .for_each(|c| xact::note_object_created(Address::of(PG_CONSTRAINT, c)));
            }
        }
        _ => {}
    }
    for command in commands.iter().filter(|_| !silent()) {
        if command.schema.as_deref().is_some_and(|s| s == catalog::SCHEMA || s.starts_with("pg_temp")) {
            continue;
        }
        let name = command.relation.and_then(catalog::relation_name);
        let object = command.identity.as_deref().unwrap_or(&command.tag);
        let acting = change::acting();
        let verdict = if acting.is_some() { "step of a change" } else { "done" };
        log::done(&command.tag, object, name.as_ref(), verdict, acting);
    }
}

/// What every feature has to know about a relation that DDL made or altered.
fn follow(relid: pg_sys::Oid, event: &Event) {
    let Some(kind) = catalog::relation_kind(relid) else { return };
    if !matches!(kind, b'r' | b'p' | b'v' | b'm' | b'f') || catalog::is_temporary(relid) {
        return;
    }
    if catalog::is_created_in_transaction(relid) && !xact::is_created_here(relid, None) {
        xact::note_created(relid, None);
    }
    match &event.ddl {
        // ADD COLUMN IF NOT EXISTS may have found one that was there before.
        Ddl::AlterTable { adds, .. } => {
            let before = WIDENS.get().filter(|(of, _)| *of == relid).map(|(_, last)| last);
            let is_new = |number: &i16| before.is_some_and(|last| *number > last);
            let new = adds.iter().filter(|c| catalog::column_number(relid, c).filter(is_new).is_some());
            let new: Vec<String> = new.cloned().collect();
            new.iter()
                .filter_map(|column| catalog::column_number(relid, column))
                .for_each(|number| xact::note_created(relid, Some(number)));
            if !silent() && !session::runs_dump_script() {
                unclassified::added(relid, &new);
            }
        }
        Ddl::RenameColumn { target, column, new_name }
            if target.relid == Some(relid) && bare::concerns(relid) =>
        {
            rename_column::column_renamed(relid, column, new_name);
        }
        _ => {}
    }
    if !bare::concerns(relid) {
        return;
    }
    if kind == b'v' && !silent() && !session::runs_dump_script() && change::acting().is_none() {
        let tags = catalog::relation_name(relid).map(|name| carry::tags_of(&name));
        tagging::require_reach(relid, tags.unwrap_or_default());
    }
    let is_new_here = !identity::is_bound(relid);
    identity::follow(relid);
    former_column::taken(relid);
    audit::follow(relid, is_new_here);
    boundary::follow(relid);
    deprecation::follow(relid);
}

/// Owners cannot take our triggers from a table by DDL on them: they come back at once. Superusers can, and `status()`
/// says so.
fn keep_triggers(relid: pg_sys::Oid) {
    if !roles::is_superuser(roles::current()) {
        audit::keep_triggers(relid);
        boundary::follow(relid);
    }
}

/// Tables from which a statement dropped triggers of ours, and which are still there.
fn tables_of_dropped_triggers() -> Vec<pg_sys::Oid> {
    let names = spi::select(
        "SELECT DISTINCT address_names[1], address_names[2] FROM pg_event_trigger_dropped_objects()
          WHERE object_type = 'trigger' AND starts_with(address_names[3], 'data_governance_')",
        &[],
        |r| Name { schema: r.must(1), relation: r.must(2) },
    );
    names.iter().filter_map(catalog::relation_oid).collect()
}

/// After a statement dropped something.
pub fn on_drop(call: pg_sys::FunctionCallInfo) {
    follow_always(|| dropped(call));
}

fn dropped(call: pg_sys::FunctionCallInfo) {
    let _ = read(call);
    if !bare::has_no_triggers() {
        tables_of_dropped_triggers().into_iter().for_each(keep_triggers);
    }
    let objects = owner::run(|| {
        spi::select(
        "SELECT objid, object_type, address_names, is_temporary, objsubid FROM pg_event_trigger_dropped_objects()
          WHERE object_type IN ('table', 'view', 'materialized view', 'foreign table', 'table column',
                                'foreign table column', 'schema')",
        &[],
        |r| {
            let (objid, kind, names): (pg_sys::Oid, String, Vec<String>) = (r.must(1), r.must(2), r.must(3));
            (objid, kind, names, r.must::<bool>(4), r.must::<i32>(5) as i16)
        },
    )
    });
    let mut victims: Vec<Victim> = Vec::new();
    let mut gone = Vec::new();
    for (objid, kind, names, temporary, number) in objects {
        let victim = match (kind.as_str(), names.as_slice()) {
            ("schema", [schema]) => Some(Victim {
                harmless: xact::is_object_created_here(Address::of(PG_NAMESPACE, objid)),
                ..victim_of_schema_drop(schema.clone())
            }),
            (kind, [schema, relation, rest @ ..]) => {
                let name = Name { schema: schema.clone(), relation: relation.clone() };
                let column = rest.first().cloned();
                match &column {
                    None => gone.push(objid),
                    Some(column) if !change::is_acting() => deprecation::column_dropped(&name, column),
                    Some(_) => {}
                }
                let relkind = match kind {
                    "view" => b'v',
                    "materialized view" => b'm',
                    "foreign table" | "foreign table column" => b'f',
                    _ => b'r',
                };
                let harmless = temporary || xact::is_created_here(objid, (number != 0).then_some(number));
                drop_victim(
                    Address { class: PG_CLASS, id: objid, sub: number.into() },
                    name.clone(),
                    // What it was a part of nobody can tell any more; a statement that is read was judged before.
                    vec![name],
                    relkind,
                    false,
                    column,
                    harmless,
                )
            }
            _ => None,
        };
        victims.extend(victim);
    }
    if !gone.is_empty() {
        tree::dropped(&gone);
        identity::unbind(gone);
    }
    if !hooks::active() {
        let foreseen = FORESEEN.with_borrow(|f| f.last().map(|r| r.foreseen.clone()));
        super::after(Layer::EventTrigger, victims, &foreseen.unwrap_or_default());
    }
}
