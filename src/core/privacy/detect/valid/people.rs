//! Names of persons, by a dictionary of names that are common in one culture or another.
use super::super::words::fold;
use std::collections::HashSet;
use std::sync::OnceLock;

struct Names {
    given: HashSet<&'static str>,
    family: HashSet<&'static str>,
}

fn names() -> &'static Names {
    static NAMES: OnceLock<Names> = OnceLock::new();
    NAMES.get_or_init(|| {
        let of = |kind: &str| {
            include_str!("people.txt")
                .lines()
                .filter_map(|l| l.strip_prefix(kind))
                .flat_map(str::split_ascii_whitespace)
                .collect()
        };
        Names { given: of("given "), family: of("family ") }
    })
}

/// What the words of a value are as names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Person {
    /// Written as names are: one to five words of letters, the first with a capital.
    pub shaped: bool,
    /// How many words there are.
    pub words: usize,
    /// The first or, after a comma, the second is a given name.
    pub given: bool,
    /// One is a family name.
    pub family: bool,
    /// A form that firms have.
    pub firm: bool,
}

const FIRMS: [&str; 34] = [
    "inc",
    "llc",
    "ltd",
    "gmbh",
    "ag",
    "kg",
    "sa",
    "srl",
    "spa",
    "bv",
    "nv",
    "ab",
    "oy",
    "as",
    "corp",
    "co",
    "company",
    "group",
    "holding",
    "holdings",
    "plc",
    "limited",
    "sarl",
    "sas",
    "ltda",
    "kk",
    "bank",
    "university",
    "school",
    "hospital",
    "services",
    "solutions",
    "store",
    "foundation",
];
const TITLES: [&str; 14] =
    ["mr", "mrs", "ms", "miss", "dr", "prof", "herr", "frau", "mme", "m", "sr", "sra", "sig", "ing"];

/// Family names of China, Japan and Korea begin with one of these.
const CJK: &str = "王李张張刘劉陈陳杨楊赵趙黄黃周吴吳徐孙孫胡朱高林何郭马馬罗羅梁宋郑鄭谢謝韩韓唐冯馮于董萧程曹袁邓鄧许許傅沈曾彭吕呂苏蘇卢盧蒋蔣蔡贾丁魏薛叶葉阎余潘杜戴夏钟汪田任姜范方石姚谭廖邹熊金陆郝孔白崔康毛邱秦江史顾侯邵孟龙万段雷钱汤尹黎易常武乔贺赖龚文佐鈴高田渡伊山中小加吉斎松井木清김이박최정강조윤장임";

/// Looks at a value as at a name.
#[must_use]
pub fn person(value: &str) -> Person {
    let v = value.trim();
    let length = v.chars().count();
    if !(2..=80).contains(&length) {
        return Person::default();
    }
    let mut chars = v.chars();
    if v.chars().all(|c| {
        ('\u{3400}'..='\u{9fff}').contains(&c)
            || ('\u{ac00}'..='\u{d7af}').contains(&c)
            || c == ' '
            || c == '\u{3000}'
    }) {
        let named = chars.next().is_some_and(|c| CJK.contains(c)) && (2..=5).contains(&length);
        return Person { shaped: named, words: 2, given: false, family: named, firm: v.contains("公司") };
    }
    let folded = fold(v);
    let words: Vec<&str> =
        folded.split(|c: char| c.is_whitespace() || ",.-'".contains(c)).filter(|w| !w.is_empty()).collect();
    let bare: Vec<&str> = words.iter().copied().filter(|w| !TITLES.contains(w)).collect();
    let letters = v.chars().all(|c| c.is_alphabetic() || c.is_whitespace() || ",.-'’()".contains(c));
    let capital =
        v.split_whitespace().next().and_then(|w| w.chars().next()).is_some_and(|c| !c.is_lowercase());
    if !letters || !(1..=6).contains(&words.len()) || bare.is_empty() {
        let firm = words.iter().any(|w| FIRMS.contains(w));
        return Person { firm, words: words.len(), ..Person::default() };
    }
    let n = names();
    Person {
        shaped: capital,
        words: bare.len(),
        given: bare.iter().take(3).any(|w| n.given.contains(w)),
        family: bare.iter().any(|w| n.family.contains(w)),
        firm: words.iter().any(|w| FIRMS.contains(w)) || v.contains('&'),
    }
}

/// Whether it is a word for a gender.
#[must_use]
pub fn is_gender(value: &str) -> bool {
    const WORDS: &str = "m f w d x male female man woman other divers diverse nonbinary non-binary unknown homme femme hombre mujer \
        masculino femenino feminino maschio femmina mann frau mannlich weiblich man vrouw kvinna kobieta mezczyzna erkek kadin muzhskoy zhenskiy \
        men women boy girl h u unspecified undisclosed 男 女 男性 女性 muzh zhen";
    let v = fold(value.trim());
    WORDS.split_ascii_whitespace().any(|w| w == v)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn persons() {
        let p = person("Müller, Hans");
        assert!(p.shaped && p.given && p.family && p.words == 2 && !p.firm);
        assert!(person("MARY SMITH").given && person("José").given && person("Łukasz Wójcik").family);
        assert!(person("王小明").family && person("佐藤 健").family && person("Иван Петров").given);
        assert!(
            !person("Main Street 5").shaped && !person("Berlin").given && person("Smith & Sons Ltd").firm
        );
        assert!(person("Dr. Anna O'Brien").given);
        assert!(is_gender("Male") && is_gender("weiblich") && is_gender("Женский") && !is_gender("blue"));
    }
}
