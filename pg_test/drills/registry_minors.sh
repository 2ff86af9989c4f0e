#!/usr/bin/env bash
# Another minor version of PostgreSQL, by the same library: dumps into the older and into the newer, the data directory taken
# over by the other's programs and back (what a package upgrade does), and pg_upgrade between the two. The other minor is
# whatever else the machine's package sources offer; its packages are unpacked below target/, never installed.
. "$(dirname "$0")/../lib.sh"
name=registry_minors
export PGOPTIONS='-c client_min_messages=warning'
here=$DG_BIN
here_version=$("$here/postgres" --version | sed 's/.*) //; s/ .*//')

# Unpacks the server packages of another minor; prints nothing where there is none.
other_minor() {
    local version
    version=$(apt-cache madison "postgresql-$DG_PG_MAJOR" 2>/dev/null | awk '{print $3}' | sort -u |
        awk -v here="$here_version" '{ v = $0; sub(/-.*/, "", v); if (v != here) print }' | head -n 1)
    [ -n "$version" ] || return 0
    local prefix=$DG_BASE/pg-minor-$version
    if [ ! -x "$prefix/usr/lib/postgresql/$DG_PG_MAJOR/bin/postgres" ]; then
        local work=$prefix.new package
        rm -rf "$work"
        mkdir -p -m 755 "$work/debs"
        for package in "postgresql-$DG_PG_MAJOR" "postgresql-client-$DG_PG_MAJOR"; do
            (cd "$work/debs" && apt-get -q download -o APT::Sandbox::User=root "$package=$version") >&2
        done
        for package in "$work"/debs/*.deb; do dpkg-deb -x "$package" "$work" >&2; done
        rm -r "$work/debs"
        mv "$work" "$prefix"
    fi
    printf '%s' "$prefix"
}

command -v apt-cache >/dev/null && [ -z "$(apt-cache madison "postgresql-$DG_PG_MAJOR" 2>/dev/null)" ] && [ "$(id -u)" = 0 ] && apt-get -q update >&2
prefix=$(other_minor)
if [ -z "$prefix" ]; then
    echo "MISSING another minor version of PostgreSQL $DG_PG_MAJOR: the package sources of this machine offer $here_version only"
    exit 0
fi
there=$prefix/usr/lib/postgresql/$DG_PG_MAJOR/bin
cp "$DG_PREFIX/lib/postgresql/$DG_PG_MAJOR/lib/data_governance.so" "$prefix/usr/lib/postgresql/$DG_PG_MAJOR/lib/"
cp "$DG_PREFIX/share/postgresql/$DG_PG_MAJOR/extension/"data_governance* "$prefix/usr/share/postgresql/$DG_PG_MAJOR/extension/"
there_version=$("$there/postgres" --version | sed 's/.*) //; s/ .*//')
echo "ok: $here_version and $there_version"

# Everything below is done by the programs of one or of the other.
trap 'DG_BIN=$here; dg_stop $name immediate; dg_stop ${name}_other immediate' EXIT
declared() {
    dg_sql -d "$1" -f - <<'SQL'
SELECT governance.manifest();
SELECT kind, schema_name, relation_name, column_name, value FROM governance.proposal WHERE state = 'rejected' ORDER BY id;
SQL
}
govern() {
    dg_sql -c 'CREATE ROLE app' -c 'CREATE ROLE clerk LOGIN' -c 'CREATE DATABASE governed'
    dg_sql -d governed >/dev/null <<'SQL'
CREATE SCHEMA "Sa.les";
CREATE TABLE "Sa.les"."Or""der" (id int PRIMARY KEY, "E Mail" text, gone int);
INSERT INTO "Sa.les"."Or""der" SELECT i, 'x' || i, i FROM generate_series(1, 50) i;
CREATE MATERIALIZED VIEW per_key AS SELECT id, "E Mail", count(*) FROM "Sa.les"."Or""der" GROUP BY id;
CREATE EXTENSION data_governance;
SELECT governance.declare_party('sales', db_roles => '{app}');
SELECT governance.declare_dataset('"Sa.les"."Or""der"', 'sales', 'master', max_staleness => '1 day 2 hours');
SELECT governance.declare_dataset('per_key', 'sales', 'analytical');
SELECT governance.declare_consumer('per_key', 'sales', '{id}', 'report');
SELECT governance.deprecate_column('"Sa.les"."Or""der"', 'gone', '2100-01-01');
SELECT governance.tag_column('"Sa.les"."Or""der"', 'E Mail', 'pii.contact.email');
SELECT governance.set_mask('pii.contact.email', 'constant', '{"value": "masked"}', reason => 'drill');
SELECT governance.set_level('guard.breaks_clients', 'warn', 'schema:"Sa.les"', floor => true);
SELECT governance.grant_duty('auditor', 'app');
SELECT governance.record_decision('rows in a heap', access_pattern => 'by key');
SELECT governance.start_audit('"Sa.les"."Or""der"');
SELECT governance.reject_proposal(id, 'no') FROM governance.proposals ORDER BY id LIMIT 1;
UPDATE "Sa.les"."Or""der" SET gone = 0 WHERE id < 10;
GRANT USAGE ON SCHEMA "Sa.les" TO clerk;
GRANT SELECT ON ALL TABLES IN SCHEMA "Sa.les" TO clerk;
SELECT governance.attach();
SQL
    dg_sql -d governed -c "SELECT governance.mask_role('clerk')"
}
# What a governed database does, whoever serves it.
works() {
    dg_is "$1: masks" masked "$(PGUSER=clerk dg_sql -d governed -c 'SELECT DISTINCT "E Mail" FROM "Sa.les"."Or""der"')"
    dg_sql -d governed -c 'UPDATE "Sa.les"."Or""der" SET gone = gone + 1 WHERE id = 40'
    dg_is "$1: audit" "$2" "$(dg_sql -d governed -c "SELECT count(*) FROM governance.history('\"Sa.les\".\"Or\"\"der\"', '40')")"
    dg_is "$1: guard" 1 "$(dg_sql -d governed -c 'DROP TABLE "Sa.les"."Or""der" CASCADE' 2>&1 | grep -c 'is refused')"
}

for pair in "$here|$there|into $there_version" "$there|$here|into $here_version"; do
    IFS='|' read -r from to what <<<"$pair"
    DG_BIN=$from
    dg_start $name
    govern
    want=$(declared governed)
    work=$(dg_as mktemp -d "$DG_WORK/minors.XXXXXX")
    "$DG_BIN/pg_dumpall" --globals-only >"$work/globals.sql"
    "$DG_BIN/pg_dump" -d governed -f "$work/plain.sql"
    "$DG_BIN/pg_dump" -d governed -Fc -f "$work/custom.dump"
    dg_stop $name
    DG_BIN=$to
    dg_start ${name}_other
    dg_sql -c 'CREATE DATABASE plain' -c 'CREATE DATABASE custom'
    dg_sql -f <(grep -v 'ROLE postgres' "$work/globals.sql") >/dev/null
    dg_sql -d plain -f "$work/plain.sql" >/dev/null
    "$to/pg_restore" -d custom "$work/custom.dump"
    dg_is "$what: everything declared (plain)" "$want" "$(declared plain)"
    dg_is "$what: everything declared (custom)" "$want" "$(declared custom)"
    dg_sql -d plain -c 'SELECT * FROM governance.confirm_restore()' >/dev/null
    dg_is "$what: it can be governed on" 1 "$(dg_sql -d plain -c 'DROP TABLE "Sa.les"."Or""der" CASCADE' 2>&1 | grep -c 'is refused')"
    dg_stop ${name}_other
    rm -rf "$work"

    # The same data directory under the other's programs, and back.
    dg_up $name
    dg_is "$what, in place: not restoring" f "$(dg_sql -d governed -c 'SELECT governance._restoring()')"
    dg_is "$what, in place: everything declared" "$want" "$(declared governed)"
    works "$what, in place" 1
    dg_stop $name
    DG_BIN=$from
    dg_up $name
    dg_is "$what and back: everything declared" "$want" "$(declared governed)"
    works "$what and back" 2
    dg_stop $name

    # pg_upgrade goes forward only: what 15.20 notes of every column, 15.18's cannot read.
    [ "$(printf '%s\n' "$here_version" "$there_version" | sort -V | tail -n 1)" = "${what#into }" ] || continue
    DG_BIN=$to
    dg_start ${name}_other
    dg_stop ${name}_other
    dg_as mkdir "$DG_WORK/${name}_other/run"
    # shellcheck disable=SC2016
    if ! dg_as bash -c 'cd "$1" && exec "$2/pg_upgrade" -b "$3" -B "$2" -d "$4" -D "$5" -U postgres -s "$1"' - "$DG_WORK/${name}_other/run" \
        "$to" "$from" "$DG_WORK/$name/data" "$DG_WORK/${name}_other/data" >"$DG_WORK/$name.out" 2>&1; then
        cat "$DG_WORK/$name.out"
        dg_fail "pg_upgrade $what"
    fi
    dg_up ${name}_other
    dg_is "pg_upgrade $what: everything declared" "$want" "$(declared governed)"
    dg_sql -d governed -c 'SELECT * FROM governance.confirm_restore()' >/dev/null
    works "pg_upgrade $what" 3
    dg_stop ${name}_other
done
rm -f "$DG_WORK/$name.out"
