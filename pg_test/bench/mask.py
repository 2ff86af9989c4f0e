"""What masks cost: COPY against the raw one, each mask by itself, and sessions that read nothing tagged."""

from tools import QUICK, Missing, in_session, new_database, psql

ROWS = 100_000 if QUICK else 1_000_000
LOOPS = 20_000 if QUICK else 200_000

TABLE = f"""
CREATE TABLE person (id int PRIMARY KEY, name text, email text, phone text, ssn text, street text, born date, city text, note text);
INSERT INTO person SELECT i, 'Person Number ' || i, 'person' || i || '@example.org', '+49 30 23125 ' || i % 1000,
    'X' || i::bigint * 7919, 'Lindenplatz ' || i % 200, date '1950-01-01' + i % 20000, 'Kiel', 'nothing to say about it' FROM generate_series(1, {ROWS}) i;
CREATE TABLE other (id int PRIMARY KEY, v int); INSERT INTO other SELECT i, i FROM generate_series(1, {LOOPS}) i;
GRANT SELECT ON person, other TO PUBLIC; GRANT EXECUTE ON FUNCTION pg_read_file(text) TO PUBLIC;
VACUUM FREEZE ANALYZE;
"""

# What somebody would write by hand who has no extension.
BY_HAND = """COPY (SELECT id, CASE WHEN name IS NOT NULL THEN '[hidden]' END, left(email, 1) || '***@example.com',
    regexp_replace(phone, '\\d(?=.*\\d\\d)', 'X', 'g'), encode(sha256(convert_to('secret' || ssn, 'UTF8')), 'hex'), street, born, city, note
    FROM person) TO STDOUT;"""


def databases():
    """A database with masks and two without, made once."""
    if databases.made:
        return
    psql("postgres", """DO $$ BEGIN
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'bench_masked') THEN
            CREATE ROLE bench_masked LOGIN; CREATE ROLE bench_open LOGIN;
            GRANT pg_read_server_files TO bench_masked, bench_open;
        END IF; END $$""")
    for name in ("masks", "nomasks", "nomasks2"):
        new_database(name, name == "masks", name == "masks")
        psql(name, TABLE)
    psql("masks", """
        SELECT governance.declare_tag('bench.name', 'x', 'constant', '{"value": "[hidden]"}'), governance.declare_tag('bench.ssn', 'x', 'pseudonym'), governance.declare_tag('bench.long', 'x', 'pseudonym', '{"digits": 64}');
        SELECT governance.tag_column('person', 'name', 'bench.name'), governance.tag_column('person', 'email', 'pii.contact.email'),
               governance.tag_column('person', 'phone', 'pii.contact.phone'), governance.tag_column('person', 'ssn', 'bench.ssn');
        SELECT governance.create_key(); SELECT governance.mask_role('bench_masked');""")
    seen = "".join(psql("masks", "SELECT p FROM person p WHERE id = 1;", "bench_masked"))
    if "person1@example.org" in seen or "X7919" in seen or len(seen) < 80:
        raise Missing("the masked role sees raw values, or no pseudonyms")
    databases.made = True


databases.made = False


def copying(statement="COPY person TO STDOUT;"):
    """CPU of a COPY by the masked role."""
    return lambda database: in_session(database, statement, "bench_masked")


def copy():
    """`COPY … TO STDOUT` of 1,000,000 rows of 9 columns, 4 of them masked (constant, e-mail, phone, keyed pseudonym of 128 bits); goal: at most 1.4"""
    databases()
    return copying(), "masks", "nomasks", "nomasks2"


def copy_long():
    """the same with 64 hexadecimal digits of HMAC-SHA-256; goal: at most 1.6"""
    databases()
    psql("masks", "SELECT governance.tag_column('person', 'ssn', 'bench.long'), governance.untag_column('person', 'ssn', 'bench.ssn', 'bench')")
    return copying(), "masks", "nomasks", "nomasks2"


def copy_by_hand():
    """the same by hand, without the extension: built-in functions, `sha256` of a secret and the value"""
    databases()
    raw = copying()
    by_hand = copying(BY_HAND)
    return lambda side: by_hand("nomasks") if side == "by hand" else raw(side), "by hand", "nomasks", "nomasks2"


def loop(user):
    """One prepared SELECT by key of an untagged table, over and over."""
    text = f"DO $$ DECLARE x int; BEGIN FOR i IN 1..{LOOPS} LOOP SELECT v INTO x FROM other WHERE id = i; END LOOP; END $$;"
    return lambda database: in_session(database, text, user)


def unmasked():
    """one prepared `SELECT` by key of an untagged table, 200,000 times in a PL/pgSQL loop; another table is masked, this session is not; goal: at most 1.01"""
    databases()
    return loop("bench_open"), "masks", "nomasks", "nomasks2"


def masked():
    """the same in a session of a masked role"""
    databases()
    return loop("bench_masked"), "masks", "nomasks", "nomasks2"


CALLS = {
    "partial": "mask_partial(name)",
    "email": "mask_email(email)",
    "phone": "mask_phone(phone)",
    "card": "mask_card('4929123412341234' || name)",
    "iban": "mask_iban('DE89370400440532013000')",
    "national_id": "mask_national_id(ssn)",
    "name": "mask_name(name)",
    "ip": "mask_ip('192.0.2.17'::text)",
    "url": "mask_url('https://example.org/a?b=' || id)",
    "pseudonym": "mask_pseudonym(ssn)",
    "fpe": "mask_fpe(phone)",
    "scrub": "mask_scrub(email || ' ' || note)",
}


def values(_name):
    """a masked value, in µs of CPU beside reading the column"""
    databases()
    cells = []
    for mask, call in CALLS.items():
        argument = call[call.index("(") + 1 : -1]
        took = [
            sorted(in_session("masks", f"SELECT count({what}) FROM person;") for _ in range(5))[2]
            for what in (f"governance.{call}", argument)
        ]
        cells.append(f"{mask} {(took[0] - took[1]) / ROWS * 1e6:.2f}")
    return [", ".join(cells), ""]


BENCHMARKS = {
    "mask_copy": copy,
    "mask_copy_long": copy_long,
    "mask_copy_by_hand": copy_by_hand,
    "mask_unmasked": unmasked,
    "mask_masked": masked,
}
REPORTS = {"mask_values": values}
