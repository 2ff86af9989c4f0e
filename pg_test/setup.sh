#!/usr/bin/env bash
# Installs what building and testing need and this machine lacks. Where everything is there already, it touches
# neither the network nor the system.
#
# An existing server is left alone, and none is made: Debian's postgresql-15 creates and starts a cluster "main" when it
# is installed, so that is switched off for as long as we install it.
. "$(dirname "$0")/lib.sh"

as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo "$@"
    else
        dg_fail "packages are missing, and there is no sudo: as root run: apt-get install ${missing[*]}"
    fi
}

is_installed() {
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

apt_install() {
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "$@"
}

# PostgreSQL, without the cluster that its package would make.
install_postgresql() {
    local conf=/etc/postgresql-common/createcluster.conf
    is_installed postgresql-common || apt_install postgresql-common
    as_root cp -p "$conf" "$conf.data_governance"
    # shellcheck disable=SC2064 # expanded now on purpose
    trap "as_root mv '$conf.data_governance' '$conf'" EXIT
    printf 'create_main_cluster = false\n' | as_root tee -a "$conf" >/dev/null
    apt_install "$@"
    as_root mv "$conf.data_governance" "$conf"
    trap - EXIT
}

missing=()
if command -v dpkg-query >/dev/null; then
    packages=(sudo build-essential pkg-config clang libclang-dev)
    # A PG_CONFIG that the caller chose stands for PostgreSQL and its headers.
    if [ "$DG_SYSTEM_PG_CONFIG" = "/usr/lib/postgresql/$DG_PG_MAJOR/bin/pg_config" ]; then
        packages+=("postgresql-$DG_PG_MAJOR" "postgresql-server-dev-$DG_PG_MAJOR")
    fi
    command -v python3 >/dev/null || packages+=(python3)
    python3 -c 'import venv, ensurepip' 2>/dev/null || packages+=(python3-venv)
    python3 -c 'import jsonschema' 2>/dev/null || packages+=(python3-jsonschema)
    for package in "${packages[@]}"; do
        is_installed "$package" || missing+=("$package")
    done
    if [ ${#missing[@]} -gt 0 ]; then
        dg_say "installing ${missing[*]}"
        as_root apt-get update
        case " ${missing[*]} " in
            *" postgresql-$DG_PG_MAJOR "*) install_postgresql "${missing[@]}" ;;
            *) apt_install "${missing[@]}" ;;
        esac
    fi
fi
[ -x "$DG_SYSTEM_PG_CONFIG" ] || dg_fail "no PostgreSQL $DG_PG_MAJOR: $DG_SYSTEM_PG_CONFIG is not there; set PG_CONFIG"

command -v cargo >/dev/null || dg_fail "no cargo: install Rust $(sed -n 's/^rust-version = "\(.*\)"/\1/p' "$DG_ROOT/Cargo.toml") or newer with rustup, then run this again"
pgrx=$(sed -n 's/^pgrx = "=\(.*\)"/\1/p' "$DG_ROOT/Cargo.toml")
if [ "$(cargo pgrx --version 2>/dev/null)" != "cargo-pgrx $pgrx" ]; then
    dg_say "installing cargo-pgrx $pgrx (about four minutes)"
    cargo install --locked "cargo-pgrx@$pgrx"
fi
dg_prefix
