//! Where a change stands when `advance_change` has come to an end, and what it waits for.
use super::store;
use super::{certificate, steps};
use crate::core::change::State;
use crate::error;
use crate::pg::{owner, settings_scope, spi};

/// Says so as a NOTICE.
pub fn tell(id: i64) {
    settings_scope::with_steady_constants(|| say(id));
}

fn say(id: i64) {
    let change = store::get(id);
    let steps = store::steps(id);
    if steps::is_at_gate(&change, &steps) {
        let certificate = certificate::of(&change);
        let problems: Vec<&str> =
            certificate["problems"].as_array().into_iter().flatten().filter_map(|p| p.as_str()).collect();
        return error::change::stands_at_gate(id, &problems).notice();
    }
    match change.state {
        State::Contracted => {
            let sql = "SELECT quarantine_until::timestamptz(0)::text FROM governance.change WHERE id = $1";
            let until: Option<String> =
                owner::run(|| spi::select_one(sql, &[id.into()], |r| r.get(1))).flatten();
            error::change::is_contracted(id, until.as_deref()).notice();
        }
        state => error::change::has_come_to(id, state.as_str()).notice(),
    }
}
