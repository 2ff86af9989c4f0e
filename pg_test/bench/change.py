"""Expand/contract changes: what writing both shapes costs, how fast the copy is, and what others notice of it."""

import itertools
import os
import subprocess
import tempfile
import time

from tools import PAIRS, QUICK, CPU_NOW, Missing, in_session, interval, new_database, pairs, pgbench, psql

COLUMNS = "id bigint PRIMARY KEY, name text, amount int, price numeric, note text, at timestamptz"
ROW = "i, 'thing number ' || i, i % 1000, i * 0.5, md5(i::text), timestamptz '2026-01-01' + i * interval '1 second'"
SPLIT = {
    "up": '{"first": "split_part(name, \'\' \'\', 1)", "last": "substr(name, strpos(name, \'\' \'\') + 1)"}',
    "down": '{"name": "first || \'\' \'\' || last"}',
}

# The wish and what else is said of it; the new columns as the twin has them, filled but not written together; what an UPDATE
# sets, @ standing for a number that is another one each time.
FORMS = {
    "rename": ("RENAME COLUMN name TO full_name", "", {"full_name text": "name"}, "name = 'thing @ no ' || id"),
    "type": ("ALTER COLUMN amount TYPE bigint", "", {"amount_ bigint": "amount"}, "amount = id + @"),
    "split": (
        "ADD COLUMN first text, ADD COLUMN last text, DROP COLUMN name",
        f", up => '{SPLIT['up']}', down => '{SPLIT['down']}'",
        {"first text": "split_part(name, ' ', 1)", "last text": "substr(name, strpos(name, ' ') + 1)"},
        "name = 'thing @ no ' || id",
    ),
}
WRITTEN = 5_000 if QUICK else 20_000
NUMBERS = itertools.count(10_000)


def new_table(name, rows):
    """The statements that make a table."""
    return f"CREATE TABLE {name} ({COLUMNS}); INSERT INTO {name} SELECT {ROW} FROM generate_series(1, {rows}) i;"


# What advance_change does, phase by phase, so that one can be measured without the others.
PHASE = """CREATE PROCEDURE phase(change bigint, which text) LANGUAGE plpgsql AS $$
DECLARE again boolean; BEGIN
    WHILE EXISTS (SELECT FROM governance.change_step s WHERE s.change = $1 AND s.phase = which AND done_at IS NULL) LOOP
        PERFORM pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true);
        BEGIN
            again := governance._advance_step(change);
        EXCEPTION WHEN OTHERS THEN
            RAISE;
        END;
        COMMIT;
    END LOOP; END $$;"""


def propose(table, form):
    """The statements that propose a change of a table and approve it."""
    wish, more, _, _ = FORMS[form]
    return (
        f"SELECT governance.propose_change('ALTER TABLE {table} {wish}', 'bench'{more}) AS change \\gset\n"
        "SELECT governance.approve_change(:change, 'bench', '{not_observed}');\n"
    )


def dual_write_tables():
    """For each form a table whose change stands at its gate, and two twins; made once."""
    if dual_write_tables.made:
        return
    new_database("change", True)
    for form, (_, _, new, _) in FORMS.items():
        psql("change", new_table(form, WRITTEN) + propose(form, form) + "CALL governance.advance_change(:change);")
        for twin in (f"{form}_twin", f"{form}_twin2", f"{form}_nothing"):
            add = ", ".join(f"ADD COLUMN {column}" for column in new)
            fill = ", ".join(f"{column.split()[0]} = {value}" for column, value in new.items())
            psql("change", new_table(twin, WRITTEN) + f"ALTER TABLE {twin} {add}; UPDATE {twin} SET {fill};")
        psql("change", f"""CREATE TRIGGER nothing BEFORE UPDATE ON {form}_nothing
            FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger();""")
        # Written a few times, as tables are: rows that have just been packed find no room beside them.
        for table in (form, f"{form}_twin", f"{form}_twin2", f"{form}_nothing"):
            psql("change", f"VACUUM FULL {table};" + 10 * f"UPDATE {table} SET price = price + 1; VACUUM ANALYZE {table};")
    dual_write_tables.made = True


dual_write_tables.made = False


def writing(form, what, governed):
    """A benchmark of UPDATEs of one table against another: one of `column`, `other`, `many`, `pgbench`."""
    assignment = FORMS[form][3] if what != "other" else "note = '@ x' || id"

    def loop(table):
        one = assignment.replace("id", "i").replace("@", str(next(NUMBERS)))
        text = (
            f"DO $$ BEGIN FOR i IN 1..{{n}} LOOP UPDATE {table} SET {one} WHERE id = i;"
            " IF i % 500 = 0 THEN COMMIT; END IF; END LOOP; END $$;"
        )
        return in_session("change", text.format(n=WRITTEN), before=text.format(n=500), after=f"VACUUM {table};")

    def many(table):
        all_ = f"UPDATE {table} SET {assignment.replace('@', str(next(NUMBERS)))};"
        return in_session("change", all_, after=f"VACUUM {table};")

    def transactions(table):
        script = f"{os.environ['DG_WORK']}/bench/dual_write.sql"
        one = assignment.replace("id", ":i").replace("@", str(next(NUMBERS)))
        with open(script, "w", encoding="utf8") as f:
            f.write(f"\\set i random(1, {WRITTEN})\nUPDATE {table} SET {one} WHERE id = :i;\n")
        took = pgbench("change", 5_000 if QUICK else 20_000, "-f", script)
        psql("change", f"VACUUM {table}")
        return took

    def benchmark():
        dual_write_tables()
        measure = {"many": many, "pgbench": transactions}.get(what, loop)
        return measure, f"{form}{governed}", f"{form}_twin", f"{form}_twin2"

    who = f"{form}: written together by the change's trigger" if not governed else "a trigger that does nothing (C)"
    benchmark.__doc__ = {
        "column": f"{who}; one UPDATE by key of the column, {WRITTEN:,} times in a PL/pgSQL loop; goal: at most 1.25",
        "other": f"{who}; the same of another column; goal: at most 1.25",
        "many": f"{who}; one UPDATE of the column in {WRITTEN:,} rows; goal: at most 1.25",
        "pgbench": f"{who}; pgbench, one UPDATE of the column by key per transaction, prepared; goal: at most 1.25",
    }[what]
    return benchmark


DUAL_WRITE = {
    f"dual_write_{form}_{what}": writing(form, what, "") for form in FORMS for what in ("column", "other", "many", "pgbench")
} | {f"dual_write_nothing_{what}": writing("rename", what, "_nothing") for what in ("column", "other", "many", "pgbench")}


# The loop that a team writes: batches by primary key, a commit after each.
BY_HAND = """CREATE PROCEDURE by_hand(batch int) LANGUAGE plpgsql AS $$
DECLARE last bigint := 0; upto bigint; BEGIN
    LOOP
        SELECT max(id) INTO upto FROM (SELECT id FROM public.item WHERE id > last ORDER BY id LIMIT batch) b;
        EXIT WHEN upto IS NULL;
        UPDATE public.item SET {set} WHERE id > last AND id <= upto;
        COMMIT;
        last := upto;
    END LOOP; END $$;"""
# And the trigger.
TRIGGER = """CREATE FUNCTION together() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.full_name IS NULL THEN NEW.full_name := NEW.name; ELSE NEW.name := NEW.full_name; END IF;
    ELSIF NEW.full_name IS DISTINCT FROM OLD.full_name THEN NEW.name := NEW.full_name;
    ELSE NEW.full_name := NEW.name; END IF;
    RETURN NEW; END $$;
CREATE TRIGGER together BEFORE INSERT OR UPDATE ON item FOR EACH ROW EXECUTE FUNCTION together();"""
COPIES = {"rename": "full_name = name", "type": '"_dg1_amount" = amount'}


def expanded(rows, form):
    """Name of a template database with a table whose change has expanded; made once."""
    name = f"expanded_{form}_{rows}"
    if name not in expanded.made:
        new_database(name, True)
        psql(name, new_table("item", rows) + PHASE + BY_HAND.format(set=COPIES[form]) + "VACUUM ANALYZE item;")
        psql(name, propose("item", form) + "CALL phase(:change, 'expand'); CHECKPOINT;")
        expanded.made.add(name)
    return name


def all_by_hand(rows):
    """The same without the extension, trigger and all."""
    name = f"by_hand_{rows}"
    if name not in expanded.made:
        new_database(name, False)
        psql(name, new_table("item", rows) + "ALTER TABLE item ADD COLUMN full_name text;" + TRIGGER)
        psql(name, BY_HAND.format(set=COPIES["rename"]) + "VACUUM ANALYZE item; CHECKPOINT;")
        expanded.made.add(name)
    return name


expanded.made = set()
PRODUCT, HAND = "CALL phase(1, 'backfill');", "CALL by_hand(5000);"


def copy_of(template):
    """A fresh database, as a template is."""
    psql("postgres", "DROP DATABASE IF EXISTS copied WITH (FORCE)")
    psql("postgres", f"CREATE DATABASE copied TEMPLATE {template} STRATEGY file_copy")


def copying(side):
    """Seconds that a copy takes, of CPU and by the clock."""
    template, call = side
    copy_of(template)
    # What it is about is in shared buffers, as it is where people work.
    warm = "SELECT count(*) FROM public.item;"
    if template.startswith("expanded"):
        warm += "SELECT count(*) FROM governance.change_step, governance.changes, pg_depend, pg_proc;"
    now = f"SELECT {CPU_NOW} AS c0, extract(epoch FROM clock_timestamp()) AS t0 \\gset\n"
    took = f"SELECT 'took ' || ({CPU_NOW} - :c0) / 1e9 || ' ' || (extract(epoch FROM clock_timestamp()) - :t0);"
    lines = psql("copied", f"\\o /dev/null\n{warm}\n\\o\n{now}\\o /dev/null\n{call}\n\\o\n{took}")
    return next(tuple(map(float, line.split()[1:])) for line in lines if line.startswith("took "))


def rates(rows, form, count, product=PRODUCT, hand=None):
    """A report on the rate of a copy against that of the loop by hand."""

    def report(name):
        governed = (expanded(rows, form), product)
        twin = hand(rows) if hand else governed[0]
        took = {"real": [], "null": []}

        def measure(which):
            def compare(a, b):
                took[which].append(b[1] / a[1])
                return b[0] / a[0]

            # Sides that are equal still have to be told apart.
            second = (twin, HAND) if which == "real" else (twin, HAND + " ")
            first = governed if which == "real" else (twin, HAND)
            return pairs(f"{name} {which}", copying, first, second, compare, min(count, PAIRS))

        def cell(which):
            by = [measure(which), interval(took[which])]
            return ", ".join(f"{m:.2f} ({low:.2f} – {high:.2f}) {how}" for (m, low, high), how in zip(by, ("by CPU", "by the clock")))

        return cell("real"), cell("null")

    what = "the copy" if product == PRODUCT else "copy and comparison together"
    whose = "trigger and loop written in PL/pgSQL" if hand else "a loop by primary key, 5,000 rows and a commit each, same trigger"
    report.__doc__ = f"{form}, {rows:,} rows: rate of {what} to that of {whose}" + ("; goal: at least 0.8" if product == PRODUCT else "")
    return report


class Load:
    """pgbench on a table while something else runs; latencies in milliseconds."""

    CLIENTS, RATE, SECONDS = 2, 200, 4 if QUICK else 8

    def __init__(self, rows):
        self.folder = tempfile.mkdtemp()
        self.script = f"{self.folder}/update.sql"
        with open(self.script, "w", encoding="utf8") as f:
            f.write(f"\\set i random(1, {rows})\nUPDATE item SET note = 'x' || :i WHERE id = :i;\n")

    def beside(self, template, call):
        """Mean, 99th percentile and maximum while a statement runs."""
        copy_of(template)
        psql("copied", "SELECT count(*) FROM item")
        other = call and subprocess.Popen(
            ["psql", "-X", "-q", "-d", "copied", "-c", call], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        time.sleep(0.5)
        for old in os.listdir(self.folder):
            if old.startswith("log"):
                os.remove(f"{self.folder}/{old}")
        done = subprocess.run(
            ["pgbench", "-n", "-M", "prepared", "-c", str(self.CLIENTS), "-R", str(self.RATE), "-T", str(self.SECONDS),
             "-l", "--log-prefix", f"{self.folder}/log", "-f", self.script, "copied"],
            capture_output=True, text=True, check=False,
        )
        if done.returncode != 0:
            raise Missing(done.stderr.strip().splitlines()[-1])
        if other:
            if other.poll() is not None:
                raise Missing("the copy was done before pgbench")
            psql("postgres", "DROP DATABASE copied WITH (FORCE)")
            other.wait()
        took = []
        for log in os.listdir(self.folder):
            if log.startswith("log"):
                took += [int(line.split()[2]) / 1000 for line in open(f"{self.folder}/{log}", encoding="utf8")]
        took.sort()
        return sum(took) / len(took), took[len(took) * 99 // 100], took[-1]


def latency(_name):
    """pgbench, 2 clients, 200 single-row UPDATEs per second of a table of 3,000,000 rows under a rename: mean, 99th percentile, maximum in ms"""
    rows = 3_000_000
    template, load = expanded(rows, "rename"), Load(rows)
    sides = {"no copy": None, "the copy": PRODUCT, "the loop by hand": HAND}
    seen = {side: [] for side in sides}
    for i in range(2 if QUICK else 5):
        for side in list(sides) if i % 2 else reversed(sides):
            seen[side].append(load.beside(template, sides[side]))

    def said(side):
        median = [sorted(one)[len(one) // 2] for one in zip(*seen[side])]
        return f"{side}: " + " / ".join(f"{ms:.2f}" for ms in median)

    return f"{said('the copy')}; {said('the loop by hand')}", said("no copy")


# Rows of the table that are no ratio of two sides.
REPORTS = {
    "backfill_10k": rates(10_000, "rename", 20),
    "backfill_300k": rates(300_000, "rename", 12),
    "backfill_3m": rates(3_000_000, "rename", 6),
    "backfill_type_10k": rates(10_000, "type", 20),
    "backfill_type_300k": rates(300_000, "type", 12),
    "backfill_type_3m": rates(3_000_000, "type", 6),
    "backfill_verified": rates(300_000, "rename", 12, PRODUCT + "CALL phase(1, 'verify');"),
    "backfill_plpgsql": rates(300_000, "rename", 12, hand=all_by_hand),
    "backfill_latency": latency,
}
