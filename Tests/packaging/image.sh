#!/bin/sh
# Runs the server's image as a container engine would, without one: what it names as its entry point and its user, as
# process 1, on a read-only root, with no capabilities and in a network of its own.
# usage: image.sh IMAGES_FOLDER
set -eu
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=Tests/packaging/lib.sh
. "$here/lib.sh"

# In namespaces of its own for mounts, processes and the network, of which nothing can remain.
if [ "${1-}" != --inside ]; then
    [ "$(id -u)" -eq 0 ] || die "running an image needs to be root; use sudo"
    work=$(mktemp -d "${TMPDIR:-/tmp}/connector-container.XXXXXX")
    status=0
    unshare --mount --pid --net --fork --kill-child --mount-proc sh "$0" --inside "$(cd "$1" && pwd)" "$work" || status=$?
    rm -rf "$work"
    exit "$status"
fi
images=$2
work=$3
root=$work/bundle/rootfs

unpack_image() {
    step "image: unpacking"
    mkdir "$work/layout"
    tar -C "$work/layout" -xf "$images/iofog-connector.oci.tar"
    umoci unpack --image "$work/layout:$(umoci ls --layout "$work/layout")" "$work/bundle" >"$work/umoci.log" 2>&1 ||
        die "umoci: $(cat "$work/umoci.log")"
    user=$(setting process user uid)
    group=$(setting process user gid)
    program=$(setting process args 0)
    same "10001:10001" "$user:$group" "the image's user"
}

# setting KEY...: what an engine is told.
setting() {
    python3 - "$work/bundle/config.json" "$@" <<'END'
import json
import sys

value = json.load(open(sys.argv[1]))
for key in sys.argv[2:]:
    value = value[int(key) if isinstance(value, list) else key]
print(value)
END
}

# mount_all: what is mounted can be written, and the root can't.
mount_all() {
    mount --bind "$root" "$root"
    for folder in etc var/lib; do
        install -d -o "$user" -g "$group" "$work/$folder"
        mount --bind "$work/$folder" "$root/$folder/iofog-connector"
    done
    mount -t proc proc "$root/proc"
    mount -o remount,bind,ro "$root"
    ! touch "$root/tmp/file" 2>/dev/null || die "the root can be written"
}

make_network() {
    ip link set lo up
    echo 443 >/proc/sys/net/ipv4/ip_unprivileged_port_start
}

confinement="--clear-groups --no-new-privs --inh-caps=-all --bounding-set=-all"

# in_container WORD...: the entry point with these words behind it.
in_container() {
    # shellcheck disable=SC2086 # a list of options
    chroot "$root" setpriv --reuid="$user" --regid="$group" $confinement env -i "$program" "$@"
}

# start_container: process 1 of the container has the number $container here; $engine waits for it.
start_container() {
    # shellcheck disable=SC2086 # a list of options
    unshare --pid --fork --kill-child \
        chroot "$root" setpriv --reuid="$user" --regid="$group" $confinement env -i "$program" >"$work/log" 2>&1 &
    engine=$!
    (await "a healthy container" in_container health) || {
        cat "$work/log" >&2
        exit 1
    }
    container=$(ps -o pid= --ppid "$engine" | tr -d ' ')
}

# stop_container: as engines do; it must end well.
stop_container() {
    kill "$container"
    status=0
    wait "$engine" || status=$?
    same 0 "$status" "the exit status of $(cat "$work/log")"
}

configure() {
    step "image: setup"
    in_container setup --address=connector.example.org --address=127.0.0.1 >"$work/setup"
    says "connector.example.org, 127.0.0.1" "$work/setup"
    in_container check >"$work/check"
    ! grep warning "$work/check" || die "what setup has made is not without warnings"
}

shared_database() {
    step "image: what PostgreSQL needs is there"
    sed 's|^{|{"database": "postgresql://connector@127.0.0.1:1/connector",|' "$work/etc/iofog-connector.config" \
        >"$work/etc/shared.config"
    chown "$user" "$work/etc/shared.config"
    ! in_container check --config=/etc/iofog-connector/shared.config 2>"$work/check" || die "there is no server"
    says "Connection refused" "$work/check"
}

serve() {
    step "image: health, SIGTERM, and mappings that stay"
    status=0
    in_container health 2>"$work/health" || status=$?
    same 1 "$status" "the exit status of health without a server"
    says "not healthy: no Connector answers" "$work/health"
    start_container
    in_container mapping add public >"$work/mapping"
    stop_container
    says "is ready" "$work/log"
    start_container
    in_container mapping show "$(sed -n 's/^id *//p' "$work/mapping")" >"$work/shown"
    says "$(sed -n 's/^port1 *//p' "$work/mapping")" "$work/shown"
    stop_container
}

unpack_image
mount_all
make_network
configure
shared_database
serve
