"""Property test of identity: random schemas, random declarations, random DDL, and after every statement what the product
holds against what registry_identity_model.py says.

    SEED=7 ROUNDS=12 STEPS=60 pg_test/drills/registry_identity_random.sh
    SEED=7 ROUND=3 pg_test/drills/registry_identity_random.sh     one round alone; VERBOSE=1 shows each statement

A round is a list of steps, each plain SQL made from the catalog of the moment. Statements that PostgreSQL refuses are no
steps. Every other round runs with the library attached. A round that fails is run again with fewer and fewer steps until every one of them is needed.
"""

import os
import random
import subprocess
import sys
import time

from registry_identity_model import Catalog
from registry_identity_observed import Failed, Session, check, check_names, check_no_less, observed
from registry_identity_steps import ACTS, Generator, first_steps

SEED = int(os.environ.get("SEED") or random.SystemRandom().randrange(1_000_000))
ROUNDS = int(os.environ.get("ROUNDS", "12"))
STEPS = int(os.environ.get("STEPS", "60"))
ONLY = os.environ.get("ROUND")


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
        if how == "unseen":
            # Acts among them, which the model does not know before they have committed.
            if all(self.statement(sql) for sql in statements):
                self.session.run("SAVEPOINT here; ROLLBACK TO here;")
            self.session.run("ROLLBACK;")
            self.same("what was rolled back")
            return
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


def psql(database, sql):
    subprocess.run(["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", database, "-c", sql], check=True, capture_output=True)


def fresh(number, attached):
    database = f"random_{number}"
    psql("postgres", f"DROP DATABASE IF EXISTS {database}")
    psql("postgres", f"CREATE DATABASE {database}")
    psql(database, "SET client_min_messages = error; CREATE EXTENSION data_governance")
    if attached:
        psql(database, "SET client_min_messages = error; SELECT governance.attach()")
    return database


def play(steps, attached):
    """Runs given steps; the failure, or None."""
    round_ = Round(fresh("replay", attached))
    try:
        for step in steps:
            round_.run(step)
    except Failed as failure:
        return str(failure)
    finally:
        round_.session.end()
    return None


def shrink(steps, attached, budget):
    """Takes steps away as long as what is left still fails."""
    end, size = time.monotonic() + budget, max(1, len(steps) // 2)
    while size and time.monotonic() < end:
        at = 0
        while at < len(steps) and time.monotonic() < end:
            fewer = steps[:at] + steps[at + size :]
            if play(fewer, attached):
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
            lines += {"commit": ["COMMIT;"], "rollback": ["ROLLBACK;"], "savepoint": ["ROLLBACK TO here;", "COMMIT;"]}.get(step[2], ["ROLLBACK;"])
        else:
            lines.append(step[1])
    return "\n".join("    " + line for line in lines)


def main():
    psql("postgres", "CREATE ROLE random_one; CREATE ROLE random_two")
    done = statements = 0
    rounds = [int(ONLY)] if ONLY else range(ROUNDS)
    for number in rounds:
        generator = Generator(random.Random(SEED * 1000 + number))
        round_ = Round(fresh(number, number % 2 == 1))
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
            fewer = shrink(steps, number % 2 == 1, float(os.environ.get("SHRINK", "60")))
            print(f"fewest steps found ({len(fewer)}), after the parties one and two:\n{script(fewer)}\n  {play(fewer, number % 2 == 1)}")
            sys.exit(1)
        round_.session.end()
        psql("postgres", f"DROP DATABASE random_{number}")
        done += 1
        statements += round_.taken
    print(f"ok: seed {SEED}: {done} random schemas, {statements} statements, and always what the model says")


main()
