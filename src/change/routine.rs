//! What steps do that no single statement does. Each routine is named in the arguments of its step and takes itself back.
use super::store::{self, Change};
use super::{
    aside, backfill, detached, grants, identity, late, old_name, part_index, proof, quarantine, table, whole,
};
use crate::core::change::quarantine_name;
use crate::error;
use crate::pg::catalog::{self, Name};
use crate::pg::{owner, relation, spi};
use crate::registry::tagging::{self, Tag};
use pgrx::pg_sys;
use pgrx::spi::quote_identifier;
use serde_json::{Value, json};

fn word<'a>(args: &'a Value, key: &str) -> &'a str {
    args[key].as_str().unwrap_or_default()
}

/// Runs the routine that the arguments name.
pub fn forward(change: &Change, args: &Value) {
    match word(args, "routine") {
        "copy_column" => copy_column(change, word(args, "from"), word(args, "to")),
        "forget_tags" => forget_tags(change, word(args, "column"), None),
        "drop_not_null" => drop_not_null(change, word(args, "column")),
        "tell_lost" | "count_nulls" | "fill_late" => {}
        "move_identity" => identity::go(change, word(args, "from"), word(args, "to")),
        "hide_indexes" => hide_indexes(change, Some(word(args, "column"))),
        "hide" => hide(change, word(args, "name")),
        "set_aside" => aside::set(change, args),
        "validate" => proof::validate(change, args),
        "take_over" => part_index::take_over(change, args),
        "same_tree" => whole::require_same_tree(change, &args["members"]),
        "still_below" => whole::require_still_below(change, &args["members"]),
        "valid_index" => whole::require_valid_index(change, word(args, "index")),
        "move" => old_name::rename(change, args, false),
        "old_name" => old_name::make(change, args),
        "hide_view" => quarantine::hide(change, args),
        "note_stated" => detached::note(change, args),
        "detach" => detached::run(change, args, false),
        "end_old_name" => old_name::end(args),
        other => error::change::no_such_routine(other).raise(),
    }
}

/// Takes it back.
pub fn back(change: &Change, args: &Value) {
    match word(args, "routine") {
        "copy_column" => forget_tags(change, word(args, "to"), Some("copied")),
        "drop_not_null" => set_not_null(change, args),
        "count_nulls" => count_nulls(change, args),
        "tell_lost" => tell_lost(change, word(args, "old"), word(args, "new")),
        "fill_late" => late::fill(change, args),
        "move_identity" => identity::go(change, word(args, "to"), word(args, "from")),
        "hide_indexes" => show_indexes(change, change.relation().0, word(args, "column")),
        "hide" => show(change),
        "set_aside" => aside::back(change, args),
        "take_over" => part_index::give_back(change, args),
        "move" => old_name::rename(change, args, true),
        "old_name" => old_name::end(args),
        "hide_view" => quarantine::show(change, args),
        "note_stated" => detached::forget_copies(change, args),
        "detach" => detached::run(change, args, true),
        _ => {}
    }
}

/// Grants on one column alone, and its tags, hold for its twin as well: masks from the twin's first moment. The tables below may
/// have grants of their own.
fn copy_column(change: &Change, from: &str, to: &str) {
    let relation = change.relation();
    let grants: Vec<(Name, Option<String>, String, bool)> = owner::run(|| {
        spi::select(
            "WITH RECURSIVE tree AS (
                SELECT $1::oid AS relid UNION SELECT i.inhrelid FROM tree t JOIN pg_inherits i ON i.inhparent = t.relid)
             SELECT n.nspname::text, c.relname::text, CASE WHEN x.grantee <> 0 THEN pg_get_userbyid(x.grantee)::text END,
                    x.privilege_type, x.is_grantable
               FROM tree JOIN pg_class c ON c.oid = tree.relid JOIN pg_namespace n ON n.oid = c.relnamespace
               JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = $2 CROSS JOIN LATERAL aclexplode(a.attacl) x",
            &[relation.0.into(), from.into()],
            |r| (Name { schema: r.must(1), relation: r.must(2) }, r.get(3), r.must(4), r.must(5)),
        )
    });
    for (table, grantee, privilege, grantable) in grants {
        let grantee = grantee.map_or_else(|| "PUBLIC".to_string(), quote_identifier);
        alter(
            change,
            &format!(
                "GRANT {privilege} ({}) ON {table} TO {grantee}{}",
                quote_identifier(to),
                if grantable { " WITH GRANT OPTION" } else { "" }
            ),
        );
    }
    let tags: Vec<(String, String)> = owner::run(|| {
        spi::select(
            "SELECT DISTINCT tag, path FROM governance._column_tag
              WHERE schema_name = $1 AND relation_name = $2 AND column_name = $3",
            &[change.name.schema.as_str().into(), change.name.relation.as_str().into(), from.into()],
            |r| (r.must(1), r.must(2)),
        )
    });
    for (tag, path) in &tags {
        // What is no JSON any more holds as a whole what it held at a path.
        let path = if tagging::may_have_paths(relation, to) { path } else { "" };
        tagging::tag(relation, to, Tag { tag, path }, "copied");
    }
}

/// A column is gone: nothing is left that its tags could protect.
fn forget_tags(change: &Change, column: &str, source: Option<&str>) {
    owner::run(|| {
        spi::execute(
            "DELETE FROM governance.column_tag
              WHERE schema_name = $1 AND relation_name = $2 AND column_name = $3 AND ($4::text IS NULL OR source = $4)",
            &[
                change.name.schema.as_str().into(),
                change.name.relation.as_str().into(),
                column.into(),
                source.into(),
            ],
        )
    });
}

fn drop_not_null(change: &Change, column: &str) {
    alter(
        change,
        &format!("ALTER TABLE {} ALTER COLUMN {} DROP NOT NULL", change.name, quote_identifier(column)),
    );
}

/// Writers of the new shape gave no value meanwhile: then the column comes back without NOT NULL, and that is said. Asked
/// before anything is locked; what is written until then is found by the proof.
fn count_nulls(change: &Change, args: &Value) {
    let (column, key) = (word(args, "column"), word(args, "aside"));
    let sql = format!("SELECT count(*) FROM {} WHERE {} IS NULL", change.name, quote_identifier(column));
    let nulls = count(change, &sql);
    if nulls > 0 {
        error::change::not_null_lost(&change.name, word(args, "named"), nulls).warn();
    }
    let how = match nulls {
        0 if args["at_once"] == true || !table::is_large(change.relation().0) => json!("at once"),
        0 => json!({"definition": "CHECK"}),
        _ => Value::Null,
    };
    store::keep(change.id, key, how);
}

/// NOT NULL is back, or holds for what is written from now on until it is proven.
fn set_not_null(change: &Change, args: &Value) {
    let (column, proof) =
        (quote_identifier(word(args, "column")), quote_identifier(word(args, "constraint")));
    let what = match &change.kept[word(args, "aside")] {
        Value::String(_) => format!("ALTER COLUMN {column} SET NOT NULL"),
        Value::Object(_) => format!("ADD CONSTRAINT {proof} CHECK ({column} IS NOT NULL) NOT VALID"),
        _ => return,
    };
    alter(change, &format!("ALTER TABLE {} {what}", change.name));
}

/// Alters the table with the rights of its owner, whoever has asked: a CHECK of the owner's is looked at for what it proves, and its
/// functions are called for that.
fn alter(change: &Change, statement: &str) {
    backfill::as_owner_of(change.relation(), || {
        spi::execute(statement, &[]);
    });
}

/// Counts rows with the rights of the table's owner, who may have put something else under its name by now.
fn count(change: &Change, sql: &str) -> i64 {
    backfill::as_owner_of(change.relation(), || spi::select_unforced(sql, &[], |r| r.must(1)))
        .pop()
        .unwrap_or(0)
}

/// The old type could not hold some of what was written in the new one: that is said.
fn tell_lost(change: &Change, old: &str, new: &str) {
    let (quoted, column) = (quote_identifier(old), quote_identifier(new));
    let sql = format!("SELECT count(*) FROM {} WHERE {quoted} IS NULL AND {column} IS NOT NULL", change.name);
    let lost = count(change, &sql);
    if lost > 0 {
        error::conversion::values_lost(&change.name, new, lost).warn();
    }
}

/// The names of indexes, and of sequences that belong to columns, are free again for what takes the place of those in
/// quarantine: all of the relation, or those of one column.
fn hide_indexes(change: &Change, column: Option<&str>) {
    let relation = change.relation();
    let names: Vec<(String, bool)> = owner::run(|| {
        spi::select_latest(
            "SELECT c.relname::text, c.relkind = 'S'
               FROM pg_class c JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.refclassid = 'pg_class'::regclass
              WHERE d.refobjid = $1 AND c.relkind = 'S' AND d.deptype IN ('a', 'i')
                AND ($2 IS NULL OR d.refobjsubid = (SELECT attnum FROM pg_attribute WHERE attrelid = $1 AND attname = $2))
             UNION
             SELECT c.relname::text, false FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
              WHERE i.indrelid = $1
                AND ($2 IS NULL OR EXISTS (
                     SELECT FROM pg_attribute a LEFT JOIN pg_depend d
                            ON d.classid = 'pg_class'::regclass AND d.objid = i.indexrelid AND d.refobjid = $1 AND d.refobjsubid = a.attnum
                      WHERE a.attrelid = $1 AND a.attname = $2 AND (a.attnum = ANY (i.indkey) OR d.objid IS NOT NULL)))
              ORDER BY 1",
            &[relation.0.into(), column.into()],
            |r| (r.must(1), r.must(2)),
        )
    });
    let mut renamed = Vec::new();
    for (number, (name, is_sequence)) in names.iter().enumerate() {
        let hidden = quarantine_name(change.id, &format!("{number}_{name}"));
        let full = Name { schema: change.name.schema.clone(), relation: name.clone() };
        rename_index(relation.0, *is_sequence, &full, &hidden);
        renamed.push(json!([name, hidden, is_sequence]));
    }
    store::keep(change.id, &format!("indexes of {}", column.unwrap_or_default()), json!(renamed));
}

fn show_indexes(change: &Change, relid: pg_sys::Oid, column: &str) {
    for entry in change.kept[format!("indexes of {column}")].as_array().into_iter().flatten() {
        let (name, hidden) = (entry[0].as_str().unwrap_or_default(), entry[1].as_str().unwrap_or_default());
        let taken = Name { schema: change.name.schema.clone(), relation: name.to_string() };
        if catalog::relation_oid(&taken).is_some() {
            error::change::index_name_taken(&taken, hidden).warn();
            continue;
        }
        let hidden = Name { schema: change.name.schema.clone(), relation: hidden.to_string() };
        rename_index(relid, entry[2] == true, &hidden, name);
    }
}

/// Nothing is done where somebody has dropped it meanwhile, or another relation's bears the name.
fn rename_index(relid: pg_sys::Oid, is_sequence: bool, name: &Name, new_name: &str) {
    let is_its = |oid: &pg_sys::Oid| {
        let sql = "SELECT true FROM pg_depend d
                    WHERE (d.classid, d.objid, d.refclassid, d.refobjid) = ('pg_class'::regclass, $1, 'pg_class'::regclass, $2)
                    UNION SELECT true FROM pg_index WHERE (indexrelid, indrelid) = ($1, $2)";
        let args = [(*oid).into(), relid.into()];
        owner::run(|| !spi::select_latest(sql, &args, |_| ()).is_empty())
    };
    if !catalog::relation_oid(name).is_some_and(|oid| relation::hold_name(oid, name) && is_its(&oid)) {
        return;
    }
    let word = if is_sequence { "SEQUENCE" } else { "INDEX" };
    spi::execute(&format!("ALTER {word} IF EXISTS {name} RENAME TO {}", quote_identifier(new_name)), &[]);
}

/// Puts a relation under its reserved name, where nobody but its owner may use it.
fn hide(change: &Change, quarantine: &str) {
    let relation = change.relation();
    let word = table::command_word(relation.0);
    hide_indexes(change, None);
    let given = grants::of(relation);
    spi::execute(&format!("ALTER {word} {} RENAME TO {}", change.name, quote_identifier(quarantine)), &[]);
    let hidden = Name { schema: change.name.schema.clone(), relation: quarantine.to_string() };
    grants::take(&hidden, &given);
    store::keep(change.id, "grants", given);
}

fn show(change: &Change) {
    let hidden = change.current_name();
    let relid = change.relation().0;
    let word = table::command_word(relid);
    spi::execute(
        &format!("ALTER {word} {hidden} RENAME TO {}", quote_identifier(&change.name.relation)),
        &[],
    );
    show_indexes(change, relid, "");
    grants::give(&change.name, &change.kept["grants"]);
}
