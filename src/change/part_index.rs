//! Indexes that are built for another column part by part: of partitioned tables, and of partitions and heirs themselves. Each
//! partition gets its own concurrently under a reserved name; at the gate the one above takes them over without reading a row.
//! What the parts are is asked when it is done, so that partitions may come and go.
use super::acting;
use super::backfill;
use super::store::{self, Change};
use super::whole;
use crate::core::change::{quarantine_name, short_name};
use crate::error;
use crate::pg::catalog::{self, Name};
use crate::pg::{owner, relation, spi};
use pgrx::pg_sys;
use pgrx::spi::{quote_identifier, quote_literal};
use serde_json::{Value, json};

/// An index, or one of those below it.
struct Part {
    index: Name,
    table: Name,
    /// Of a partitioned table, so without rows.
    partitioned: bool,
    /// Options and tablespace.
    behind: String,
    /// `p` or `u` where a constraint owns it.
    constraint: Option<String>,
    comment: Option<String>,
    constraint_comment: Option<String>,
}

impl Part {
    /// It, under another name.
    fn named(&self, name: String) -> Name {
        Name { schema: self.index.schema.clone(), relation: name }
    }

    fn word(&self) -> Option<&'static str> {
        self.constraint.as_deref().map(|c| if c == "p" { "PRIMARY KEY" } else { "UNIQUE" })
    }
}

/// An index with those below it, from the top.
fn parts(index: &str) -> Vec<Part> {
    owner::run(|| {
        spi::select_latest(
            "WITH RECURSIVE tree AS (
                SELECT to_regclass($1)::oid AS oid, 0 AS depth
                UNION ALL SELECT i.inhrelid, t.depth + 1 FROM tree t JOIN pg_inherits i ON i.inhparent = t.oid)
             SELECT cn.nspname::text, c.relname::text, rn.nspname::text, r.relname::text, c.relkind = 'I',
                    concat(' WITH (' || array_to_string(c.reloptions, ', ') || ')', ' TABLESPACE ' || quote_ident(s.spcname)),
                    k.contype::text, obj_description(c.oid, 'pg_class'), obj_description(k.oid, 'pg_constraint')
               FROM tree t JOIN pg_class c ON c.oid = t.oid JOIN pg_namespace cn ON cn.oid = c.relnamespace
               JOIN pg_index x ON x.indexrelid = c.oid
               JOIN pg_class r ON r.oid = x.indrelid JOIN pg_namespace rn ON rn.oid = r.relnamespace
               LEFT JOIN pg_tablespace s ON s.oid = c.reltablespace
               LEFT JOIN pg_constraint k ON k.conindid = c.oid AND k.conrelid = r.oid AND k.contype IN ('p', 'u')
              ORDER BY t.depth, rn.nspname, r.relname",
            &[index.into()],
            |r| Part {
                index: Name { schema: r.must(1), relation: r.must(2) },
                table: Name { schema: r.must(3), relation: r.must(4) },
                partitioned: r.must(5),
                behind: r.must(6),
                constraint: r.get(7),
                comment: r.get(8),
                constraint_comment: r.get(9),
            },
        )
    })
}

fn text<'a>(args: &'a Value, key: &str) -> &'a str {
    args[key].as_str().unwrap_or_default()
}

/// The name of what is built for an index, or is kept of it.
fn reserved(change: i64, before: &str, name: &str) -> String {
    quarantine_name(change, &format!("{before}{}", short_name(name)))
}

/// What comes next of a step that builds an index on every part.
pub struct Next {
    /// What an earlier try has left unfinished.
    pub leftover: Option<Name>,
    /// The statement.
    pub statement: String,
}

/// The next index to build; None when every part has it.
#[must_use]
pub fn next(change: &Change, each: &Value) -> Option<Next> {
    let leaves = parts(&change.fill(text(each, "index"))).into_iter().filter(|p| !p.partitioned);
    for part in leaves {
        let index = part.named(reserved(change.id, text(each, "before"), &part.index.relation));
        let found = catalog::relation_oid(&index);
        if found.is_some_and(relation::is_valid_index) {
            continue;
        }
        let statement = format!(
            "CREATE {}INDEX CONCURRENTLY {} ON {} {}{}{}",
            text(each, "unique"),
            quote_identifier(&index.relation),
            part.table,
            change.fill(text(each, "keys")),
            part.behind,
            change.fill(text(each, "condition")),
        );
        return Some(Next { leftover: found.map(|_| index), statement });
    }
    None
}

/// Takes back what such a step has built.
pub fn forget(change: &Change, each: &Value) {
    for part in parts(&change.fill(text(each, "index"))).iter().filter(|p| !p.partitioned) {
        let index = part.named(reserved(change.id, text(each, "before"), &part.index.relation));
        run(change, &[format!("DROP INDEX IF EXISTS {index}")]);
    }
}

/// The statements of the table's owner.
fn run(change: &Change, statements: &[String]) {
    acting::as_change(change, || {
        backfill::as_owner_of(change.relation(), || {
            for statement in statements {
                spi::execute(statement, &[]);
            }
        });
    });
}

fn rename(from: &Name, to: &str) -> String {
    format!("ALTER INDEX IF EXISTS {from} RENAME TO {}", quote_identifier(to))
}

fn comments(part: &Part) -> Vec<String> {
    let on_index =
        part.comment.as_ref().map(|c| format!("COMMENT ON INDEX {} IS {}", part.index, quote_literal(c)));
    let name = quote_identifier(&part.index.relation);
    let on_constraint = part
        .constraint_comment
        .as_ref()
        .map(|c| format!("COMMENT ON CONSTRAINT {name} ON {} IS {}", part.table, quote_literal(c)));
    on_index.into_iter().chain(on_constraint).collect()
}

/// The statements that put one index above those of the partitions: from the bottom, so that each finds those below it.
fn above(change: &Change, parts: &[Part], as_index: &str, as_constraint: &str, unique: &str) -> Vec<String> {
    let make = |part: &Part| {
        let (name, table) = (quote_identifier(&part.index.relation), &part.table);
        match part.word() {
            Some(word) => {
                format!("ALTER TABLE {table} ADD CONSTRAINT {name} {word}{}", change.fill(as_constraint))
            }
            None => format!("CREATE {unique}INDEX {name} ON {table} {}", change.fill(as_index)),
        }
    };
    parts.iter().rev().filter(|p| p.partitioned).map(make).collect()
}

fn using(part: &Part) -> Option<String> {
    let name = quote_identifier(&part.index.relation);
    part.word()
        .map(|word| format!("ALTER TABLE {} ADD CONSTRAINT {name} {word} USING INDEX {name}", part.table))
}

/// Drops an index or its constraint, with all below it.
fn drop(top: &Part) -> String {
    match top.constraint {
        Some(_) => {
            format!("ALTER TABLE {} DROP CONSTRAINT {}", top.table, quote_identifier(&top.index.relation))
        }
        None => format!("DROP INDEX {}", top.index),
    }
}

/// The indexes of the new column take the names and the places of those of the old one. A primary key goes, since there is
/// one at a time; others stay with the old column under reserved names.
pub fn take_over(change: &Change, args: &Value) {
    let index = change.fill(text(args, "index"));
    let old = parts(&index);
    // One of a partition that was dropped since has gone with it; one that was detached keeps its columns, and its index.
    let Some(top) = old.first().filter(|top| whole::is_part(change, &top.table)) else { return };
    let is_primary = top.constraint.as_deref() == Some("p");
    let mut statements: Vec<String> = is_primary.then(|| drop(top)).into_iter().collect();
    for part in &old {
        let (name, hidden) = (&part.index.relation, reserved(change.id, "", &part.index.relation));
        let built = part.named(hidden.clone());
        if part.partitioned {
            statements.extend((!is_primary).then(|| rename(&part.index, &hidden)));
            continue;
        }
        if !catalog::relation_oid(&built).is_some_and(relation::is_valid_index) {
            error::change::index_gone(change.id, &built).raise();
        }
        let between = part.named(reserved(change.id, "between_", name));
        statements.extend((!is_primary).then(|| rename(&part.index, &between.relation)));
        statements.push(rename(&built, name));
        statements.extend(using(part));
        statements.extend((!is_primary).then(|| rename(&between, &hidden)));
    }
    statements.extend(above(
        change,
        &old,
        text(args, "as_index"),
        text(args, "as_constraint"),
        text(args, "unique"),
    ));
    statements.extend(old.iter().flat_map(comments));
    let kept: Vec<Value> = old.iter().map(|p| json!([p.index.schema, p.index.relation])).collect();
    store::keep(change.id, text(args, "kept"), json!(kept));
    run(change, &statements);
}

/// The indexes of the old column are back in their places.
pub fn give_back(change: &Change, args: &Value) {
    let new = parts(&change.fill(text(args, "index")));
    let Some(top) = new.first().filter(|_| change.kept[text(args, "kept")].is_array()) else { return };
    let mut statements = vec![drop(top)];
    if top.constraint.as_deref() == Some("p") {
        for part in new.iter().filter(|p| !p.partitioned) {
            let before = part.named(reserved(change.id, "before_", &part.index.relation));
            // A partition that came after contraction has none: the one above builds it.
            if catalog::relation_oid(&before).is_some() {
                statements.push(rename(&before, &part.index.relation));
                statements.extend(using(part));
            }
        }
        statements.extend(above(change, &new, "", text(args, "as_before"), "UNIQUE "));
        let is_there = |p: &&Part| {
            p.partitioned
                || catalog::relation_oid(&p.named(reserved(change.id, "before_", &p.index.relation)))
                    .is_some()
        };
        statements.extend(new.iter().filter(is_there).flat_map(comments));
    } else {
        for entry in change.kept[text(args, "kept")].as_array().into_iter().flatten() {
            let name = |at: usize| entry[at].as_str().unwrap_or_default().to_string();
            let hidden = Name { schema: name(0), relation: reserved(change.id, "", &name(1)) };
            statements.push(rename(&hidden, &name(1)));
        }
    }
    run(change, &statements);
}

/// Of an index, one below it that is another kind of constraint: then they are not built alike.
#[must_use]
pub fn odd_one(index: pg_sys::Oid) -> Option<Name> {
    let all = catalog::relation_name(index).map(|name| parts(&name.to_string())).unwrap_or_default();
    let is_primary = |p: &Part| p.constraint.as_deref() == Some("p");
    let first = all.first().is_some_and(is_primary);
    all.into_iter().find(|p| is_primary(p) != first).map(|p| p.index)
}
