#!/usr/bin/env python3
"""The labelled set as SQL, and the score of what detect_pii() said about it.

  labels.py sql FILE [ROWS]         DDL and data on standard output
  labels.py score FILE HALF         lines `schema.table|column|tag|confidence` on standard input; HALF is dev, hold or all
"""
import hashlib, os, sys, zlib
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import values


def tables(path):
    found = []
    for line in open(path, encoding="utf-8"):
        line = line.strip()
        if line.startswith("table "):
            found.append((line.split(" ", 1)[1], []))
        elif line and not line.startswith("#"):
            name, type_, generator, tag = (p.strip() for p in line.split("|"))
            found[-1][1].append((name, type_, generator.split(), tag))
    return found


def half(table):
    """Which half a table is in; nothing but its name decides."""
    return "dev" if hashlib.sha256(table.encode()).digest()[0] % 2 == 0 else "hold"


def quote(name):
    return '"' + name.replace('"', '""') + '"'


def sql(path, rows):
    made = set()
    for table, columns in tables(path):
        schema, name = table.split(".")
        gen = values.Gen(zlib.crc32(table.encode()))
        if schema not in made:
            made.add(schema)
            print(f"CREATE SCHEMA {quote(schema)};")
        print(f"CREATE TABLE {quote(schema)}.{quote(name)} ({', '.join(quote(c) + ' ' + t for c, t, _, _ in columns)});")
        print(f"COPY {quote(schema)}.{quote(name)} FROM stdin;")
        for _ in range(rows):
            cells = []
            for _, _, (maker, *args), _ in columns:
                # Real columns have gaps.
                value = None if gen.r.random() < 0.04 else getattr(gen, maker)(*[int(a) if a.isdigit() and maker in ("tok", "d") else a for a in args])
                cells.append("\\N" if value is None else value.replace("\\", "\\\\").replace("\t", " "))
            print("\t".join(cells))
        print("\\.")


def score(path, which, lines):
    truth = {}
    for table, columns in tables(path):
        if which in ("all", half(table)):
            for column, _, _, tag in columns:
                if tag != "?":
                    truth[table, column] = set() if tag == "-" else set(tag.split("+"))
    said = {key: {} for key in truth}
    for line in lines:
        table, column, tag, confidence = line.rstrip("\n").split("|")
        if (table, column) in said:
            said[table, column][tag] = float(confidence)
    tags = sorted({t for s in truth.values() for t in s} | {t for s in said.values() for t in s})
    rows, total, buckets = [], [0, 0, 0], {}
    for tag in tags:
        right = sum(tag in truth[k] and tag in said[k] for k in truth)
        wrong = sum(tag not in truth[k] and tag in said[k] for k in truth)
        missed = sum(tag in truth[k] and tag not in said[k] for k in truth)
        rows.append((tag, right, wrong, missed))
        total = [a + b for a, b in zip(total, (right, wrong, missed))]
    for k in truth:
        for tag, confidence in said[k].items():
            b = buckets.setdefault(min(int(confidence * 10), 9), [0, 0])
            b[0] += tag in truth[k]
            b[1] += 1
    print(f"{which}: {len({k[0] for k in truth})} tables, {len(truth)} columns")
    print("| tag | right | wrong | missed | precision | recall |\n|---|---|---|---|---|---|")
    f = lambda a, b: "–" if a + b == 0 else f"{a / (a + b):.2f}"
    for tag, right, wrong, missed in rows + [("all", *total)]:
        print(f"| {tag} | {right} | {wrong} | {missed} | {f(right, wrong)} | {f(right, missed)} |")
    right, wrong, missed = total
    print(f"F1 {2 * right / max(1, 2 * right + wrong + missed):.3f}")
    for b in sorted(buckets):
        print(f"confidence {b / 10:.1f}: {buckets[b][0]} of {buckets[b][1]} right")
    for k in sorted(truth):
        if set(said[k]) != truth[k]:
            print(f"  differs: {k[0]}.{k[1]}: is {', '.join(sorted(truth[k])) or '-'}; said {', '.join(f'{t} {c:.2f}' for t, c in said[k].items()) or '-'}", file=sys.stderr)
    # Floors: for each tag with enough columns, and for all.
    return rows, total


if __name__ == "__main__":
    if sys.argv[1] == "sql":
        sql(sys.argv[2], int(sys.argv[3]) if len(sys.argv) > 3 else 300)
    else:
        rows, (right, wrong, missed) = score(sys.argv[2], sys.argv[3], sys.stdin)
        if len(sys.argv) > 5:
            least_precision, least_recall = float(sys.argv[4]), float(sys.argv[5])
            low = [t for t, r, w, m in rows + [("all", right, wrong, missed)]
                   if r + m >= 4 and (r < least_precision * (r + w) or r < least_recall * (r + m))]
            if low:
                sys.exit(f"below the floors of precision {least_precision} and recall {least_recall}: {', '.join(low)}")
