"""Random steps: acts, statements of DDL, and transactions as migration tools write them."""

import json

from registry_identity_model import LEVELS
from registry_identity_observed import q

SCHEMAS = ["s", "S", "s.1", 'q"q', "ü"]
RELATIONS = ["a", "A", "a_new", "a.b", 'a"b', "ä", "x" * 63, "it's"]
COLUMNS = ["email", "Email", "e.mail", 'x"y', "ж", "c" * 63]
TAGS = ["pii.contact.email", "pii.name", "secret.credential"]
CLASSES = ["master", "reference", "transactional", "analytical"]
FEATURES = ["guard", "guard.data_loss", "guard.breaks_clients", "privacy.masks", "boundary.writers"]


def lit(text):
    """A text as SQL has it."""
    return "'" + text.replace("'", "''") + "'"


# What acts state, as the model sees it. DDL has no business here.
def act_declare(m, _c, name, owner, kind, bulk):
    was = m.declared.get(name)
    m.declared[name] = (owner, kind, bulk and (was is None or was[2]))


def act_tag(m, _c, name, column, tag):
    m.tags.setdefault(name, set()).add((column, tag))


def act_untag(m, _c, name, column, tag):
    m.tags[name].discard((column, tag))


def act_forget(m, _c, name):
    del m.declared[name]
    m.consumers.pop(name, None)


def act_level(m, _c, scope, feature, level, floor):
    m.levels[scope, feature] = (level, floor)


def act_reset(m, _c, scope, feature):
    del m.levels[scope, feature]


def act_consumer(m, _c, name, party, columns):
    known = m.consumers.setdefault(name, {})
    known[party] = columns or known.get(party)


def act_writer(m, _c, name, role):
    m.writers.setdefault(name, set()).add(role)


def act_nothing(*_):
    pass


ACTS = {f[4:]: globals()[f] for f in list(globals()) if f.startswith("act_")}


def scope_sql(scope):
    return {"d": "dataset:", "s": "schema:", "c": "class:"}[scope[0]] + (scope[1] if scope[0] == "c" else q(*scope[1:]))


class Generator:
    """Makes steps that fit the catalog of the moment."""

    def __init__(self, rng):
        self.rng = rng
        self.values = 0

    def value(self):
        self.values += 1
        return self.values

    def pick(self, facts, kinds="rpvm", partition=None):
        fits = [
            (r["schema"], r["relation"])
            for r in facts["relations"]
            if r["kind"] in kinds and (partition is None or r["partition"] == partition)
        ]
        return self.rng.choice(sorted(fits)) if fits else None

    def name(self, facts, schema=None):
        return (schema or self.rng.choice(sorted(facts["schemas"].values())), self.rng.choice(RELATIONS))

    def columns(self, facts, name):
        relation = next(r for r in facts["relations"] if (r["schema"], r["relation"]) == name)
        return [c for _, c in sorted(relation["columns"].items()) if c != "k"]

    def act(self, facts):
        rng, name = self.rng, self.pick(facts)
        if not name:
            return self.create(facts)
        relation, columns = lit(q(*name)), self.columns(facts, name)
        column = rng.choice(columns) if columns else "k"
        party, kind, tag = rng.choice(["one", "two"]), rng.choice(CLASSES), rng.choice(TAGS)
        choice = rng.choice("declare declare bulk bulk tag tag tag untag forget level level level reset consumer writer audit".split())
        call = lambda f, *a: "SELECT governance." + f + "(" + ", ".join(a) + ");"
        if choice == "declare":
            return ("act", call("declare_dataset", relation, lit(party), lit(kind)), "declare", (name, party, kind, False))
        if choice == "bulk":
            document = {"format": "data_governance manifest", "version": 1, "datasets": [{"relation": q(*name), "owner": party, "class": kind, "in_bulk": True}]}
            if any((s, r) == name and not bulk for s, r, _, _, bulk in facts["declared"] or []):
                return self.act(facts)
            sql = f"SELECT count(*) FROM governance.apply_manifest({lit(json.dumps(document, ensure_ascii=False))}, dry_run => false);"
            return ("act", sql, "declare", (name, party, kind, True))
        if choice == "tag":
            return ("act", call("tag_column", relation, lit(column), lit(tag)), "tag", (name, column, tag))
        if choice == "untag":
            return ("act", call("untag_column", relation, lit(column), lit(tag), "'t'"), "untag", (name, column, tag))
        if choice == "forget":
            return ("act", call("forget_dataset", relation, "'t'"), "forget", (name,))
        if choice in ("level", "reset"):
            scope = rng.choice([("d", *name), ("d", *name), ("s", name[0]), ("c", kind)])
            feature = rng.choice(FEATURES)
            if choice == "reset":
                return ("act", call("reset_level", lit(feature), lit(scope_sql(scope)), "'t'"), "reset", (scope, feature))
            level, floor = rng.choice(LEVELS), rng.random() < 0.2
            sql = call("set_level", lit(feature), lit(level), lit(scope_sql(scope)), "'t'", f"floor => {str(floor).lower()}")
            return ("act", sql, "level", (scope, feature, level, floor))
        if choice == "consumer":
            some = tuple(columns[:2]) if rng.random() < 0.5 else None
            array = "ARRAY[" + ", ".join(map(lit, some)) + "]" if some else "NULL"
            return ("act", call("declare_consumer", relation, lit(party), array), "consumer", (name, party, some))
        if choice == "writer":
            role = rng.choice(["random_one", "random_two"])
            return ("act", call("declare_writer", relation, lit(role)), "writer", (name, role))
        return ("act", call("start_audit", relation), "nothing", ())

    def create(self, facts):
        return ("ddl", self.create_sql(facts))

    def create_sql(self, facts, name=None, like=None):
        rng = self.rng
        name = name or self.name(facts)
        columns = self.columns(facts, like) if like else rng.sample(COLUMNS, 3)
        written = ", ".join(f"{q(c)} text" for c in columns)
        written = f"(k int{', ' if written else ''}{written})"
        kind = rng.random()
        parent = self.pick(facts, "p")
        if not like and parent and kind < 0.2:
            return f"CREATE TABLE {q(*name)} PARTITION OF {q(*parent)} FOR VALUES IN ({self.value()});"
        if not like and kind < 0.3:
            return f"CREATE TABLE {q(*name)} {written} PARTITION BY LIST (k);"
        parent = self.pick(facts, "r", partition=False)
        if not like and parent and kind < 0.4:
            return f"CREATE TABLE {q(*name)} () INHERITS ({q(*parent)});"
        nulls = "1 AS k" + "".join(f", NULL::text AS {q(c)}" for c in columns)
        if kind > 0.9:
            return f"CREATE VIEW {q(*name)} AS SELECT {nulls};"
        if kind > 0.85:
            return f"CREATE MATERIALIZED VIEW {q(*name)} AS SELECT {nulls};"
        if kind > 0.8:
            return f"CREATE TABLE {q(*name)} AS SELECT {nulls};"
        return f"CREATE TABLE {q(*name)} {written};"

    def alter(self, facts, name):
        kind = next(r["kind"] for r in facts["relations"] if (r["schema"], r["relation"]) == name)
        exact = {"v": "ALTER VIEW", "m": "ALTER MATERIALIZED VIEW"}.get(kind, "ALTER TABLE")
        return self.rng.choice([exact, exact, "ALTER TABLE"])

    def drop(self, facts, name, cascade=""):
        kind = next(r["kind"] for r in facts["relations"] if (r["schema"], r["relation"]) == name)
        return {"v": "DROP VIEW", "m": "DROP MATERIALIZED VIEW"}.get(kind, "DROP TABLE") + f" {q(*name)}{cascade};"

    def rename(self, facts, name, new=None):
        new = new or self.rng.choice(RELATIONS)
        alter = "ALTER INDEX" if self.rng.random() < 0.05 else self.alter(facts, name)
        return f"{alter} {q(*name)} RENAME TO {q(new)};"

    def one(self, facts):
        """One statement of DDL."""
        rng, name = self.rng, self.pick(facts)
        if not name or rng.random() < 0.15:
            return self.create_sql(facts)
        columns = self.columns(facts, name)
        column, other = (rng.choice(columns) if columns else "k"), rng.choice(COLUMNS)
        table = self.pick(facts, "rp") or name
        choice = rng.choice(
            "rename rename rename rename schema schema schema column column column drop drop readd replace attach attach attach"
            " detach detach detach inherit inherit leave leave rename_schema drop_schema create_schema many type".split()
        )
        if choice == "rename":
            return self.rename(facts, name)
        if choice == "schema":
            return f"{self.alter(facts, name)} {q(*name)} SET SCHEMA {q(rng.choice(SCHEMAS))};"
        if choice == "column":
            alter = self.alter(facts, name) + (" ONLY" if rng.random() < 0.1 else "")
            return f"{alter} {q(*name)} RENAME COLUMN {q(column)} TO {q(other)};"
        if choice == "drop":
            return self.drop(facts, name, rng.choice(["", " CASCADE"]))
        if choice == "readd":
            columns = self.columns(facts, table)
            column = rng.choice(columns) if columns else other
            return rng.choice(
                [
                    f"ALTER TABLE {q(*table)} DROP COLUMN {q(column)} CASCADE, ADD COLUMN {q(column)} text;",
                    f"ALTER TABLE {q(*table)} DROP COLUMN {q(column)} CASCADE;",
                    f"ALTER TABLE {q(*table)} ADD COLUMN {q(other)} text;",
                    f"ALTER TABLE {q(*table)} ALTER COLUMN {q(column)} TYPE varchar(9), ADD COLUMN {q(other)} text;",
                ]
            )
        if choice == "replace":
            view = self.pick(facts, "v")
            if view:
                have = ", ".join(["1 AS k"] + [f"NULL::text AS {q(c)}" for c in self.columns(facts, view)])
                return f"CREATE OR REPLACE VIEW {q(*view)} AS SELECT {have}, NULL::text AS {q(other)};"
            return self.create_sql(facts)
        parent = self.pick(facts, "p")
        if choice == "attach" and parent:
            fits = [
                (r["schema"], r["relation"])
                for r in facts["relations"]
                if r["kind"] in "rp" and not r["partition"] and (r["schema"], r["relation"]) != parent
            ]
            fits = [f for f in fits if sorted(self.columns(facts, f)) == sorted(self.columns(facts, parent))]
            child = rng.choice(sorted(fits)) if fits else None
            # One that fits, where there is none.
            if not child or rng.random() < 0.3:
                return f"CREATE TABLE {q(*self.name(facts))} (LIKE {q(*parent)});"
            return f"ALTER TABLE {q(*parent)} ATTACH PARTITION {q(*child)} FOR VALUES IN ({self.value()});"
        by_oid = {r["oid"]: (r["schema"], r["relation"]) for r in facts["relations"]}
        edges = sorted((by_oid[c], by_oid[p]) for c, p in facts["edges"])
        partitions = {(r["schema"], r["relation"]) for r in facts["relations"] if r["partition"]}
        if choice == "detach" and any(c in partitions for c, _ in edges):
            child, parent = rng.choice([e for e in edges if e[0] in partitions])
            how = " CONCURRENTLY" if rng.random() < 0.3 else ""
            return f"ALTER TABLE {q(*parent)} DETACH PARTITION {q(*child)}{how};"
        if choice == "inherit":
            parent = self.pick(facts, "r", partition=False)
            if parent and rng.random() < 0.5:
                return f"CREATE TABLE {q(*self.name(facts))} (LIKE {q(*parent)});"
            if parent:
                return f"ALTER TABLE {q(*table)} INHERIT {q(*parent)};"
        if choice == "leave" and any(c not in partitions for c, _ in edges):
            child, parent = rng.choice([e for e in edges if e[0] not in partitions])
            return f"ALTER TABLE {q(*child)} NO INHERIT {q(*parent)};"
        schema = rng.choice(sorted(facts["schemas"].values()))
        if choice == "rename_schema":
            return f"ALTER SCHEMA {q(schema)} RENAME TO {q(rng.choice(SCHEMAS))};"
        if choice == "drop_schema" and len(facts["schemas"]) > 2 and rng.random() < 0.5:
            return f"DROP SCHEMA {q(schema)} CASCADE;"
        if choice == "many":
            second = self.pick(facts, "rp")
            return f"DROP TABLE {q(*table)}, {q(*second)} CASCADE;" if second else self.create_sql(facts)
        if choice == "type":
            composite = (schema, "random_type")
            return rng.choice(
                [
                    f"CREATE TYPE {q(*composite)} AS (k int, email text);",
                    f"CREATE TABLE {q(*self.name(facts))} OF {q(*composite)};",
                    f"ALTER TYPE {q(*composite)} RENAME ATTRIBUTE {q(rng.choice(COLUMNS))} TO {q(other)} CASCADE;",
                ]
            )
        return f"CREATE SCHEMA {q(rng.choice(SCHEMAS))};"

    def pattern(self, facts):
        """What tools do, as a transaction."""
        rng, name = self.rng, self.pick(facts)
        if not name:
            return [self.create_sql(facts)]
        schema, relation = name
        alter = lambda old, new: f"ALTER TABLE {q(schema, old)} RENAME TO {q(new)};"
        choice = rng.choice(["swap", "dbt", "gh-ost", "column", "column swap", "schemas"])
        if choice == "swap":
            other = self.pick(facts)
            if other == name or other[0] != schema:
                other = (schema, "fresh")
                make = [self.create_sql(facts, other, like=name)]
            else:
                make = []
            steps = make + [alter(relation, relation[:50] + "_old"), alter(other[1], relation)]
            return steps + ([self.drop(facts, name).replace(q(*name), q(schema, relation[:50] + "_old"))] if rng.random() < 0.5 else [])
        if choice == "dbt":
            base = relation[:40]
            return [
                self.create_sql(facts, (schema, base + "__dbt_tmp"), like=name),
                alter(relation, base + "__dbt_backup"),
                alter(base + "__dbt_tmp", relation),
                self.drop(facts, name, " CASCADE").replace(q(*name), q(schema, base + "__dbt_backup")),
            ]
        if choice == "gh-ost":
            base = relation[:50]
            return [
                f"CREATE TABLE {q(schema, '_' + base + '_gho')} (LIKE {q(*name)});",
                alter(relation, "_" + base + "_del"),
                alter("_" + base + "_gho", relation),
            ]
        columns = self.columns(facts, name)
        column = rng.choice(columns) if columns else "k"
        if choice == "column swap":
            other = rng.choice(COLUMNS)
            return [
                f"ALTER TABLE {q(*name)} ADD COLUMN IF NOT EXISTS {q(other)} text;",
                f"ALTER TABLE {q(*name)} RENAME COLUMN {q(column)} TO column_old;",
                f"ALTER TABLE {q(*name)} RENAME COLUMN {q(other)} TO {q(column)};",
            ]
        if choice == "column":
            return [
                f"ALTER TABLE {q(*name)} RENAME COLUMN {q(column)} TO column_old;",
                f"ALTER TABLE {q(*name)} ADD COLUMN {q(column)} text;",
            ]
        old, new = rng.choice(SCHEMAS), rng.choice(SCHEMAS)
        return [
            f"CREATE SCHEMA green;",
            f"ALTER TABLE {q(*name)} SET SCHEMA green;",
            f"ALTER SCHEMA {q(schema)} RENAME TO blue;",
            f"ALTER SCHEMA green RENAME TO {q(schema)};",
            f"ALTER SCHEMA blue RENAME TO {q(new if new != schema else old)};",
        ]

    def step(self, facts):
        rng, chance = self.rng, self.rng.random()
        if chance < 0.35:
            return self.act(facts)
        if chance < 0.5:
            return ("txn", self.pattern(facts), rng.choice(["commit", "commit", "commit", "rollback", "savepoint"]))
        if chance < 0.53:
            mixed = [s for s in (self.act(facts), self.pattern(facts), self.act(facts)) if s]
            statements = [sql for s in mixed for sql in (s if isinstance(s, list) else [s[1]])]
            return ("txn", statements, "unseen")
        if chance < 0.6:
            statements = [self.one(facts) for _ in range(rng.randint(2, 4))]
            return ("txn", statements, rng.choice(["commit", "rollback", "savepoint"]))
        sql = self.one(facts)
        if chance < 0.65:
            return ("ddl", f"DO {lit('BEGIN ' + 'EXECUTE ' + lit(sql) + '; END')};")
        if chance < 0.7:
            return ("ddl", f"SET session_replication_role = replica; {sql} RESET session_replication_role;")
        if chance < 0.75 and ("DROP" not in sql or "COLUMN" in sql):
            return ("ddl", f"SET search_path = {q(rng.choice(SCHEMAS))}, public; {sql} RESET search_path;")
        return ("ddl", sql)


def first_steps():
    """Three schemas with a partitioned table of two levels and a family of tables in two of them."""
    c = ", ".join(f"{q(c)} text" for c in COLUMNS[:3])
    made = [f"CREATE SCHEMA {q(s)};" for s in SCHEMAS[:3]]
    for s in SCHEMAS[:2]:
        made += [
            f"CREATE TABLE {q(s, 'a')} (k int, {c}) PARTITION BY LIST (k);",
            f"CREATE TABLE {q(s, 'A')} PARTITION OF {q(s, 'a')} FOR VALUES IN (1000) PARTITION BY LIST (k);",
            f"CREATE TABLE {q(s, 'ä')} PARTITION OF {q(s, 'A')} FOR VALUES IN (1000);",
            f"CREATE TABLE {q(s, 'a.b')} PARTITION OF {q(s, 'a')} FOR VALUES IN (1001);",
            f"CREATE TABLE {q(s, 'it' + chr(39) + 's')} (k int, {c});",
            f"CREATE TABLE {q(s, 'a_new')} () INHERITS ({q(s, 'it' + chr(39) + 's')});",
        ]
    return [("ddl", sql) for sql in made]
