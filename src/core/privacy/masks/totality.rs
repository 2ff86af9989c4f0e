//! Every mask meets whatever bytes there are.
use super::decimal::Decimal;
use super::number::Room;
use super::{Context, date, number, text};
use crate::core::privacy::key::Keys;
use crate::core::privacy::known::KNOWN;
use crate::core::privacy::mask::Mask;
use crate::core::privacy::random::Draw;
use serde_json::json;

fn masks() -> Vec<Mask> {
    let known =
        KNOWN.iter().map(|(name, args, ..)| Mask::parse(name, &serde_json::from_str(args).unwrap()).unwrap());
    let more = [
        json!({"mask": "card", "synthetic": true}),
        json!({"mask": "card", "first": 6}),
        json!({"mask": "iban", "distinct": true}),
        json!({"mask": "national_id", "distinct": true}),
        json!({"mask": "name", "form": "fake"}),
        json!({"mask": "url", "host": false}),
        json!({"mask": "bucket", "size": 0.000001, "max": 3}),
        json!({"mask": "partial", "left": 3, "right": 3, "pad": ""}),
        json!({"mask": "pseudonym", "digits": 64}),
        json!({"mask": "json", "paths": {"$.**": {"mask": "email"}, "$.a[*]": {"mask": "fpe"}}}),
    ];
    known.chain(more.iter().map(|m| Mask::from_spec(m).unwrap())).collect()
}

/// Pieces that masks look for, and bytes that they do not expect.
const PIECES: [&[u8]; 26] = [
    b"a",
    b"Z",
    b"0",
    b"9",
    b"@",
    b".",
    b":",
    b"/",
    b" ",
    b"-",
    b"+49",
    b"{\"a\":",
    b"[",
    b"]",
    b"}",
    b"\"",
    b"\\u12",
    b"://",
    b"DE89",
    b"1987-06-05",
    b"\xff",
    b"\xc3",
    b"\xc3\xa9",
    b"\0",
    "👨\u{200d}👩".as_bytes(),
    b"4111111111111111",
];

fn inputs() -> Vec<Vec<u8>> {
    let mut draw = Draw::new([3; 32]);
    let mut all: Vec<Vec<u8>> = (0..1500)
        .map(|_| (0..draw.below(25)).flat_map(|_| PIECES[draw.below(PIECES.len())].to_vec()).collect())
        .collect();
    all.extend([
        Vec::new(),
        vec![0; 3],
        b"9".repeat(300_000),
        b"\xff".repeat(100_000),
        "é".repeat(100_000).into_bytes(),
    ]);
    all
}

#[test]
fn no_text_makes_a_mask_fail_or_show_it_whole() {
    let keys = Keys::new(&[1; 32]).unwrap();
    for mask in masks() {
        for input in inputs() {
            for keys in [Some(&keys), None] {
                let mut out = Vec::new();
                let made = text(&mask, &input, Context { keys, subject: b"s" }, &mut out);
                if made.is_none() {
                    continue;
                }
                assert!(
                    std::str::from_utf8(&input).is_err() || std::str::from_utf8(&out).is_ok(),
                    "{mask:?} {input:?}"
                );
                // These change only what they find.
                let keeps =
                    matches!(mask, Mask::Scrub | Mask::Json(_) | Mask::Bucket { .. } | Mask::Range { .. })
                        || matches!(
                            mask,
                            Mask::DateTrunc(_)
                                | Mask::Ip { .. }
                                | Mask::Phone
                                | Mask::Iban { .. }
                                | Mask::Card { .. }
                                | Mask::NationalId { .. }
                                | Mask::Url { .. }
                        );
                let letters =
                    input.iter().filter(|c| c.is_ascii_alphanumeric() && !b"0XZ9".contains(c)).count();
                let form = matches!(mask, Mask::Fpe { .. });
                assert!(keeps || form || letters < 2 || out != input, "{mask:?} showed {input:?}");
            }
        }
    }
}

#[test]
fn no_number_or_date_makes_a_mask_fail() {
    let keys = Keys::new(&[1; 32]).unwrap();
    let mut draw = Draw::new([4; 32]);
    let edges = [0, 1, -1, i64::MAX, i64::MIN, i64::from(i32::MAX), i64::from(i32::MIN), 32_767, -32_768];
    let numbers: Vec<i64> = edges
        .into_iter()
        .chain((0..3000).map(|_| {
            let bits = draw.below(64);
            (draw.number() >> bits) as i64
        }))
        .collect();
    for mask in masks() {
        for n in &numbers {
            let with = Context { keys: Some(&keys), subject: b"s" };
            for most in [32_767, i64::from(i32::MAX), i64::MAX] {
                let value = Decimal::whole(i128::from(*n % most));
                if let Some(made) = number::number(&mask, value, Room::whole(i128::from(most)), with) {
                    assert!(made.mantissa.unsigned_abs() <= most as u128 && made.scale == 0);
                }
            }
            let value = Decimal { mantissa: i128::from(*n) << 50, scale: draw.below(90) as u32 };
            let _ = number::number(&mask, value, Room { scale: Some(2), most: 999_999 }, with);
            let _ = number::number(&mask, value, Room::ANY, with);
            let _ = date::day(&mask, *n, with);
            let _ = date::time(&mask, *n, with);
        }
    }
}
