//! Text that goes into the plan of a change. Placeholders in the statements of a plan are control characters, so names and
//! expressions that hold such a character must not get there: filled in, it would end a literal or a name around it, and some
//! statements run with the rights of the extension's owner.
use crate::core::change::step::has_placeholder;
use std::any::Any;
use std::cell::Cell;

thread_local! {
    static READING: Cell<bool> = const { Cell::new(false) };
}

/// Runs what reads a wish or makes a plan: any text with such a character that is read meanwhile is an error.
pub fn run<R>(f: impl FnOnce() -> R) -> R {
    struct End(bool);
    impl Drop for End {
        fn drop(&mut self) {
            READING.set(self.0);
        }
    }
    let _end = End(READING.replace(true));
    f()
}

/// Raises where a text is read for a plan and cannot be part of one.
#[inline]
pub fn check(text: &str) {
    if READING.get() && has_placeholder(text) {
        crate::error::change::control_character().raise();
    }
}

/// The same for the value of a query's column.
#[inline]
pub fn check_value(value: &dyn Any) {
    if !READING.get() {
        return;
    }
    if let Some(text) = value.downcast_ref::<String>() {
        check(text);
    } else if let Some(texts) = value.downcast_ref::<Vec<String>>() {
        texts.iter().for_each(|text| check(text));
    } else if let Some(texts) = value.downcast_ref::<Vec<Option<String>>>() {
        texts.iter().flatten().for_each(|text| check(text));
    } else if let Some(json) = value.downcast_ref::<pgrx::JsonB>() {
        check_json(&json.0);
    }
}

fn check_json(value: &serde_json::Value) {
    use serde_json::Value;
    match value {
        Value::String(text) => check(text),
        Value::Array(items) => items.iter().for_each(check_json),
        Value::Object(map) => map.iter().for_each(|(key, value)| {
            check(key);
            check_json(value);
        }),
        _ => {}
    }
}
