//! The words of an object's name: what guesses go by.

/// Last words that say what kind of object it is, not what it holds: `order_header` is an order.
const EMPTY: [&str; 12] =
    ["table", "tbl", "tab", "data", "info", "header", "head", "list", "record", "entity", "row", "base"];

/// Plurals that the rules below would spoil.
const IRREGULAR: [(&str, &str); 12] = [
    ("people", "person"),
    ("children", "child"),
    ("men", "man"),
    ("women", "woman"),
    ("indices", "index"),
    ("matrices", "matrix"),
    ("criteria", "criterion"),
    ("movies", "movie"),
    ("cookies", "cookie"),
    ("series", "series"),
    ("species", "species"),
    ("news", "news"),
];

/// Words in lower case, the last one singular. Numbers (`orders_2024`), empty last words and a `tbl` in front do not count.
#[must_use]
pub fn of(name: &str) -> Vec<String> {
    let mut words = crate::core::privacy::detect::words::cut(name);
    if words.len() > 1 && matches!(words[0].as_str(), "tbl" | "t" | "tb" | "tab") {
        words.remove(0);
    }
    while words.len() > 1 && words.last().is_some_and(|w| EMPTY.contains(&singular(w).as_str())) {
        words.pop();
    }
    if let Some(last) = words.last_mut() {
        *last = singular(last);
    }
    words
}

/// The singular of an English noun, near enough for names of tables.
#[must_use]
pub fn singular(word: &str) -> String {
    if let Some((_, one)) = IRREGULAR.iter().find(|(many, _)| *many == word) {
        return (*one).to_string();
    }
    let ends = |ending: &str| word.len() > ending.len() + 1 && word.ends_with(ending);
    let without = |ending: &str, instead: &str| format!("{}{instead}", &word[..word.len() - ending.len()]);
    if ends("ies") {
        return without("ies", "y");
    }
    for ending in ["sses", "shes", "ches", "xes", "zzes", "statuses", "buses", "viruses", "bonuses"] {
        if word.ends_with(ending) {
            return without("es", "");
        }
    }
    if ends("s") && !["ss", "us", "is", "as"].iter().any(|e| word.ends_with(e)) {
        return without("s", "");
    }
    word.to_string()
}

#[cfg(test)]
mod tests {
    use super::of;

    fn words(name: &str) -> String {
        of(name).join(" ")
    }

    #[test]
    fn splits_and_takes_the_singular() {
        assert_eq!(words("order_details"), "order detail");
        assert_eq!(words("SalesOrderHeader"), "sales order");
        assert_eq!(words("Dunning.Letters"), "dunning letter");
        assert_eq!(words("tbl_customers"), "customer");
        assert_eq!(words("orders_2024_01"), "order");
        assert_eq!(words("orders2024"), "order");
        assert_eq!(words("us_states"), "us state");
        assert_eq!(words("HTTPRequest"), "http request");
    }

    #[test]
    fn plurals() {
        for (many, one) in [
            ("categories", "category"),
            ("addresses", "address"),
            ("boxes", "box"),
            ("statuses", "status"),
            ("status", "status"),
            ("houses", "house"),
            ("purchases", "purchase"),
            ("people", "person"),
            ("movies", "movie"),
            ("analysis", "analysis"),
            ("bus", "bus"),
            ("Straßen", "straßen"),
        ] {
            assert_eq!(words(many), one);
        }
    }

    #[test]
    fn always_a_word_where_there_is_a_letter() {
        assert_eq!(words("data"), "data");
        assert_eq!(words("t"), "t");
        assert_eq!(words("s"), "s");
        assert!(of("").is_empty());
        assert!(of("--- 2024").is_empty());
        assert_eq!(of(&"x".repeat(63)).len(), 1);
    }
}
