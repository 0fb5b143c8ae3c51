#!/bin/sh
# Builds the OCI image of a program as a tar archive, without a container engine and its daemon: Debian's packages and
# the program's own by mmdebstrap, the image around them by umoci. What the image is like stands in the program's
# Containerfile.
# usage: build-image.sh PROGRAM PACKAGES_FOLDER IMAGES_FOLDER
set -eu
here=$(cd "$(dirname "$0")" && pwd)
program=$1
package=$(echo "$(cd "$2" && pwd)/${program}"_*.deb)
images=$(cd "$3" && pwd)
containerfile=$here/$program.Containerfile
suite=bookworm # the Debian that the packages are for, as in the Containerfile
version=$(dpkg-deb -f "$package" Version)
: "${SOURCE_DATE_EPOCH:=$(stat -c %Y "$package")}"
export SOURCE_DATE_EPOCH
created=$(date -u -d "@$SOURCE_DATE_EPOCH" +%Y-%m-%dT%H:%M:%SZ)

work=$(mktemp -d "${TMPDIR:-/tmp}/connector-image.XXXXXX")
trap 'rm -rf "$work"' EXIT
image=$work/layout:$program:$version

die() {
    printf '%s: %s\n' "${0##*/}" "$*" >&2
    exit 1
}

# settings INSTRUCTION: its values in the last stage of the Containerfile, a line each, without brackets and quotes.
settings() {
    sed -n "/^USER /,\$s/^$1 //p" "$containerfile" | tr -d '[]"'
}

# The sources that apt on this machine has Debian's packages from.
sources_of_apt() {
    # shellcheck disable=SC2016 # apt's own variables
    apt-get indextargets --format 'deb $(REPO_URI) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' 'Origin: Debian' |
        sort -u
}

# make_root: a tar archive of the root file system, without what this machine has of its own.
make_root() {
    case $program in
    iofog-connector) set -- --include=libpocodatapostgresql80 --customize-hook="$here/prepare.sh \"\$1\"" ;;
    iofog-connector-agent) set -- --include=ca-certificates ;;
    esac
    sources_of_apt >"$work/sources.list"
    # shellcheck disable=SC2016 # the hooks' shell expands
    mmdebstrap --variant=essential --quiet --include="$package" "$@" \
        --hook-dir=/usr/share/mmdebstrap/hooks/file-mirror-automount \
        --essential-hook='mkdir -p "$1/etc/sysusers.d"' \
        --essential-hook="copy-in $here/sysusers.d/$program.conf /etc/sysusers.d" \
        --customize-hook='rm "$1/etc/apt/sources.list" "$1/etc/hostname" "$1/etc/resolv.conf"' \
        --aptopt='Acquire::Languages "none"' --dpkgopt='path-exclude=/usr/share/locale/*' \
        --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/doc/*' \
        --dpkgopt='path-include=/usr/share/doc/*/copyright' --dpkgopt=force-unsafe-io \
        "$suite" "$work/root.tar" - <"$work/sources.list" >"$work/log" 2>&1 || {
        cat "$work/log" >&2
        die "mmdebstrap can't make a Debian here: it needs Debian's packages from apt's sources, and root's right to" \
            "mount, or user namespaces"
    }
}

# make_image: an OCI layout with the root as its one layer.
make_image() {
    umoci init --layout "$work/layout"
    umoci new --image "$image"
    umoci raw add-layer --image "$image" --history.created "$created" --history.created_by "$0" "$work/root.tar"
    set --
    for one in $(settings ENTRYPOINT); do set -- "$@" --config.entrypoint "$one"; done
    for one in $(settings VOLUME); do set -- "$@" --config.volume "$one"; done
    for one in $(settings EXPOSE); do set -- "$@" --config.exposedports "$one/tcp"; done
    settings LABEL >"$work/labels"
    while read -r one; do set -- "$@" --config.label "$one"; done <"$work/labels"
    umoci config --image "$image" --no-history --created "$created" --os linux \
        --architecture "$(dpkg-deb -f "$package" Architecture)" --config.user "$(settings USER)" \
        --config.stopsignal "$(settings STOPSIGNAL)" "$@" --config.label org.opencontainers.image.version="$version"
    umoci gc --layout "$work/layout"
}

step() { printf '%s: %s\n' "$program" "$*"; }

step "its root file system, by mmdebstrap"
make_root
step "its image, by umoci"
make_image
tar -C "$work/layout" --sort=name --mtime="@$SOURCE_DATE_EPOCH" --owner=0 --group=0 --numeric-owner \
    -cf "$images/$program.oci.tar" .
