//! Names taken apart into words that can be compared: lower case, without accents, Cyrillic in Latin letters, words that were
//! run together parted again.
use std::collections::HashSet;

/// Lower case without accents; Cyrillic transliterated; other scripts as they are.
#[must_use]
pub fn fold(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars().flat_map(char::to_lowercase) {
        if c.is_ascii() {
            out.push(c);
        } else {
            match plain(c) {
                Some(s) => out.push_str(s),
                None => out.push(c),
            }
        }
    }
    out
}

fn plain(c: char) -> Option<&'static str> {
    Some(match c {
        'à' | 'á' | 'â' | 'ã' | 'ä' | 'å' | 'ā' | 'ă' | 'ą' => "a",
        'ç' | 'ć' | 'č' | 'ĉ' => "c",
        'ď' | 'đ' | 'ð' => "d",
        'è' | 'é' | 'ê' | 'ë' | 'ē' | 'ę' | 'ě' | 'ė' => "e",
        'ğ' | 'ģ' => "g",
        'ì' | 'í' | 'î' | 'ï' | 'ī' | 'ı' | 'į' => "i",
        'ł' | 'ľ' | 'ļ' | 'ĺ' => "l",
        'ñ' | 'ń' | 'ň' | 'ņ' => "n",
        'ò' | 'ó' | 'ô' | 'õ' | 'ö' | 'ø' | 'ō' | 'ő' => "o",
        'ŕ' | 'ř' => "r",
        'ś' | 'š' | 'ş' | 'ș' => "s",
        'ť' | 'ţ' | 'ț' => "t",
        'ù' | 'ú' | 'û' | 'ü' | 'ū' | 'ű' | 'ů' | 'ų' => "u",
        'ý' | 'ÿ' => "y",
        'ź' | 'ż' | 'ž' => "z",
        'ß' => "ss",
        'æ' => "ae",
        'œ' => "oe",
        'þ' => "th",
        // What to_lowercase makes of a Turkish İ, and accents that stand alone.
        '\u{300}'..='\u{36f}' => "",
        'а' => "a",
        'б' => "b",
        'в' => "v",
        'г' | 'ґ' => "g",
        'д' => "d",
        'е' | 'ё' | 'э' | 'є' => "e",
        'ж' => "zh",
        'з' => "z",
        'и' | 'і' | 'ї' => "i",
        'й' | 'ы' => "y",
        'к' => "k",
        'л' => "l",
        'м' => "m",
        'н' => "n",
        'о' => "o",
        'п' => "p",
        'р' => "r",
        'с' => "s",
        'т' => "t",
        'у' => "u",
        'ф' => "f",
        'х' => "kh",
        'ц' => "ts",
        'ч' => "ch",
        'ш' => "sh",
        'щ' => "shch",
        'ъ' | 'ь' => "",
        'ю' => "yu",
        'я' => "ya",
        _ => return None,
    })
}

/// [`cut`], folded.
#[must_use]
pub fn split(name: &str) -> Vec<String> {
    cut(name).iter().map(|w| fold(w)).collect()
}

/// Splits a name where its style parts words: `CustomerFirstName`, `first_name` and `email2` alike. Lower case, digits dropped.
#[must_use]
pub fn cut(name: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut word = String::new();
    let mut before = ' ';
    let chars: Vec<char> = name.chars().collect();
    for (i, c) in chars.iter().copied().enumerate() {
        let starts = c.is_uppercase()
            && (before.is_lowercase()
                || (before.is_uppercase() && chars.get(i + 1).is_some_and(|n| n.is_lowercase())));
        let combining = ('\u{300}'..='\u{36f}').contains(&c);
        if (starts || (!c.is_alphabetic() && !combining)) && !word.is_empty() {
            words.push(std::mem::take(&mut word));
        }
        if c.is_alphabetic() || combining {
            word.extend(c.to_lowercase());
        }
        before = c;
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}

/// Words that are too short to be looked for inside of others, but may stand between them.
const SHORT: [&str; 16] =
    ["id", "no", "nr", "ip", "of", "to", "dt", "nm", "is", "by", "at", "de", "du", "di", "tc", "pw"];

/// Parts a word that is none of `known` into ones that are: the fewest that cover it, none shorter than three letters but for a
/// few. As it was where that cannot be done.
#[must_use]
pub fn part(word: &str, known: &HashSet<String>) -> Vec<String> {
    if word.len() < 5 || word.len() > 40 || !word.is_ascii() || is_known(word, known) {
        return vec![word.to_string()];
    }
    // best[i]: the fewest words that cover the first i letters, and where the last of them begins.
    let mut best: Vec<Option<(usize, usize)>> = vec![None; word.len() + 1];
    best[0] = Some((0, 0));
    for end in 2..=word.len() {
        for start in (0..end - 1).rev() {
            let Some((count, _)) = best[start] else { continue };
            let piece = &word[start..end];
            let fine = if piece.len() < 3 { SHORT.contains(&piece) } else { is_known(piece, known) };
            if fine && best[end].is_none_or(|(least, _)| count < least) {
                best[end] = Some((count + 1, start));
            }
        }
    }
    if best[word.len()].is_none_or(|(count, _)| count > 4) {
        return vec![word.to_string()];
    }
    let (mut parts, mut end) = (Vec::new(), word.len());
    while let Some((_, start)) = best[end].filter(|_| end > 0) {
        parts.push(word[start..end].to_string());
        end = start;
    }
    parts.reverse();
    parts
}

fn is_known(word: &str, known: &HashSet<String>) -> bool {
    known.contains(word) || (word.len() > 4 && word.strip_suffix('s').is_some_and(|w| known.contains(w)))
}

/// Whether a word is another, or its plural.
#[must_use]
pub fn is_form_of(word: &str, of: &str) -> bool {
    // `sales` is no plural of `sal`.
    let many = |word: &str| {
        (of.len() > 2 && word.strip_suffix('s') == Some(of))
            || (of.len() > 3 && word.strip_suffix("es") == Some(of))
    };
    word == of || many(word) || word.strip_suffix("ies").is_some_and(|w| of.strip_suffix('y') == Some(w))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_all_styles() {
        assert_eq!(split("CustomerFirstName"), ["customer", "first", "name"]);
        assert_eq!(split("first_name"), ["first", "name"]);
        assert_eq!(split("IPAddress"), ["ip", "address"]);
        assert_eq!(split("email2"), ["email"]);
        assert_eq!(split("\"odd\".Name"), ["odd", "name"]);
        assert_eq!(split("Prénom-Straße"), ["prenom", "strasse"]);
        assert_eq!(split("дата_рождения"), ["data", "rozhdeniya"]);
        assert!(split("_1_").is_empty());
    }

    #[test]
    fn run_together() {
        let known: HashSet<String> =
            ["customer", "email", "address", "add", "ress", "name", "first", "phone"]
                .map(String::from)
                .into();
        assert_eq!(part("customeremailaddress", &known), ["customer", "email", "address"]);
        assert_eq!(part("firstname", &known), ["first", "name"]);
        assert_eq!(part("phoneno", &known), ["phone", "no"]);
        assert_eq!(part("telephonist", &known), ["telephonist"]);
        assert_eq!(part("emails", &known), ["emails"]);
    }
}
