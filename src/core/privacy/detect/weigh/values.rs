//! What values say: how many fit, and by what that moves the odds.
use super::super::lexicon::Hit;
use super::super::profile::Shape;
use super::super::subject::Rows;
use super::super::{Case, ENOUGH, Kind};
use super::special::{birth, is_house_number, name, phone, quasi, secret};
use super::{PROVEN, REFUTED, Sum};
use serde_json::json;

/// What the values say.
pub(super) fn values(case: &Case, tag: &str, hit: Option<&Hit>, sum: &mut Sum) {
    let (p, column) = (&case.column.profile, case.column);
    if p.seen == 0 {
        return;
    }
    let (fits, odds) = judge(case, tag, hit);
    // A handful of values moves the odds by less.
    let trust = if p.seen < ENOUGH && column.labels.is_empty() { 0.5 } else { 1.0 };
    // Where all are equal they say what one says.
    let trust = if p.distinct() < 2 && p.seen >= ENOUGH && odds > 0.0 && column.labels.is_empty() {
        0.5
    } else {
        trust
    };
    sum.odds += odds * trust;
    sum.evidence.insert("sampled".into(), json!(p.seen));
    if let Some(fits) = fits {
        sum.evidence.insert("matching".into(), json!(fits));
    }
    if tag == "pii.national_id"
        && let Some((form, n, _)) = p.national().filter(|(_, n, _)| p.ratio(*n) >= 0.5)
    {
        sum.evidence.insert("form".into(), json!(form));
        sum.evidence.insert("matching".into(), json!(n));
    }
}

/// Linear between two shares.
pub(super) fn between(share: f32, low: f32, high: f32, at_low: f32, at_high: f32) -> f32 {
    at_low + (at_high - at_low) * ((share - low) / (high - low)).clamp(0.0, 1.0)
}

/// How many values fit and by what they move the odds.
fn judge(case: &Case, tag: &str, hit: Option<&Hit>) -> (Option<usize>, f32) {
    let (p, kind) = (&case.column.profile, case.column.kind);
    let named = hit.is_some();
    let share = |s: Shape| p.share(s);
    let several = p.distinct() >= ENOUGH;
    // What has another form that cannot be mistaken is nothing else.
    let taken = [Shape::Url, Shape::Uuid, Shape::Hash, Shape::Token].iter().any(|s| share(*s) >= 0.6)
        || (share(Shape::Email) >= 0.6 && tag != "pii.contact.email");
    if taken && !matches!(tag, "secret.credential" | "pii.contact.email" | "pii.network.device") {
        return (None, REFUTED - 1.5);
    }
    match tag {
        "pii.contact.email" => {
            let s = share(Shape::Email);
            let odds = match s {
                s if s >= 0.3 => between(s, 0.3, 0.9, 3.0, PROVEN),
                s if named => between(s, 0.0, 0.3, REFUTED, 0.0),
                _ => 0.0,
            };
            // `info@` belongs to nobody.
            let boxes = if share(Shape::RoleBox) > 0.6 { -3.0 } else { 0.0 };
            (Some(p.of(Shape::Email)), odds + boxes)
        }
        "pii.contact.phone" => phone(case, named),
        "pii.financial.iban" => {
            let s = share(Shape::Iban);
            (
                Some(p.of(Shape::Iban)),
                if s >= 0.5 {
                    PROVEN + 1.0
                } else if named && s == 0.0 {
                    -3.0
                } else {
                    0.0
                },
            )
        }
        "pii.financial.card" => {
            let fits = p.of(Shape::Card).max(p.of(Shape::MaskedCard));
            let s = p.ratio(fits);
            let articles = share(Shape::Article) >= 0.8;
            let odds = match s {
                _ if articles => REFUTED,
                s if s >= 0.8 && (named || several) => between(s, 0.8, 1.0, 4.5, PROVEN),
                // Cards of shops and libraries have other lengths; numbers made up for tests have no check digit.
                _ if named && p.ratio(fits.max(p.of(Shape::CardLength))) < 0.3 => REFUTED - 1.0,
                s if named => between(s, 0.0, 0.8, -1.0, 2.0),
                _ => 0.0,
            };
            (Some(fits), odds)
        }
        "pii.network.ip" => {
            let s = share(Shape::Ip);
            let versions = share(Shape::Version) > 0.6 && kind != Kind::Network;
            let odds = match s {
                _ if kind == Kind::Network => 1.5,
                _ if versions => REFUTED,
                // That it is an address says nothing of whose.
                s if s >= 0.8 => {
                    if case.subject.rows == Rows::Things {
                        1.0
                    } else {
                        5.0
                    }
                }
                s if named => between(s, 0.0, 0.5, REFUTED, 0.5),
                _ => 0.0,
            };
            (Some(p.of(Shape::Ip)), odds)
        }
        "pii.network.device" => {
            let s = share(Shape::Mac);
            let identifier = share(Shape::Uuid).max(share(Shape::Random)).max(share(Shape::Digest));
            let odds = if s >= 0.8 {
                if case.faceless { 1.0 } else { 3.5 }
            } else if named && identifier > 0.6 {
                0.5
            } else {
                0.0
            };
            (Some(p.of(Shape::Mac)), odds)
        }
        "pii.national_id" => {
            let Some((_, fits, strong)) = p.national() else {
                return (Some(0), if named { -0.4 } else { 0.0 });
            };
            let s = p.ratio(fits);
            let odds = match (s >= 0.8, strong, named) {
                (true, true, _) if several && share(Shape::Article) < 0.8 => {
                    between(s, 0.8, 1.0, 4.0, PROVEN)
                }
                (true, _, true) => 2.0,
                (false, _, true) => -0.2,
                _ => 0.0,
            };
            (Some(fits), odds)
        }
        "secret.credential" => secret(case, hit),
        "pii.birth_date" => birth(case, named),
        "pii.name" => name(case, hit),
        "pii.name.user" => {
            let wrong = share(Shape::Long) > 0.2 || share(Shape::Number) > 0.8;
            (None, if wrong { -3.0 } else { 0.3 })
        }
        "pii.contact.address" => {
            let s = share(Shape::Street);
            let odds = match s {
                s if s >= 0.4 && case.faceless => 0.5,
                s if s >= 0.4 => {
                    if named {
                        between(s, 0.4, 0.8, 1.5, 2.5)
                    } else {
                        between(s, 0.4, 0.8, 2.5, 4.2)
                    }
                }
                _ if named && (share(Shape::Ip) > 0.5 || share(Shape::Firm) > 0.5) => REFUTED,
                // House numbers are numbers.
                _ if named
                    && share(Shape::Number) > 0.9
                    && !hit.is_some_and(|h| is_house_number(&h.matched)) =>
                {
                    -2.0
                }
                _ => 0.0,
            };
            (Some(p.of(Shape::Street)), odds)
        }
        "quasi" => quasi(case, hit),
        "health" => {
            let (icd, blood, ill) = (share(Shape::Icd), share(Shape::Blood), share(Shape::Illness));
            let odds = match (icd >= 0.8, blood >= 0.9, ill >= 0.3) {
                // A list of codes and what they mean is nobody's.
                _ if case.subject.rows == Rows::Things => 0.0,
                (true, ..) if several || named => 4.0,
                (_, true, _) if p.distinct() >= 4 || named => 4.0,
                (_, _, true) if p.distinct() >= 3 || named => {
                    if named {
                        2.0
                    } else {
                        2.8
                    }
                }
                _ => 0.0,
            };
            (Some(p.of(Shape::Icd).max(p.of(Shape::Blood)).max(p.of(Shape::Illness))), odds)
        }
        "pii.location" => {
            let s = p.ratio(p.of(Shape::Coordinate).max(p.of(Shape::Pair)));
            let odds = match kind {
                Kind::Place => 0.8,
                _ if named => between(s, 0.2, 0.7, -2.0, 1.0),
                _ => 0.0,
            };
            (Some(p.of(Shape::Coordinate).max(p.of(Shape::Pair))), odds)
        }
        "pii.free_text" => {
            let (long, contact) = (share(Shape::Long), share(Shape::Contact));
            let mut odds = match long {
                l if named => between(l, 0.05, 0.4, if p.seen >= 10 { -2.5 } else { -1.0 }, 1.3),
                l if l >= 0.7 && matches!(case.subject.rows, Rows::Persons | Rows::Dealings) => 1.0,
                _ => 0.0,
            };
            // Few texts again and again are choices from a list.
            if p.seen >= 30 && p.distinct() * 4 < p.seen && p.distinct() < 20 {
                odds -= 2.0;
            }
            if contact >= 0.05 && long >= 0.3 && several {
                odds += 2.0;
            }
            (Some(p.of(Shape::Long)), odds)
        }
        "pii.financial" => {
            (None, if share(Shape::Long) > 0.3 || share(Shape::Date) > 0.5 { REFUTED } else { 0.2 })
        }
        "pii.financial.account" => {
            let numeric = p.seen > 0
                && share(Shape::Long) < 0.1
                && share(Shape::Short) < 0.5
                && share(Shape::Shaped) < 0.5;
            (
                None,
                if share(Shape::Iban) >= 0.5 {
                    REFUTED
                } else if numeric {
                    0.3
                } else {
                    -2.5
                },
            )
        }
        _ => (None, 0.0),
    }
}
