//! A value of any type under a mask.
use super::types::{self, Kind};
use crate::core::privacy::mask::Mask;
use crate::core::privacy::masks::decimal::Decimal;
use crate::core::privacy::masks::fit::{Family, fits};
use crate::core::privacy::masks::number::{self, Room};
use crate::core::privacy::masks::{self, Context, date};
use pgrx::{FromDatum, IntoDatum, direct_function_call_as_datum as direct, pg_sys};
use std::cell::RefCell;
use std::ffi::{CStr, CString};

/// Address family of IPv4 in an inet; that of IPv6 is one more.
const IPV4: u8 = 2;

/// Bytes of the buffer that are kept after a large value.
const KEPT: usize = 1 << 16;

thread_local! {
    /// Reused from call to call.
    static OUTPUT: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// A value under a mask, in the same type; None where there is nothing to show.
///
/// # Safety
/// `value` must be a value of the type, not NULL.
pub unsafe fn apply(mask: &Mask, kind: Kind, value: pg_sys::Datum, with: Context) -> Option<pg_sys::Datum> {
    // SAFETY: the caller vouches for the value.
    unsafe {
        match (kind.family, kind.element) {
            (Family::Text, Some(element)) if *mask != Mask::Default => {
                array(mask, kind, element, value, with)
            }
            (_, Some(_)) => None,
            (Family::Text, None) => text(mask, kind, value, with),
            (family, None) if !fits(mask, family) => None,
            (Family::Integer(most), None) => integer(mask, kind, most, value, with),
            (Family::Numeric, None) => numeric(mask, kind, value, with),
            (Family::Float, None) => float(mask, kind, value, with),
            (Family::Date, None) => {
                let day = value.value() as i32;
                let made = if day == i32::MIN || day == i32::MAX {
                    day
                } else {
                    date::day(mask, day.into(), with)? as i32
                };
                Some(pg_sys::Datum::from(made))
            }
            (Family::Time, None) => {
                let time = value.value() as i64;
                let endless = time == i64::MIN || time == i64::MAX;
                Some(pg_sys::Datum::from(if endless { time } else { date::time(mask, time, with)? }))
            }
            (Family::Uuid, None) => {
                let Mask::Pseudonym { domain, .. } = mask else { return None };
                let made = with.keys?.pseudonym_uuid(domain, &*value.cast_mut_ptr::<[u8; 16]>());
                let copy = pg_sys::palloc(made.len()).cast::<[u8; 16]>();
                copy.write(made);
                Some(pg_sys::Datum::from(copy))
            }
            (Family::Network, None) => network(mask, kind, value),
            (Family::Json, None) => json(mask, kind, value, with),
            (Family::Bytes, None) => {
                let Mask::Pseudonym { digits, domain } = mask else { return None };
                with.keys?.pseudonym_bytes(domain, bytes(value), *digits).into_datum()
            }
            (Family::Enum | Family::Boolean | Family::Other, None) => None,
        }
    }
}

/// The bytes of a varlena.
///
/// # Safety
/// `value` must be a varlena.
pub unsafe fn bytes<'a>(value: pg_sys::Datum) -> &'a [u8] {
    // SAFETY: the caller vouches for a varlena; the copy, if one is made, lives as long as the function's context.
    unsafe {
        let mut value = value.cast_mut_ptr::<pg_sys::varlena>();
        // Most are stored plainly, and need no call of the server.
        let is_short = pgrx::varlena::varatt_is_1b(value) && !pgrx::varlena::varatt_is_1b_e(value);
        if !is_short && !pgrx::varlena::varatt_is_4b_u(value) {
            value = pg_sys::pg_detoast_datum_packed(value);
        }
        let length = pgrx::varlena::varsize_any_exhdr(value);
        std::slice::from_raw_parts(pgrx::varlena::vardata_any(value).cast(), length)
    }
}

unsafe extern "C-unwind" {
    /// The server's own: pgrx's binding of the same name would guard each of a million calls.
    fn palloc(size: usize) -> *mut pg_sys::varlena;
}

/// Runs what writes a text, in a buffer that is kept, and makes a datum of it.
fn with_output(f: impl FnOnce(&mut Vec<u8>) -> Option<()>) -> Option<pg_sys::Datum> {
    let mut out = OUTPUT.take();
    out.clear();
    let made = f(&mut out);
    let length = out.len();
    OUTPUT.set(out);
    made?;
    let size = length + pg_sys::VARHDRSZ;
    // SAFETY: the buffer stays where it is, since nobody else runs meanwhile; no frame from here to the server's own has
    // anything to drop, so that an error may jump over them when memory runs out.
    unsafe {
        let bytes = OUTPUT.with(|out| (*out.as_ptr()).as_ptr());
        let datum = palloc(size);
        pgrx::varlena::set_varsize_4b(datum, size as i32);
        datum.cast::<u8>().add(pg_sys::VARHDRSZ).copy_from_nonoverlapping(bytes, length);
        if length > KEPT {
            OUTPUT.set(Vec::new());
        }
        Some(pg_sys::Datum::from(datum))
    }
}

unsafe fn text(mask: &Mask, kind: Kind, value: pg_sys::Datum, with: Context) -> Option<pg_sys::Datum> {
    // SAFETY: the caller vouches for a text; the result is one of exactly the bytes written.
    unsafe {
        let blank_padded = kind.element.unwrap_or(kind.base) == pg_sys::BPCHAROID;
        let value = bytes(value);
        let value = if blank_padded { trim_blanks(value) } else { value };
        with_output(|out| {
            masks::text(mask, value, with, out)?;
            // Nothing here knows other encodings than UTF-8.
            if !out.is_ascii() && (std::str::from_utf8(out).is_err() || !is_utf8()) {
                out.iter_mut().filter(|c| !c.is_ascii()).for_each(|c| *c = b'?');
            }
            if let Some(limit) = kind.limit() {
                fit(out, limit, blank_padded);
            }
            Some(())
        })
    }
}

fn is_utf8() -> bool {
    // SAFETY: plain read of a backend global.
    unsafe { pg_sys::GetDatabaseEncoding() == pg_sys::pg_enc::PG_UTF8 as i32 }
}

fn trim_blanks(value: &[u8]) -> &[u8] {
    let end = value.iter().rposition(|c| *c != b' ').map_or(0, |n| n + 1);
    &value[..end]
}

/// Cuts a text to so many characters; char(n) has exactly that many.
fn fit(out: &mut Vec<u8>, limit: usize, blank_padded: bool) {
    let length = std::str::from_utf8(out).map_or(out.len(), |text| text.chars().count());
    if length > limit {
        let end =
            std::str::from_utf8(out).ok().and_then(|t| t.char_indices().nth(limit)).map_or(limit, |(n, _)| n);
        out.truncate(end);
    } else if blank_padded {
        out.resize(out.len() + limit - length, b' ');
    }
}

unsafe fn array(
    mask: &Mask,
    kind: Kind,
    element: pg_sys::Oid,
    value: pg_sys::Datum,
    with: Context,
) -> Option<pg_sys::Datum> {
    // SAFETY: the caller vouches for an array of that element type, whose length and passing come from the catalog.
    unsafe {
        let array = pg_sys::pg_detoast_datum(value.cast_mut_ptr()).cast::<pg_sys::ArrayType>();
        let (mut length, mut by_value, mut align) = (0, false, 0);
        pg_sys::get_typlenbyvalalign(element, &mut length, &mut by_value, &mut align);
        let (mut values, mut nulls, mut count) = (std::ptr::null_mut(), std::ptr::null_mut(), 0);
        let size = i32::from(length);
        pg_sys::deconstruct_array(array, element, size, by_value, align, &mut values, &mut nulls, &mut count);
        let one = Kind { base: element, element: None, ..kind };
        for n in 0..usize::try_from(count).unwrap_or(0) {
            if *nulls.add(n) {
                continue;
            }
            match text(mask, one, *values.add(n), with) {
                Some(made) => *values.add(n) = made,
                None => *nulls.add(n) = true,
            }
        }
        // The dimensions stand right behind the header, and the lower bounds behind them.
        let dimensions = array.add(1).cast::<i32>();
        let bounds = dimensions.add((*array).ndim as usize);
        let made = pg_sys::construct_md_array(
            values,
            nulls,
            (*array).ndim,
            dimensions,
            bounds,
            element,
            size,
            by_value,
            align,
        );
        Some(pg_sys::Datum::from(made))
    }
}

unsafe fn integer(
    mask: &Mask,
    kind: Kind,
    most: i64,
    value: pg_sys::Datum,
    with: Context,
) -> Option<pg_sys::Datum> {
    let value = match kind.base {
        pg_sys::INT2OID => i64::from(value.value() as i16),
        pg_sys::INT4OID => i64::from(value.value() as i32),
        _ => value.value() as i64,
    };
    let made = number::number(mask, Decimal::whole(value.into()), Room::whole(most.into()), with)?;
    let made = i64::try_from(made.mantissa).ok()?;
    Some(match kind.base {
        pg_sys::INT2OID => pg_sys::Datum::from(made as i16),
        pg_sys::INT4OID => pg_sys::Datum::from(made as i32),
        _ => pg_sys::Datum::from(made),
    })
}

/// What numeric(p,s) can hold; None for scales below zero, which no mask fits.
fn room(typmod: i32) -> Option<Room> {
    if typmod < 4 {
        return Some(Room::ANY);
    }
    let precision = ((typmod - 4) >> 16 & 0xffff) as u32;
    let scale = (((typmod - 4) & 0x7ff) ^ 1024) - 1024;
    let most = 10_i128.pow(precision.min(37)) - 1;
    Some(Room { scale: Some(u32::try_from(scale).ok()?), most })
}

unsafe fn numeric(mask: &Mask, kind: Kind, value: pg_sys::Datum, with: Context) -> Option<pg_sys::Datum> {
    // SAFETY: the caller vouches for a numeric; its output function gives a C string, and its input function reads one.
    unsafe {
        let written = direct(pg_sys::numeric_out, &[Some(value)])?;
        let read = Decimal::parse(CStr::from_ptr(written.cast_mut_ptr()).to_str().ok()?)?;
        let made = number::number(mask, read, room(kind.typmod)?, with)?;
        types::parse(kind, &made.to_string())
    }
}

unsafe fn float(mask: &Mask, kind: Kind, value: pg_sys::Datum, with: Context) -> Option<pg_sys::Datum> {
    // SAFETY: the caller vouches for a float of that size.
    unsafe {
        let written = match kind.base {
            pg_sys::FLOAT4OID => f32::from_datum(value, false)?.to_string(),
            _ => f64::from_datum(value, false)?.to_string(),
        };
        // Every integer up to 2^53 is a double, up to 2^24 a float.
        let most = if kind.base == pg_sys::FLOAT4OID { (1 << 24) - 1 } else { (1 << 53) - 1 };
        let made =
            number::number(mask, Decimal::parse(&written)?, Room { scale: None, most }, with)?.to_string();
        match kind.base {
            pg_sys::FLOAT4OID => made.parse::<f32>().ok().filter(|f| f.is_finite())?.into_datum(),
            _ => made.parse::<f64>().ok().filter(|f| f.is_finite())?.into_datum(),
        }
    }
}

unsafe fn network(mask: &Mask, kind: Kind, value: pg_sys::Datum) -> Option<pg_sys::Datum> {
    let Mask::Ip { v4, v6 } = mask else { return None };
    // SAFETY: an inet is its address family, its bits and the address; the copy is a varlena with a whole header.
    unsafe {
        let mut made = bytes(value).to_vec();
        let (family, of_mask) = (*made.first()?, made.get(1).copied()?);
        let kept = if family == IPV4 { *v4 } else { *v6 };
        masks::truncate_ip(made.get_mut(2..)?, kept);
        if kind.base == pg_sys::CIDROID {
            made[1] = of_mask.min(kept);
        }
        made.into_datum()
    }
}

unsafe fn json(mask: &Mask, kind: Kind, value: pg_sys::Datum, with: Context) -> Option<pg_sys::Datum> {
    let Mask::Json(paths) = mask else { return None };
    // SAFETY: the caller vouches for a document; jsonb's output function gives a C string, and its input function reads one.
    unsafe {
        if kind.base == pg_sys::JSONOID {
            return with_output(|out| {
                masks::document(bytes(value), paths, with, out)?;
                Some(())
            });
        }
        let written = direct(pg_sys::jsonb_out, &[Some(value)])?;
        let mut made = Vec::new();
        masks::document(CStr::from_ptr(written.cast_mut_ptr()).to_bytes(), paths, with, &mut made)?;
        let made = CString::new(made).ok()?;
        direct(pg_sys::jsonb_in, &[Some(pg_sys::Datum::from(made.as_ptr()))])
    }
}
