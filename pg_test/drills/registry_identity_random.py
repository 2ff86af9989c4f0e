"""Property test of identity: random schemas, random declarations, random DDL, and after every statement what the product
holds against what registry_identity_model.py says.

    SEED=7 ROUNDS=6 STEPS=60 pg_test/drills/registry_identity_random.sh
    REPLAY=1 SEED=… ROUND=… shows and shrinks one round that fails

A round is a list of steps, each plain SQL made from the catalog of the moment. Statements that PostgreSQL refuses are no
steps. A round that fails is run again with fewer and fewer steps until every one of them is needed.
"""

import json
import os
import random
import subprocess
import sys
import time

from registry_identity_model import DEFAULTS, GUARD, LEVELS, TABLES, Catalog, Stated

SEED = int(os.environ.get("SEED") or random.SystemRandom().randrange(1_000_000))
ROUNDS = int(os.environ.get("ROUNDS", "6"))
STEPS = int(os.environ.get("STEPS", "60"))
ONLY = os.environ.get("ROUND")
LIMIT = float(os.environ.get("SECONDS_LIMIT", "0"))

SCHEMAS = ["s", "S", "s.1", 'q"q', "ü"]
RELATIONS = ["a", "A", "a_new", "a.b", 'a"b', "ä", "x" * 63, "it's"]
COLUMNS = ["email", "Email", "e.mail", 'x"y', "ж", "c" * 63]
TAGS = ["pii.contact.email", "pii.name", "secret.credential"]
CLASSES = ["master", "reference", "transactional", "analytical"]
FEATURES = ["guard", "guard.data_loss", "guard.breaks_clients", "privacy.masks", "boundary.writers"]

STATE = """
SELECT jsonb_build_object(
  'schemas', coalesce((SELECT jsonb_object_agg(oid::text, nspname) FROM pg_namespace n WHERE {users}), '{{}}'),
  'relations', coalesce((SELECT jsonb_agg(jsonb_build_object('oid', c.oid::text, 'schema', n.nspname, 'relation', c.relname,
       'kind', c.relkind, 'partition', c.relispartition,
       'columns', (SELECT coalesce(jsonb_object_agg(attnum::text, attname), '{{}}') FROM pg_attribute
                    WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped),
       'levels', (SELECT jsonb_object_agg(feature, level) FROM governance.effective_levels(c.oid)
                   WHERE feature LIKE 'guard.%' AND feature NOT LIKE '%-%')))
     FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE {users} AND c.relkind IN ('r', 'p', 'v', 'm', 'f')), '[]'),
  'edges', coalesce((SELECT jsonb_agg(jsonb_build_array(inhrelid::text, inhparent::text))
     FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE c.relkind IN ('r', 'p', 'f')), '[]'),
  'declared', (SELECT jsonb_agg(jsonb_build_array(schema_name, relation_name, owner, class, in_bulk)) FROM governance._dataset),
  'tags', (SELECT jsonb_agg(jsonb_build_array(schema_name, relation_name, column_name, tag)) FROM governance._column_tag),
  'levels', (SELECT jsonb_agg(jsonb_build_array(feature, scope, level, floor)) FROM governance.level WHERE level IS NOT NULL),
  'consumers', (SELECT jsonb_agg(jsonb_build_array(schema_name, relation_name, party, columns)) FROM governance.consumer),
  'writers', (SELECT jsonb_agg(jsonb_build_array(schema_name, relation_name, role)) FROM governance._declared_writer),
  'audited', (SELECT jsonb_agg(jsonb_build_array(schema_name, relation_name)) FROM governance._audited_relation),
  'asked', (SELECT jsonb_agg(CASE WHEN column_name IS NULL THEN jsonb_build_array(schema_name, relation_name)
             ELSE jsonb_build_array(schema_name, relation_name, column_name) END) FROM governance.proposal
             WHERE kind = 'identity' AND state = 'open')
);
""".format(users="n.nspname NOT IN ('governance', 'information_schema', 'public') AND n.nspname !~ '^pg_'").replace("\n", " ")


def q(*names):
    return ".".join('"' + n.replace('"', '""') + '"' for n in names)


def lit(text):
    return "'" + text.replace("'", "''") + "'"


class Failed(Exception):
    """The product does not do what the model says."""


class Session:
    """One psql that lives as long as a round."""

    def __init__(self, database):
        self.psql = subprocess.Popen(
            ["psql", "-X", "-q", "-A", "-t", "-v", "VERBOSITY=verbose", "-d", database],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, sql):
        """Output lines and errors of a script."""
        self.psql.stdin.write(sql + "\n\\echo <end>\n")
        self.psql.stdin.flush()
        lines = []
        for line in self.psql.stdout:
            if line == "<end>\n":
                return lines, [x for x in lines if "ERROR:  " in x or "FATAL:  " in x or "PANIC:  " in x]
            lines.append(line.rstrip("\n"))
        raise Failed("the session ended: " + "\n".join(lines[-5:]))

    def state(self):
        lines, errors = self.run(STATE)
        if errors or not lines:
            raise Failed("cannot read the state: " + " ".join(lines))
        return json.loads(lines[-1])

    def end(self):
        self.psql.stdin.close()
        self.psql.wait()


def parse_scope(scope):
    """`dataset:"S".a` as the model has it."""
    kind, _, rest = scope.partition(":")
    names, name, quoted = [], "", False
    for c in rest.replace('""', "\0"):
        if c == '"':
            quoted = not quoted
        elif c == "." and not quoted:
            names.append(name)
            name = ""
        else:
            name += c
    names.append(name)
    return (kind[:1], *(n.replace("\0", '"') for n in names)) if scope else ("",)


def observed(facts):
    """What the product holds, as the model's own type."""
    s = Stated()
    for schema, relation, owner, kind, bulk in facts["declared"] or []:
        s.declared[schema, relation] = (owner, kind, bulk)
    for schema, relation, column, tag in facts["tags"] or []:
        s.tags.setdefault((schema, relation), set()).add((column, tag))
    for feature, scope, level, floor in facts["levels"] or []:
        s.levels[parse_scope(scope), feature] = (level, floor)
    for schema, relation, party, columns in facts["consumers"] or []:
        s.consumers.setdefault((schema, relation), {})[party] = tuple(columns) if columns else None
    for schema, relation, role in facts["writers"] or []:
        s.writers.setdefault((schema, relation), set()).add(role)
    s.audited = {tuple(n) for n in facts["audited"] or []}
    s.asked = {tuple(n) for n in facts["asked"] or []}
    return s


def check(model, catalog, facts):
    """The product against the model."""
    product = observed(facts)
    want, have = model.facts(), product.facts()
    for what, expected in want.items():
        if expected != have[what]:
            names = set(expected) ^ set(have[what])
            if isinstance(expected, dict):
                names |= {n for n in expected if n in have[what] and expected[n] != have[what][n]}
            name = sorted(names)[0]
            of = lambda facts: facts.get(name) if isinstance(facts, dict) else name in facts
            raise Failed(f"{what} of {q(*name)}: expected {of(expected)}, got {of(have[what])}")
    for name in set(model.declared) | set(model.tags) | set(catalog.oid):
        for feature in DEFAULTS:
            expected, got = model.level(name, feature), product.level(name, feature)
            if expected != got:
                raise Failed(f"{feature} of {q(*name)}: expected {LEVELS[expected]}, got {LEVELS[got]}")
    for relation in facts["relations"]:
        oid = relation["oid"]
        above = [catalog.name[oid]] + [n for n in (catalog.name[o] for o in catalog.above(oid)) if n in model.declared]
        for feature in GUARD:
            expected = LEVELS[max(model.level(n, feature) for n in above)]
            if relation["levels"][feature] != expected:
                raise Failed(
                    f"effective {feature} of {q(*catalog.name[oid])}: expected {expected}, got {relation['levels'][feature]}"
                )


def protection(facts):
    """How each relation is protected, by oid: levels and tags by column number. Knows nothing of the model's rules."""
    catalog, product = Catalog(facts), observed(facts)
    found = {}
    for relation in facts["relations"]:
        oid = relation["oid"]
        tags = product.tree_tags(catalog, oid)
        by = [n for n in (catalog.name[o] for o in catalog.above(oid)) if n in product.declared]
        by += [catalog.name[oid]] if product.known(catalog.name[oid]) else []
        found[oid] = (
            {f: max(product.level(n, f) for n in by) if by else 0 for f in GUARD},
            {(number, t) for number, column in catalog.columns[oid].items() for c, t in tags if c == column},
            product.is_audited(catalog, oid) and relation["kind"] in TABLES,
        )
    return found


def check_no_less(before, after):
    """DDL leaves no governed relation that lives less protected than it was."""
    old, new = protection(before), protection(after)
    catalogs = Catalog(before), Catalog(after)
    for oid in old.keys() & new.keys():
        name = q(*catalogs[1].name[oid])
        for feature, level in old[oid][0].items():
            if new[oid][0][feature] < level:
                raise Failed(f"{name} is less protected: {feature} {LEVELS[level]} became {LEVELS[new[oid][0][feature]]}")
        lost = {(n, t) for n, t in old[oid][1] - new[oid][1] if n in catalogs[1].columns[oid]}
        if lost:
            raise Failed(f"{name} lost tags of its columns: {sorted(lost)}")
        if old[oid][2] and not new[oid][2]:
            raise Failed(f"{name} is not audited any more")


def check_names(began, ended):
    """A name that bears another relation after a transaction is as protected as before, whatever it is a part of."""
    old, new = Catalog(began), Catalog(ended)
    was, now = observed(began), observed(ended)
    for name in old.oid.keys() & new.oid.keys():
        oid = old.oid[name]
        if oid == new.oid[name]:
            others = {c for n, c in new.columns[oid].items() if old.columns[oid].get(n) != c}
            if {(c, t) for c, t in was.tags.get(name, ()) if c in others} - now.tags.get(name, set()):
                raise Failed(f"names of columns of {q(*name)} lost tags")
            continue
        if not was.known(name):
            continue
        for feature in DEFAULTS:
            if was.level(name, feature) > now.level(name, feature):
                raise Failed(f"the name {q(*name)} is less protected: {feature}")
        if was.tags.get(name, set()) - now.tags.get(name, set()):
            raise Failed(f"the name {q(*name)} lost tags")
        both_tables = old.kind[old.oid[name]] in TABLES and new.kind[new.oid[name]] in TABLES
        if name in was.audited and both_tables and not now.is_audited(new, new.oid[name]):
            raise Failed(f"the name {q(*name)} is not audited any more")


class Round:
    """Runs steps and keeps the model beside them."""

    def __init__(self, database):
        self.session = Session(database)
        self.session.run(
            "SET client_min_messages = error; SET governance.reason = 'random';"
            "SELECT governance.declare_party('one'), governance.declare_party('two');"
            "SELECT governance.break_glass('random', '{data_loss,breaks_clients,availability,security}', NULL, 'postgres', 100);"
        )
        self.facts = self.session.state()
        self.model = observed(self.facts)
        self.statements = 0
        self.taken = 0

    def run(self, step):
        """One step: an act, a statement of DDL, or a transaction of them."""
        self.statements += 1
        if self.statements % 20 == 0:
            self.session.run(
                "SELECT governance.break_glass('random', '{data_loss,breaks_clients,availability,security}', NULL, 'postgres', 100);"
            )
        if step[0] == "act":
            self.act(step)
        elif step[0] == "ddl":
            began = self.facts
            self.ddl(step[1])
            check_names(began, self.facts)
        else:
            self.transaction(step[1], step[2])

    def statement(self, sql):
        """Runs one; says whether PostgreSQL took it. Errors of ours are failures, and so are broken promises."""
        _, errors = self.session.run(sql)
        if os.environ.get("VERBOSE"):
            print("FAIL" if errors else "done", sql, *errors)
        self.taken += not errors
        for error in errors:
            code = error.split("ERROR:  ")[-1][:5]
            if code[:2] in ("XX", "23", "40", "57") and code != "23514" or "governance: " in error:
                raise Failed(error)
            if "is refused: the dataset is governed" in error:
                raise Failed("break-glass ran out: " + error)
        return not errors

    def act(self, step):
        _, sql, change, arguments = step
        if self.statement(sql):
            self.facts = self.session.state()
            ACTS[change](self.model, Catalog(self.facts), *arguments)
            self.model.audited = observed(self.facts).audited
            check(self.model, Catalog(self.facts), self.facts)

    def ddl(self, sql):
        if not self.statement(sql):
            return False
        before, after = self.facts, self.session.state()
        self.model.audited = observed(before).audited
        self.model.step(Catalog(before), Catalog(after))
        self.model.audited = observed(after).audited
        self.facts = after
        check(self.model, Catalog(after), after)
        check_no_less(before, after)
        return True

    def transaction(self, statements, how):
        began, kept = self.facts, self.model.copy()
        self.session.run("BEGIN;")
        saved = None
        for n, sql in enumerate(statements):
            if how == "savepoint" and n == len(statements) // 2:
                self.session.run("SAVEPOINT here;")
                saved = (self.facts, self.model.copy())
            if not self.ddl(sql):
                how = "rollback"  # the transaction is aborted
                break
        if how == "savepoint" and saved:
            self.session.run("ROLLBACK TO here;")
            self.facts, self.model = saved
            self.same("what a savepoint took back")
            how = "commit"
        if how == "commit":
            self.session.run("COMMIT;")
            self.same("a commit")
            check_names(began, self.facts)
        else:
            self.session.run("ROLLBACK;")
            self.facts, self.model = began, kept
            self.same("what was rolled back")

    def same(self, what):
        """Nothing is otherwise than before."""
        facts = self.session.state()
        if facts != self.facts:
            parts = [k for k in facts if facts[k] != self.facts[k] and sorted(map(str, facts[k] or [])) != sorted(map(str, self.facts[k] or []))]
            if parts:
                raise Failed(f"{what} left something: {', '.join(parts)}")
        self.facts = facts


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


def psql(database, sql):
    subprocess.run(["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", database, "-c", sql], check=True, capture_output=True)


def fresh(number):
    database = f"random_{number}"
    psql("postgres", f"DROP DATABASE IF EXISTS {database}")
    psql("postgres", f"CREATE DATABASE {database}")
    psql(database, "SET client_min_messages = error; CREATE EXTENSION data_governance")
    return database


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


def play(steps):
    """Runs given steps; the failure, or None."""
    round_ = Round(fresh("replay"))
    try:
        for step in steps:
            round_.run(step)
    except Failed as failure:
        return str(failure)
    finally:
        round_.session.end()
    return None


def shrink(steps, budget):
    """Takes steps away as long as what is left still fails."""
    end, size = time.monotonic() + budget, max(1, len(steps) // 2)
    while size and time.monotonic() < end:
        at = 0
        while at < len(steps) and time.monotonic() < end:
            fewer = steps[:at] + steps[at + size :]
            if play(fewer):
                steps = fewer
            else:
                at += size
        size //= 2
    return steps


def script(steps):
    lines = []
    for step in steps:
        if step[0] == "txn":
            half = len(step[1]) // 2
            lines.append("BEGIN;")
            for n, sql in enumerate(step[1]):
                if step[2] == "savepoint" and n == half:
                    lines.append("SAVEPOINT here;")
                lines.append(sql)
            lines += {"commit": ["COMMIT;"], "rollback": ["ROLLBACK;"], "savepoint": ["ROLLBACK TO here;", "COMMIT;"]}[step[2]]
        else:
            lines.append(step[1])
    return "\n".join("    " + line for line in lines)


def main():
    psql("postgres", "CREATE ROLE random_one; CREATE ROLE random_two")
    done = statements = 0
    began = time.monotonic()
    rounds = [int(ONLY)] if ONLY else range(ROUNDS)
    for number in rounds:
        if LIMIT and time.monotonic() - began > LIMIT:
            break
        generator = Generator(random.Random(SEED * 1000 + number))
        round_ = Round(fresh(number))
        steps = []
        try:
            for step in first_steps():
                steps.append(step)
                round_.run(step)
            for _ in range(STEPS):
                steps.append(generator.step(round_.facts))
                round_.run(steps[-1])
        except Failed as failure:
            round_.session.end()
            print(f"FAILED: seed {SEED}, round {number}, step {len(steps)}: {failure}")
            print(f"again: SEED={SEED} ROUND={number} STEPS={STEPS} pg_test/drills/registry_identity_random.sh")
            fewer = shrink(steps, float(os.environ.get("SHRINK", "60")))
            print(f"fewest steps found ({len(fewer)}), after the parties one and two:\n{script(fewer)}\n  {play(fewer)}")
            sys.exit(1)
        round_.session.end()
        psql("postgres", f"DROP DATABASE random_{number}")
        done += 1
        statements += round_.taken
    print(f"ok: seed {SEED}: {done} random schemas, {statements} statements, and always what the model says")


main()
