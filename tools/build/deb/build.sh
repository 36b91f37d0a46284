#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Build a Debian package from `make install`.
#
#   tools/build/deb/build.sh BUILD_DIR VERSION        makes build/lwm2m-bootstrap_VERSION_ARCH.deb
set -eu

build=$1 version=$2
here=tools/build/deb
arch=$(dpkg --print-architecture)
root=build/deb/lwm2m-bootstrap
out=build/lwm2m-bootstrap_${version}_$arch.deb

rm -rf "build/deb"
mkdir -p "$root/DEBIAN" "$root/etc/lwm2m-bootstrap"
chmod -R u=rwX,go=rX "$root"
make -s install DESTDIR="$root" PREFIX=/usr
doc=$root/usr/share/doc/lwm2m-bootstrap

# The system's own places: units and users below /usr/lib, the configuration in /etc with the sample's text.
install -m 644 schema/lwm2m-bootstrapd.conf.sample "$root/etc/lwm2m-bootstrap/lwm2m-bootstrapd.conf"
echo /etc/lwm2m-bootstrap/lwm2m-bootstrapd.conf >"$root/DEBIAN/conffiles"
strip --strip-unneeded "$root"/usr/sbin/* "$root"/usr/bin/*
find "$root/usr/share/man" -type f -exec gzip -9n {} +
install -m 644 $here/copyright "$doc/copyright"
sed "s/@VERSION@/$version/" $here/changelog | gzip -9n >"$doc/changelog.gz"
chmod 644 "$doc/changelog.gz"

# Which packages the shared libraries come from.
mkdir -p "build/deb/debian"
touch "build/deb/debian/control"
depends=$(cd "build/deb" && dpkg-shlibdeps -O --ignore-missing-info lwm2m-bootstrap/usr/sbin/* lwm2m-bootstrap/usr/bin/* |
	sed -n 's/^shlibs:Depends=//p')
size=$(du -sk "$root" --exclude=DEBIAN | cut -f1)
sed -e "s/@VERSION@/$version/; s/@ARCH@/$arch/; s/@SIZE@/$size/; s/@DEPENDS@/$depends/" $here/control >"$root/DEBIAN/control"
for script in postinst prerm postrm; do install -m 755 "$here/$script" "$root/DEBIAN/$script"; done
(cd "$root" && find usr etc -type f -print0 | sort -z | xargs -0 md5sum >DEBIAN/md5sums)
chmod 644 "$root/DEBIAN/md5sums" "$root/DEBIAN/conffiles" "$root/DEBIAN/control"
chmod 755 "$root/DEBIAN"
dpkg-deb --root-owner-group --build "$root" "$out" >/dev/null
echo "$out"
