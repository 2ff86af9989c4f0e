#!/usr/bin/env bash
# Format, clippy, documentation and shell scripts, every warning an error.
. "$(dirname "$0")/lib.sh"
cd "$DG_ROOT"
features=(--no-default-features --features "pg$DG_PG_MAJOR pg_test")

if ! cargo fmt --version >/dev/null 2>&1 || ! cargo clippy --version >/dev/null 2>&1; then
    dg_say "installing rustfmt and clippy"
    rustup component add rustfmt clippy
fi
dg_prefix
dg_say "rustfmt"
cargo fmt --all -- --check
dg_say "clippy"
cargo clippy --all-targets "${features[@]}" -- -D warnings
dg_say "rustdoc"
RUSTDOCFLAGS="-D warnings" cargo doc --no-deps --document-private-items "${features[@]}"
dg_say "shell scripts"
mapfile -t scripts < <(find pg_test .ci -name '*.sh' -o -path '.ci/*' -type f)
for script in "${scripts[@]}"; do bash -n "$script"; done
if command -v shellcheck >/dev/null; then
    shellcheck -x -P SCRIPTDIR "${scripts[@]}"
else
    printf 'MISSING  shellcheck: scripts were only parsed\n'
fi
