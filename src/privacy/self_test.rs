//! `self_test('privacy')`: plants canaries in this very database, walks every way out as a masked role, and takes all of
//! it back. What is found out is whether a canary came out, not whether somebody meant to hold it.
use crate::error;
use crate::pg::loading::{self, Mode};
use crate::pg::{mask, owner, roles, session, settings_scope, spi, xact};
use pgrx::pg_sys;

/// What stands in every tagged column of the bait, in one spelling or another.
const CANARIES: [&str; 3] = ["dgcanary", "471147114711", "1911-04-17"];

/// A way out: statements before it, and the query whose rows are looked at. `{s}` stands for the schema of the bait.
struct Path {
    name: &'static str,
    before: &'static [&'static str],
    query: &'static str,
}

const fn path(name: &'static str, query: &'static str) -> Path {
    Path { name, before: &[], query }
}

const fn after(name: &'static str, before: &'static [&'static str], query: &'static str) -> Path {
    Path { name, before, query }
}

/// The bait.
const BAIT: &[&str] = &[
    "CREATE SCHEMA {s}",
    "CREATE TABLE {s}.bait (id int PRIMARY KEY, s text, e text UNIQUE, n numeric, d date, j jsonb, c int CHECK (c > 0), g text GENERATED ALWAYS AS (upper(s)) STORED)",
    "INSERT INTO {s}.bait (id, s, e, n, d, j, c) SELECT i, 'dgcanary secret', 'dgcanary' || i || '@leak.test', 471147114711, '1911-04-17', '{\"k\": \"dgcanary\"}', 1 FROM generate_series(1, 200) i",
    "CREATE STATISTICS {s}.both (mcv) ON s, d FROM {s}.bait",
    "ANALYZE {s}.bait",
    "CREATE TABLE {s}.tree (k int, s text) PARTITION BY LIST (k)",
    "CREATE TABLE {s}.leaf (s text, gone int, k int)",
    "ALTER TABLE {s}.leaf DROP COLUMN gone",
    "ALTER TABLE {s}.tree ATTACH PARTITION {s}.leaf FOR VALUES IN (1)",
    "INSERT INTO {s}.tree VALUES (1, 'dgcanary leaf')",
    "CREATE TABLE {s}.heir () INHERITS ({s}.bait)",
    "INSERT INTO {s}.heir (id, s, c) VALUES (1000, 'dgcanary heir', 1)",
    "CREATE VIEW {s}.face AS SELECT id, lower(s) AS s FROM {s}.bait",
    "CREATE VIEW {s}.barrier WITH (security_barrier) AS SELECT * FROM {s}.face",
    "CREATE VIEW {s}.invoker WITH (security_invoker) AS SELECT * FROM {s}.bait",
    "CREATE MATERIALIZED VIEW {s}.copy AS SELECT id, reverse(reverse(s)) AS t FROM {s}.face",
    "CREATE TABLE {s}.plain (t text)",
    "CREATE FUNCTION {s}.inlined() RETURNS SETOF text LANGUAGE sql STABLE AS 'SELECT s FROM {s}.bait'",
    "CREATE FUNCTION {s}.scalar() RETURNS text LANGUAGE sql STABLE AS 'SELECT max(s) FROM {s}.bait'",
    "CREATE FUNCTION {s}.static() RETURNS text LANGUAGE plpgsql AS 'DECLARE r text; BEGIN SELECT max(s) INTO r FROM {s}.bait; RETURN r; END'",
    "CREATE FUNCTION {s}.definer() RETURNS text LANGUAGE plpgsql SECURITY DEFINER AS 'DECLARE r text; BEGIN SELECT max(s) INTO r FROM {s}.bait; RETURN r; END'",
    "CREATE FUNCTION {s}.writer() RETURNS text LANGUAGE plpgsql SECURITY DEFINER AS 'DECLARE r text; BEGIN UPDATE {s}.bait SET s = s WHERE id = 1 RETURNING s INTO r; RETURN r; END'",
    // Runs statements as whoever calls, and gives back all that a client would be told.
    "CREATE FUNCTION {s}.look(before text[], query text) RETURNS text LANGUAGE plpgsql AS $f$
     DECLARE r record; told text := ''; m text; d text; h text; c text;
     BEGIN
         FOR i IN 1 .. coalesce(cardinality(before), 0) LOOP EXECUTE before[i]; END LOOP;
         FOR r IN EXECUTE query LOOP told := told || r::text; END LOOP;
         RETURN told;
     EXCEPTION WHEN OTHERS THEN
         GET STACKED DIAGNOSTICS m = MESSAGE_TEXT, d = PG_EXCEPTION_DETAIL, h = PG_EXCEPTION_HINT, c = PG_EXCEPTION_CONTEXT;
         RETURN format('%s: %s %s %s', SQLSTATE, m, d, h);
     END $f$",
    "SELECT governance.tag_column('{s}.bait', c, 'secret') FROM unnest('{s,n,d,j}'::text[]) c",
    "SELECT governance.tag_column('{s}.bait', 'e', 'pii.contact.email')",
    "SELECT governance.tag_column('{s}.leaf', 's', 'secret')",
    "GRANT USAGE ON SCHEMA {s} TO PUBLIC",
    "GRANT ALL ON ALL TABLES IN SCHEMA {s} TO PUBLIC",
];

/// Ways out, as in section 4 of what is known about the peers.
const PATHS: &[Path] = &[
    path("SELECT", "SELECT s, e, n, d, j FROM {s}.bait"),
    path("whole row", "SELECT b FROM {s}.bait b"),
    path("row to JSON", "SELECT to_jsonb(b), row_to_json(b) FROM {s}.bait b"),
    path(
        "aggregates",
        "SELECT min(s), max(e), array_agg(d), string_agg(n::text, ','), jsonb_agg(j) FROM {s}.bait",
    ),
    path(
        "condition",
        "SELECT 'dgcanary' FROM {s}.bait WHERE s LIKE 'dgcan%' OR n = 471147114711 OR d = '1911-04-17'",
    ),
    path("CASE", "SELECT CASE WHEN s LIKE 'dgcan%' THEN 'dgcanary' END FROM {s}.bait"),
    path("join", "SELECT 'dgcanary' FROM {s}.bait JOIN (VALUES ('dgcanary secret')) v(s) USING (s)"),
    path("GROUP BY and HAVING", "SELECT s, count(*) FROM {s}.bait GROUP BY s HAVING count(*) > 1"),
    path("window", "SELECT first_value(s) OVER (ORDER BY id) FROM {s}.bait"),
    path("DISTINCT and set operations", "SELECT DISTINCT s FROM {s}.bait UNION SELECT e FROM {s}.bait"),
    path(
        "CTE",
        "WITH RECURSIVE c AS MATERIALIZED (SELECT s FROM {s}.bait UNION SELECT s FROM c) SELECT * FROM c",
    ),
    path(
        "LATERAL and sublink",
        "SELECT l.s, (SELECT max(e) FROM {s}.bait), ARRAY(SELECT s FROM {s}.bait) FROM {s}.bait b, LATERAL (SELECT b.s) l",
    ),
    path("JSON path", "SELECT j ->> 'k', j #>> '{k}', jsonb_path_query(j, '$.k') FROM {s}.bait"),
    path("generated column", "SELECT g FROM {s}.bait"),
    path("partitioned table", "SELECT s FROM {s}.tree"),
    path("partition addressed directly", "SELECT s FROM {s}.leaf"),
    path("inheriting table", "SELECT s FROM {s}.heir"),
    path("view", "SELECT s FROM {s}.face"),
    path("security_barrier view", "SELECT s FROM {s}.barrier"),
    path("security_invoker view", "SELECT s, e FROM {s}.invoker"),
    path("materialized view", "SELECT t FROM {s}.copy"),
    path("set-returning SQL function", "SELECT * FROM {s}.inlined()"),
    path("scalar SQL function", "SELECT {s}.scalar()"),
    path("PL/pgSQL function", "SELECT {s}.static()"),
    path("SECURITY DEFINER function that reads", "SELECT {s}.definer()"),
    path("SECURITY DEFINER function that writes and returns", "SELECT {s}.writer()"),
    path("query_to_xml", "SELECT query_to_xml('SELECT s FROM {s}.bait', true, true, '')"),
    path("table_to_xml", "SELECT table_to_xml('{s}.bait', true, true, '')"),
    path("ts_stat", "SELECT word FROM ts_stat('SELECT to_tsvector(''simple'', s) FROM {s}.bait')"),
    after(
        "cursor",
        &["DECLARE governance_bait CURSOR FOR SELECT s, e FROM {s}.bait"],
        "SELECT cursor_to_xml('governance_bait', 5, true, true, '')",
    ),
    after(
        "prepared statement",
        &[
            "PREPARE governance_bait AS SELECT s FROM {s}.bait",
            "CREATE TEMP TABLE governance_bait AS EXECUTE governance_bait",
        ],
        "SELECT s FROM governance_bait",
    ),
    after(
        "CREATE TABLE AS",
        &["CREATE TEMP TABLE governance_bait AS SELECT * FROM {s}.bait"],
        "SELECT * FROM governance_bait",
    ),
    after(
        "SELECT INTO",
        &["SELECT s INTO TEMP governance_bait FROM {s}.bait"],
        "SELECT * FROM governance_bait",
    ),
    after(
        "INSERT … SELECT into an untagged table",
        &["INSERT INTO {s}.plain SELECT s FROM {s}.bait"],
        "SELECT * FROM {s}.plain",
    ),
    path(
        "INSERT … RETURNING",
        "INSERT INTO {s}.bait (id, s, c) SELECT 5000, NULL, 1 RETURNING s, (SELECT max(s) FROM {s}.bait)",
    ),
    path("UPDATE … RETURNING", "UPDATE {s}.bait SET c = 2 WHERE id = 1 RETURNING s, e"),
    path("DELETE … RETURNING", "DELETE FROM {s}.bait WHERE id = 1 RETURNING *"),
    after(
        "ON CONFLICT",
        &[
            "INSERT INTO {s}.bait AS b (id, c) VALUES (1, 3) ON CONFLICT (id) DO UPDATE SET c = CASE WHEN b.s LIKE 'dgcan%' THEN 99 ELSE 3 END",
        ],
        "SELECT 'dgcanary' FROM {s}.bait WHERE c = 99",
    ),
    after(
        "MERGE",
        &["MERGE INTO {s}.plain p USING {s}.bait b ON p.t = b.s WHEN NOT MATCHED THEN INSERT VALUES (b.s)"],
        "SELECT t FROM {s}.plain",
    ),
    path("error: failing row", "UPDATE {s}.bait SET c = -1 WHERE id = 1 RETURNING 1"),
    path("error: key", "UPDATE {s}.bait SET id = 2 WHERE id = 1 RETURNING 1"),
    path("error: cast", "SELECT s::int FROM {s}.bait"),
    path("EXPLAIN", "EXPLAIN (VERBOSE) SELECT s FROM {s}.bait WHERE s < 'dg' OR d > '1900-01-01'"),
    path(
        "statistics of columns",
        "SELECT most_common_vals::text, histogram_bounds::text FROM pg_stats WHERE schemaname = '{s}'",
    ),
    path("extended statistics", "SELECT most_common_vals::text FROM pg_stats_ext WHERE schemaname = '{s}'"),
    path("export_query()", "SELECT governance.export_query('SELECT s, e, n, d, j FROM {s}.bait')"),
];

/// What became of one attempt.
pub struct Outcome {
    /// What was tried.
    pub attempt: String,
    /// Whether nothing raw came out; None where nothing in the database can hold it.
    pub caught: Option<bool>,
    /// What held it: mask, refusal or finding.
    pub layer: Option<&'static str>,
    /// In words.
    pub detail: String,
}

/// Walks every way out as a role, masked or not; without one as a role that is made and masked for it.
#[must_use]
pub fn run(role: Option<&str>) -> Vec<Outcome> {
    if !roles::is_superuser(roles::current()) {
        error::guard::self_test_needs_superuser().raise();
    }
    if let Some(role) = role
        && roles::oid(role).is_none()
    {
        error::registry::no_such_role(role).raise();
    }
    let schema = format!("governance_bait_{}", session::pid());
    let as_role = role.unwrap_or(&schema).to_string();
    let filled = |sql: &str| sql.replace("{s}", &schema);
    let outcomes = settings_scope::with_setting(c"client_min_messages", "error", || {
        settings_scope::with_setting(c"lock_timeout", "2s", || {
            xact::rehearse(|| {
                if role.is_none() {
                    spi::execute(&filled("CREATE ROLE {s}"), &[]);
                    if loading::mode() != Mode::Installed {
                        spi::execute(&filled("SELECT governance.mask_role('{s}')"), &[]);
                    }
                }
                BAIT.iter().for_each(|sql| {
                    spi::execute(&filled(sql), &[]);
                });
                xact::as_if_old(|| {
                    let mut outcomes: Vec<Outcome> =
                        PATHS.iter().map(|p| walk(p, &schema, &as_role, &filled)).collect();
                    outcomes.push(copy(&schema, &as_role));
                    outcomes.push(overwrite(&as_role, &filled));
                    outcomes
                })
            })
        })
    });
    let outcomes: Vec<Outcome> = outcomes.into_iter().chain(out_of_reach(&as_role, role.is_none())).collect();
    record(&outcomes);
    outcomes
}

/// Runs `f` as a role, in a subtransaction that is taken back.
fn as_role<R>(role: &str, f: impl FnOnce() -> R) -> Result<R, String> {
    xact::tried(|| {
        xact::rehearse(|| {
            spi::execute("SELECT pg_catalog.set_config('role', $1, true)", &[role.into()]);
            f()
        })
    })
}

fn walk(path: &Path, schema: &str, role: &str, filled: &dyn Fn(&str) -> String) -> Outcome {
    let before: Vec<String> = path.before.iter().map(|sql| filled(sql)).collect();
    let look = format!("SELECT {schema}.look($1, $2)");
    let told = as_role(role, || {
        spi::select_latest(&look, &[before.into(), filled(path.query).into()], |r| r.get::<String>(1))
    });
    let told = match told {
        Ok(told) => told.into_iter().next().flatten().unwrap_or_default(),
        Err(message) => message,
    };
    let came_out = CANARIES.iter().any(|c| told.to_lowercase().contains(c));
    let refused = told.get(..6).filter(|t| t.ends_with(':')).map(|t| t[..5].to_string());
    let (layer, detail) = match (came_out, refused) {
        (true, _) => (None, "a raw value came out".to_string()),
        (false, Some(code)) => (Some("refusal"), format!("SQLSTATE {code}, and nothing raw in its texts")),
        (false, None) => (Some("mask"), "nothing raw came out".to_string()),
    };
    Outcome { attempt: path.name.to_string(), caught: Some(!came_out), layer, detail }
}

/// COPY cannot run inside a function; whether it would read through a query can be asked.
fn copy(schema: &str, role: &str) -> Outcome {
    let held = as_role(role, || mask::copies_through_query(&format!("COPY {schema}.bait TO STDOUT")));
    let caught = held == Ok(true);
    let detail = if caught { "COPY reads through a masked query" } else { "COPY reads the table itself" };
    Outcome {
        attempt: "COPY, and pg_dump by it".into(),
        caught: Some(caught),
        layer: caught.then_some("mask"),
        detail: detail.into(),
    }
}

/// A mask must not take the place of the value it hides.
fn overwrite(role: &str, filled: &dyn Fn(&str) -> String) -> Outcome {
    let lost = xact::tried(|| {
        xact::rehearse(|| {
            let _ = xact::tried(|| {
                spi::execute("SELECT pg_catalog.set_config('role', $1, true)", &[role.into()]);
                spi::execute(&filled("UPDATE {s}.bait SET s = s"), &[]);
            });
            spi::execute("SELECT pg_catalog.set_config('role', 'none', true)", &[]);
            spi::select_latest(
                &filled("SELECT count(*) FROM ONLY {s}.bait WHERE s IS DISTINCT FROM 'dgcanary secret'"),
                &[],
                |r| r.must::<i64>(1),
            )
        })
    });
    let kept = lost.is_ok_and(|lost| lost.first() == Some(&0));
    Outcome {
        attempt: "masks written over the values they hide".into(),
        caught: Some(kept),
        layer: kept.then_some("refusal"),
        detail: if kept { "the values are whole" } else { "values were overwritten" }.into(),
    }
}

/// What is beside the database's own ways: named, with what names it elsewhere.
fn out_of_reach(role: &str, is_bait: bool) -> Vec<Outcome> {
    let mut outcomes = Vec::new();
    let mut add = |attempt: &str, caught: Option<bool>, detail: &str| {
        let layer = caught.is_none().then_some("finding");
        outcomes.push(Outcome { attempt: attempt.into(), caught, layer, detail: detail.into() });
    };
    let oid = if is_bait { pg_sys::InvalidOid } else { roles::oid(role).unwrap_or(pg_sys::InvalidOid) };
    let has = |what: &str| {
        !is_bait
            && owner::run(|| {
                spi::select_one(
                    &format!("SELECT {what} FROM pg_roles r WHERE r.oid = $1"),
                    &[oid.into()],
                    |r| r.must::<bool>(1),
                )
            })
            .unwrap_or(false)
    };
    let files = "r.rolsuper OR pg_has_role(r.oid, 'pg_read_server_files', 'MEMBER') OR pg_has_role(r.oid, 'pg_execute_server_program', 'MEMBER')";
    match has(files) {
        true => {
            add("files and programs of the server", Some(false), "the role may read them (finding PII-006)")
        }
        false => add("files and programs of the server", Some(true), "the role may not read them"),
    }
    match has("r.rolreplication OR r.rolsuper") {
        true => add("replication", Some(false), "the role may stream every row (finding PII-008)"),
        false => add("replication", Some(true), "the role may not"),
    }
    add(
        "publications and their subscribers",
        None,
        "no mask holds there: rule publishing-tagged-column, finding PII-002",
    );
    add("server log", None, "statements can hold values: finding PII-004");
    add(
        "dblink and foreign servers with other credentials",
        None,
        "masked by who logs in there: finding PII-011",
    );
    add("copies that unmasked roles made", None, "finding PII-010 names those that were recorded");
    add("pageinspect, WAL, base backups, superusers", None, "no mask holds there");
    outcomes
}

/// Keeps the outcomes for the assessment, in place of those of the run before.
fn record(outcomes: &[Outcome]) {
    owner::run(|| {
        spi::execute("DELETE FROM governance.self_test_result WHERE feature = 'privacy'", &[]);
        for outcome in outcomes {
            spi::execute(
                "INSERT INTO governance.self_test_result (feature, attempt, caught, layer, detail, mode)
                 VALUES ('privacy', $1, $2, $3, $4, $5)",
                &[
                    outcome.attempt.as_str().into(),
                    outcome.caught.into(),
                    outcome.layer.into(),
                    outcome.detail.as_str().into(),
                    loading::mode().as_str().into(),
                ],
            );
        }
    });
}
