# shellcheck shell=bash
# What every script here needs: a private PostgreSQL installation below target/, and private clusters on it.
#
# The installation is a copy of the system's PostgreSQL programs with links to the rest; PostgreSQL finds its own files
# relative to its programs, so the extension is installed there and no server of the machine ever sees it.
set -euo pipefail

DG_ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
DG_TARGET=${CARGO_TARGET_DIR:-$DG_ROOT/target}
DG_PG_MAJOR=${DG_PG_MAJOR:-15}
DG_SYSTEM_PG_CONFIG=${PG_CONFIG:-/usr/lib/postgresql/$DG_PG_MAJOR/bin/pg_config}
DG_PREFIX=$DG_TARGET/pg
DG_BIN=$DG_PREFIX/lib/postgresql/$DG_PG_MAJOR/bin
DG_SHARED=${DG_SHARED:-$DG_ROOT/../shared}
export PGRX_HOME=${PGRX_HOME:-$DG_TARGET/pgrx}
# A backtrace in every error's DETAIL would differ from the expected output.
unset RUST_BACKTRACE
# Nothing of the caller's own PostgreSQL settings may leak in.
unset PGHOST PGPORT PGUSER PGDATABASE PGOPTIONS PGPASSWORD PGSERVICE PGAPPNAME
export LC_ALL=C.UTF-8 LANG=C.UTF-8

dg_say() { printf '\033[1m== %s\033[0m\n' "$*" >&2; }

# The private installation; made once.
dg_prefix() {
    local bin lib share include
    bin=$("$DG_SYSTEM_PG_CONFIG" --bindir)
    lib=$("$DG_SYSTEM_PG_CONFIG" --pkglibdir)
    share=$("$DG_SYSTEM_PG_CONFIG" --sharedir)
    include=$("$DG_SYSTEM_PG_CONFIG" --pkgincludedir)
    if [ ! -x "$DG_BIN/postgres" ] || ! cmp -s "$bin/postgres" "$DG_BIN/postgres"; then
        dg_say "making a private PostgreSQL $DG_PG_MAJOR installation in $DG_PREFIX"
        rm -rf "$DG_PREFIX"
        mkdir -p "$DG_BIN" "$DG_PREFIX/lib/postgresql/$DG_PG_MAJOR/lib" \
            "$DG_PREFIX/share/postgresql/$DG_PG_MAJOR" "$DG_PREFIX/include"
        cp -a "$bin/." "$DG_BIN/"
        cp -as "$lib/." "$DG_PREFIX/lib/postgresql/$DG_PG_MAJOR/lib/"
        cp -as "$share/." "$DG_PREFIX/share/postgresql/$DG_PG_MAJOR/"
        ln -sfn "$include" "$DG_PREFIX/include/postgresql"
        # Links to an installed copy of this extension would be written through.
        rm -f "$DG_PREFIX/lib/postgresql/$DG_PG_MAJOR/lib/data_governance.so" \
            "$DG_PREFIX/share/postgresql/$DG_PG_MAJOR/extension/"data_governance*
    fi
    mkdir -p "$PGRX_HOME"
    printf '[configs]\npg%s = "%s"\n' "$DG_PG_MAJOR" "$DG_BIN/pg_config" >"$PGRX_HOME/config.toml.new"
    if cmp -s "$PGRX_HOME/config.toml.new" "$PGRX_HOME/config.toml"; then
        rm "$PGRX_HOME/config.toml.new"
    else
        mv "$PGRX_HOME/config.toml.new" "$PGRX_HOME/config.toml"
    fi
}

# Builds and installs the extension into the private installation: dg_install [--release].
dg_install() {
    dg_prefix
    dg_say "building and installing data_governance ${1:-(debug)}"
    (cd "$DG_ROOT" && cargo pgrx install "$@" --pg-config "$DG_BIN/pg_config" \
        --no-default-features --features "pg$DG_PG_MAJOR" 2>&1 | grep -vE '^ *(Compiling|Fresh)' >&2)
}

# Runs a command as a user that PostgreSQL accepts: root becomes postgres.
dg_as() {
    if [ "$(id -u)" = 0 ]; then
        runuser -u postgres -- "$@"
    else
        "$@"
    fi
}

# Where clusters live: below target/ when the server's user can reach it, else in a temporary folder.
dg_work() {
    if [ -z "${DG_WORK:-}" ]; then
        DG_WORK=$DG_TARGET/clusters
        mkdir -p "$DG_WORK"
        if [ "$(id -u)" = 0 ]; then
            chmod 1777 "$DG_WORK"
        fi
        # A socket's path has a limit of about 107 bytes.
        if [ ${#DG_WORK} -gt 70 ] || ! dg_as test -w "$DG_WORK"; then
            DG_WORK=$(mktemp -d /tmp/data_governance.XXXXXX)
            chmod 1777 "$DG_WORK"
        fi
        export DG_WORK
    fi
}

# Makes and starts a fresh cluster: dg_start NAME [setting=value ...]. Connections then go to it.
dg_start() {
    local name=$1 setting
    shift
    dg_work
    dg_stop "$name"
    dg_as rm -rf "${DG_WORK:?}/$name"
    dg_as mkdir -p "$DG_WORK/$name"
    dg_as "$DG_BIN/initdb" -D "$DG_WORK/$name/data" -U postgres --auth=trust --encoding=UTF8 --no-sync \
        --no-instructions >/dev/null
    {
        echo "listen_addresses = ''"
        echo "unix_socket_directories = '$DG_WORK/$name'"
        echo "fsync = off"
        echo "log_line_prefix = '%m [%p] %u@%d '"
        for setting in "$@"; do
            echo "${setting%%=*} = '${setting#*=}'"
        done
    } | dg_as tee -a "$DG_WORK/$name/data/postgresql.conf" >/dev/null
    dg_up "$name"
}

# Starts a cluster that exists.
dg_up() {
    if ! dg_as "$DG_BIN/pg_ctl" -D "$DG_WORK/$1/data" -l "$DG_WORK/$1/log" -w -s start; then
        tail -n 20 "$DG_WORK/$1/log" >&2
        return 1
    fi
    export PGHOST=$DG_WORK/$1 PGPORT=5432 PGUSER=postgres PGDATABASE=postgres
}

# Stops a cluster: dg_stop NAME [mode].
dg_stop() {
    if [ -f "${DG_WORK:-/nonexistent}/$1/data/postmaster.pid" ]; then
        dg_as "$DG_BIN/pg_ctl" -D "$DG_WORK/$1/data" -m "${2:-fast}" -w -s stop || true
    fi
}

# psql that stops at the first error and prints bare values.
dg_sql() { "$DG_BIN/psql" -X -q -A -t -v ON_ERROR_STOP=1 "$@"; }

# Fails with a message.
dg_fail() {
    printf 'FAILED: %s\n' "$*" >&2
    exit 1
}

# dg_is WHAT EXPECTED ACTUAL
dg_is() {
    if [ "$2" != "$3" ]; then
        dg_fail "$(printf '%s\n  expected: %s\n  got:      %s' "$1" "$2" "$3")"
    fi
    printf 'ok: %s\n' "$1"
}
