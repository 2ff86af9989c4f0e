"""What the product holds, read through one psql, and what must be true of it whatever the model says."""

import json
import subprocess

from registry_identity_model import DEFAULTS, GUARD, LEVELS, TABLES, Catalog, Stated

STATE = """
SELECT jsonb_build_object(
  'schemas', coalesce((SELECT jsonb_object_agg(oid::text, nspname) FROM pg_namespace n WHERE {users}), '{{}}'),
  'relations', coalesce((SELECT jsonb_agg(jsonb_build_object('oid', c.oid::text, 'schema', n.nspname, 'relation', c.relname,
       'kind', c.relkind, 'partition', c.relispartition,
       'columns', (SELECT coalesce(jsonb_object_agg(attnum::text, attname), '{{}}') FROM pg_attribute
                    WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped),
       'triggers', (SELECT coalesce(jsonb_agg(tgname), '[]') FROM pg_trigger WHERE tgrelid = c.oid AND tgenabled = 'A'),
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
    """A name as SQL has it."""
    return ".".join('"' + n.replace('"', '""') + '"' for n in names)


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
        # What is audited is logged, and what has writers is watched.
        bounded = any(model.writers.get(catalog.name[o]) for o in catalog.above(oid))
        for wanted, trigger in ((product.is_audited(catalog, oid), "audit_row"), (bounded, "boundary_write")):
            if wanted and relation["kind"] in TABLES and f"data_governance_{trigger}" not in relation["triggers"]:
                raise Failed(f"{q(*catalog.name[oid])} lacks the trigger {trigger}")
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
