//! Which type changes can lose a part of a value, or fail on one.

/// A type as `format_type()` writes it, taken apart.
struct Type<'a> {
    name: &'a str,
    modifiers: Vec<i32>,
    /// What stands behind the modifiers: `with time zone`, `[]`.
    rest: &'a str,
}

fn take_apart(text: &str) -> Type<'_> {
    let Some((name, rest)) = text.split_once('(') else {
        return match text.split_once(" with") {
            Some((name, _)) => Type { name, modifiers: Vec::new(), rest: &text[name.len()..] },
            None => Type { name: text.trim_end_matches("[]"), modifiers: Vec::new(), rest: array(text) },
        };
    };
    let (modifiers, rest) = rest.split_once(')').unwrap_or((rest, ""));
    let modifiers = modifiers.split(',').filter_map(|m| m.trim().parse().ok()).collect();
    Type { name, modifiers, rest }
}

fn array(text: &str) -> &str {
    &text[text.trim_end_matches("[]").len()..]
}

/// Whole numbers, fractions and dates in the order of what they can hold.
const LADDERS: [&[&str]; 4] = [
    &["smallint", "integer", "bigint", "numeric"],
    &["real", "double precision", "numeric"],
    &["date", "timestamp", "timestamp with"],
    &["time", "timestamp", "timestamp with"],
];

/// Casts that keep a part of a value only.
const LOSSY: [(&str, &str); 9] = [
    ("integer", "boolean"),
    ("numeric", "money"),
    ("interval", "time"),
    ("inet", "cidr"),
    ("box", "point"),
    ("circle", "point"),
    ("lseg", "point"),
    ("polygon", "point"),
    ("polygon", "circle"),
];

fn rung(t: &Type, ladder: &[&str]) -> Option<usize> {
    let name = if t.name == "timestamp" && t.rest.contains("with time") { "timestamp with" } else { t.name };
    ladder.iter().position(|r| *r == name)
}

/// Whether values of type `from` may be cut, rounded or refused as type `to`. Both are written as `format_type()` does.
#[must_use]
pub fn shrinks(from: &str, to: &str) -> bool {
    let (from, to) = (take_apart(from), take_apart(to));
    let is_text =
        |t: &Type| matches!(t.name, "text" | "character varying" | "character" | "bit varying" | "bit");
    let is_fraction = |t: &Type| matches!(t.name, "numeric" | "real" | "double precision");
    // These have lengths that are not written.
    if matches!(to.name, "name" | "\"char\"") && from.name != to.name {
        return true;
    }
    if LOSSY.contains(&(from.name, to.name)) {
        return true;
    }
    if is_text(&to) {
        // Anything can be written as text; a length may cut it.
        return match (to.modifiers.first(), from.modifiers.first()) {
            (Some(new), Some(old)) if is_text(&from) => new < old,
            (Some(_), _) => true,
            (None, _) => false,
        };
    }
    if to.name == "numeric" && !to.modifiers.is_empty() {
        let scale = |m: &[i32]| m.get(1).copied().unwrap_or(0);
        if from.name != "numeric" || from.modifiers.is_empty() {
            return true;
        }
        let whole = |m: &[i32]| m.first().copied().unwrap_or(0) - scale(m);
        return scale(&to.modifiers) < scale(&from.modifiers)
            || whole(&to.modifiers) < whole(&from.modifiers);
    }
    if from.name == to.name && !to.modifiers.is_empty() {
        // Times: without a modifier they keep six digits.
        return to.modifiers[0] < from.modifiers.first().copied().unwrap_or(6);
    }
    if is_fraction(&from) && matches!(to.name, "smallint" | "integer" | "bigint") {
        return true;
    }
    LADDERS
        .iter()
        .any(|ladder| matches!((rung(&from, ladder), rung(&to, ladder)), (Some(f), Some(t)) if t < f))
}

#[cfg(test)]
mod tests {
    use super::shrinks;

    #[test]
    fn lengths_and_precisions() {
        for (from, to, expected) in [
            ("character varying(50)", "character varying(20)", true),
            ("character varying(50)", "character varying(100)", false),
            ("character varying(50)", "text", false),
            ("text", "character varying(20)", true),
            ("text", "character varying", false),
            ("integer", "character varying(3)", true),
            ("numeric(10,2)", "numeric(12,2)", false),
            ("numeric(10,2)", "numeric(12,4)", false),
            ("numeric(10,2)", "numeric(10,4)", true),
            ("numeric(10,2)", "numeric(10,1)", true),
            ("numeric", "numeric(10,2)", true),
            ("numeric(10,2)", "numeric", false),
            ("numeric(10,2)", "integer", true),
            ("double precision", "bigint", true),
            ("timestamp(6) without time zone", "timestamp(3) without time zone", true),
            ("timestamp without time zone", "timestamp(3) without time zone", true),
            ("timestamp(3) with time zone", "timestamp with time zone", false),
            ("timestamp with time zone", "date", true),
            ("timestamp without time zone", "timestamp with time zone", false),
            ("timestamp with time zone", "time without time zone", true),
            ("date", "timestamp without time zone", false),
            ("bigint", "integer", true),
            ("integer", "bigint", false),
            ("integer", "numeric", false),
            ("double precision", "real", true),
            ("uuid", "text", false),
            ("json", "jsonb", false),
            ("integer", "boolean", true),
            ("text", "name", true),
            ("text", "\"char\"", true),
            ("name", "text", false),
            ("interval", "time without time zone", true),
            ("text[]", "character varying(2)[]", true),
        ] {
            assert_eq!(shrinks(from, to), expected, "{from} to {to}");
        }
    }
}
