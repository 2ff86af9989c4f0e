//! Sections of the manifest that belong to other features. They depend on the registry's and come after them.
use super::missing::WAITS;
use super::sections::{emptied, list, relation, text};
use super::{At, Section};
use crate::core::registry::manifest::{Item, Kind, field, key, key_with_default, with_default};
use crate::privacy::{self, MaskFor};
use crate::registry::duty;
use crate::{audit, boundary};
use serde_json::json;

/// Sections of audit, boundary and privacy. Leave to unmask is not among them: it is an exception with an end, and no
/// declaration.
pub const FEATURES: &[Section] = &[
    Section {
        name: "audits",
        one: "audit of",
        fields: &[
            key("relation", Kind::Relation),
            with_default("exclude_columns", Kind::TextList, "[]"),
            field(WAITS, Kind::Bool),
        ],
        // Rows that arrive by a restore may have begun an audit before its own row arrived: the one that was declared counts.
        export: "SELECT DISTINCT ON (schema_name, relation_name)
                        jsonb_build_object('relation', format('%I.%I', schema_name, relation_name), 'exclude_columns', exclude_columns), comment
                   FROM governance.audited_relation WHERE stopped_at IS NULL ORDER BY schema_name, relation_name, started_at",
        at: At {
            table: "audited_relation",
            key: "schema_name = $1 AND relation_name = $2 AND stopped_at IS NULL",
        },
        put: |_, item, reason| {
            let exclude = list(item, "exclude_columns").unwrap_or_default();
            audit::start(relation(item), exclude, reason, true);
        },
        remove: |item, reason| {
            let relation = relation(item);
            duty::require_steward("stopping an audit", relation);
            audit::stop(relation, &duty::reason_for("stop_audit", reason));
        },
    },
    Section {
        name: "writers",
        one: "writer of",
        fields: &[key("relation", Kind::Relation), key("role", Kind::Text)],
        export: "SELECT DISTINCT ON (schema_name, relation_name, role)
                        jsonb_build_object('relation', format('%I.%I', schema_name, relation_name), 'role', role), comment
                   FROM governance.declared_writer WHERE forgotten_by_xid IS NULL ORDER BY schema_name, relation_name, role, declared_at",
        at: At {
            table: "declared_writer",
            key: "schema_name = $1 AND relation_name = $2 AND role = $3 AND forgotten_by_xid IS NULL",
        },
        put: |_, item, _| boundary::declare(relation(item), text(item, "role").unwrap_or_default()),
        remove: |item, reason| boundary::forget(relation(item), text(item, "role").unwrap_or_default(), reason),
    },
    Section {
        name: "masks",
        one: "mask of",
        fields: &[
            key("tag", Kind::Text),
            key_with_default("recipient", Kind::TextOrEmpty, "\"\""),
            key_with_default("role", Kind::TextOrEmpty, "\"\""),
            field("mask", Kind::Text),
            with_default("args", Kind::Object, "{}"),
        ],
        export: "SELECT jsonb_build_object('tag', tag, 'recipient', recipient, 'role', role, 'mask', mask, 'args', coalesce(args, '{}')), comment
                   FROM governance.mask WHERE mask IS NOT NULL",
        at: At { table: "mask", key: "tag = $1 AND recipient = $2 AND role = $3" },
        put: |before, item, reason| {
            if emptied(before, item, &["mask"]) {
                privacy::reset_mask(mask_for(item), &duty::reason_for("reset_mask", reason));
                return;
            }
            let args = item.get("args").cloned().unwrap_or_else(|| json!({}));
            let mask = text(item, "mask").unwrap_or_default();
            privacy::set_mask(mask_for(item), mask, args, reason);
        },
        remove: |item, reason| {
            privacy::reset_mask(mask_for(item), &duty::reason_for("reset_mask", reason));
        },
    },
    Section {
        name: "masked_roles",
        one: "masked role",
        fields: &[key("role", Kind::Text)],
        export: "SELECT jsonb_build_object('role', role), comment FROM governance.masked_role WHERE unmasked_by_xid IS NULL",
        at: At { table: "masked_role", key: "role = $1" },
        put: |_, item, _| privacy::mask_role(text(item, "role").unwrap_or_default()),
        remove: |item, reason| {
            let reason = duty::reason_for("unmask_role", reason);
            privacy::unmask_role(text(item, "role").unwrap_or_default(), &reason);
        },
    },
];

fn mask_for(item: &Item) -> MaskFor<'_> {
    let said = |key| text(item, key).unwrap_or_default();
    MaskFor { tag: said("tag"), recipient: said("recipient"), role: said("role") }
}
