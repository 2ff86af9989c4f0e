//! Arguments of masks: read from JSON, strictly, and written back.
use super::key::PSEUDONYM;
use super::known::KNOWN;
use super::mask::{Conditional, Mask, NameForm, Test};
use super::masks::decimal::Decimal;
use super::masks::{FakeKind, Locale, Unit};
use super::path::Path;
use serde_json::{Map, Value, json};

/// What stands for hidden characters unless told otherwise. Its length says nothing about theirs.
pub const PAD: &str = "***";

/// Longest text argument: a mask that outgrows its column is cut, which is no use to anybody.
const TEXT_MAX: usize = 1000;
/// Most paths, and most values of a condition.
const LIST_MAX: usize = 100;
/// Masks inside masks.
const DEPTH_MAX: usize = 8;

struct Args<'a>(&'a str, &'a Map<String, Value>);

impl<'a> Args<'a> {
    fn get(&self, key: &str) -> Option<&'a Value> {
        self.1.get(key).filter(|v| !v.is_null())
    }

    fn count(&self, key: &str, default: usize, least: usize, most: usize) -> Result<usize, String> {
        let Some(v) = self.get(key) else { return Ok(default) };
        let n = v.as_u64().and_then(|n| usize::try_from(n).ok()).filter(|n| (least..=most).contains(n));
        n.ok_or_else(|| format!("Argument {key} is a number from {least} to {most}."))
    }

    fn text(&self, key: &str) -> Result<Option<String>, String> {
        self.get(key).map(|v| text_of(key, v)).transpose()
    }

    fn flag(&self, key: &str, default: bool) -> Result<bool, String> {
        let Some(v) = self.get(key) else { return Ok(default) };
        v.as_bool().ok_or_else(|| format!("Argument {key} is true or false."))
    }

    fn one_of<T: Copy>(&self, key: &str, all: &[(&str, T)], default: T) -> Result<T, String> {
        let Some(v) = self.get(key) else { return Ok(default) };
        let found = all.iter().find(|(name, _)| v.as_str() == Some(name)).map(|(_, value)| *value);
        found.ok_or_else(|| {
            format!("Argument {key} is one of: {}.", all.iter().map(|a| a.0).collect::<Vec<_>>().join(", "))
        })
    }

    fn decimal(&self, key: &str) -> Result<Option<Decimal>, String> {
        let Some(v) = self.get(key) else { return Ok(None) };
        let number = Some(v).filter(|v| v.is_number()).and_then(|v| Decimal::parse(&v.to_string()));
        number.map(Some).ok_or_else(|| format!("Argument {key} is a number."))
    }

    fn interval(&self) -> Result<(Decimal, Option<Decimal>), String> {
        let size = self.decimal("size")?.filter(|s| s.mantissa > 0);
        let size =
            size.ok_or_else(|| format!("Mask {} needs the argument size, a number above 0.", self.0))?;
        Ok((size.normalize(), self.decimal("max")?.map(Decimal::normalize)))
    }

    fn ratio(&self) -> Result<u32, String> {
        let ratio = match self.get("ratio") {
            None => Some(0.1),
            Some(v) => v.as_f64().filter(|r| *r >= 0.000_001 && *r <= 1.0),
        };
        ratio
            .map(|r| (r * 1e6).round() as u32)
            .ok_or_else(|| "Argument ratio is a number from 0.000001 to 1.".into())
    }

    fn days(&self) -> Result<u32, String> {
        self.count("days", 30, 1, 36_500).map(|n| n as u32)
    }

    fn mask(&self, key: &str, depth: usize) -> Result<Mask, String> {
        let given =
            self.get(key).ok_or_else(|| format!("Mask {} needs the argument {key}, a mask.", self.0))?;
        nested(given, depth)
    }
}

fn text_of(key: &str, value: &Value) -> Result<String, String> {
    match value {
        Value::String(s) if s.len() <= TEXT_MAX && !s.contains('\0') => Ok(s.clone()),
        Value::Number(n) => Ok(n.to_string()),
        Value::Bool(b) => Ok(b.to_string()),
        _ => Err(format!("Argument {key} is a text of at most {TEXT_MAX} bytes.")),
    }
}

/// What each mask can be told.
fn allowed(name: &str) -> Option<&'static [&'static str]> {
    Some(match name {
        "json" => &["paths"],
        "conditional" => &["when", "then", "else"],
        "noise" => &["ratio", "days", "subject"],
        "date_shift" => &["subject", "days"],
        "bucket" | "range" => &["size", "max"],
        "date_trunc" => &["unit"],
        "partial" => &["left", "right", "pad"],
        "url" => &["host"],
        "ip" => &["v4", "v6"],
        "card" => &["first", "last", "synthetic"],
        "iban" | "national_id" => &["distinct"],
        "name" => &["form", "locale"],
        "fpe" => &["domain"],
        "pseudonym" => &["digits", "domain"],
        "fake" => &["kind", "locale"],
        "constant" => &["value"],
        "scrub" | "phone" | "email" | "address" | "default" | "null" => &[],
        _ => return None,
    })
}

/// A mask by name and arguments.
///
/// # Errors
/// What is wrong, as a sentence for DETAIL.
pub fn parse(name: &str, args: &Value, depth: usize) -> Result<Mask, String> {
    let empty = Map::new();
    let map = match args {
        Value::Object(map) => map,
        Value::Null => &empty,
        _ => return Err("The arguments of a mask are a JSON object.".into()),
    };
    let Some(allowed) = allowed(name) else {
        return Err(format!("Masks: {}.", KNOWN.map(|k| k.0).join(", ")));
    };
    if let Some(unknown) = map.keys().find(|k| !allowed.contains(&k.as_str())) {
        return Err(format!("Mask {name} has no argument \"{unknown}\"."));
    }
    if depth > DEPTH_MAX {
        return Err(format!("Masks stand inside masks {DEPTH_MAX} deep at most."));
    }
    let a = Args(name, map);
    let distinct = || a.flag("distinct", false);
    let domain = || a.text("domain").map(Option::unwrap_or_default);
    Ok(match name {
        "json" => Mask::Json(paths(&a, depth)?),
        "conditional" => {
            let (column, test) = condition(&a)?;
            let (then, otherwise) = (a.mask("then", depth + 1)?, a.mask("else", depth + 1)?);
            Mask::Conditional(Box::new(Conditional { column, test, then, otherwise }))
        }
        "scrub" => Mask::Scrub,
        "noise" => Mask::Noise { ratio: a.ratio()?, days: a.days()?, subject: a.text("subject")? },
        "date_shift" => {
            let subject = a.text("subject")?.filter(|s| !s.is_empty());
            let subject = subject.ok_or(
                "Mask date_shift needs the argument subject: the column that identifies the person, whose dates are all \
                 moved alike.",
            )?;
            Mask::DateShift { subject, days: a.days()? }
        }
        "bucket" => a.interval().map(|(size, max)| Mask::Bucket { size, max })?,
        "range" => a.interval().map(|(size, max)| Mask::Range { size, max })?,
        "date_trunc" => Mask::DateTrunc(a.one_of("unit", &Unit::ALL, Unit::Year)?),
        "partial" => Mask::Partial {
            left: a.count("left", 1, 0, 1000)?,
            right: a.count("right", 0, 0, 1000)?,
            pad: a.text("pad")?.unwrap_or_else(|| PAD.into()),
        },
        "url" => Mask::Url { host: a.flag("host", true)? },
        "ip" => Mask::Ip { v4: a.count("v4", 24, 0, 24)? as u8, v6: a.count("v6", 48, 0, 64)? as u8 },
        "phone" => Mask::Phone,
        "card" => Mask::Card {
            first: a.count("first", 0, 0, 6)?,
            last: a.count("last", 4, 0, 4)?,
            synthetic: a.flag("synthetic", false)?,
        },
        "iban" => Mask::Iban { distinct: distinct()? },
        "national_id" => Mask::NationalId { distinct: distinct()? },
        "name" => {
            let locale = a.one_of("locale", &Locale::ALL, Locale::En)?;
            let fake = a.one_of("form", &[("initials", false), ("fake", true)], false)?;
            Mask::Name(if fake { NameForm::Fake(locale) } else { NameForm::Initials })
        }
        "email" => Mask::Email,
        "address" => Mask::Address,
        "fpe" => Mask::Fpe { domain: domain()? },
        "pseudonym" => {
            let digits = a.count("digits", PSEUDONYM, 32, 64)?;
            if digits != 32 && digits != 64 {
                return Err("Argument digits is 32 or 64.".into());
            }
            Mask::Pseudonym { digits, domain: domain()? }
        }
        "fake" => Mask::Fake {
            kind: a.one_of("kind", &FakeKind::ALL, FakeKind::Name)?,
            locale: a.one_of("locale", &Locale::ALL, Locale::En)?,
        },
        "default" => Mask::Default,
        "constant" => Mask::Constant(a.text("value")?.ok_or("Mask constant needs the argument value.")?),
        _ => Mask::Null,
    })
}

/// A mask inside another: `{"mask": "partial", "left": 2}`.
fn nested(given: &Value, depth: usize) -> Result<Mask, String> {
    const FORM: &str = "A mask inside a mask is an object as {\"mask\": \"partial\", \"left\": 1}.";
    let mut map = given.as_object().ok_or(FORM)?.clone();
    let name = map.remove("mask");
    let name = name.as_ref().and_then(Value::as_str).ok_or(FORM)?;
    parse(name, &Value::Object(map), depth)
}

fn paths(a: &Args, depth: usize) -> Result<Vec<(Path, Mask)>, String> {
    let needs = || "Mask json needs the argument paths: {\"$.path\": {\"mask\": …}, …}.".to_string();
    let given = a.get("paths").and_then(Value::as_object).ok_or_else(needs)?;
    if given.is_empty() || given.len() > LIST_MAX {
        return Err(needs());
    }
    let paths = given.iter().map(|(path, mask)| Ok((Path::parse(path)?, nested(mask, depth + 1)?)));
    let Mask::Json(paths) = Mask::json(paths.collect::<Result<Vec<_>, String>>()?) else {
        return Err(needs());
    };
    Ok(paths)
}

fn condition(a: &Args) -> Result<(String, Test), String> {
    const FORM: &str =
        "Argument when is {\"column\": …, \"in\": […]}, or with \"equals\": … or \"is_null\": true.";
    let when = a.get("when").and_then(Value::as_object).ok_or(FORM)?;
    let column = when.get("column").and_then(Value::as_str).ok_or(FORM)?.to_string();
    let test = match (when.get("in"), when.get("equals"), when.get("is_null")) {
        (Some(Value::Array(list)), None, None) if !list.is_empty() && list.len() <= LIST_MAX => {
            Test::In(list.iter().map(|v| text_of("in", v)).collect::<Result<_, _>>()?)
        }
        (None, Some(value), None) => Test::In(vec![text_of("equals", value)?]),
        (None, None, Some(Value::Bool(true))) => Test::IsNull,
        _ => return Err(FORM.into()),
    };
    if when.len() == 2 { Ok((column, test)) } else { Err(FORM.into()) }
}

impl Mask {
    /// As JSON in one object, from which [`Mask::from_spec`] makes it again.
    #[must_use]
    pub fn spec(&self) -> Value {
        let mut args = self.args();
        if let Some(map) = args.as_object_mut() {
            map.insert("mask".into(), self.name().into());
        }
        args
    }

    /// A mask from its one object.
    ///
    /// # Errors
    /// What is wrong, as a sentence for DETAIL.
    pub fn from_spec(spec: &Value) -> Result<Mask, String> {
        nested(spec, 0)
    }

    fn args(&self) -> Value {
        let number = |d: &Decimal| serde_json::from_str::<Value>(&d.to_string()).unwrap_or(Value::Null);
        let optional = |d: &Option<Decimal>| d.as_ref().map_or(Value::Null, number);
        match self {
            Mask::Json(paths) => {
                let paths = paths.iter().map(|(p, m)| (p.to_string(), m.spec()));
                json!({"paths": paths.collect::<Map<_, _>>()})
            }
            Mask::Conditional(c) => {
                let when = match &c.test {
                    Test::In(list) => json!({"column": c.column, "in": list}),
                    Test::IsNull => json!({"column": c.column, "is_null": true}),
                };
                json!({"when": when, "then": c.then.spec(), "else": c.otherwise.spec()})
            }
            Mask::Noise { ratio, days, subject } => {
                json!({"ratio": f64::from(*ratio) / 1e6, "days": days, "subject": subject})
            }
            Mask::DateShift { subject, days } => json!({"subject": subject, "days": days}),
            Mask::Bucket { size, max } | Mask::Range { size, max } => {
                json!({"size": number(size), "max": optional(max)})
            }
            Mask::DateTrunc(unit) => json!({"unit": name_of(&Unit::ALL, *unit)}),
            Mask::Partial { left, right, pad } => json!({"left": left, "right": right, "pad": pad}),
            Mask::Url { host } => json!({"host": host}),
            Mask::Ip { v4, v6 } => json!({"v4": v4, "v6": v6}),
            Mask::Card { first, last, synthetic } => {
                json!({"first": first, "last": last, "synthetic": synthetic})
            }
            Mask::Iban { distinct } | Mask::NationalId { distinct } => json!({"distinct": distinct}),
            Mask::Name(NameForm::Initials) => json!({}),
            Mask::Name(NameForm::Fake(locale)) => {
                json!({"form": "fake", "locale": name_of(&Locale::ALL, *locale)})
            }
            Mask::Fpe { domain } => json!({"domain": domain}),
            Mask::Pseudonym { digits, domain } => json!({"digits": digits, "domain": domain}),
            Mask::Fake { kind, locale } => {
                json!({"kind": name_of(&FakeKind::ALL, *kind), "locale": name_of(&Locale::ALL, *locale)})
            }
            Mask::Constant(value) => json!({"value": value}),
            _ => json!({}),
        }
    }
}

fn name_of<T: PartialEq>(all: &[(&'static str, T)], value: T) -> &'static str {
    all.iter().find(|(_, v)| *v == value).map_or("", |(name, _)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_checked() {
        for (mask, args) in [
            ("partial", json!({"left": -1})),
            ("partial", json!({"middle": 1})),
            ("constant", json!({})),
            ("constant", json!({"value": "\0"})),
            ("rot13", json!({})),
            ("null", json!([1])),
            ("date_shift", json!({})),
            ("date_shift", json!({"subject": ""})),
            ("noise", json!({"ratio": 0})),
            ("bucket", json!({})),
            ("bucket", json!({"size": 0})),
            ("bucket", json!({"size": "x"})),
            ("date_trunc", json!({"unit": "second"})),
            ("ip", json!({"v4": 32})),
            ("card", json!({"first": 7})),
            ("pseudonym", json!({"digits": 40})),
            ("fake", json!({"kind": "planet"})),
            ("json", json!({})),
            ("json", json!({"paths": {}})),
            ("json", json!({"paths": {"contact": {"mask": "null"}}})),
            ("json", json!({"paths": {"$.a": "null"}})),
            ("json", json!({"paths": {"$.a": {"mask": "rot13"}}})),
            (
                "conditional",
                json!({"when": {"column": "a", "in": []}, "then": {"mask": "null"}, "else": {"mask": "null"}}),
            ),
            (
                "conditional",
                json!({"when": {"sql": "1=1"}, "then": {"mask": "null"}, "else": {"mask": "null"}}),
            ),
            ("conditional", json!({"when": {"column": "a", "is_null": true}, "then": {"mask": "null"}})),
        ] {
            assert!(Mask::parse(mask, &args).is_err(), "{mask} {args}");
        }
        assert_eq!(Mask::parse("constant", &json!({"value": 0})), Ok(Mask::Constant("0".into())));
        let mut deep = json!({"mask": "null"});
        for _ in 0..20 {
            deep = json!({"mask": "json", "paths": {"$": deep}});
        }
        assert!(Mask::from_spec(&deep).is_err());
    }

    #[test]
    fn all_known_ones_can_be_made_and_written() {
        for (name, args, _, _) in KNOWN {
            let mask = Mask::parse(name, &serde_json::from_str(args).unwrap()).unwrap();
            assert_eq!(mask.name(), name);
            assert_eq!(Mask::from_spec(&mask.spec()).unwrap(), mask);
            assert_eq!(Mask::parse(name, &mask.args()).unwrap(), mask);
        }
        for more in [
            json!({"mask": "name", "form": "fake", "locale": "fr"}),
            json!({"mask": "bucket", "size": 0.25, "max": 90.5}),
            json!({"mask": "conditional", "when": {"column": "a", "equals": 1}, "then": {"mask": "null"}, "else": {"mask": "email"}}),
            json!({"mask": "noise", "subject": "id"}),
        ] {
            let mask = Mask::from_spec(&more).unwrap();
            assert_eq!(Mask::from_spec(&mask.spec()).unwrap(), mask);
        }
    }
}
