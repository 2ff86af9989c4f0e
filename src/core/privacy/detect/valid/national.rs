//! Numbers that states give to persons. `STRONG` ones have a form and check digits that numbers of other kinds do not meet by
//! chance; the others count only where a name says so.
mod europe;
mod world;

use europe::*;
use world::*;

/// A kind of number: its name for the evidence, its validator, and whether values alone prove it.
pub struct Form {
    /// Country and name.
    pub name: &'static str,
    /// Whether a value is one.
    pub fits: fn(&str) -> bool,
    /// Whether values alone prove it.
    pub strong: bool,
}

const fn form(name: &'static str, fits: fn(&str) -> bool, strong: bool) -> Form {
    Form { name, fits, strong }
}

/// All of them.
pub const FORMS: [Form; 30] = [
    form("us_ssn", us_ssn_formed, true),
    form("us_ssn_plain", us_ssn_plain, false),
    form("us_itin", us_itin, true),
    form("uk_nino", uk_nino, true),
    form("uk_nhs", uk_nhs, false),
    form("de_steuer_id", de_steuer_id, false),
    form("de_personalausweis", de_personalausweis, false),
    form("de_rentenversicherung", de_rentenversicherung, true),
    form("fr_nir", fr_nir, true),
    form("es_dni", es_dni, true),
    form("it_codice_fiscale", it_codice_fiscale, true),
    form("pt_nif", pt_nif, false),
    form("nl_bsn", nl_bsn, false),
    form("be_rrn", be_rrn, true),
    form("pl_pesel", pl_pesel, true),
    form("se_personnummer", se_personnummer, true),
    form("dk_cpr", dk_cpr, true),
    form("no_fodselsnummer", no_fodselsnummer, true),
    form("fi_hetu", fi_hetu, true),
    form("ch_ahv", ch_ahv, true),
    form("br_cpf", br_cpf, true),
    form("in_aadhaar", in_aadhaar, true),
    form("in_pan", in_pan, true),
    form("cn_resident_id", cn_resident_id, true),
    form("tr_tckn", tr_tckn, true),
    form("kr_rrn", kr_rrn, true),
    form("za_id", za_id, true),
    form("au_tfn", au_tfn, false),
    form("ca_sin", ca_sin, false),
    form("mx_curp", mx_curp, true),
];

/// Whether each character is of the kind that the shape has there: 9 a digit, A a capital, else itself.
fn is_shaped(v: &str, shape: &str) -> bool {
    v.len() == shape.len()
        && v.bytes().zip(shape.bytes()).all(|(c, s)| match s {
            b'9' => c.is_ascii_digit(),
            b'A' => c.is_ascii_uppercase(),
            s => c == s,
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fits(name: &str, v: &str) -> bool {
        FORMS.iter().find(|f| f.name == name).is_some_and(|f| (f.fits)(v))
    }

    #[test]
    fn known_good_ones() {
        for (name, v) in [
            ("us_ssn", "219-09-9999"),
            ("us_itin", "912-70-1234"),
            ("uk_nino", "AB 12 34 56 C"),
            ("uk_nhs", "943 476 5919"),
            ("de_steuer_id", "86095742719"),
            ("de_personalausweis", "T220001293"),
            ("de_rentenversicherung", "15070649C103"),
            ("fr_nir", "255081416802538"),
            ("es_dni", "12345678Z"),
            ("es_dni", "X1234567L"),
            ("it_codice_fiscale", "RSSMRA85T10A562S"),
            ("pt_nif", "123456789"),
            ("nl_bsn", "111222333"),
            ("be_rrn", "85.07.30-033.28"),
            ("pl_pesel", "44051401359"),
            ("se_personnummer", "811218-9876"),
            ("dk_cpr", "070761-4285"),
            ("no_fodselsnummer", "01010750160"),
            ("fi_hetu", "131052-308T"),
            ("ch_ahv", "756.9217.0769.85"),
            ("br_cpf", "529.982.247-25"),
            ("in_aadhaar", "2341 2341 2346"),
            ("in_pan", "ABCPE1234F"),
            ("cn_resident_id", "11010519491231002X"),
            ("tr_tckn", "10000000146"),
            ("kr_rrn", "820701-2409181"),
            ("za_id", "8001015009087"),
            ("au_tfn", "123 456 782"),
            ("ca_sin", "130-692-544"),
            ("mx_curp", "HEGG560427MVZRRL04"),
        ] {
            assert!(fits(name, v), "{name} {v}");
        }
    }

    #[test]
    fn nearly_good_ones() {
        for (name, v) in [
            ("us_ssn", "666-09-9999"),
            ("us_ssn", "000-12-3456"),
            ("us_ssn", "2190-9-9999"),
            ("uk_nino", "QQ123456C"),
            ("uk_nhs", "943 476 5918"),
            ("de_steuer_id", "86095742710"),
            ("fr_nir", "255081416802539"),
            ("es_dni", "12345678A"),
            ("it_codice_fiscale", "RSSMRA85T10A562T"),
            ("pt_nif", "123456788"),
            ("nl_bsn", "111222334"),
            ("be_rrn", "85.07.30-033.29"),
            ("pl_pesel", "44051401358"),
            ("se_personnummer", "811218-9875"),
            ("fi_hetu", "131052-308U"),
            ("br_cpf", "529.982.247-24"),
            ("in_aadhaar", "2341 2341 2347"),
            ("cn_resident_id", "110105194912310021"),
            ("tr_tckn", "10000000147"),
            ("kr_rrn", "820701-2409185"),
            ("za_id", "8001015009088"),
            ("au_tfn", "123 456 783"),
            ("ca_sin", "130-692-545"),
            ("ch_ahv", "756.9217.0769.84"),
            ("no_fodselsnummer", "01010750161"),
            ("de_personalausweis", "T220001294"),
            ("de_rentenversicherung", "15070649C104"),
        ] {
            assert!(!fits(name, v), "{name} {v}");
        }
    }

    #[test]
    fn none_fails_on_odd_input() {
        for v in [
            "",
            " ",
            "é",
            "ééééééééé",
            "ééééééééééé",
            "123456é89",
            "🎂🎂🎂",
            "-----------",
            "99999999999999999999999",
        ] {
            FORMS.iter().for_each(|f| assert!(!(f.fits)(v), "{} {v}", f.name));
        }
    }
}
