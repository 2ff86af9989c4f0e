#!/usr/bin/env bash
# Builds the Debian package of the extension for the PostgreSQL of PG_CONFIG.
DG_FLAVOUR=release
. "$(dirname "$0")/lib.sh"
cd "$DG_ROOT"
command -v dpkg-deb >/dev/null || dg_fail "no dpkg-deb: this target builds a Debian package"
export CARGO_TARGET_DIR=$DG_TARGET/install
version=$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)
package=postgresql-$DG_PG_MAJOR-data-governance
architecture=$(dpkg --print-architecture)
tree=$DG_TARGET/package/tree
rm -rf "$DG_TARGET/package"
mkdir -p "$tree/DEBIAN" "$DG_TARGET/package/debian"
cargo pgrx package --pg-config "$DG_SYSTEM_PG_CONFIG" --out-dir "$tree" \
    --no-default-features --features "pg$DG_PG_MAJOR"
library=$(find "$tree" -name data_governance.so)
strip --strip-unneeded "$library"

documents=$tree/usr/share/doc/$package
mkdir -p "$documents"
cp README.md CHANGELOG.md SECURITY.md "$documents/"
cp -r docs "$documents/"

# dpkg-shlibdeps finds the libraries that ours needs; the server provides the rest.
printf 'Source: %s\n\nPackage: %s\nArchitecture: any\n' "$package" "$package" >"$DG_TARGET/package/debian/control"
libraries=$(cd "$DG_TARGET/package" && dpkg-shlibdeps -O "$library" 2>/dev/null | sed -n 's/^shlibs:Depends=//p')
cat >"$tree/DEBIAN/control" <<CONTROL
Package: $package
Version: $version-1
Section: database
Priority: optional
Architecture: $architecture
Maintainer: data_governance <root@localhost>
Installed-Size: $(du -sk --exclude=DEBIAN "$tree" | cut -f 1)
Depends: postgresql-$DG_PG_MAJOR${libraries:+, $libraries}
Description: data governance as a property of the PostgreSQL database
 An extension that gives tables owners and classes, lets destructive DDL
 through only as a step of a change, masks tagged columns, keeps the history
 of rows, knows where columns come from, and assesses all of that.
CONTROL
find "$tree" -type d -exec chmod 755 {} +
find "$tree" -type f -exec chmod 644 {} +
dpkg-deb --root-owner-group --build "$tree" "$DG_TARGET/${package}_$version-1_$architecture.deb"
