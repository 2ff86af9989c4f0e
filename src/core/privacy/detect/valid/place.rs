//! Where somebody lives or is.

/// Words that streets are named with, whole or at the end of a word.
const STREETS: &str = "street st avenue ave av road rd lane ln drive dr boulevard blvd court ct way place pl terrace square sq highway hwy \
    parkway pkwy circle trail crescent close rue allee allée impasse chemin quai calle avenida avda plaza paseo carrera via viale \
    piazza corso vicolo rua travessa praca praça largo estrada weg platz gasse strasse straße str damm ring ufer chaussee straat laan \
    plein gracht kade ulica ul al aleja plac gatan vägen gata väg allé gade vej veien sokak sok cadde cad mahallesi mah bulvar \
    улица ул проспект пр переулок шоссе ulitsa prospekt p.o. box postfach apt suite unit floor flat";
const ENDINGS: [&str; 16] = [
    "strasse", "straße", "str.", "weg", "platz", "gasse", "allee", "straat", "laan", "gracht", "gatan",
    "vägen", "vej", "gade", "veien", "plein",
];

/// Whether it reads like the street line of an address: a word for a street and a number, or both halves of one.
#[must_use]
pub fn is_street(value: &str) -> bool {
    let v = value.trim();
    let length = v.chars().count();
    if !(5..=160).contains(&length) {
        return false;
    }
    if v.chars().any(|c| "市区县路街號号丁目町村番".contains(c)) && length >= 6 {
        return v.chars().any(|c| c.is_numeric());
    }
    if !v.contains(' ') || v.contains(['@', '{', '<', ':']) || v.contains("://") || v.split(' ').count() > 14
    {
        return false;
    }
    let lower = v.to_lowercase();
    let words: Vec<&str> = lower.split([' ', ',', '/']).filter(|w| !w.is_empty()).collect();
    let numbered = words.iter().any(|w| {
        w.trim_start_matches(['#', '№']).chars().next().is_some_and(|c| c.is_ascii_digit()) && w.len() <= 7
    });
    let street = words.iter().any(|w| {
        let bare = w.trim_end_matches(['.', ',']);
        STREETS.split_ascii_whitespace().any(|s| s == bare)
            || ENDINGS.iter().any(|e| w.len() > e.len() && w.ends_with(e))
    });
    numbered && street
}

/// Whether it is a postal code in a form of its own, that plain numbers do not have.
#[must_use]
pub fn is_formed_postcode(value: &str) -> bool {
    let v = value.trim();
    let pattern: String = v
        .chars()
        .map(|c| {
            if c.is_ascii_digit() {
                '9'
            } else if c.is_ascii_uppercase() {
                'A'
            } else {
                c
            }
        })
        .collect();
    matches!(
        pattern.as_str(),
        // Canada, United Kingdom, Netherlands, Poland, Brazil, Japan, United States with four more, Sweden, Portugal.
        "A9A 9A9"
            | "A9 9AA"
            | "A99 9AA"
            | "AA9 9AA"
            | "AA99 9AA"
            | "A9A 9AA"
            | "AA9A 9AA"
            | "9999 AA"
            | "99-999"
            | "99999-999"
            | "999-9999"
            | "99999-9999"
            | "999 99"
            | "9999-999"
            | "SW9A 9AA"
    )
}

/// Whether it can be a postal code of any country: counts only where a name says so.
#[must_use]
pub fn is_postcode(value: &str) -> bool {
    let v = value.trim();
    is_formed_postcode(v)
        || ((3..=8).contains(&v.len())
            // Cut short they end in crosses.
            && v.chars().all(|c| c.is_ascii_digit() || c.is_ascii_uppercase() || " -x*".contains(c))
            && v.chars().any(|c| c.is_ascii_digit()))
}

/// Whether it is a pair of coordinates, as text, `point` or GeoJSON-like WKT.
#[must_use]
pub fn is_pair(value: &str) -> bool {
    let v = value.trim();
    let v = v.strip_prefix("POINT").map_or(v, str::trim);
    let v = v.trim_start_matches('(').trim_end_matches(')');
    let parts: Vec<&str> = v.split([',', ' ', ';']).filter(|p| !p.is_empty()).collect();
    let [a, b] = parts[..] else { return false };
    is_coordinate(a, 180.0) && is_coordinate(b, 180.0)
}

/// Whether it is a number of degrees with at least three decimals.
#[must_use]
pub fn is_coordinate(value: &str, most: f64) -> bool {
    let v = value.trim();
    v.split_once('.').is_some_and(|(_, decimals)| decimals.len() >= 3 && decimals.len() <= 17)
        && v.parse::<f64>().is_ok_and(|n| n.abs() <= most && n != 0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streets() {
        for good in [
            "12 Main Street",
            "Hauptstraße 5",
            "Rua Dr. Falcão Filho, 155",
            "1600 Amphitheatre Parkway",
            "ul. Długa 7",
            "8 rue de la Paix",
            "Theodor-Heuss-Straße 34",
            "東京都港区芝公園4丁目2-8",
            "Calle Mayor 10, 3B",
        ] {
            assert!(is_street(good), "{good}");
        }
        for bad in ["Berlin", "main", "Turn left at the church", "http://x.y/street 1", "Version 5 of it"] {
            assert!(!is_street(bad), "{bad}");
        }
    }

    #[test]
    fn codes_and_points() {
        assert!(
            is_formed_postcode("K1A 0B1")
                && is_formed_postcode("SW1A 1AA")
                && is_formed_postcode("1234 AB")
                && !is_formed_postcode("12345")
        );
        assert!(is_postcode("10115") && is_postcode("0150") && !is_postcode("Berlin"));
        assert!(
            is_pair("(52.5200,13.4050)")
                && is_pair("POINT(13.4050 52.5200)")
                && !is_pair("1,2")
                && is_coordinate("52.5200", 90.0)
        );
        assert!(!is_coordinate("19.99", 90.0));
    }
}
