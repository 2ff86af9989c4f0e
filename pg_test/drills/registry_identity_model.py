"""What should be governed after DDL: a model that knows names, oids and column numbers, and nothing of the product.

It is told what the catalog was before and after one statement and says what has to be stated afterwards. A name is a
pair (schema, relation). The rules, which docs/registry.md states in words:

  follows the relation   declaration, tags, levels, consumers, writers and open questions move with a rename
  waits under the name   what is stated about a relation that was dropped holds for the next one of that name
  left names             a relation that takes a name which a governed one left by a rename gets a copy of all it has
  leaving a tree         a partition or child keeps what governed it there; tags it alone bore stay behind, too
  strictest of both      where two meet, no level is lower than that of either, and a person is asked
"""

import copy

LEVELS = ["off", "observe", "warn", "enforce"]
# feature: default undeclared, declared, in bulk, analytical
DEFAULTS = {
    "guard.availability": ("observe", "warn", "observe", "observe"),
    "guard.breaks_clients": ("observe", "warn", "observe", "observe"),
    "guard.data_loss": ("observe", "enforce", "warn", "observe"),
    "guard.security": ("observe", "warn", "observe", "observe"),
    "privacy.masks": ("off", "enforce", "enforce", "enforce"),
    "lineage.tags": ("off", "observe", "observe", "observe"),
    "boundary.writers": ("off", "observe", "observe", "observe"),
}
GUARD = [f for f in DEFAULTS if f.startswith("guard")]
TABLES = "rpf"


class Catalog:
    """Relations, columns and trees at one moment."""

    def __init__(self, facts):
        self.name = {r["oid"]: (r["schema"], r["relation"]) for r in facts["relations"]}
        self.kind = {r["oid"]: r["kind"] for r in facts["relations"]}
        self.columns = {r["oid"]: r["columns"] for r in facts["relations"]}  # number: name
        self.oid = {name: oid for oid, name in self.name.items()}
        self.edges = {tuple(e) for e in facts["edges"]}  # child, parent
        self.schemas = facts["schemas"]

    def above(self, oid):
        """What it is a part of, itself included, nearest first."""
        found, front = [], [oid]
        while front:
            front = sorted(set(front), key=lambda o: self.name[o])
            found += [o for o in front if o not in found]
            front = [p for o in front for c, p in self.edges if c == o]
        return found

    def tree(self, oid):
        """All that is connected with it."""
        members, grown = {oid}, None
        while members != grown:
            grown = set(members)
            members |= {x for e in self.edges if grown & set(e) for x in e}
        return members

    def has_column(self, oid, column):
        return column in self.columns[oid].values()


class Stated:
    """Everything stated, by name."""

    def __init__(self):
        self.declared = {}  # name: (owner, class, in bulk)
        self.tags = {}  # name: {(column, tag)}
        self.levels = {}  # (scope, feature): (level, floor); a scope is ("d", schema, relation), ("s", schema) or ("c", class)
        self.consumers = {}  # name: {party: columns}
        self.writers = {}  # name: {role}
        self.audited = set()  # names, as observed: the audit has rules of its own
        self.left = {}  # name: what bore it is called today
        self.left_columns = {}  # name: {what a tagged column was called: what it is called today}
        self.asked = set()  # names with an open question, those of columns with the column as third

    def copy(self):
        return copy.deepcopy(self)

    def known(self, name):
        """Whether anything is stated about a name."""
        return (
            name in self.declared
            or bool(self.tags.get(name))
            or bool(self.consumers.get(name))
            or bool(self.writers.get(name))
            or name in self.audited
            or any(scope == ("d", *name) for scope, _ in self.levels)
        )

    def level(self, name, feature):
        """The level of one feature for a name: narrowest scope, then narrowest feature, then default; floors hold."""
        owner, kind, bulk = self.declared.get(name, (None, None, None))
        path = [feature, feature.split(".")[0]]
        scopes = [("d", *name), ("s", name[0])]
        if kind:
            scopes.insert(1, ("c", kind))
        chosen, floor = None, 0
        for scope in scopes + [("",)]:
            for f in path:
                level, is_floor = self.levels.get((scope, f), (None, False))
                if level is not None:
                    chosen = LEVELS.index(level) if chosen is None else chosen
                    floor = max(floor, LEVELS.index(level)) if is_floor else floor
        if chosen is None:
            declared = name in self.declared or (feature == "privacy.masks" and self.tags.get(name))
            column = 3 if kind == "analytical" else 0 if not declared else 2 if bulk else 1
            chosen = LEVELS.index(DEFAULTS[feature][column])
        return max(chosen, floor)

    def strictness(self, name):
        return {f: self.level(name, f) for f in DEFAULTS}

    def keep(self, name, *others):
        """Raises what is lower for a name than for any of these; says whether anything was."""
        want = {f: max(s[f] for s in (self.strictness(name), *others)) for f in DEFAULTS}
        raised = False
        for feature, level in want.items():
            if self.level(name, feature) < level:
                _, floor = self.levels.get((("d", *name), feature), (None, False))
                self.levels[("d", *name), feature] = (LEVELS[level], floor)
                raised = True
        return raised

    def copy_levels(self, old, new):
        for (scope, feature), level in list(self.levels.items()):
            if scope == ("d", *old):
                self.levels.setdefault((("d", *new), feature), level)

    def move_levels(self, old, new):
        for (scope, feature), (level, floor) in list(self.levels.items()):
            if scope == old:
                del self.levels[scope, feature]
                there, there_floor = self.levels.get((new, feature), ("off", False))
                stricter = max(level, there, key=LEVELS.index)
                self.levels[new, feature] = (stricter, floor or there_floor)

    def move(self, old, new):
        """A relation is called otherwise. Returns how strict both were, for settle()."""
        known = self.known(old)
        meets = known and self.known(new)
        both = [self.strictness(n) for n, counts in ((old, known), (new, meets)) if counts]
        clash = meets and self.says_more(old, new)
        mine, theirs = self.declared.pop(old, None), self.declared.get(new)
        if mine and not (theirs and mine[2] and not theirs[2]):
            self.declared[new] = mine
        self.tags[new] = self.tags.pop(old, set()) | self.tags.get(new, set())
        self.writers[new] = self.writers.pop(old, set()) | self.writers.get(new, set())
        self.consumers[new] = self.consumers.get(new, {}) | self.consumers.pop(old, {})
        if old in self.audited:
            self.audited = self.audited - {old} | {new}
        self.move_levels(("d", *old), ("d", *new))
        self.asked = {new + a[2:] if a[:2] == old else a for a in self.asked}
        self.left_columns[new] = self.left_columns.get(new, {}) | self.left_columns.pop(old, {})
        self.left = {n: new if h == old else h for n, h in self.left.items()}
        if known:
            self.left[old] = new
        return clash, both

    def says_more(self, mover, waiting):
        """Whether what waits under a name is anything else than what is stated about the relation that takes it."""
        declared, levels = self.declared.get(waiting), lambda n: {(f, x) for (s, f), x in self.levels.items() if s == ("d", *n)}
        return (
            (declared is not None and declared != self.declared.get(mover))
            or not self.tags.get(waiting, set()) <= self.tags.get(mover, set())
            or not self.writers.get(waiting, set()) <= self.writers.get(mover, set())
            or not set(self.consumers.get(waiting, ())) <= set(self.consumers.get(mover, ()))
            or not levels(waiting) <= levels(mover)
        )

    def settle(self, new, clash, both):
        """The second half of a move, when every name is in place."""
        if both and self.keep(new, *both) or clash:
            self.asked.add(new)

    def take_over(self, name):
        """A relation bears a name that another may have left."""
        heir = self.left.get(name)
        if heir is None or not self.known(heir):
            return
        del self.left[name]
        if heir == name:
            return
        both = [self.strictness(heir)] + ([self.strictness(name)] if self.known(name) else [])
        if name not in self.declared:
            self.copy_levels(heir, name)
            if heir in self.declared:
                self.declared[name] = self.declared[heir]
        self.tags[name] = self.tags.get(name, set()) | self.tags.get(heir, set())
        self.writers[name] = self.writers.get(name, set()) | self.writers.get(heir, set())
        self.consumers[name] = self.consumers.get(heir, {}) | self.consumers.get(name, {})
        self.left_columns[name] = self.left_columns.get(heir, {}) | self.left_columns.get(name, {})
        self.keep(name, *both)
        self.asked.add(name)

    def tree_tags(self, catalog, oid):
        """Tags that hold on a relation: of any member of its tree, on columns that it has."""
        tags = {t for m in catalog.tree(oid) for t in self.tags.get(catalog.name[m], ())}
        return {(c, t) for c, t in tags if catalog.has_column(oid, c)}

    def leave(self, after, child, parent, was_audited):
        """A partition or child became a table of its own."""
        name = after.name[child]
        above = [after.name[o] for o in after.above(parent) if after.name[o] in self.declared]
        both = [self.strictness(n) for n in above + [name]]
        asked = False
        if above and name not in self.declared:
            asked = True
            self.declared[name] = self.declared[above[0]]
            self.copy_levels(above[0], name)
        if parent not in after.tree(child):
            theirs, ours = self.all_tags(after, after.tree(parent)), self.all_tags(after, after.tree(child))
            self.leave_behind(after, [parent], after.tree(parent), ours)
            self.leave_behind(after, [child], after.tree(child), theirs)
        bounded = [after.name[o] for o in after.above(parent) if self.writers.get(after.name[o])]
        if bounded and not any(self.writers.get(after.name[o]) for o in after.above(child)):
            self.writers[name] = set(self.writers[bounded[0]])
            asked = True
        for o in after.above(parent):
            new = {p: c for p, c in self.consumers.get(after.name[o], {}).items() if p not in self.consumers.get(name, {})}
            if new:
                self.consumers[name] = self.consumers.get(name, {}) | new
                asked = True
        asked = self.keep(name, *both) or asked
        if asked or was_audited:
            self.asked.add(name)

    def all_tags(self, catalog, members):
        return {t for m in members if m in catalog.name for t in self.tags.get(catalog.name[m], ())}

    def leave_behind(self, after, first, tree, tags):
        """What is left of a tree keeps the tags of what is gone: the first member that has the column does."""
        order = first + sorted((m for m in tree if m in after.name and m not in first), key=lambda m: after.name[m])
        for column, tag in sorted(tags - self.all_tags(after, tree)):
            member = next((m for m in order if after.has_column(m, column)), None)
            if member:
                name = after.name[member]
                self.tags[name] = self.tags.get(name, set()) | {(column, tag)}
                self.asked.add(name)

    def step(self, before, after):
        """One statement of DDL turned one catalog into the other."""
        renamed_schemas = {
            old: after.schemas[oid]
            for oid, old in before.schemas.items()
            if oid in after.schemas and after.schemas[oid] != old
        }
        for old, new in renamed_schemas.items():
            self.rename_schema(old, new, after)
        for oid, old in sorted(before.name.items()):
            new = after.name.get(oid)
            if new and new != old and new != (renamed_schemas.get(old[0]), old[1]):
                self.settle(new, *self.move(old, new))
                self.take_over(new)
        for oid, name in sorted(after.name.items()):
            if oid not in before.name:
                self.take_over(name)
        for oid, columns in after.columns.items():
            for number, column in before.columns.get(oid, {}).items():
                if columns.get(number, column) != column:
                    self.rename_column(after.name[oid], column, columns[number])
        for oid, name in after.name.items():
            self.take_columns(after, oid, name)
        for oid, name in sorted(before.name.items(), key=lambda item: item[1]):
            if oid not in after.name:
                rest = before.tree(oid) & set(after.name)  # nothing, for most
                while rest:
                    order = [o for o in before.above(oid)[1:] if o in rest]
                    order += sorted(rest - set(order), key=lambda o: after.name[o])
                    tree = after.tree(order[0]) & rest
                    self.leave_behind(after, [o for o in order if o in tree], tree, self.tags.get(name, set()))
                    rest -= tree
        for child, parent in sorted(before.edges - after.edges):
            if child in after.name and parent in after.name:
                audited = [self.is_audited(after, o) for o in (parent, child)]
                self.leave(after, child, parent, audited == [True, False])

    def is_audited(self, catalog, oid):
        return any(catalog.name[o] in self.audited for o in catalog.above(oid))

    def rename_schema(self, old, new, after):
        named = set(self.declared) | set(self.tags) | set(self.consumers) | set(self.writers) | self.audited
        named |= {a[:2] for a in self.asked}
        named |= {scope[1:] for scope, _ in self.levels if scope[0] == "d"}
        moves = {}
        for name in sorted(n for n in named if n[0] == old):
            moves[new, name[1]] = self.move(name, (new, name[1]))
        for name, heir in list(self.left.items()):
            if name[0] == old and heir != (new, name[1]):
                self.left.setdefault((new, name[1]), heir)
        self.move_levels(("s", old), ("s", new))
        for now, of_both in moves.items():
            self.settle(now, *of_both)
        for name in after.oid:
            if name[0] == new:
                self.take_over(name)

    def take_columns(self, after, oid, name):
        """Columns that bear names which tagged ones left."""
        for column, heir in list(self.left_columns.get(name, {}).items()):
            if after.has_column(oid, column):
                del self.left_columns[name][column]
                tags = {(column, t) for c, t in self.tags.get(name, ()) if c == heir} - self.tags.get(name, set())
                if tags:
                    self.tags[name] |= tags
                    self.asked.add((*name, column))

    def rename_column(self, name, old, new):
        left = {c: new if heir == old else heir for c, heir in self.left_columns.get(name, {}).items()}
        if any(c in (old, new) for c, _ in self.tags.get(name, ())):
            left[old] = new
        self.left_columns[name] = left
        self.asked = {(*name, new) if a == (*name, old) else a for a in self.asked}
        self.tags[name] = {(new if c == old else c, t) for c, t in self.tags.get(name, ())}
        for party, columns in self.consumers.get(name, {}).items():
            if columns:
                self.consumers[name][party] = tuple(new if c == old else c for c in columns)

    def facts(self):
        """All of it in a form that can be compared."""
        return {
            "declared": self.declared,
            "tags": {n: t for n, t in self.tags.items() if t},
            "consumers": {n: c for n, c in self.consumers.items() if c},
            "writers": {n: w for n, w in self.writers.items() if w},
            "asked": self.asked,
        }
