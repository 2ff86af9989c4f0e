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
DG_SHARED=${DG_SHARED:-$DG_ROOT/../shared}
# Which build of the extension: debug (suites, drills), release (demo, bench) or test (cargo pgrx test). Each has an
# installation of its own, so that none is rebuilt for the others. Not exported: a script says what it needs.
DG_FLAVOUR=${DG_FLAVOUR:-debug}
export PGRX_HOME=$DG_TARGET/pgrx-$DG_FLAVOUR
if ! command -v cargo >/dev/null && [ -x "$HOME/.cargo/bin/cargo" ]; then
    PATH=$HOME/.cargo/bin:$PATH
fi
# A backtrace in every error's DETAIL would differ from the expected output.
unset RUST_BACKTRACE
# Nothing of the caller's own PostgreSQL settings may leak in.
unset PGHOST PGPORT PGUSER PGDATABASE PGOPTIONS PGPASSWORD PGSERVICE PGAPPNAME
export LC_ALL=C.UTF-8 LANG=C.UTF-8

dg_say() { printf '\033[1m== %s\033[0m\n' "$*" >&2; }

# Runs a command as a user that PostgreSQL accepts: root becomes postgres.
dg_as() {
    if [ "$(id -u)" = 0 ]; then
        (cd / && exec runuser -u postgres -- "$@")
    else
        "$@"
    fi
}

# Where installations and clusters live: below target/, or in /var/tmp when we are root and the server's user cannot
# reach target/ (a clone below /root).
dg_base() {
    mkdir -p "$DG_TARGET"
    if [ "$(id -u)" != 0 ] || ! id postgres >/dev/null 2>&1 || dg_as test -x "$DG_TARGET"; then
        printf '%s' "$DG_TARGET"
        return
    fi
    local base
    base=/var/tmp/data_governance-$(printf '%s' "$DG_TARGET" | cksum | cut -d ' ' -f 1)
    mkdir -p -m 755 "$base"
    # Somebody else may have made a folder of that name.
    [ -O "$base" ] && [ ! -L "$base" ] || dg_fail "$base belongs to somebody else; remove it"
    printf '%s' "$base"
}

# Fails with a message.
dg_fail() {
    printf 'FAILED: %s\n' "$*" >&2
    exit 1
}

DG_BASE=$(dg_base)
DG_PREFIX=$DG_BASE/pg-$DG_FLAVOUR
DG_BIN=$DG_PREFIX/lib/postgresql/$DG_PG_MAJOR/bin

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

# Builds and installs the extension into the private installation of DG_FLAVOUR.
dg_install() {
    dg_prefix
    if [ "$DG_FLAVOUR" = release ]; then
        set -- --release "$@"
    fi
    dg_say "building and installing data_governance ($DG_FLAVOUR)"
    (cd "$DG_ROOT" && cargo pgrx install "$@" --pg-config "$DG_BIN/pg_config" \
        --no-default-features --features "pg$DG_PG_MAJOR" >&2)
}

# Where clusters live: DG_WORK, below target/ unless that path is too long for a socket (about 107 bytes).
dg_work() {
    if [ -z "${DG_WORK:-}" ]; then
        DG_WORK=$DG_BASE/clusters
        if [ ${#DG_WORK} -gt 70 ]; then
            DG_WORK=/var/tmp/data_governance-$(id -u)-$(printf '%s' "$DG_TARGET" | cksum | cut -d ' ' -f 1)
        fi
        mkdir -p "$DG_WORK"
        [ -O "$DG_WORK" ] && [ ! -L "$DG_WORK" ] || dg_fail "$DG_WORK belongs to somebody else; remove it"
        if [ "$(id -u)" = 0 ]; then
            chgrp postgres "$DG_WORK"
            chmod 775 "$DG_WORK"
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

# dg_is WHAT EXPECTED ACTUAL
dg_is() {
    if [ "$2" != "$3" ]; then
        dg_fail "$(printf '%s\n  expected: %s\n  got:      %s' "$1" "$2" "$3")"
    fi
    printf 'ok: %s\n' "$1"
}
