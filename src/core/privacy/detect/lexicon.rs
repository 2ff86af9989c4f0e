//! What the name of a column says: patterns of words in the languages schemas are commonly written in (`lexicon.txt`).
use super::words;
use std::collections::{HashMap, HashSet};
use std::sync::OnceLock;

/// How much a name alone says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Strength {
    /// Needs the table or the values beside it.
    Weak,
    /// More likely than not.
    Medium,
    /// Means nothing else.
    Strong,
}

/// Words in a row that name something.
struct Pattern {
    words: Vec<String>,
    whole: bool,
    tag: &'static str,
    kind: &'static str,
    strength: Strength,
}

/// Classes of words that are no names of data themselves.
#[derive(Default)]
struct Classes(HashMap<&'static str, Vec<Vec<String>>>);

struct Lexicon {
    /// By their first word.
    patterns: HashMap<String, Vec<Pattern>>,
    /// In scripts that part no words.
    unparted: Vec<Pattern>,
    classes: Classes,
    known: HashSet<String>,
}

fn lexicon() -> &'static Lexicon {
    static LEXICON: OnceLock<Lexicon> = OnceLock::new();
    LEXICON.get_or_init(|| parse(include_str!("lexicon.txt")))
}

fn parse(text: &'static str) -> Lexicon {
    let mut l = Lexicon {
        patterns: HashMap::new(),
        unparted: Vec::new(),
        classes: Classes::default(),
        known: HashSet::new(),
    };
    for line in text.lines().filter(|l| !l.starts_with('#')) {
        let Some((head, list)) = line.split_once(": ") else { continue };
        let (name, strength) = match head.split_once(' ') {
            Some((name, "strong")) => (name, Some(Strength::Strong)),
            Some((name, "medium")) => (name, Some(Strength::Medium)),
            Some((name, _)) => (name, Some(Strength::Weak)),
            None => (head, None),
        };
        for entry in list.split(',').map(str::trim).filter(|e| !e.is_empty()) {
            let (whole, entry) = entry.strip_prefix('=').map_or((false, entry), |e| (true, e));
            let words = words::split(entry);
            if words.is_empty() {
                continue;
            }
            l.known.extend(words.iter().filter(|w| w.len() > 2 && w.is_ascii()).cloned());
            let Some(strength) = strength else {
                l.classes.0.entry(name).or_default().push(words);
                continue;
            };
            let (tag, kind) = name.split_once('/').unwrap_or((name, ""));
            let pattern = Pattern { whole, tag, kind, strength, words };
            if entry.is_ascii() {
                l.patterns.entry(pattern.words[0].clone()).or_default().push(pattern);
            } else {
                l.unparted.push(pattern);
            }
        }
    }
    l
}

/// Parts a name into words.
#[must_use]
pub fn words_of(name: &str) -> Vec<String> {
    words::split(name).iter().flat_map(|w| words::part(w, &lexicon().known)).collect()
}

/// Whether words of a class are among these; the place after the last that is.
#[must_use]
pub fn class_in(class: &str, words: &[String]) -> Option<usize> {
    let list = lexicon().classes.0.get(class)?;
    let found = |at: usize| {
        list.iter().filter(|p| is_at(p, words, at)).map(|p| at + p.len()).max().or_else(|| {
            let word = &words[at];
            let cjk =
                !word.is_ascii() && list.iter().any(|p| !p[0].is_ascii() && word.contains(p[0].as_str()));
            cjk.then_some(at + 1)
        })
    };
    (0..words.len()).filter_map(found).max()
}

fn is_at(pattern: &[String], words: &[String], at: usize) -> bool {
    pattern.len() + at <= words.len()
        && pattern.iter().zip(&words[at..]).all(|(p, w)| words::is_form_of(w, p))
}

/// What a name says.
#[derive(Clone, Debug, PartialEq)]
pub struct Hit {
    /// The tag.
    pub tag: &'static str,
    /// What of the tag: `postal`, `gender`, `age`, `city`, `trait` of `quasi`.
    pub kind: &'static str,
    /// How much that alone says.
    pub strength: Strength,
    /// The words it was known by.
    pub matched: String,
    /// Words beside it say that the column tells something about the thing and is not the thing.
    pub deflected: bool,
    /// Words beside it are things that are no persons.
    pub of_thing: bool,
    /// Words beside it or in it are persons.
    pub of_person: bool,
    /// Words beside it that say nothing known.
    pub unknown: bool,
    /// `passport_id` may be the key of one.
    pub is_id: bool,
    /// Such words follow it: in English the last word says what it is, `comment_karma` is no comment.
    pub followed: bool,
    /// The name is no more than this.
    pub alone: bool,
}

/// What the name of a column says, the best first: more words before fewer, then the stronger.
#[must_use]
pub fn read(column: &str) -> Vec<Hit> {
    let words = words_of(column);
    let l = lexicon();
    let mut found: Vec<(usize, usize, &Pattern)> = Vec::new();
    for at in 0..words.len() {
        let word = words[at].as_str();
        let one = word.strip_suffix("ies").map(|w| format!("{w}y"));
        let stems = [Some(word), word.strip_suffix('s'), word.strip_suffix("es"), one.as_deref()];
        for p in stems.into_iter().flatten().filter_map(|s| l.patterns.get(s)).flatten() {
            if is_at(&p.words, &words, at) && (!p.whole || p.words.len() == words.len()) {
                found.push((at, at + p.words.len(), p));
            }
        }
        if !word.is_ascii() {
            let longest = l
                .unparted
                .iter()
                .filter(|p| word.contains(p.words[0].as_str()))
                .max_by_key(|p| p.words[0].len());
            found.extend(longest.map(|p| (at, at + 1, p)));
        }
    }
    let all = found.clone();
    found.retain(|(from, to, _)| !all.iter().any(|(f, t, _)| f <= from && to <= t && t - f > to - from));
    // Of two that say the same words, the stronger; then the one further to the end, where the head of a name stands.
    found.sort_by_key(|(from, to, p)| std::cmp::Reverse((to - from, p.strength, *to)));
    let covered: HashSet<usize> = found.iter().flat_map(|(from, to, _)| *from..*to).collect();
    let mut hits: Vec<Hit> = Vec::new();
    if found.is_empty()
        && words.len() >= 2
        && words.last().is_some_and(|w| ["by", "von", "par", "por", "door"].contains(&w.as_str()))
    {
        hits.push(done_by(&words));
    }
    for (from, to, p) in found {
        if hits.iter().any(|h| h.tag == p.tag) {
            continue;
        }
        let rest: Vec<String> =
            (0..words.len()).filter(|i| !covered.contains(i)).map(|i| words[i].clone()).collect();
        let beside: Vec<String> =
            (0..words.len()).filter(|i| !(from..to).contains(i)).map(|i| words[i].clone()).collect();
        hits.push(Hit {
            tag: p.tag,
            kind: p.kind,
            strength: p.strength,
            matched: words[from..to].join(" "),
            deflected: is_deflected(p, &rest),
            of_thing: class_in("thing", &rest).is_some(),
            of_person: class_in("person", &beside).is_some()
                || (to - from > 1 && class_in("person", &words[from..to]).is_some()),
            unknown: rest.iter().any(is_unknown),
            is_id: rest.iter().any(|w| w == "id"),
            followed: (to..words.len()).any(|i| !covered.contains(&i) && is_unknown(&words[i])),
            alone: beside.is_empty(),
        });
    }
    hits
}

/// Whatever was done, somebody did it: `drawn_by`.
fn done_by(words: &[String]) -> Hit {
    Hit {
        tag: "pii.name",
        kind: "",
        strength: Strength::Weak,
        matched: words[words.len() - 1].clone(),
        deflected: false,
        of_thing: false,
        of_person: false,
        unknown: false,
        is_id: false,
        followed: false,
        alone: false,
    }
}

/// Whether words beside a pattern say that the column only tells something about what it names.
fn is_deflected(pattern: &Pattern, rest: &[String]) -> bool {
    // The number of a passport is called its id, and so is an address in India.
    let called_id = ["pii.national_id", "pii.contact.email"].contains(&pattern.tag);
    let rest: Vec<String> = rest.iter().filter(|w| !(called_id && *w == "id")).cloned().collect();
    // What is no number has one as its key: `patient_no`, `diagnosis_nr`.
    let numbered = ["number", "nummer", "numero", "nr", "no", "nbr", "num"];
    let is_key = (["health", "pii.name", "pii.free_text"].contains(&pattern.tag) || pattern.kind == "trait")
        && rest.iter().any(|w| numbered.contains(&w.as_str()));
    is_key || class_in("not", &rest).is_some()
}

fn is_unknown(word: &String) -> bool {
    let known = |class: &&str| class_in(class, std::slice::from_ref(word)).is_some();
    word.len() > 2 && !["person", "thing", "word", "not", "party"].iter().any(known)
}

/// Whether a name is that of a key that points to a person: `customer_id`, `user_no`.
#[must_use]
pub fn is_key_of_person(column: &str) -> bool {
    let words = words_of(column);
    words.len() >= 2
        && words.last().is_some_and(|w| ["id", "no", "nr", "number", "key", "code"].contains(&w.as_str()))
        && class_in("person", &words[..words.len() - 1]) == Some(words.len() - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tag(column: &str) -> Option<&'static str> {
        read(column).into_iter().find(|h| !h.deflected).map(|h| h.tag)
    }

    #[test]
    fn many_languages() {
        for (column, expected) in [
            ("CustomerFirstName", "pii.name"),
            ("custlastname", "pii.name"),
            ("Nachname", "pii.name"),
            ("prénom", "pii.name"),
            ("apellidos", "pii.name"),
            ("фамилия", "pii.name"),
            ("姓名", "pii.name"),
            ("achternaam", "pii.name"),
            ("nazwisko", "pii.name"),
            ("customeremailaddress", "pii.contact.email"),
            ("E-Mail", "pii.contact.email"),
            ("correo_electronico", "pii.contact.email"),
            ("联系电话", "pii.contact.phone"),
            ("телефон", "pii.contact.phone"),
            ("cep_telefonu", "pii.contact.phone"),
            ("phonenbr", "pii.contact.phone"),
            ("Geburtsdatum", "pii.birth_date"),
            ("dateofbirth", "pii.birth_date"),
            ("fecha_nacimiento", "pii.birth_date"),
            ("дата_рождения", "pii.birth_date"),
            ("生年月日", "pii.birth_date"),
            ("codice_fiscale", "pii.national_id"),
            ("pesel", "pii.national_id"),
            ("client_ip_addr", "pii.network.ip"),
            ("user_pass", "secret.credential"),
            ("apiKey", "secret.credential"),
            ("PLZ", "quasi"),
            ("Straße", "pii.contact.address"),
            ("blood_type", "health"),
            ("KreditkartenNr", "pii.financial.card"),
            ("user_login", "pii.name.user"),
            ("mac_address", "pii.network.device"),
            ("BillingAddress", "pii.contact.address"),
            ("home_phone", "pii.contact.phone"),
        ] {
            assert_eq!(tag(column), Some(expected), "{column}");
        }
    }

    #[test]
    fn what_tells_about_a_thing_is_not_the_thing() {
        for column in [
            "email_template_id",
            "email_count",
            "phone_type",
            "address_id",
            "is_email_verified",
            "password_changed_at",
            "emailSentAt",
            "token_type",
            "phone_verified",
            "ip_version",
            "name_template",
        ] {
            assert_eq!(tag(column), None, "{column}");
        }
        assert!(
            read("company_name")[0].of_thing
                && read("warehouse_city")[0].of_thing
                && read("driver_name")[0].of_person
        );
        assert!(
            is_key_of_person("customer_id") && !is_key_of_person("product_id") && !is_key_of_person("id")
        );
    }
}
