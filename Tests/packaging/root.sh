# Sourced by installation.sh: a Debian of its own in $root, and the services in it. No systemd runs there: a service is
# started by hand, with the command, the user and the capability that its unit names, in a network of its own.
# shellcheck shell=sh disable=SC2034,SC2154 # variables that the other script reads and sets

# The Debian that apt installs from here, so that the root has the same.
sources_of_apt() {
    apt-get -q update >/dev/null
    # shellcheck disable=SC2016 # apt's own variables
    apt-get indextargets --format 'deb $(REPO_URI) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' 'Origin: Debian' |
        sort -u
}

make_root() {
    sources_of_apt >"$work/sources.list"
    [ -s "$work/sources.list" ] || die "apt has no sources of Debian's packages"
    mmdebstrap --mode=root --variant=apt --quiet --skip=cleanup/apt/lists --dpkgopt=force-unsafe-io \
        --aptopt='Acquire::Languages "none"' --dpkgopt='path-exclude=/usr/share/locale/*' \
        "$(. /etc/os-release && printf '%s' "$VERSION_CODENAME")" "$root" - <"$work/sources.list"
    mount -t proc proc "$root/proc"
}

# in_root COMMAND...
in_root() { chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive "$@"; }

is_apart() { [ "$(readlink "/proc/$network/ns/net")" != "$(readlink /proc/self/ns/net)" ]; }

# make_network: one with nothing but loopback, so that the services have the ports of their default configuration. A
# process that sleeps holds it; in_network runs commands of this machine there.
make_network() {
    unshare --net sleep infinity &
    network=$!
    await "a network of its own" is_apart
    await "the network" in_network ip link set lo up
}

# typed COMMAND...: in the root and its network, as root would type it.
typed() {
    nsenter --net="/proc/$network/ns/net" chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 "$@"
}

in_network() { nsenter --net="/proc/$network/ns/net" "$@"; }

# setting UNIT NAME: what the unit's file says.
setting() { sed -n "s/^$2=//p" "$root/usr/lib/systemd/system/$1"; }

# start UNIT INSTANCE LOG: starts a service's program in the background; its process id is in $started.
start() {
    user=$(setting "$1" User)
    command=$(setting "$1" ExecStart | sed "s/%i/$2/g; s/ \$OPTIONS/ ${OPTIONS-}/")
    same CAP_NET_BIND_SERVICE "$(setting "$1" AmbientCapabilities)" "the unit's capability"
    mask=$(setting "$1" UMask)
    # Not with in_network: the process would be a shell.
    # shellcheck disable=SC2016,SC2086 # the inner shell expands; a command line
    nsenter --net="/proc/$network/ns/net" chroot "$root" setpriv --reuid="$user" --regid="$user" --init-groups --no-new-privs \
        --inh-caps=-all,+net_bind_service --ambient-caps=-all,+net_bind_service --bounding-set=-all,+net_bind_service \
        env -i sh -c 'umask "$1" && shift && exec "$@"' sh "$mask" $command >"$3" 2>&1 &
    started=$!
}

# stop PID: it must end well.
stop() {
    kill "$1"
    wait "$1" || die "a service ended with status $?"
}

api() { in_network curl -fsS -m 10 "http://127.0.0.1:8080$1"; }

# start_connector: and waits until it is ready; its process id is in $connector.
start_connector() {
    start iofog-connector.service '' "$work/connector.log"
    connector=$started
    await "Connector" api /health
}
