//! Indexes and constraints of a column whose type changes: built for the new column while both are written, changing names
//! at the gate. The indexes of the old column stay with it in quarantine, its checks and foreign keys do not.
use super::indexes::{Definition, Index};
use super::set_type::Change;
use super::{Plan, Planning, aside, by_part, create_index};
use crate::core::change::expression::fill;
use crate::core::change::step::{COLUMN, Phase, SCHEMA, Step, TABLE, lock};
use crate::pg::formula::{self, Column};
use crate::pg::{owner, retype, spi};
use pgrx::pg_sys;
use pgrx::spi::{quote_identifier, quote_literal};

/// An expression over the table's columns, once a column is of another type and has another name. `what`: whose expression
/// it is, of which table; `target`: the type it has to be of.
#[must_use]
pub fn for_new_column(
    p: &Planning,
    relid: pg_sys::Oid,
    what: &str,
    text: &str,
    target: Option<(pg_sys::Oid, i32)>,
    new: &Column,
    reserved: &str,
) -> String {
    let columns: Vec<Column> = owner::run(|| {
        spi::select(
            "SELECT attname::text FROM pg_attribute WHERE attrelid = $1 AND attnum > 0 AND NOT attisdropped ORDER BY attnum",
            &[relid.into()],
            |r| r.must::<String>(1),
        )
    })
    .iter()
    .filter_map(|c| if *c == new.name { Some(new.clone()) } else { retype::column_of(relid, c) })
    .collect();
    let target = target.unwrap_or((pg_sys::InvalidOid, -1));
    match formula::read(text, "pg_catalog, pg_temp", &columns, &p.name.relation, target) {
        Err(why) => p.no_form(&format!("{what} does not fit the new type, drop it first: {why}")),
        Ok(read) if what.starts_with("index") && !read.is_immutable => {
            p.no_form(&format!("{what} is not immutable with the new type, drop it first"))
        }
        Ok(read) => fill(&read.text, |i| {
            let name = &columns[i].name;
            match *name == new.name {
                true => quote_identifier(reserved),
                false => format!("{COLUMN}{name}{COLUMN}"),
            }
        }),
    }
}

/// The proofs and the indexes that the new column needs before the gate.
pub fn expand(p: &Planning, change: &Change, plan: &mut Plan) {
    let column = quote_identifier(&change.reserved);
    let mut add = |table: &str, name: &str, what: &str, is_valid: bool, lock_mode: &'static str| {
        let name = quote_identifier(name);
        plan.step(Step::sql(
            Phase::Expand,
            lock_mode,
            format!("{} ADD CONSTRAINT {name} {what} NOT VALID", alter(table)),
            Some(format!("{} DROP CONSTRAINT IF EXISTS {name}", alter(table))),
        ));
        if is_valid {
            let validate = format!("{} VALIDATE CONSTRAINT {name}", alter(table));
            plan.step(Step::sql(Phase::Verify, lock::NO_DDL, validate, None));
        }
    };
    if change.not_null {
        add(TABLE, &not_null(p, change), &format!("CHECK ({column} IS NOT NULL)"), true, lock::EXCLUSIVE);
    }
    for c in &change.constraints {
        let name = p.reserved(&c.name);
        if c.is_check {
            add(&c.table, &name, &format!("CHECK ({}){}", c.text, c.no_inherit), c.is_valid, lock::EXCLUSIVE);
        } else {
            add(
                &c.table,
                &name,
                &format!("FOREIGN KEY ({}){}", c.columns, c.text),
                c.is_valid,
                lock::NO_WRITES_OR_DDL,
            );
        }
    }
    for i in &change.indexes {
        // There is one primary key at a time: the second index lets it come back at once.
        let before = i.is_primary_key().then_some(&i.on_old);
        if !i.is_plain() {
            plan.step(by_part::build(i, "", &i.on));
            plan.steps.extend(before.map(|on| (by_part::build(i, "before_", on), false)));
            continue;
        }
        let mut build = |name: &str, on: &Definition| {
            plan.step(create_index::of_table(Phase::Verify, name, i.is_unique, &on.as_index()));
        };
        build(&p.reserved(&i.name), &i.on);
        if let Some(on) = before {
            build(&self::before(p, &i.name), on);
        }
    }
}

/// Name of the check that proves NOT NULL.
fn not_null(p: &Planning, change: &Change) -> String {
    p.reserved(&format!("{}_not_null", change.name))
}

/// Name of the index that brings a primary key back.
fn before(p: &Planning, name: &str) -> String {
    p.reserved(&format!("before_{name}"))
}

/// What the new column takes over, while it goes by its reserved name.
pub fn before_swap(p: &Planning, change: &Change, plan: &mut Plan) {
    let step = |plan: &mut Plan, there: Vec<String>, back: Option<Vec<String>>| {
        let back = back.map(|b| b.join("; "));
        plan.step(Step::sql(Phase::Contract, lock::EXCLUSIVE, there.join("; "), back));
    };
    if change.not_null {
        let (column, proof) = (quote_identifier(&change.reserved), quote_identifier(not_null(p, change)));
        let there = vec![
            format!("ALTER TABLE {TABLE} ALTER COLUMN {column} SET NOT NULL"),
            format!("ALTER TABLE {TABLE} DROP CONSTRAINT {proof}"),
        ];
        step(plan, there, None);
    }
    for c in &change.constraints {
        // What the old column holds from now on is made from the new one, and judged there.
        let table = &c.table;
        aside::constraint(plan, table, &c.name, c.is_valid, false);
        let (name, reserved) = (quote_identifier(&c.name), quote_identifier(p.reserved(&c.name)));
        let mut there = vec![format!("{} RENAME CONSTRAINT {reserved} TO {name}", alter(table))];
        there.extend(comment(&format!("CONSTRAINT {name} ON {table}"), c.comment.as_ref()));
        let back = vec![format!("{} DROP CONSTRAINT IF EXISTS {name}", alter(table))];
        step(plan, there, Some(back));
    }
    for i in &change.indexes {
        if !i.is_plain() {
            plan.step(by_part::take_over(i));
            continue;
        }
        let (there, back) = index(p, i);
        step(plan, there, Some(back));
    }
}

/// An index and its constraint change names with those of the new column.
fn index(p: &Planning, i: &Index) -> (Vec<String>, Vec<String>) {
    let (name, reserved) = (quote_identifier(&i.name), quote_identifier(p.reserved(&i.name)));
    let between = quote_identifier(p.reserved(&format!("between_{}", i.name)));
    let drop = format!("ALTER TABLE {TABLE} DROP CONSTRAINT {name}");
    let add = |what: &str| format!("ALTER TABLE {TABLE} ADD CONSTRAINT {name} {what} USING INDEX {name}");
    let (mut there, mut back) = match i.constraint.as_deref() {
        Some("p") => {
            let before = quote_identifier(before(p, &i.name));
            (
                vec![drop.clone(), rename_index(&reserved, &name), add("PRIMARY KEY")],
                vec![drop, rename_index(&before, &name), add("PRIMARY KEY")],
            )
        }
        Some(_) => (
            vec![
                rename_constraint(&name, &between),
                rename_index(&reserved, &name),
                add("UNIQUE"),
                rename_constraint(&between, &reserved),
            ],
            vec![drop, rename_constraint(&reserved, &name)],
        ),
        None => (
            vec![
                rename_index(&name, &between),
                rename_index(&reserved, &name),
                rename_index(&between, &reserved),
            ],
            vec![format!("DROP INDEX {SCHEMA}.{name}"), rename_index(&reserved, &name)],
        ),
    };
    let comments = [
        comment(&format!("INDEX {SCHEMA}.{name}"), i.comment.as_ref()),
        comment(&format!("CONSTRAINT {name} ON {TABLE}"), i.constraint_comment.as_ref()),
    ];
    if i.is_primary_key() {
        back.extend(comments.iter().flatten().cloned());
    }
    there.extend(comments.into_iter().flatten());
    (there, back)
}

/// The old column no longer has to have a value: `down` may give none.
pub fn after_swap(p: &Planning, change: &Change, plan: &mut Plan) {
    if change.not_null {
        let at_once = change.settings.identity.is_some() || change.indexes.iter().any(Index::is_primary_key);
        aside::not_null(p, &change.name, &change.reserved, at_once, plan);
    }
}

/// A partition may have gone since, and what it had with it.
fn alter(table: &str) -> String {
    format!("ALTER TABLE {}{table}", if table == TABLE { "" } else { "IF EXISTS " })
}

fn rename_constraint(from: &str, to: &str) -> String {
    format!("ALTER TABLE {TABLE} RENAME CONSTRAINT {from} TO {to}")
}

fn rename_index(from: &str, to: &str) -> String {
    format!("ALTER INDEX {SCHEMA}.{from} RENAME TO {to}")
}

fn comment(on: &str, comment: Option<&String>) -> Option<String> {
    comment.map(|text| format!("COMMENT ON {on} IS {}", quote_literal(text)))
}
