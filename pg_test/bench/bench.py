"""Benchmarks as ratios: pairs of runs, governed and twin in alternating order, and a null test of twin against twin.

A pair gives one ratio; reported are their median and the interval that covers the true median with 95 %, by order
statistics (no assumption about the distribution). CPU is what the server's processes used, in user and system mode.
"""

import os
import subprocess
import sys

import change
import mask
from side_by_side import TRIPLES, one_by_one, side_by_side, triples
from tools import PAIRS, QUICK, Missing, in_session, new_database, pairs, pgbench, psql, timed

ROWS_INSERTED = 20_000 if QUICK else 200_000


def pgbench_databases():
    """Governed, twin and second twin for pgbench, made once."""
    if not pgbench_databases.made:
        for name in ("governed", "twin", "twin2"):
            new_database(name, name == "governed", name == "governed")
            subprocess.run(["pgbench", "-i", "-q", "-s", "10", name], check=True, capture_output=True)
            psql(name, "VACUUM FREEZE ANALYZE; CHECKPOINT")
        pgbench_databases.made = True


pgbench_databases.made = False


def select_only():
    """pgbench -S, prepared, 1 client, scale 10; attached, nothing governed"""
    pgbench_databases()
    transactions = 20_000 if QUICK else 60_000
    return lambda database: pgbench(database, transactions, "-S"), "governed", "twin", "twin2"


def watched_database():
    """The same as for pgbench, with the reads of its largest table watched; made once."""
    pgbench_databases()
    if not watched_database.made:
        new_database("watched", True, True)
        subprocess.run(["pgbench", "-i", "-q", "-s", "10", "watched"], check=True, capture_output=True)
        psql("watched", "SELECT governance.declare_dataset('pgbench_accounts', 'bench', 'transactional'); VACUUM FREEZE ANALYZE; CHECKPOINT")
        watched_database.made = True


watched_database.made = False


def readers_select():
    """pgbench -S, prepared, 1 client, scale 10; attached, the column-read ledger watching pgbench_accounts; goal: at most 1.03"""
    watched_database()
    transactions = 20_000 if QUICK else 60_000
    return lambda sides: side_by_side(sides, transactions), "watched", "twin", "twin2"


def readers_loop():
    """one prepared SELECT by key, 200,000 times in a PL/pgSQL loop, the column-read ledger watching"""
    watched_database()
    return one_by_one(executor_loop()[0]), "watched", "twin", "twin2"


def tpc_b():
    """pgbench TPC-B, prepared, 1 client, scale 10; attached, nothing governed"""
    pgbench_databases()
    transactions = 4_000 if QUICK else 10_000
    return lambda database: pgbench(database, transactions), "governed", "twin", "twin2"


def executor_loop():
    """one prepared SELECT by key, 200,000 times in a PL/pgSQL loop: what the hooks cost, without connection and protocol"""
    pgbench_databases()
    n = 20_000 if QUICK else 200_000
    loop = (
        "DO $$ DECLARE x int; BEGIN FOR i IN 1..{n} LOOP "
        "SELECT abalance INTO x FROM pgbench_accounts WHERE aid = i; END LOOP; END $$;"
    )
    warm = loop.format(n=10_000)
    return lambda database: in_session(database, loop.format(n=n), before=warm), "governed", "twin", "twin2"


TABLE = "CREATE TABLE item (id bigint PRIMARY KEY, name text, price numeric, note text, at timestamptz)"
ROW = "'thing number ' || i, i * 0.5, md5(i::text), timestamptz '2026-01-01' + i * interval '1 second'"


def insert_databases():
    """Databases with one table, audited in the first."""
    for name in ("audited", "bare", "bare2"):
        new_database(name, name == "audited")
        psql(name, TABLE)
    psql("audited", "SELECT governance.start_audit('item')")


def bulk_insert():
    """INSERT … SELECT of 200,000 rows of 5 columns, audited"""
    insert_databases()
    statement = f"INSERT INTO item SELECT i, {ROW} FROM generate_series(1, {ROWS_INSERTED}) i;"

    def measure(database):
        return in_session(database, statement, before="BEGIN;", after="ROLLBACK;\nVACUUM;")

    return measure, "audited", "bare", "bare2"


def single_insert():
    """one INSERT of one row of 5 columns per transaction, prepared, audited"""
    insert_databases()
    script = f"{os.environ['DG_WORK']}/bench/single.sql"
    for name in ("audited", "bare", "bare2"):
        psql(name, "CREATE SEQUENCE next")
    with open(script, "w", encoding="utf8") as f:
        f.write(f"INSERT INTO item SELECT i, {ROW} FROM nextval('next') i;\n")
    transactions = 5_000 if QUICK else 20_000
    return lambda database: pgbench(database, transactions, "-f", script), "audited", "bare", "bare2"


MANY_TABLES = 1_000 if QUICK else 10_000
FEW_TABLES = 100


def tables(name, count):
    """A governed database with so many tables, each declared by a manifest."""
    new_database(name, True)
    psql(name, f"""DO $$ BEGIN FOR i IN 1..{count} LOOP
        EXECUTE format('CREATE TABLE t%s (id int PRIMARY KEY, email text, at timestamptz)', i);
        IF i % 500 = 0 THEN COMMIT; END IF; END LOOP; END $$;""")


def manifest_of(count, field=""):
    """A manifest that declares so many tables."""
    return f"""(SELECT jsonb_build_object('format', 'data_governance manifest', 'version', 1, 'datasets', jsonb_agg(
        jsonb_build_object('relation', 'public.t' || i, 'owner', 'bench', 'class', 'transactional'{field}))) FROM generate_series(1, {count}) i)"""


def declare_one():
    """declare_dataset(), forget_dataset(), 50 times each: one table of 10,000 declared ones against one of 100"""
    for name, count in (("many", MANY_TABLES), ("few", FEW_TABLES), ("few2", FEW_TABLES)):
        tables(name, count)
        psql(name, f"SELECT count(*) FROM governance.apply_manifest({manifest_of(count)}, dry_run => false); VACUUM ANALYZE;")
    statement = """DO $$ BEGIN FOR i IN 1..50 LOOP
        PERFORM governance.declare_dataset(format('t%s', i)::regclass, 'bench', 'reference', description => i::text);
        COMMIT; PERFORM governance.forget_dataset(format('t%s', i)::regclass, 'bench'); COMMIT; END LOOP; END $$;"""
    return lambda database: in_session(database, statement), "many", "few", "few2"


def dml_loop():
    """one prepared UPDATE by key, 100,000 times in a PL/pgSQL loop, of a table nobody declared; attached"""
    pgbench_databases()
    n = 10_000 if QUICK else 100_000
    loop = "DO $$ BEGIN FOR i IN 1..{n} LOOP UPDATE pgbench_branches SET bbalance = i WHERE bid = 1; IF i % 1000 = 0 THEN COMMIT; END IF; END LOOP; END $$;"
    warm = loop.format(n=2_000)
    return (
        lambda database: in_session(database, loop.format(n=n), before=warm, after="VACUUM pgbench_branches;"),
        "governed",
        "twin",
        "twin2",
    )


# One of each kind of statement, on tables that were there before. {i} is the number of the table.
DDL = [
    "CREATE TABLE w{i} (id int, v text)",
    "ALTER TABLE w{i} ADD COLUMN x int",
    "ALTER TABLE w{i} ALTER v SET DEFAULT ''x''",
    "CREATE INDEX ON w{i} (id)",
    "COMMENT ON TABLE w{i} IS ''x''",
    "ALTER TABLE w{i} DROP COLUMN x",
    "DROP TABLE w{i}",
]
DDL_EACH = 50 if QUICK else 200


def ddl(count):
    """Databases with so many tables that nobody declared, the first attached."""
    for name in ("attached", "plain", "plain2"):
        new_database(name, name == "attached", name == "attached")
        psql(name, f"""DO $$ BEGIN FOR i IN 1..{count} LOOP
            EXECUTE format('CREATE TABLE t%s (id int PRIMARY KEY, email text)', i);
            IF i % 500 = 0 THEN COMMIT; END IF; END LOOP; END $$;""")
        psql(name, "VACUUM ANALYZE pg_class, pg_attribute, pg_depend, pg_type, pg_inherits;")

    def loop(statement):
        made = statement.replace("{i}", "' || i || '")
        return f"DO $$ BEGIN FOR i IN 1..{DDL_EACH} LOOP EXECUTE '{made}'; END LOOP; END $$;"

    statements = "\n".join(loop(statement) for statement in DDL)
    return lambda database: in_session(database, statements) / (DDL_EACH * len(DDL)), "attached", "plain", "plain2"


def ddl_empty():
    """a DDL statement (the mean of CREATE TABLE, ADD COLUMN, SET DEFAULT, CREATE INDEX, COMMENT, DROP COLUMN, DROP TABLE), attached, nothing declared, an empty database; goal: under 100 µs"""
    return ddl(0)


def ddl_declared():
    """the same of tables nobody declared, beside one that somebody did"""
    benchmark = ddl(0)
    psql("attached", "CREATE TABLE one (id int); SELECT governance.declare_dataset('one', 'bench', 'master');")
    return benchmark


def ddl_many():
    """the same in a database with 10,000 tables; goal: no more than in an empty one"""
    return ddl(MANY_TABLES)


def manifest_of_many():
    """apply_manifest() that declares 10,000 tables; goal: under 10 s"""
    tables("empty", MANY_TABLES)
    apply = f"SELECT * FROM governance.apply_manifest({manifest_of(MANY_TABLES)}, dry_run => false);"
    return lambda: timed("empty", apply, "BEGIN;", "ROLLBACK;")


def datasets_of_many():
    """SELECT * FROM governance.datasets with 10,000 declared tables; goal: under 1 s"""
    tables("declared", MANY_TABLES)
    psql("declared", f"SELECT count(*) FROM governance.apply_manifest({manifest_of(MANY_TABLES)}, dry_run => false); VACUUM ANALYZE;")
    return lambda: timed("declared", "SELECT * FROM governance.datasets;")


# Goals by the clock, for which there is no twin.
TIMES = {
    "manifest": manifest_of_many,
    "datasets": datasets_of_many,
}

BENCHMARKS = {
    "select": select_only,
    "tpcb": tpc_b,
    "loop": executor_loop,
    "readers": readers_select,
    "readers_loop": readers_loop,
    "bulk": bulk_insert,
    "single": single_insert,
    "declare": declare_one,
    "dml": dml_loop,
    **change.DUAL_WRITE,
    **mask.BENCHMARKS,
}

REPORTS = {**change.REPORTS, **mask.REPORTS}

# Their measure takes all sides at once.
SIDE_BY_SIDE = {"readers", "readers_loop"}

# What is added to each of something: a ratio would say more about the something.
ADDED = {
    "ddl": ddl_empty,
    "ddl_declared": ddl_declared,
    "ddl_many": ddl_many,
}


def main():
    """Runs the benchmarks named on the command line, by name or by what it begins with, or all; prints a table."""
    print(f"{PAIRS} pairs each, {TRIPLES} of what runs side by side{', QUICK: smaller data' if QUICK else ''}; CPU of the server's processes\n")
    print("| benchmark | governed / twin, median (95 %) | null test, twin / twin |")
    print("|---|---|---|", flush=True)
    known = [*BENCHMARKS, *ADDED, *TIMES, *REPORTS]
    wanted = [(w, [w] if w in known else [k for k in known if k.startswith(w + "_")]) for w in sys.argv[1:]]
    if unknown := [w for w, names in wanted if not names]:
        sys.exit(f"no such benchmark: {', '.join(unknown)}; known: {', '.join(known)}")
    for name in [name for _, names in wanted for name in names] or known:
        if name in REPORTS:
            report = REPORTS[name]
            try:
                cells = report(name)
            except Missing as missing:
                cells = [f"not measured: {missing}", ""]
            print(f"| {report.__doc__} | {cells[0]} | {cells[1]} |", flush=True)
            continue
        if name in TIMES:
            measure = TIMES[name]()
            took = sorted(measure() for _ in range(5))
            print(f"| {TIMES[name].__doc__} | {took[2]:.2f} s, median of 5 ({took[0]:.2f} – {took[-1]:.2f}) | no twin |", flush=True)
            continue
        benchmark = BENCHMARKS.get(name) or ADDED[name]
        what = benchmark.__doc__
        try:
            measure, governed, twin, twin2 = benchmark()
            if name in SIDE_BY_SIDE:
                measure((governed, twin, twin2))  # warm up
            else:
                for side in (governed, twin, twin2):
                    measure(side)
            if name in ADDED:
                added = lambda a, b: (a - b) * 1e6
                real = pairs(name, measure, governed, twin, added)
                null = pairs(name + " (null test)", measure, twin2, twin, added)
                cells = [f"+ {m:.0f} µs ({low:.0f} – {high:.0f})" for m, low, high in (real, null)]
            else:
                if name in SIDE_BY_SIDE:
                    real, null = triples(name, measure, governed, twin, twin2)
                else:
                    real = pairs(name, measure, governed, twin)
                    null = pairs(name + " (null test)", measure, twin2, twin)
                cells = [f"{m:.3f} ({low:.3f} – {high:.3f})" for m, low, high in (real, null)]
        except Missing as missing:
            cells = [f"not measured: {missing}", ""]
        print(f"| {what} | {cells[0]} | {cells[1]} |", flush=True)


main()
