//! What the name of a column says about what it holds, in the languages schemas are commonly written in.

/// Splits a name into lower-case words: `CustomerFirstName`, `first_name` and `email2` alike.
#[must_use]
pub fn words(name: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut word = String::new();
    let mut before = ' ';
    let chars: Vec<char> = name.chars().collect();
    for (i, c) in chars.iter().copied().enumerate() {
        let starts = c.is_uppercase()
            && (before.is_lowercase()
                || (before.is_uppercase() && chars.get(i + 1).is_some_and(|n| n.is_lowercase())));
        if (starts || !c.is_alphabetic()) && !word.is_empty() {
            words.push(std::mem::take(&mut word));
        }
        if c.is_alphabetic() {
            word.extend(c.to_lowercase());
        }
        before = c;
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}

/// What a name says.
#[derive(Clone, Debug, PartialEq)]
pub struct Hint {
    /// The tag.
    pub tag: &'static str,
    /// How sure the name alone makes us.
    pub confidence: f32,
    /// The words it was known by.
    pub matched: String,
}

/// Patterns: words in a row (joined by a blank), the tag, and confidence. The first that matches wins, so narrow ones
/// come first. A leading `=` wants the whole name.
const PATTERNS: &[(&str, &str, f32)] = &[
    ("password", "secret.credential", 0.95),
    ("passwd", "secret.credential", 0.95),
    ("passwort", "secret.credential", 0.95),
    ("kennwort", "secret.credential", 0.95),
    ("contrasena", "secret.credential", 0.95),
    ("pwd", "secret.credential", 0.9),
    ("mot de passe", "secret.credential", 0.95),
    ("api key", "secret.credential", 0.95),
    ("apikey", "secret.credential", 0.95),
    ("private key", "secret.credential", 0.95),
    ("secret", "secret.credential", 0.85),
    ("token", "secret.credential", 0.7),
    ("ip address", "pii.network.ip", 0.9),
    ("ip addr", "pii.network.ip", 0.9),
    ("ipaddress", "pii.network.ip", 0.9),
    ("client ip", "pii.network.ip", 0.9),
    ("remote addr", "pii.network.ip", 0.9),
    ("client addr", "pii.network.ip", 0.9),
    ("=ip", "pii.network.ip", 0.8),
    ("last ip", "pii.network.ip", 0.9),
    ("login ip", "pii.network.ip", 0.9),
    ("iban", "pii.financial.iban", 0.95),
    ("credit card", "pii.financial.card", 0.8),
    ("card number", "pii.financial.card", 0.95),
    ("card no", "pii.financial.card", 0.9),
    ("kreditkarte", "pii.financial.card", 0.8),
    ("ssn", "pii.national_id", 0.95),
    ("social security", "pii.national_id", 0.95),
    ("passport", "pii.national_id", 0.9),
    ("tax id", "pii.national_id", 0.8),
    ("taxid", "pii.national_id", 0.8),
    ("national id", "pii.national_id", 0.95),
    ("steuernummer", "pii.national_id", 0.9),
    ("driver license", "pii.national_id", 0.9),
    ("driving licence", "pii.national_id", 0.9),
    ("dni", "pii.national_id", 0.8),
    ("email verified", "", 0.0),
    ("email sent", "", 0.0),
    ("email type", "", 0.0),
    ("phone type", "", 0.0),
    ("address type", "", 0.0),
    ("address id", "", 0.0),
    ("email id", "", 0.0),
    ("phone id", "", 0.0),
    ("token type", "", 0.0),
    ("mac address", "", 0.0),
    ("email count", "", 0.0),
    ("phone verified", "", 0.0),
    ("token count", "", 0.0),
    ("password changed", "", 0.0),
    ("token expires", "", 0.0),
    ("email", "pii.contact.email", 0.95),
    ("e mail", "pii.contact.email", 0.95),
    ("mail address", "pii.contact.email", 0.9),
    ("courriel", "pii.contact.email", 0.95),
    ("correo", "pii.contact.email", 0.9),
    ("=mail", "pii.contact.email", 0.8),
    ("phone", "pii.contact.phone", 0.9),
    ("telephone", "pii.contact.phone", 0.95),
    ("phonenumber", "pii.contact.phone", 0.95),
    ("telefon", "pii.contact.phone", 0.95),
    ("telefono", "pii.contact.phone", 0.95),
    ("mobile", "pii.contact.phone", 0.7),
    ("mobil", "pii.contact.phone", 0.7),
    ("cell", "pii.contact.phone", 0.5),
    ("=tel", "pii.contact.phone", 0.8),
    ("fax", "pii.contact.phone", 0.9),
    ("tel no", "pii.contact.phone", 0.9),
    ("msisdn", "pii.contact.phone", 0.95),
    ("handy", "pii.contact.phone", 0.6),
    ("birth date", "pii.birth_date", 0.95),
    ("birthdate", "pii.birth_date", 0.95),
    ("date of birth", "pii.birth_date", 0.95),
    ("birthday", "pii.birth_date", 0.95),
    ("dob", "pii.birth_date", 0.9),
    ("geburtsdatum", "pii.birth_date", 0.95),
    ("born", "pii.birth_date", 0.6),
    ("naissance", "pii.birth_date", 0.9),
    ("nacimiento", "pii.birth_date", 0.9),
    ("born on", "pii.birth_date", 0.9),
    ("first name", "pii.name", 0.95),
    ("firstname", "pii.name", 0.95),
    ("last name", "pii.name", 0.95),
    ("lastname", "pii.name", 0.95),
    ("full name", "pii.name", 0.9),
    ("fullname", "pii.name", 0.9),
    ("middle name", "pii.name", 0.95),
    ("given name", "pii.name", 0.95),
    ("family name", "pii.name", 0.85),
    ("maiden name", "pii.name", 0.95),
    ("surname", "pii.name", 0.95),
    ("vorname", "pii.name", 0.95),
    ("nachname", "pii.name", 0.95),
    ("prenom", "pii.name", 0.95),
    ("apellido", "pii.name", 0.95),
    ("contact name", "pii.name", 0.9),
    ("person name", "pii.name", 0.9),
    ("customer name", "pii.name", 0.7),
    ("employee name", "pii.name", 0.9),
    ("patient name", "pii.name", 0.95),
    ("cardholder", "pii.name", 0.9),
    ("ship name", "pii.name", 0.6),
    ("recipient name", "pii.name", 0.9),
    ("street", "pii.contact.address", 0.85),
    ("strasse", "pii.contact.address", 0.9),
    ("straße", "pii.contact.address", 0.9),
    ("addr", "pii.contact.address", 0.7),
    ("address", "pii.contact.address", 0.85),
    ("anschrift", "pii.contact.address", 0.9),
    ("adresse", "pii.contact.address", 0.85),
    ("direccion", "pii.contact.address", 0.85),
    ("indirizzo", "pii.contact.address", 0.85),
    ("postal code", "quasi", 0.7),
    ("postcode", "quasi", 0.7),
    ("post code", "quasi", 0.7),
    ("zip", "quasi", 0.6),
    ("zipcode", "quasi", 0.7),
    ("plz", "quasi", 0.7),
    ("postleitzahl", "quasi", 0.7),
    ("gender", "quasi", 0.7),
    ("latitude", "pii.location", 0.6),
    ("longitude", "pii.location", 0.6),
    ("lat", "pii.location", 0.5),
    ("lon", "pii.location", 0.5),
    ("lng", "pii.location", 0.5),
    ("diagnosis", "health", 0.85),
    ("blood type", "health", 0.9),
    ("icd", "health", 0.6),
    ("medication", "health", 0.7),
    ("allergy", "health", 0.8),
    ("allergies", "health", 0.8),
    ("notes", "pii.free_text", 0.5),
    ("=note", "pii.free_text", 0.5),
    ("comment", "pii.free_text", 0.5),
    ("comments", "pii.free_text", 0.5),
    ("remarks", "pii.free_text", 0.5),
    ("bemerkung", "pii.free_text", 0.5),
    ("kommentar", "pii.free_text", 0.5),
];

/// Words of a table's name that say that its rows are persons, or belong to one.
const PERSONS: &[&str] = &[
    "person",
    "people",
    "customer",
    "client",
    "employee",
    "user",
    "member",
    "patient",
    "contact",
    "staff",
    "student",
    "subscriber",
    "guest",
    "passenger",
    "applicant",
    "candidate",
    "lead",
    "account",
    "kunde",
    "kunden",
    "mitarbeiter",
    "personne",
    "cliente",
    "empleado",
    "usuario",
    "address",
    "personal",
    "tenant",
    "resident",
    "visitor",
    "teacher",
    "driver",
    "citizen",
    "voter",
    "donor",
    "buyer",
    "order",
    "invoice",
    "shipment",
    "delivery",
    "supplier",
    "profile",
];

/// Words of a table's name that say that its rows are things of public knowledge.
const PUBLIC: &[&str] = &[
    "product",
    "country",
    "countries",
    "city",
    "cities",
    "region",
    "state",
    "currency",
    "language",
    "category",
    "categories",
    "territory",
    "territories",
    "genre",
    "film",
    "album",
    "track",
    "artist",
    "playlist",
    "unit",
    "airport",
    "media",
    "species",
    "store",
    "warehouse",
    "actor",
    "author",
    "company",
    "location",
    "station",
    "shop",
    "branch",
    "office",
];

fn is_among(word: &str, list: &[&str]) -> bool {
    list.iter().any(|l| word == *l || word.strip_suffix('s') == Some(l) || word.strip_suffix("es") == Some(l))
}

/// Whether the words of a table's name speak of persons.
#[must_use]
pub fn is_of_persons(table: &[String]) -> bool {
    table.iter().any(|w| is_among(w, PERSONS))
}

/// Whether they speak of public things.
#[must_use]
pub fn is_public(table: &[String]) -> bool {
    table.iter().any(|w| is_among(w, PUBLIC)) && !is_of_persons(table)
}

/// What the name of a column in a table says.
#[must_use]
pub fn hint(table: &str, column: &str) -> Option<Hint> {
    let (table, column) = (words(table), words(column));
    let text = column.join(" ");
    let persons = is_of_persons(&table);
    let found = PATTERNS.iter().find(|(pattern, _, _)| match pattern.strip_prefix('=') {
        Some(whole) => text == whole,
        None => format!(" {text} ").contains(&format!(" {pattern} ")),
    });
    let hint = |tag, confidence, matched: &str| Some(Hint { tag, confidence, matched: matched.to_string() });
    match found {
        Some((_, "", _)) => None,
        Some((p, tag, confidence)) => {
            let p = p.trim_start_matches('=');
            // Words that mean something else in a table of things: the address of a store, the note on a product.
            let vague = ["pii.contact.address", "quasi", "pii.location", "pii.free_text"].contains(tag);
            let confidence = match (vague, persons) {
                (true, true) => confidence + 0.1,
                (true, false) if is_public(&table) => return None,
                (true, false) => confidence - 0.25,
                // A film's actor and a book's author have names too, and they are public.
                (false, _) if *tag == "pii.name" && is_public(&table) => confidence - 0.35,
                (false, _) => *confidence,
            };
            (confidence >= 0.4).then(|| hint(tag, confidence.min(0.99), p)).flatten()
        }
        // `name` alone is a person's only in a table of persons, where nothing else is meant.
        None if text == "name" && table.len() == 1 && persons && !is_among(&table[0], &NAMED_THINGS) => {
            hint("pii.name", 0.7, "name")
        }
        None => None,
    }
}

/// Tables about persons whose column `name` is nevertheless not a person's.
const NAMED_THINGS: [&str; 7] = ["account", "order", "invoice", "shipment", "delivery", "supplier", "tenant"];

#[cfg(test)]
mod tests {
    use super::*;

    fn tag(table: &str, column: &str) -> Option<&'static str> {
        hint(table, column).map(|h| h.tag)
    }

    #[test]
    fn words_of_all_styles() {
        assert_eq!(words("CustomerFirstName"), ["customer", "first", "name"]);
        assert_eq!(words("first_name"), ["first", "name"]);
        assert_eq!(words("IPAddress"), ["ip", "address"]);
        assert_eq!(words("email2"), ["email"]);
        assert_eq!(words("\"odd\".Name"), ["odd", "name"]);
        assert!(words("_1_").is_empty());
    }

    #[test]
    fn persons_are_found() {
        assert_eq!(tag("employees", "first_name"), Some("pii.name"));
        assert_eq!(tag("Customer", "Email"), Some("pii.contact.email"));
        assert_eq!(tag("employees", "home_phone"), Some("pii.contact.phone"));
        assert_eq!(tag("employees", "birth_date"), Some("pii.birth_date"));
        assert_eq!(tag("customer", "name"), Some("pii.name"));
        assert_eq!(tag("kunden", "Geburtsdatum"), Some("pii.birth_date"));
        assert_eq!(tag("sessions", "ip_address"), Some("pii.network.ip"));
        assert_eq!(tag("invoice", "BillingAddress"), Some("pii.contact.address"));
    }

    #[test]
    fn things_are_not() {
        assert_eq!(tag("product", "name"), None);
        assert_eq!(tag("city", "city"), None);
        assert_eq!(tag("country", "country"), None);
        assert_eq!(tag("customer", "address_id"), None);
        assert_eq!(tag("store", "address_id"), None);
        assert_eq!(tag("orders", "order_id"), None);
        assert_eq!(tag("film", "title"), None);
        assert_eq!(tag("product", "notes"), None);
        assert_eq!(tag("airport", "latitude"), None);
        assert_eq!(tag("account", "name"), None);
        assert_eq!(tag("users", "email_verified"), None);
    }
}
