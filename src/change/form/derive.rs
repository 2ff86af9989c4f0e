//! The way back of a type change, where the types alone say it.
use crate::core::change::expression::zone;
use crate::pg::formula::{Column, can_assign, is_same_inside};
use crate::pg::{owner, settings_scope, spi};
use pgrx::pg_sys;
use pgrx::spi::quote_literal;

/// Whether one of the types knows time zones and the other does not.
#[must_use]
pub fn is_between_timestamps(from: pg_sys::Oid, to: pg_sys::Oid) -> bool {
    let pair = (from, to);
    pair == (pg_sys::TIMESTAMPOID, pg_sys::TIMESTAMPTZOID)
        || pair == (pg_sys::TIMESTAMPTZOID, pg_sys::TIMESTAMPOID)
}

/// A cast between them that means the same in every session: in the zone of whoever proposes.
#[must_use]
pub fn in_zone_of_proposer(column: &str) -> String {
    let zone = settings_scope::current_setting(c"TimeZone");
    format!("{column} AT TIME ZONE {}", quote_literal(zone))
}

/// Old values from new ones, with `column` for the new value; None where that is for a person to say. What the old type
/// cannot hold becomes NULL: after contraction it must not stop those who write the new one.
#[must_use]
pub fn down(
    column: &str,
    old: &Column,
    old_type: &str,
    new: &Column,
    up: &str,
    up_is_cast: bool,
) -> Option<String> {
    if is_between_timestamps(old.of_type, new.of_type) {
        return zone(up).map(|zone| format!("{column} AT TIME ZONE {zone}"));
    }
    if !up_is_cast {
        return None;
    }
    let whole = [
        ("smallint", -32768_i64, 32767_i64),
        ("integer", -2147483648, 2147483647),
        ("bigint", i64::MIN, i64::MAX),
    ];
    if let Some((_, low, high)) = whole.into_iter().find(|(name, ..)| *name == old_type) {
        // Compared as the new type where that is whole too: cheaper.
        let as_type = if is_whole(new.of_type) { "bigint" } else { "numeric" };
        return is_number(new.of_type).then(|| {
            format!(
                "CASE WHEN {column} BETWEEN '{low}'::{as_type} AND '{high}'::{as_type} THEN {column}::{old_type} END"
            )
        });
    }
    if old.of_type == pg_sys::NUMERICOID && is_number(new.of_type) {
        let Some((precision, scale)) = precision(old.modifier) else { return Some(column.into()) };
        return Some(format!(
            "CASE WHEN abs(round({column}::numeric, {scale})) < 1e{}::numeric THEN {column}::{old_type} END",
            precision - scale
        ));
    }
    let length = old.modifier - pg_sys::VARHDRSZ as i32;
    if matches!(old.of_type, pg_sys::VARCHAROID | pg_sys::BPCHAROID) && length > 0 && is_text(new.of_type) {
        return Some(format!("CASE WHEN length({column}) <= {length} THEN {column}::{old_type} END"));
    }
    if is_enum(old.of_type) && is_text(new.of_type) {
        return Some(format!(
            "CASE WHEN {column}::text = ANY (enum_range(NULL::{old_type})::text[]) THEN {column}::text::{old_type} END"
        ));
    }
    let smallest_and_largest = match old.of_type {
        pg_sys::FLOAT4OID => Some(("1.5e-45", "3.4028234e38")),
        pg_sys::FLOAT8OID => Some(("5e-324", "1.7976931348623157e308")),
        _ => None,
    };
    if let Some((low, high)) = smallest_and_largest.filter(|_| is_number(new.of_type)) {
        let as_type = if new.of_type == pg_sys::NUMERICOID { "numeric" } else { "double precision" };
        return Some(format!(
            "CASE WHEN {column} = 0 OR abs({column}) BETWEEN '{low}'::{as_type} AND '{high}'::{as_type} OR abs({column}) >= 'Infinity'::{as_type} THEN {column}::{old_type} END"
        ));
    }
    holds_all(old, new).then(|| column.to_string())
}

/// Whether a type can be assigned whatever value the other one has. Where nobody knows, a person has to say what becomes of those
/// that it cannot hold.
fn holds_all(old: &Column, new: &Column) -> bool {
    let is_binary = || old.modifier < 0 && is_same_inside(new.of_type, old.of_type);
    let never_refuses = matches!(
        old.of_type,
        pg_sys::TEXTOID
            | pg_sys::VARCHAROID
            | pg_sys::BPCHAROID
            | pg_sys::DATEOID
            | pg_sys::TIMEOID
            | pg_sys::TIMETZOID
            | pg_sys::TIMESTAMPOID
            | pg_sys::TIMESTAMPTZOID
            | pg_sys::INTERVALOID
            | pg_sys::JSONOID
            | pg_sys::INETOID
            | pg_sys::CIDROID
            | pg_sys::MACADDR8OID
    );
    (never_refuses || is_binary()) && can_assign(new.of_type, old.of_type)
}

fn is_whole(t: pg_sys::Oid) -> bool {
    matches!(t, pg_sys::INT2OID | pg_sys::INT4OID | pg_sys::INT8OID)
}

fn is_number(t: pg_sys::Oid) -> bool {
    is_whole(t) || matches!(t, pg_sys::NUMERICOID | pg_sys::FLOAT4OID | pg_sys::FLOAT8OID)
}

fn is_text(t: pg_sys::Oid) -> bool {
    matches!(t, pg_sys::TEXTOID | pg_sys::VARCHAROID | pg_sys::BPCHAROID)
}

fn is_enum(t: pg_sys::Oid) -> bool {
    owner::run(|| {
        spi::select_one("SELECT typtype = 'e' FROM pg_type WHERE oid = $1", &[t.into()], |r| r.must(1))
    })
    .unwrap_or(false)
}

/// Precision and scale of a numeric type, as numeric.c packs them.
fn precision(modifier: i32) -> Option<(i32, i32)> {
    let packed = modifier - pg_sys::VARHDRSZ as i32;
    // The scale is signed, in eleven bits.
    (packed >= 0).then(|| (packed >> 16 & 0xffff, ((packed & 0x7ff) ^ 1024) - 1024))
}
