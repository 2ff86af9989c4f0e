use super::*;

fn column(name: &str, kind: Kind, values: &[&str]) -> Column {
    let mut c = Column::new(name, kind);
    values.iter().for_each(|v| c.add(v, 2026));
    c
}

fn tags(table: &str, columns: &[Column]) -> Vec<Option<String>> {
    guess(table, None, columns).iter().map(|g| g.first().map(|g| g.tag.to_string())).collect()
}

fn tag(table: &str, name: &str, kind: Kind) -> Option<String> {
    tags(table, &[column(name, kind, &[])]).remove(0)
}

#[test]
fn names_and_values_agree_or_not() {
    let good = column("email", Kind::Text, &["a.b@c.de", "x@y.org", "d@e.fr", "e@f.it", "g@h.es"]);
    assert!(guess("customer", None, &[good])[0][0].confidence > 0.98);
    let bad = column("email", Kind::Text, &["1", "2", "3", "4", "5"]);
    assert!(guess("customer", None, &[bad])[0].is_empty());
    assert_eq!(tag("customer", "phone_id", Kind::Number), None);
}

#[test]
fn values_alone_need_nearly_all() {
    let ips = column("c", Kind::Text, &["10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4", "10.0.0.5"]);
    let few = column("c", Kind::Text, &["10.0.0.1"]);
    let mixed = column("c", Kind::Text, &["10.0.0.1", "a", "b", "c", "d", "e"]);
    assert_eq!(tags("t", &[ips, few, mixed]), [Some("pii.network.ip".to_string()), None, None]);
}

#[test]
fn persons_and_things() {
    for (table, name, kind, expected) in [
        ("employees", "first_name", Kind::Text, Some("pii.name")),
        ("customer", "name", Kind::Text, Some("pii.name")),
        ("product", "name", Kind::Text, None),
        ("actor", "first_name", Kind::Text, None),
        ("city", "city", Kind::Text, None),
        ("film", "title", Kind::Text, None),
        ("product", "notes", Kind::Text, None),
        ("airport", "latitude", Kind::Number, None),
        ("customer", "city", Kind::Text, Some("quasi")),
        ("warehouse", "city", Kind::Text, None),
        ("store", "address", Kind::Text, None),
        ("kunden", "Geburtsdatum", Kind::Date, Some("pii.birth_date")),
        ("sessions", "ip_address", Kind::Text, Some("pii.network.ip")),
        ("servers", "ip_address", Kind::Text, None),
        ("invoice", "BillingAddress", Kind::Text, Some("pii.contact.address")),
        ("users", "email_verified", Kind::Bool, None),
        ("orders", "order_id", Kind::Number, None),
    ] {
        assert_eq!(tag(table, name, kind).as_deref(), expected, "{table}.{name}");
    }
}

#[test]
fn look_alikes_are_not() {
    let isbn = column(
        "card_no",
        Kind::Text,
        &["9783161484100", "9780306406157", "9781861972712", "9780470059029", "9780141036144"],
    );
    let version = column("ip", Kind::Text, &["1.2.3.4", "1.2.3.5", "2.0.0.1", "2.1.0.0", "3.0.1.2"]);
    let firm = column(
        "name",
        Kind::Text,
        &["Acme Inc", "Müller GmbH", "Smith & Sons Ltd", "Contoso Corp", "Foo AG"],
    );
    assert_eq!(tags("customer", &[isbn, version, firm]), [None, None, None]);
}

#[test]
fn cryptic_names_are_known_by_values() {
    let c = [
        column(
            "F1",
            Kind::Text,
            &["Anna Schmidt", "Peter Meier", "Hans Weber", "Julia Koch", "Karl Fischer", "Eva Braun"],
        ),
        column(
            "F2",
            Kind::Text,
            &["44051401359", "02070803628", "44051401359", "90090515836", "92071314764", "81010200131"],
        ),
        column(
            "F3",
            Kind::Text,
            &["Hauptstraße 5", "Am Ring 7", "Bergweg 12", "Lindenallee 3", "Gartenstr. 8"],
        ),
    ];
    let found = tags("T001", &c);
    assert_eq!(found[0].as_deref(), Some("pii.name"));
    assert_eq!(found[2].as_deref(), Some("pii.contact.address"));
}

#[test]
fn comments_and_domains_help() {
    let mut c = Column::new("fld7", Kind::Text);
    c.comment = Some("E-mail address of the customer".into());
    let mut d = Column::new("fld8", Kind::Text);
    d.domain = Some("email_address".into());
    assert!(tags("t", &[c, d]).iter().all(|t| t.as_deref() == Some("pii.contact.email")));
    let mut c = Column::new("email", Kind::Text);
    c.longest = Some(1);
    assert_eq!(tags("t", &[c]), [None]);
}

#[test]
fn json_is_looked_into() {
    let c = column(
        "payload",
        Kind::Json,
        &[r#"{"user": {"email": "canary@example.org", "first_name": "Ann"}, "items": [{"sku": "A-1"}]}"#; 6],
    );
    let g = guess("event", None, &[c]);
    let found: Vec<_> = g[0].iter().map(|g| g.tag.as_ref()).collect();
    assert_eq!(found, ["pii.contact.email", "pii.name"]);
    assert!(!g[0][0].evidence.to_string().contains("canary"));
}

#[test]
fn evidence_holds_no_values() {
    let c = column("email", Kind::Text, &["canary@example.org"]);
    assert!(!guess("customer", None, &[c])[0][0].evidence.to_string().contains("canary"));
}

#[test]
fn no_text_makes_it_fail() {
    // Every text of pieces that validators cut at, by a fixed generator.
    let pieces = [
        "é", "ß", "1", "2", "85", "-", "+", "A", "V", "@", ".", " ", "王", "🎂", "\u{301}", "x", "/", ":",
        "{", "T", "0", "X", "_", "İ",
    ];
    let mut state = 7u64;
    for _ in 0..20_000 {
        let mut text = String::new();
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let mut bits = state;
        for _ in 0..(state >> 60) + 1 {
            bits = bits.rotate_left(7).wrapping_mul(31);
            text.push_str(pieces[(bits >> 33) as usize % pieces.len()]);
        }
        for kind in [Kind::Text, Kind::Json] {
            let _ = guess(&text, Some(&text), &[column(&text, kind, &[text.as_str(); 5])]);
        }
    }
}

#[test]
fn whom_a_product_is_for_is_nobody() {
    let of = |name| column(name, Kind::Text, &[]);
    assert!(
        tags("products", &[of("name"), of("gender"), of("age_group"), of("price")])
            .iter()
            .all(Option::is_none)
    );
    let said = tags("campaign", &[of("age"), of("marital_status"), of("income")]);
    assert_eq!(said[1].as_deref(), Some("quasi"));
}
