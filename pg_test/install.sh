#!/usr/bin/env bash
# Builds in release and installs into the PostgreSQL of PG_CONFIG, with sudo where its folders are not ours to write.
DG_FLAVOUR=release
. "$(dirname "$0")/lib.sh"
cd "$DG_ROOT"
# A target folder of its own: the bindings of another PostgreSQL would be rebuilt back and forth.
export CARGO_TARGET_DIR=$DG_TARGET/install
sudo=()
if ! [ -w "$("$DG_SYSTEM_PG_CONFIG" --pkglibdir)" ] || ! [ -w "$("$DG_SYSTEM_PG_CONFIG" --sharedir)/extension" ]; then
    sudo=(--sudo)
fi
major=$("$DG_SYSTEM_PG_CONFIG" --version | sed -E 's/^PostgreSQL ([0-9]+).*/\1/')
cargo pgrx install --release "${sudo[@]}" --pg-config "$DG_SYSTEM_PG_CONFIG" \
    --no-default-features --features "pg$major"
printf "installed. In a database: CREATE EXTENSION data_governance;\n"
