//! ADD CONSTRAINT: CHECK and FOREIGN KEY hold for new rows first and are validated then; UNIQUE and PRIMARY KEY take over
//! an index that was built concurrently.
use super::{Plan, Planning, create_index, not_null};
use crate::change::{table, whole};
use crate::core::change::addition::{Demand, NewConstraint};
use crate::core::change::step::{Phase, Step, TABLE, lock};
use crate::error;
use crate::pg::addition::free_name;
use crate::pg::catalog::Name;
use pgrx::spi::quote_identifier;

/// The plan.
pub fn plan(p: &Planning, new: &NewConstraint) -> Plan {
    table::require_stored(p, false);
    let mut plan = Plan::default();
    match new.demand {
        Demand::Check | Demand::ForeignKey => validated(&mut plan, p, new),
        Demand::Unique | Demand::PrimaryKey => {
            if new.demand == Demand::PrimaryKey {
                if table::shape(p.relid).has_children {
                    p.no_form("other tables inherit from this one, and would become NOT NULL with it");
                }
                if whole::has_primary_key(p.relid) {
                    p.no_form("the table has a primary key already");
                }
                for column in &new.columns {
                    if table::column(p.relid, column).is_some_and(|c| !c.not_null) {
                        not_null::prove(&mut plan, p, column);
                    }
                }
            }
            indexed(&mut plan, p, new, Phase::Expand);
        }
    }
    plan
}

/// The constraint's name: that given, or the one that the server would choose.
fn name_of(p: &Planning, new: &NewConstraint) -> String {
    match &new.name {
        Some(name) => {
            if whole::has_constraint(p.relid, name) {
                error::change::name_exists(&quote_identifier(name), &p.name).raise();
            }
            name.clone()
        }
        None => {
            let keys = match new.demand {
                Demand::PrimaryKey => &[][..],
                // The server names a check after its column where there is one only.
                Demand::Check if new.columns.len() != 1 => &[][..],
                _ => &new.columns[..],
            };
            free_name(&p.name.relation, keys, new.demand.label(), &p.name.schema, true)
        }
    }
}

/// CHECK and FOREIGN KEY.
pub fn validated(plan: &mut Plan, p: &Planning, new: &NewConstraint) {
    let plain = name_of(p, new);
    let name = quote_identifier(&plain);
    let is_foreign_key = new.demand == Demand::ForeignKey;
    let mode = if is_foreign_key { lock::NO_WRITES_OR_DDL } else { lock::EXCLUSIVE };
    let add = |table: &str| {
        Step::sql(
            Phase::Expand,
            mode,
            format!("ALTER TABLE {table} ADD CONSTRAINT {name} {} NOT VALID", new.definition),
            Some(format!("ALTER TABLE {table} DROP CONSTRAINT IF EXISTS {name}")),
        )
    };
    let validate = |table: &str| {
        let sql = format!("ALTER TABLE {table} VALIDATE CONSTRAINT {name}");
        Step::sql(Phase::Verify, lock::NO_DDL, sql, None)
    };
    if !(is_foreign_key && table::shape(p.relid).partitioned) {
        plan.step(add(TABLE).making("constraint", &plain));
        plan.step(validate(TABLE));
        return;
    }
    // A partitioned table takes no foreign key that is not valid. Its partitions do, and a foreign key of the whole takes
    // theirs over without reading a row.
    for member in whole::tree(p.relid).into_iter().filter(|m| !m.partitioned) {
        plan.step(add(&member.name.to_string()));
        plan.step(validate(&member.name.to_string()));
    }
    plan.step(whole::same_tree(p.relid));
    let of_all = Step::sql(
        Phase::Contract,
        mode,
        format!("ALTER TABLE {TABLE} ADD CONSTRAINT {name} {}", new.definition),
        Some(format!("ALTER TABLE {TABLE} DROP CONSTRAINT IF EXISTS {name}")),
    );
    plan.step(of_all.making("constraint", &plain));
}

/// UNIQUE and PRIMARY KEY: `phase` is when the index is built.
pub fn indexed(plan: &mut Plan, p: &Planning, new: &NewConstraint, phase: Phase) {
    let name = name_of(p, new);
    create_index::require_free(p, &name);
    let quoted = quote_identifier(&name);
    let word = if new.demand == Demand::PrimaryKey { "PRIMARY KEY" } else { "UNIQUE" };
    let using = |table: &str, index: &str| {
        format!("ALTER TABLE {table} ADD CONSTRAINT {index} {word} USING INDEX {index}{}", new.deferrable)
    };
    let undo = format!("ALTER TABLE {TABLE} DROP CONSTRAINT IF EXISTS {quoted}");
    if !table::shape(p.relid).partitioned {
        plan.step(create_index::of_table(phase, &name, true, &new.index));
        let take_over = Step::sql(Phase::Contract, lock::EXCLUSIVE, using(TABLE, &quoted), Some(undo));
        plan.step(take_over.making("constraint", &name));
        return;
    }
    if let Some(missing) = whole::partition_columns(p.relid).into_iter().find(|c| !new.columns.contains(c)) {
        p.no_form(&format!(
            "a unique constraint of a partitioned table has to contain the partition key, and \"{missing}\" is not in it"
        ));
    }
    plan.step(whole::same_tree(p.relid));
    let keys = if new.demand == Demand::PrimaryKey { &[][..] } else { &new.columns[..] };
    for member in whole::tree(p.relid).into_iter().filter(|m| !m.partitioned) {
        let index = free_name(&member.name.relation, keys, new.demand.label(), &member.name.schema, true);
        let own = quote_identifier(&index);
        let index = Name { schema: member.name.schema.clone(), relation: index };
        plan.step(create_index::of_leaf(phase, &member.name, &index, true, &new.index));
        let leaf = member.name.to_string();
        let back = format!("ALTER TABLE {leaf} DROP CONSTRAINT IF EXISTS {own}");
        plan.step(Step::sql(Phase::Contract, lock::EXCLUSIVE, using(&leaf, &own), Some(back)));
    }
    // It takes over the constraints of the partitions.
    let of_all = Step::sql(
        Phase::Contract,
        lock::EXCLUSIVE,
        format!("ALTER TABLE {TABLE} ADD CONSTRAINT {quoted} {}", new.definition),
        Some(undo),
    );
    plan.step(of_all.making("constraint", &name));
}
