//! What is the whole database's or server's: settings, event triggers, members of extensions.
use super::{On, Sight, names, resolve};
use crate::pg::EXTENSION;
use crate::pg::catalog::text;
use crate::pg::list::items;
use crate::pg::object::Address;
use crate::pg::object::catalogs::{PG_DATABASE, PG_EVENT_TRIGGER};
use pgrx::pg_sys;
use pgrx::pg_sys::NodeTag::*;
use pgrx::spi::quote_identifier;

/// Settings that take the guard, or what relies on triggers, out of the way.
fn is_of_the_guard(setting: &str) -> bool {
    let setting = &setting.to_ascii_lowercase();
    let guard = [
        "session_preload_libraries",
        "shared_preload_libraries",
        "local_preload_libraries",
        "event_triggers",
    ];
    guard.contains(&setting.as_str()) || setting.starts_with("governance.")
}

/// # Safety
/// `s` must be a valid VariableSetStmt.
unsafe fn value_of(s: &pg_sys::VariableSetStmt) -> Option<String> {
    // SAFETY: the caller vouches for the tree; values are constants.
    unsafe {
        let arg = items::<pg_sys::A_Const>(s.args).into_iter().next()?;
        match (*arg).type_ {
            T_A_Const if (*arg).val.node.type_ == T_String => text((*arg).val.sval.sval),
            _ => None,
        }
    }
}

/// SET session_replication_role: triggers and foreign keys stop working. However else it comes to be set, the first write
/// to a governed table says so.
///
/// # Safety
/// A valid parse tree.
pub unsafe fn set(s: &pg_sys::VariableSetStmt, sight: &mut Sight) {
    // SAFETY: the caller vouches for the tree.
    let (name, value) = unsafe { (text(s.name).unwrap_or_default(), value_of(s)) };
    // Settings and their words are the same in capitals.
    let name = name.to_ascii_lowercase();
    if s.kind != pg_sys::VariableSetKind::VAR_SET_VALUE {
        return;
    }
    // SAFETY: the name is that of the tree.
    let may = || unsafe { may_set(s.name, pg_sys::ACL_SET) };
    if name == "session_replication_role" && value.is_some_and(|v| v.eq_ignore_ascii_case("replica")) && may()
    {
        sight.hit("bypassing-triggers", "setting session_replication_role to replica".into(), On::Anything);
    } else if name == "event_triggers" {
        sight.hit("disabling-guard", "setting event_triggers".into(), On::Database);
    }
}

/// Whether the current role may set what only superusers and those with a grant may.
///
/// # Safety
/// `setting` must be null, for all settings, or a C string.
unsafe fn may_set(setting: *const std::ffi::c_char, privilege: pg_sys::AclMode) -> bool {
    let me = crate::pg::roles::current();
    // SAFETY: the caller vouches for the string.
    names::is_rehearsal()
        || crate::pg::roles::is_superuser(me)
        || !setting.is_null()
            && unsafe { pg_sys::pg_parameter_aclcheck(setting, me, privilege) }
                == pg_sys::AclResult::ACLCHECK_OK
}

/// ALTER SYSTEM.
///
/// # Safety
/// A valid parse tree.
pub unsafe fn alter_system(s: &pg_sys::AlterSystemStmt, sight: &mut Sight) {
    // SAFETY: the caller vouches for the tree.
    let setting = unsafe { (*s.setstmt).name };
    // SAFETY: the name is that of the tree.
    if !unsafe { may_set(setting, pg_sys::ACL_ALTER_SYSTEM) } {
        return;
    }
    // SAFETY: the caller vouches for the tree.
    let name = unsafe { text(setting) }.unwrap_or_else(|| "every setting".into());
    sight.hit("ban-alter-system-options", format!("changing {name} for the whole server"), On::Database);
}

/// ALTER DATABASE … SET.
///
/// # Safety
/// A valid parse tree.
pub unsafe fn alter_database_set(s: &pg_sys::AlterDatabaseSetStmt, sight: &mut Sight) {
    // SAFETY: the caller vouches for the tree.
    let setting = unsafe { text((*s.setstmt).name) };
    // RESET ALL takes the library's line away, too.
    let is_ours = setting.as_deref().is_none_or(is_of_the_guard);
    let name = setting.unwrap_or_else(|| "every setting".into());
    // SAFETY: a missing_ok look-up of the name in the tree.
    let database = Address::of(PG_DATABASE, unsafe { pg_sys::get_database_oid(s.dbname, true) });
    if database.id == pg_sys::InvalidOid || !names::may_alter_object(database) {
        return;
    }
    // SAFETY: the caller vouches for the tree.
    let of = quote_identifier(unsafe { text(s.dbname) }.unwrap_or_default());
    let rule = if is_ours { "disabling-guard" } else { "ban-alter-database-options" };
    sight.hit(rule, format!("changing {name} for database {of}"), On::Database);
}

/// ALTER DATABASE with options: whether anybody may connect, its tablespace.
///
/// # Safety
/// A valid parse tree.
pub unsafe fn alter_database(s: &pg_sys::AlterDatabaseStmt, sight: &mut Sight) {
    // SAFETY: the caller vouches for the tree; a missing_ok look-up of the name in it.
    unsafe {
        let database = Address::of(PG_DATABASE, pg_sys::get_database_oid(s.dbname, true));
        if database.id == pg_sys::InvalidOid || !names::may_alter_object(database) {
            return;
        }
        let options: Vec<String> =
            items::<pg_sys::DefElem>(s.options).into_iter().filter_map(|o| text((*o).defname)).collect();
        let of = quote_identifier(text(s.dbname).unwrap_or_default());
        let what = format!("changing {} of database {of}", options.join(", "));
        sight.hit("ban-alter-database-options", what, On::Database);
    }
}

/// ALTER ROLE … SET.
///
/// # Safety
/// A valid parse tree.
pub unsafe fn alter_role_set(s: &pg_sys::AlterRoleSetStmt, sight: &mut Sight) {
    // SAFETY: the caller vouches for the tree.
    unsafe {
        let name = text((*s.setstmt).name).unwrap_or_else(|| "every setting".into());
        let role = resolve::role(s.role)
            .map_or_else(|| "all roles".into(), |r| quote_identifier(crate::pg::roles::name(r)));
        // Taking back what overrides the database's list mends it.
        if (*s.setstmt).kind >= pg_sys::VariableSetKind::VAR_RESET || !super::role::may_make_roles() {
            return;
        }
        let rule = match name.to_ascii_lowercase().as_str() {
            name if is_of_the_guard(name) => "disabling-guard",
            // What lets it pass what others are held by.
            "session_replication_role" | "row_security" | "role" => "ban-alter-role-options",
            _ => return,
        };
        sight.hit(rule, format!("changing {name} for {role}"), On::Database);
    }
}

/// Something happens to an event trigger. Only those of the guard concern anybody.
pub fn event_trigger_changes(name: String, doing: &str, sight: &mut Sight) {
    let Ok(c_name) = std::ffi::CString::new(name.as_str()) else { return };
    // SAFETY: a missing_ok look-up with a valid C string.
    let oid = unsafe { pg_sys::get_event_trigger_oid(c_name.as_ptr(), true) };
    let address = Address::of(PG_EVENT_TRIGGER, oid);
    if oid != pg_sys::InvalidOid
        && names::may_alter_object(address)
        && address.extension().as_deref() == Some(EXTENSION)
    {
        let what = format!("{doing} event trigger {}", quote_identifier(name));
        sight.hit("disabling-guard", what, On::Database);
    }
}

/// ALTER EVENT TRIGGER … DISABLE and the like; ENABLE ALWAYS is what the guard's have.
///
/// # Safety
/// A valid parse tree.
pub unsafe fn alter_event_trigger(s: &pg_sys::AlterEventTrigStmt, sight: &mut Sight) {
    if s.tgenabled as u8 != b'A' {
        // SAFETY: the caller vouches for the tree.
        event_trigger_changes(unsafe { text(s.trigname) }.unwrap_or_default(), "disabling", sight);
    }
}

/// ALTER EXTENSION … DROP: a member of ours could then be dropped for itself.
///
/// # Safety
/// A valid parse tree.
pub unsafe fn alter_extension_contents(s: &pg_sys::AlterExtensionContentsStmt, sight: &mut Sight) {
    // SAFETY: the caller vouches for the tree.
    unsafe {
        if s.action < 0 && text(s.extname).as_deref() == Some(EXTENSION) {
            let what = resolve::object(s.objtype, s.object)
                .and_then(Address::describe)
                .unwrap_or_else(|| "a member".into());
            sight.hit("disabling-guard", format!("taking {what} out of the extension"), On::Database);
        }
    }
}
