"""What is smaller than the noise of pairs: all sides at once, in turns, and ratios of the same weather."""

import os
import signal
import subprocess
import sys
import time

from tools import CPU_NOW, QUICK, Missing, interval

TRIPLES = int(os.environ.get("TRIPLES", 12 if QUICK else 40))

# What `pgbench -S` sends, and at the end: what the ledger has seen is written as it would be when the session ends, and the backend
# says what it has used since it was made.
SELECT_ONLY = f"""
\\set i :i + 1
\\set aid random(1, 100000 * :scale)
SELECT abalance FROM pgbench_accounts WHERE aid = :aid;
\\if :i = :last
SET governance.read_flush_after = 0;
SELECT {CPU_NOW.replace("::bigint", "")} AS cpu \\gset
\\shell echo cpu :cpu
\\endif
"""


# Each client runs for so long, then the next one.
SLICE = 0.03


def side_by_side(databases, transactions):
    """CPU seconds per transaction of `pgbench -S` in each database, connection included. All of them run at once, but one at a time:
    the others are stopped, in turns so short that whatever else the machine does meets all of them alike. The time is that of the
    backend's own clock in nanoseconds; the postmaster's sum counts in hundredths of a second."""
    script = f"{os.environ['DG_WORK']}/bench/select.pgbench"
    with open(script, "w", encoding="utf-8") as file:
        file.write(SELECT_ONLY)
    given = ["-n", "-M", "prepared", "-c", "1", "-t", str(transactions), "-f", script, "-s", "10", "-D", "i=0", "-D", f"last={transactions}"]
    clients = {}
    for database in databases:
        clients[database] = subprocess.Popen(["pgbench", *given, database], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        clients[database].send_signal(signal.SIGSTOP)
    running = list(clients.values())
    while running:
        for client in running:
            client.send_signal(signal.SIGCONT)
            time.sleep(SLICE)
            client.send_signal(signal.SIGSTOP)
        running = [client for client in running if client.poll() is None]
    took = {}
    for database, client in clients.items():
        out, err = client.communicate()
        used = [line.split()[1] for line in out.splitlines() if line.startswith("cpu ")]
        if client.returncode != 0 or not used:
            raise Missing((err.strip().splitlines() or ["pgbench says nothing"])[-1])
        took[database] = int(used[0]) / 1e9 / transactions
    return took


def one_by_one(measure):
    """The same for what cannot be stopped: each side for itself, but all of them soon after another."""
    return lambda sides: {side: measure(side) for side in sides}


def triples(name, measure, governed, twin, twin2):
    """Ratios governed/twin and twin2/twin, both of the same weather, the order turning."""
    ratios, null = [], []
    for i in range(TRIPLES):
        sides = (governed, twin, twin2)
        order = sides[i % 3 :] + sides[: i % 3]
        took = measure(order if i % 2 == 0 else order[::-1])
        ratios.append(took[governed] / took[twin])
        null.append(took[twin2] / took[twin])
        print(f"\r  {name}: {i + 1} of {TRIPLES}", end="", file=sys.stderr, flush=True)
    print("\r" + " " * 70 + "\r", end="", file=sys.stderr)
    return interval(ratios), interval(null)
