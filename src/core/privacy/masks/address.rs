//! Postal addresses.
use super::utf8;

/// Countries as addresses end with them, in their own language and in English.
const COUNTRIES: [&str; 44] = [
    "argentina",
    "australia",
    "austria",
    "belgique",
    "belgium",
    "brasil",
    "brazil",
    "canada",
    "china",
    "danmark",
    "denmark",
    "deutschland",
    "españa",
    "finland",
    "france",
    "germany",
    "greece",
    "india",
    "ireland",
    "israel",
    "italia",
    "italy",
    "japan",
    "luxembourg",
    "mexico",
    "méxico",
    "nederland",
    "netherlands",
    "new zealand",
    "norge",
    "norway",
    "poland",
    "polska",
    "portugal",
    "schweiz",
    "spain",
    "suisse",
    "sverige",
    "sweden",
    "switzerland",
    "uk",
    "united kingdom",
    "united states",
    "usa",
];

/// Nothing stays but a country at the end.
pub fn address(value: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(b"[address]");
    let parts = utf8(value).trim_end().rsplit_once([',', '\n']);
    if let Some((_, country)) = parts.map(|(rest, last)| (rest, last.trim()))
        && country.len() <= 20
        && COUNTRIES.contains(&country.to_lowercase().as_str())
    {
        out.extend_from_slice(b", ");
        out.extend_from_slice(country.as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_country_stays() {
        let a = |s: &str| {
            let mut out = Vec::new();
            address(s.as_bytes(), &mut out);
            String::from_utf8(out).unwrap()
        };
        assert_eq!(a("12 Main St, Springfield, USA"), "[address], USA");
        assert_eq!(a("Weg 1\n12345 Ort\nDeutschland"), "[address], Deutschland");
        assert_eq!(a("12 Main St, Springfield"), "[address]");
        assert_eq!(a("France"), "[address]");
        assert_eq!(a(""), "[address]");
    }
}
