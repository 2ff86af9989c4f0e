//! What two changes of one table must not do at once: a type change makes the constraints and indexes of its column anew, so
//! that one over two columns can follow one change only.
use super::store::{self, Change};
use crate::core::change::part::Part;
use crate::pg::{owner, spi};
use pgrx::pg_sys;

/// A constraint or an index that a wish and an open change would both have to make anew, or take away.
#[must_use]
pub fn shared(relid: pg_sys::Oid, parts: &[Part], columns: &[String], other: &Change) -> Option<String> {
    let steps = store::steps(other.id);
    let other_retypes = steps.iter().any(|s| s.step.args["retypes"] == true);
    let other_takes = steps.iter().any(|s| s.step.args["without"].is_array());
    let retypes = parts.iter().any(|part| matches!(part, Part::SetType(_)));
    let takes = retypes || parts.iter().any(|part| matches!(part.without_cascade(), Part::DropColumn { .. }));
    if !(retypes && other_takes || takes && other_retypes) {
        return None;
    }
    rule_over(relid, columns, &other.columns)
}

/// A column that a contracted change makes old values from, so that it can be taken back.
#[must_use]
pub fn kept_from(columns: &[String], other: &Change) -> Option<String> {
    let steps = store::steps(other.id);
    let names = steps.iter().filter_map(|s| s.step.args["keeps_from"].as_array()).flatten();
    names.filter_map(|n| n.as_str()).find(|n| columns.iter().any(|c| c == n)).map(String::from)
}

/// The first two parts of one wish of which the same is true: columns of both are in one constraint or index.
#[must_use]
pub fn shared_within(relid: pg_sys::Oid, parts: &[Part]) -> Option<String> {
    let (retypes, takes): (Vec<&Part>, Vec<&Part>) = parts
        .iter()
        .filter(|p| matches!(p, Part::SetType(_)) || matches!(p.without_cascade(), Part::DropColumn { .. }))
        .partition(|part| matches!(part, Part::SetType(_)));
    retypes.iter().enumerate().find_map(|(i, part)| {
        let mut others = retypes[i + 1..].iter().chain(&takes);
        others.find_map(|other| rule_over(relid, &part.columns(), &other.columns()))
    })
}

/// A constraint or an index over columns of both.
fn rule_over(relid: pg_sys::Oid, mine: &[String], theirs: &[String]) -> Option<String> {
    owner::run(|| {
        spi::select_one(
            "WITH mine AS (SELECT attnum FROM pg_attribute WHERE attrelid = $1 AND attname = ANY ($2)),
                  theirs AS (SELECT attnum FROM pg_attribute WHERE attrelid = $1 AND attname = ANY ($3))
             SELECT what FROM (
                SELECT format('constraint %I', conname), conkey FROM pg_constraint WHERE conrelid = $1 AND contype IN ('c', 'f')
                UNION ALL SELECT format('constraint %I', conname), confkey FROM pg_constraint WHERE confrelid = $1 AND contype = 'f'
                UNION ALL SELECT format('index %s', indexrelid::regclass), indkey::int2[] FROM pg_index WHERE indrelid = $1) r (what, key)
              WHERE EXISTS (SELECT FROM mine WHERE attnum = ANY (key)) AND EXISTS (SELECT FROM theirs WHERE attnum = ANY (key))
              ORDER BY 1 LIMIT 1",
            &[relid.into(), mine.to_vec().into(), theirs.to_vec().into()],
            |r| r.must(1),
        )
    })
}
