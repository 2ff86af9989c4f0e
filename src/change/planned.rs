//! Which triggers are a plan's. Everybody may make triggers with the functions of changes, and say in their arguments what these
//! evaluate: what a function does beyond the rights of whoever writes, it does only for what a plan says.
use super::store::{self, Change};
use super::{acting, same};
use crate::pg::{catalog, owner, spi};
use pgrx::pg_sys;

/// What a plan says about a trigger.
pub struct Planned {
    /// The table of the change.
    pub relid: pg_sys::Oid,
    /// Whether what it evaluates calls functions of users.
    pub runs_users_code: bool,
}

/// The plan of a trigger; None where it is not as a change that is under way has made it, for its table or one below.
#[must_use]
pub fn plan_of(trigger: pg_sys::Oid) -> Option<Planned> {
    let (id, table, runs_users_code): (i64, pg_sys::Oid, bool) = owner::run(|| {
        spi::select_latest(
            "SELECT s.change, t.tgrelid, EXISTS (SELECT FROM governance.change_step c WHERE c.change = s.change AND c.action = 'copy'
                                                   AND c.args ->> 'runs_users_code' IS DISTINCT FROM 'false')
               FROM pg_trigger t
               JOIN governance.change_step s ON s.change = substring(t.tgname FROM '^zz_data_governance_change_([0-9]{1,18})(?:_|$)')::bigint
               JOIN governance.change c ON c.id = s.change AND c.state NOT IN ('done', 'aborted', 'undone')
              WHERE t.oid = $1
                AND t.tgargs = (SELECT string_agg(convert_to(a, getdatabaseencoding()) || '\\x00'::bytea, ''::bytea ORDER BY n)
                                  FROM jsonb_array_elements_text(s.args -> 'calls') WITH ORDINALITY x (a, n))
              LIMIT 1",
            &[trigger.into()],
            |r| (r.must(1), r.must(2), r.must(3)),
        )
    })
    .pop()?;
    let change: Change = store::get(id);
    let relid = catalog::relation_oid(&change.current_name())?;
    let is_its = table == relid || acting::is_below(table, relid);
    (is_its && !same::is_another(&change, relid)).then_some(Planned { relid, runs_users_code })
}
