"""What the benchmarks measure with."""

import math
import os
import subprocess
import sys
import time

QUICK = os.environ.get("QUICK") == "1"
PAIRS = int(os.environ.get("PAIRS", 6 if QUICK else 20))
POSTMASTER = int(open(f"{os.environ['DG_WORK']}/bench/data/postmaster.pid").readline())
TICKS = os.sysconf("SC_CLK_TCK")


class Missing(Exception):
    """What a benchmark needs is not there."""


def psql(database, script, user="postgres"):
    """Runs a script in one session and returns its output lines."""
    done = subprocess.run(
        ["psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-U", user, "-d", database, "-f", "-"],
        input="SET client_min_messages = warning;\n" + script,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise Missing(done.stderr.strip().splitlines()[0])
    return done.stdout.split("\n")


def cpu_of_ended_backends():
    """Seconds of CPU of all server processes that have ended: the postmaster waits for each."""
    fields = open(f"/proc/{POSTMASTER}/stat").read().rsplit(")", 1)[1].split()
    return (int(fields[13]) + int(fields[14])) / TICKS


def pgbench(database, transactions, *arguments):
    """CPU seconds per transaction of a pgbench run."""
    time.sleep(0.05)  # sessions before it are no part of it
    before = cpu_of_ended_backends()
    done = subprocess.run(
        ["pgbench", "-n", "-M", "prepared", "-c", "1", "-t", str(transactions), *arguments, database],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise Missing(done.stderr.strip().splitlines()[-1])
    time.sleep(0.05)  # the postmaster reaps
    return (cpu_of_ended_backends() - before) / transactions


# The first number of schedstat is the time on the CPU in nanoseconds; /proc/self is the backend that reads it.
CPU_NOW = "split_part(pg_read_file('/proc/self/schedstat'), ' ', 1)::bigint"


def in_session(database, statement, user="postgres", before="", after=""):
    """CPU seconds that a session's backend used for a statement."""
    lines = psql(
        database,
        f"{before}\nSELECT {CPU_NOW} AS t0 \\gset\n\\o /dev/null\n{statement}\n\\o\n"
        f"SELECT 'cpu ' || ({CPU_NOW} - :t0);\n{after}\n",
        user,
    )
    return next(int(line.split()[1]) for line in lines if line.startswith("cpu ")) / 1e9


def interval(ratios):
    """Median and its 95 % interval by order statistics."""
    ordered, n = sorted(ratios), len(ratios)
    median = (ordered[(n - 1) // 2] + ordered[n // 2]) / 2
    low = 0
    while sum(math.comb(n, i) for i in range(low + 2)) / 2**n <= 0.025:
        low += 1
    return median, ordered[low], ordered[n - 1 - low]


def pairs(name, measure, governed, twin, compare=lambda a, b: a / b, count=PAIRS):
    """Ratios governed/twin, or their differences, the order alternating."""
    ratios = []
    for i in range(count):
        order = (governed, twin) if i % 2 == 0 else (twin, governed)
        took = {side: measure(side) for side in order}
        ratios.append(compare(took[governed], took[twin]))
        if sys.stderr.isatty():
            print(f"\r  {name}: pair {i + 1} of {count}", end="", file=sys.stderr, flush=True)
    if sys.stderr.isatty():
        print("\r" + " " * 70 + "\r", end="", file=sys.stderr)
    return interval(ratios)


def new_database(name, governed, attached=False):
    """A database; the same for both but for the extension."""
    psql("postgres", f"DROP DATABASE IF EXISTS {name}")
    psql("postgres", f"CREATE DATABASE {name}")
    if governed:
        psql(name, "CREATE EXTENSION data_governance")
        psql(name, "SELECT governance.declare_party('bench', db_roles => '{postgres}')")
    if attached:
        psql(name, "SELECT governance.attach()")


def timed(database, statement, before="", after=""):
    """Seconds that a statement took, by the clock."""
    begin = "SELECT extract(epoch FROM clock_timestamp()) AS t0 \\gset\n"
    end = "\nSELECT 'took ' || (extract(epoch FROM clock_timestamp()) - :t0);\n"
    lines = psql(database, f"{before}\n{begin}\\o /dev/null\n{statement}\n\\o{end}{after}\n")
    return next(float(line.split()[1]) for line in lines if line.startswith("took "))
