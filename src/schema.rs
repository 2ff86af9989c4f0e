//! The ordered manifest of the files in `sql/`; nothing else.
//!
//! A file comes after the Rust functions that its views and triggers call (named in `requires`); tables need none.
//! `finalize` comes last of all, so grants and comments on functions stand there.
use pgrx::extension_sql_file;

extension_sql_file!("../sql/bootstrap.sql", name = "bootstrap", bootstrap);

extension_sql_file!(
    "../sql/registry.sql",
    name = "registry",
    requires = [
        "bootstrap",
        registry::governance::_may_see,
        registry::governance::_has_duty,
        registry::governance::_touch_cache,
        audit::governance::_relation_named,
    ]
);
extension_sql_file!(
    "../sql/registry_deprecation.sql",
    name = "registry_deprecation",
    requires = ["registry"]
);
extension_sql_file!(
    "../sql/registry_decision.sql",
    name = "registry_decision",
    requires = ["registry_deprecation"]
);
extension_sql_file!("../sql/not_yet.sql", name = "not_yet", requires = ["registry_decision"]);
extension_sql_file!(
    "../sql/audit.sql",
    name = "audit",
    requires = [
        "not_yet",
        audit::governance::_uuid,
        audit::governance::_history_ids,
        audit::governance::_may_read_log,
        audit::governance::_relation_named,
        audit::governance::_append_only,
    ]
);
extension_sql_file!("../sql/guard.sql", name = "guard", requires = ["audit"]);
extension_sql_file!("../sql/change.sql", name = "change", requires = ["guard"]);
extension_sql_file!(
    "../sql/change_readers.sql",
    name = "change_readers",
    requires = ["change", change::governance::_column_reads]
);
extension_sql_file!(
    "../sql/privacy.sql",
    name = "privacy",
    requires = ["change_readers", privacy::governance::_masks]
);
extension_sql_file!("../sql/lineage.sql", name = "lineage", requires = ["privacy"]);
extension_sql_file!("../sql/boundary.sql", name = "boundary", requires = ["lineage"]);
// Guesses go by what other features record, and checks by guesses.
extension_sql_file!(
    "../sql/registry_evidence.sql",
    name = "registry_evidence",
    requires = ["boundary", registry::governance::_words]
);
extension_sql_file!("../sql/registry_class.sql", name = "registry_class", requires = ["registry_evidence"]);
extension_sql_file!(
    "../sql/registry_proposals.sql",
    name = "registry_proposals",
    requires = ["registry_class", registry::governance::_proposal_id]
);
extension_sql_file!("../sql/assess.sql", name = "assess", requires = ["registry_proposals"]);
extension_sql_file!("../sql/assess_declared.sql", name = "assess_declared", requires = ["assess"]);
extension_sql_file!("../sql/assess_change.sql", name = "assess_change", requires = ["assess_declared"]);
extension_sql_file!("../sql/assess_privacy.sql", name = "assess_privacy", requires = ["assess_change"]);
extension_sql_file!("../sql/assess_server.sql", name = "assess_server", requires = ["assess_privacy"]);
extension_sql_file!(
    "../sql/assess_answers.sql",
    name = "assess_answers",
    requires = ["assess_server", registry::governance::effective_levels]
);

extension_sql_file!(
    "../sql/restore.sql",
    name = "restore",
    requires = ["audit", "lineage", registry::governance::_note_restore]
);

extension_sql_file!(
    "../sql/health.sql",
    name = "health",
    requires = ["assess", registry::surface::governance::_mode, registry::surface::governance::_restoring]
);

extension_sql_file!("../sql/finalize.sql", name = "finalize", finalize);
