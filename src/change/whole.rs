//! Facts about a table as a whole: what is below it, its keys, and who writes it.
use super::store::Change;
use crate::core::change::step::{Phase, Step};
use crate::error;
use crate::pg::catalog::{self, Name};
use crate::pg::{owner, relation, spi};
use pgrx::pg_sys;
use serde_json::{Value, json};

/// A table with those below it, the one above always before.
pub struct Member {
    /// It.
    pub relid: pg_sys::Oid,
    /// Its name.
    pub name: Name,
    /// Whether it holds no rows itself.
    pub partitioned: bool,
    /// Place of the one above in the list.
    pub above: Option<usize>,
}

/// A partitioned table with all its partitions, without foreign tables.
#[must_use]
pub fn tree(relid: pg_sys::Oid) -> Vec<Member> {
    let rows: Vec<(pg_sys::Oid, Name, bool, Option<pg_sys::Oid>)> = owner::run(|| {
        spi::select(
            "WITH RECURSIVE tree AS (
                SELECT $1::oid AS relid, NULL::oid AS above, 0 AS depth
                UNION ALL SELECT i.inhrelid, t.relid, depth + 1 FROM tree t JOIN pg_inherits i ON i.inhparent = t.relid)
             SELECT c.oid, n.nspname::text, c.relname::text, c.relkind = 'p', t.above
               FROM tree t JOIN pg_class c ON c.oid = t.relid JOIN pg_namespace n ON n.oid = c.relnamespace
              WHERE c.relkind IN ('r', 'p') ORDER BY t.depth, n.nspname, c.relname",
            &[relid.into()],
            |r| (r.must(1), Name { schema: r.must(2), relation: r.must(3) }, r.must(4), r.get(5)),
        )
    });
    let place = |of: pg_sys::Oid| rows.iter().position(|(relid, ..)| *relid == of);
    rows.iter()
        .map(|(relid, name, partitioned, above)| Member {
            relid: *relid,
            name: name.clone(),
            partitioned: *partitioned,
            above: above.and_then(place),
        })
        .collect()
}

/// Whether a table has a primary key.
#[must_use]
pub fn has_primary_key(relid: pg_sys::Oid) -> bool {
    let sql = "SELECT true FROM pg_index WHERE indrelid = $1 AND indisprimary";
    owner::run(|| spi::select_one(sql, &[relid.into()], |_| ())).is_some()
}

/// Whether a table has a constraint of that name.
#[must_use]
pub fn has_constraint(relid: pg_sys::Oid, name: &str) -> bool {
    let sql = "SELECT true FROM pg_constraint WHERE conrelid = $1 AND conname = $2";
    owner::run(|| spi::select_one(sql, &[relid.into(), name.into()], |_| ())).is_some()
}

/// Who may add rows beside the owner, quoted.
#[must_use]
pub fn inserters(relid: pg_sys::Oid) -> Vec<String> {
    owner::run(|| {
        spi::select(
            "SELECT DISTINCT CASE WHEN x.grantee = 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(x.grantee)) END
               FROM pg_class c
              CROSS JOIN LATERAL (SELECT c.relacl AS acl
                                  UNION ALL SELECT a.attacl FROM pg_attribute a
                                             WHERE a.attrelid = c.oid AND NOT a.attisdropped) g
              CROSS JOIN LATERAL aclexplode(g.acl) x
              WHERE c.oid = $1 AND x.grantee <> c.relowner AND x.privilege_type = 'INSERT' ORDER BY 1",
            &[relid.into()],
            |r| r.must(1),
        )
    })
}

/// Columns of the partition keys of a table and of the partitioned ones below it.
#[must_use]
pub fn partition_columns(relid: pg_sys::Oid) -> Vec<String> {
    owner::run(|| {
        spi::select(
            "WITH RECURSIVE tree AS (
                SELECT $1::oid AS relid UNION ALL SELECT i.inhrelid FROM tree t JOIN pg_inherits i ON i.inhparent = t.relid)
             SELECT DISTINCT a.attname::text
               FROM tree t JOIN pg_partitioned_table p ON p.partrelid = t.relid
               JOIN pg_attribute a ON a.attrelid = p.partrelid AND a.attnum = ANY (p.partattrs) ORDER BY 1",
            &[relid.into()],
            |r| r.must(1),
        )
    })
}

/// A step that raises when a partition has come or gone: the plan names each.
#[must_use]
pub fn same_tree(relid: pg_sys::Oid) -> Step {
    let members: Vec<String> = tree(relid).iter().map(|m| m.name.to_string()).collect();
    let words = "check that the partitions are those that the plan was made for".to_string();
    Step::routine(Phase::Contract, "same_tree", words, json!({"members": members}))
}

/// Raises when a partition has come or gone.
pub fn require_same_tree(change: &Change, members: &Value) {
    let now: Vec<Value> = tree(change.relation().0).iter().map(|m| m.name.to_string().into()).collect();
    if *members != Value::Array(now) {
        error::change::drifted(change.id, &change.name).raise();
    }
}

/// Whether a table is that of a change, or one below it.
#[must_use]
pub fn is_part(change: &Change, table: &Name) -> bool {
    tree(change.relation().0).iter().any(|m| m.name == *table)
}

/// Raises where one of these tables is not below that of the change: another one may bear its name by now.
pub fn require_below(change: &Change, names: &Value) {
    for name in names.as_array().into_iter().flatten().filter_map(Value::as_str) {
        if !tree(change.relation().0).iter().any(|m| m.name.to_string() == name) {
            error::change::drifted(change.id, &change.name).raise();
        }
    }
}

/// A step that raises where a table below has left, and is still there: the plan is about rules of its own.
#[must_use]
pub fn still_below(members: &[Name]) -> Step {
    let names: Vec<Value> = members.iter().map(|m| json!([m.schema, m.relation])).collect();
    let list = members.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let words = format!("check that {list} still belong to it, or are gone");
    Step::routine(Phase::Contract, "still_below", words, json!({"members": names}))
}

/// Raises where one has left.
pub fn require_still_below(change: &Change, members: &Value) {
    for member in members.as_array().into_iter().flatten() {
        let name = |at: usize| member[at].as_str().unwrap_or_default().to_string();
        let member = Name { schema: name(0), relation: name(1) };
        if catalog::relation_oid(&member).is_some() && !is_part(change, &member) {
            error::change::has_left(change.id, &member, &change.name).raise();
        }
    }
}

/// A step that raises unless an index covers all partitions.
#[must_use]
pub fn valid_index(index: &str) -> Step {
    let words = "check that the index covers all partitions".to_string();
    Step::routine(Phase::Verify, "valid_index", words, json!({"index": index}))
}

/// Raises unless an index in the table's schema is valid: it is not where a partition was made before it was.
pub fn require_valid_index(change: &Change, index: &str) {
    let name = Name { schema: change.name.schema.clone(), relation: index.to_string() };
    if !catalog::relation_oid(&name).is_some_and(relation::is_valid_index) {
        error::change::drifted(change.id, &change.name).raise();
    }
}
