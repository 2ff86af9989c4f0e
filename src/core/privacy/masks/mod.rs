//! The masks themselves, a file per family. Each is total: any bytes, also such as are no text, give a result or None,
//! which means that there is nothing to show and the column's NULL or default stands there.
mod address;
mod card;
pub mod date;
pub mod decimal;
mod dictionary;
mod fake;
pub mod fit;
pub mod fpe;
mod iban;
mod ip;
mod json;
mod name;
mod national_id;
pub mod number;
mod partial;
mod phone;
mod scrub;
mod text;
#[cfg(test)]
mod totality;
mod url;

pub use date::Unit;
pub use fake::{Kind as FakeKind, Locale};
pub use ip::truncate as truncate_ip;
pub use json::document;
pub use text::text;

use super::key::Keys;

/// What a mask may use besides the value.
#[derive(Clone, Copy, Default)]
pub struct Context<'a> {
    /// The keys of the recipient; without them keyed masks give nothing.
    pub keys: Option<&'a Keys>,
    /// What identifies the person that the row is about, where the mask names a column for it.
    pub subject: &'a [u8],
}

/// Reads a value as text; what is not UTF-8 is no text to any mask.
fn utf8(value: &[u8]) -> &str {
    std::str::from_utf8(value).unwrap_or("")
}
