//! Every setting of the product. Switches that weaken are for superusers; what any user may set only tightens.
use pgrx::guc::{GucContext, GucFlags, GucRegistry, GucSetting};
use std::ffi::CString;

/// `governance.enabled` (sighup, default on): the kill switch. Off in postgresql.conf, no hook, event trigger or
/// trigger of the product acts, and `assess()` reports that as critical.
pub static ENABLED: GucSetting<bool> = GucSetting::<bool>::new(true);

/// `governance.actor` (any user): who acts, as the application claims it; recorded in the audit log.
pub static ACTOR: GucSetting<Option<CString>> = GucSetting::<Option<CString>>::new(None);

/// `governance.reason` (any user): why, as the session claims it; recorded in the audit log, and the reason of acts
/// that need one and were given none.
pub static REASON: GucSetting<Option<CString>> = GucSetting::<Option<CString>>::new(None);

/// `governance.recipient` (any user): who will receive what this session reads. Tightens only: when set, everything
/// tagged is masked for everybody, superusers and owners included.
pub static RECIPIENT: GucSetting<Option<CString>> = GucSetting::<Option<CString>>::new(None);

/// `governance.mask_owners` (superuser, default off): whether masks hold for owners of a relation and superusers too.
pub static MASK_OWNERS: GucSetting<bool> = GucSetting::<bool>::new(false);

/// `governance.key_file` (sighup): file with the wrapping key of stored keys, 32 bytes or 64 hexadecimal digits,
/// readable by the server's user only. Without it keyed masks give NULL.
pub static KEY_FILE: GucSetting<Option<CString>> = GucSetting::<Option<CString>>::new(None);

/// `governance.key_command` (sighup): shell command that prints the wrapping key; used where `governance.key_file` is
/// not set.
pub static KEY_COMMAND: GucSetting<Option<CString>> = GucSetting::<Option<CString>>::new(None);

/// `governance.read_flush_after` (superuser, default 60 s): how long a session keeps the reads it has seen before it writes
/// them to the ledger by itself. Short ones are for tests.
pub static READ_FLUSH_AFTER: GucSetting<i32> = GucSetting::<i32>::new(60);

/// The text of a string setting; None when unset or empty. Not for hooks: it allocates.
#[must_use]
pub fn text(setting: &GucSetting<Option<CString>>) -> Option<String> {
    setting.get().map(|s| s.to_string_lossy().into_owned()).filter(|s| !s.is_empty())
}

/// Defines the settings and reserves their prefix.
pub fn define() {
    let plain = GucFlags::default();
    crate::pg::loading::define_switch();
    GucRegistry::define_string_guc(
        c"governance.actor",
        c"Who acts, as the application claims it.",
        c"Recorded in governance.audit_log.",
        &ACTOR,
        GucContext::Userset,
        plain,
    );
    GucRegistry::define_string_guc(
        c"governance.reason",
        c"Why the session does what it does.",
        c"Recorded in governance.audit_log; the reason of acts that need one and were given none.",
        &REASON,
        GucContext::Userset,
        plain,
    );
    crate::pg::mask::define_recipient();
    GucRegistry::define_bool_guc(
        c"governance.mask_owners",
        c"Whether masks hold for relation owners and superusers too.",
        c"",
        &MASK_OWNERS,
        GucContext::Suset,
        plain,
    );
    GucRegistry::define_string_guc(
        c"governance.key_file",
        c"File with the key that wraps the stored keys.",
        c"32 bytes or 64 hexadecimal digits. Without it keyed masks give NULL.",
        &KEY_FILE,
        GucContext::Sighup,
        GucFlags::SUPERUSER_ONLY,
    );
    GucRegistry::define_string_guc(
        c"governance.key_command",
        c"Shell command that prints the key that wraps the stored keys.",
        c"",
        &KEY_COMMAND,
        GucContext::Sighup,
        GucFlags::SUPERUSER_ONLY,
    );
    GucRegistry::define_int_guc(
        c"governance.read_flush_after",
        c"How long a session keeps the reads it has seen before it writes them.",
        c"A transaction that writes anyway takes them along after a sixth of it.",
        &READ_FLUSH_AFTER,
        0,
        3600,
        GucContext::Suset,
        GucFlags::UNIT_S,
    );
    crate::pg::loading::reserve_prefix();
}
