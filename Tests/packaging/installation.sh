#!/bin/sh
# Installs, upgrades, downgrades, removes and purges the packages in a Debian of their own, and runs the services there.
# usage: installation.sh BUILD_FOLDER
set -eu
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=Tests/packaging/lib.sh
. "$here/lib.sh"
# shellcheck source=Tests/packaging/root.sh
. "$here/root.sh"

# In namespaces of its own for mounts and processes, of which nothing can remain.
if [ "${1-}" != --inside ]; then
    [ "$(id -u)" -eq 0 ] || die "installing into a root of its own needs to be root; use sudo"
    unshare --mount --pid --fork true || die "the kernel gives no namespaces: not allowed in this container"
    work=$(mktemp -d "${TMPDIR:-/tmp}/connector-installation.XXXXXX")
    status=0
    unshare --mount --pid --fork --kill-child --mount-proc sh "$0" --inside "$(cd "$1" && pwd)" "$work" || status=$?
    rm -rf "$work"
    exit "$status"
fi
build=$2
work=$3
root=$work/root
previous=1.99.0

# build_previous: packages of the same files, of an earlier version.
build_previous() {
    mkdir "$work/previous"
    for format in DEB RPM; do
        (cd "$build" && cpack -G "$format" -B "$work/previous" -D CPACK_PACKAGE_VERSION="$previous") \
            >"$work/cpack.log" 2>&1 || die "cpack: $(cat "$work/cpack.log")"
    done
}

# --- Debian -----------------------------------------------------------------------------------------------------

# apt OPTION... : what it says is in $work/apt.log.
apt() {
    in_root apt-get -q -y "$@" >"$work/apt.log" 2>&1 || {
        cat "$work/apt.log" >&2
        die "apt-get $* failed"
    }
}

# install_deb FOLDER OPTION...: the two packages, as their user would.
install_deb() {
    rm -rf "$root/packages"
    mkdir "$root/packages"
    cp "$1"/*.deb "$root/packages/"
    shift
    (cd "$root/packages" && set -- "$@" *.deb && for word in "$@"; do
        case $word in
        *.deb) printf '/packages/%s\n' "$word" ;;
        *) printf '%s\n' "$word" ;;
        esac
    done) >"$work/words"
    # shellcheck disable=SC2046 # a list of words
    apt install $(cat "$work/words")
}

# owned PATH OWNER:GROUP MODE
owned() { same "$2 $3" "$(in_root stat -c '%U:%G %a' "$1")" "owner and mode of $1"; }

check_installed() {
    in_root ldd /usr/bin/iofog-connector >"$work/libraries"
    says libjemalloc.so "$work/libraries"
    owned /etc/iofog-connector root:iofog-connector 750
    owned /var/lib/iofog-connector iofog-connector:iofog-connector 700
    owned /var/log/iofog-connector iofog-connector:iofog-connector 750
    owned /etc/iofog-connector-agent root:iofog-connector-agent 750
    in_root iofog-connector --version >"$work/version"
    same "iofog-connector $(sed -n 's/^CMAKE_PROJECT_VERSION:STATIC=//p' "$build/CMakeCache.txt")" \
        "$(cat "$work/version")" "the program's version"
}

fresh_install() {
    step "Debian: a fresh install"
    install_deb "$work/previous"
    says "iofog-connector serves this machine only, in development mode" "$work/apt.log"
    check_installed
    [ -L "$root/etc/systemd/system/multi-user.target.wants/iofog-connector.service" ] ||
        die "the service is not enabled"
    start_connector
    says "development mode (no TLS)" "$root/var/log/iofog-connector/iofog-connector.log"
    says "\"iofog-connector setup\" makes a configuration for production" \
        "$root/var/log/iofog-connector/iofog-connector.log"
    in_network ss -Hltn >"$work/listeners"
    says 127.0.0.1:8080 "$work/listeners"
    ! grep -vF 127.0.0.1: "$work/listeners" || die "it listens to more than loopback"
}

# add_mapping: its answer is in $work/mapping.
add_mapping() {
    in_network curl -fsS -m 10 -d 'mapping={"type":"public","maxconnections":2,"heartbeatabsencethreshold":0}' \
        http://127.0.0.1:8080/api/v2/mapping/add >"$work/mapping"
}

# member NAME: of the mapping.
member() { sed -n "s/.*\"$1\":\"\{0,1\}\([^\",}]*\).*/\1/p" "$work/mapping"; }

has_mapping() {
    api "/api/v2/mapping/$(member id)" >"$work/shown"
    says "\"port1\":$(member port1)" "$work/shown"
}

passcodes() { sqlite3 "$root/var/lib/iofog-connector/mappings.db" 'SELECT passcode1 FROM mapping'; }

fetch() { in_network curl -fsS -m 15 "http://127.0.0.1:$(member port2)/hello"; }

agent_service() {
    step "Debian: the agent's service"
    mkdir "$work/www"
    echo "hello from the node" >"$work/www/hello"
    nsenter --net="/proc/$network/ns/net" \
        python3 -m http.server --bind 127.0.0.1 --directory "$work/www" 7000 >"$work/web.log" 2>&1 &
    web=$!
    await "the web server" in_network curl -fsS -m 1 http://127.0.0.1:7000/hello
    sed "s/connector.example.org/127.0.0.1/; s/\"port\": 6000/\"port\": $(member port1)/; s/53e83760-[0-9a-f-]*/$(member passcode1)/
         s/\"localport\": 80/\"localport\": 7000/; s/\"connectioncount\": 10/\"connectioncount\": 2/" \
        "$root/usr/share/doc/iofog-connector-agent/examples/agent.json" >"$root/etc/iofog-connector-agent/web.json"
    OPTIONS=--plain start iofog-connector-agent@.service web "$work/agent.log"
    agent=$started
    same "hello from the node" "$(fetch)" "the page behind the agent"
    stop "$agent"
    kill "$web"
}

log_rotation() {
    step "Debian: logrotate"
    [ -x "$root/usr/sbin/logrotate" ] || die "logrotate is recommended, and was not installed"
    log=$root/var/log/iofog-connector/iofog-connector.log
    stop "$connector"
    typed iofog-connector start >"$work/start"
    in_root logrotate --force /etc/logrotate.d/iofog-connector
    says "is ready" "$log.1"
    add_mapping
    await "the line in the new file" grep -q "mapping $(member id) opened" "$log"
    owned /var/log/iofog-connector/iofog-connector.log iofog-connector:iofog-connector 600
    typed iofog-connector stop >"$work/stop"
}

upgrade() {
    step "Debian: an upgrade keeps configuration, mappings and passcodes"
    sed -i 's/6000-6050/6000-6060/' "$root/etc/iofog-connector/iofog-connector.config"
    cp "$root/etc/iofog-connector/iofog-connector.config" "$work/edited.config"
    passcodes >"$work/passcodes"
    install_deb "$build"
    ! grep -F "development mode" "$work/apt.log" || die "an upgrade is no fresh install"
    check_installed
    cmp "$work/edited.config" "$root/etc/iofog-connector/iofog-connector.config"
    start_connector
    has_mapping
    same "$(cat "$work/passcodes")" "$(passcodes)" "the passcodes"
    stop "$connector"
}

downgrade() {
    step "Debian: a downgrade to what can't read the database says so"
    database=$root/var/lib/iofog-connector/mappings.db
    version=$(sqlite3 "$database" 'PRAGMA user_version')
    sqlite3 "$database" 'PRAGMA user_version = 99'
    install_deb "$work/previous" --allow-downgrades
    start iofog-connector.service '' "$work/connector.log"
    status=0
    wait "$started" || status=$?
    same 74 "$status" "the exit status"
    says "the database has version 99, which a newer iofog-connector has written" "$work/connector.log"
    sqlite3 "$database" "PRAGMA user_version = $version"
}

remove() {
    step "Debian: removing keeps state, and installing again finds it"
    apt remove iofog-connector iofog-connector-agent
    [ ! -e "$root/usr/bin/iofog-connector" ] || die "the program is still there"
    cmp "$work/edited.config" "$root/etc/iofog-connector/iofog-connector.config"
    same "$(cat "$work/passcodes")" "$(passcodes)" "the passcodes"
    [ -f "$root/etc/iofog-connector-agent/web.json" ] || die "the agent's configuration is gone"
    install_deb "$build"
    check_installed
    start_connector
    has_mapping
    stop "$connector"
}

# A script that runs outside of the root that it is for must not touch what is there.
outside_of_root() {
    step "Debian: no script runs outside of its root"
    for name in iofog-connector iofog-connector-agent; do
        for script in postinst prerm postrm; do
            ! in_root env DPKG_ROOT=/elsewhere "/var/lib/dpkg/info/$name.$script" purge 2>"$work/refused" ||
                die "the $script of $name has run"
            says "can't be installed or removed with --force-script-chrootless" "$work/refused"
        done
    done
    [ -d "$root/etc/iofog-connector-agent" ] || die "the agents' configurations are gone"
}

purge() {
    step "Debian: purging leaves nothing"
    apt purge iofog-connector iofog-connector-agent
    rm -rf "$root/packages"
    find "$root" -xdev -name '*iofog-connector*' >"$work/left"
    [ ! -s "$work/left" ] || die "what is left: $(cat "$work/left")"
}

# check_files_of_service: what the commands have made as root is the service's.
check_files_of_service() {
    owned /var/lib/iofog-connector/mappings.db iofog-connector:iofog-connector 600
    in_root find /var/lib/iofog-connector /var/log/iofog-connector ! -user iofog-connector >"$work/foreign"
    [ ! -s "$work/foreign" ] || die "not the service's: $(cat "$work/foreign")"
}

# completed WORD...: what bash completes the last word to.
completed() {
    typed bash /packages/complete.bash /usr/share/bash-completion/completions/iofog-connector "$@" | tr '\n' ' '
}

# mapping_id: of what "mapping add --json" has printed.
mapping_id() { sed -n 's/^ *"id" *: *"\(.*\)".*/\1/p' "$work/added"; }

# user_of_connector: who serves the port of the API.
user_of_connector() {
    in_network ss -Hltnp 'sport = :443' | sed -n 's/.*pid=\([0-9]*\).*/\1/p' | head -n 1 >"$work/pid"
    in_root stat -c %U "/proc/$(cat "$work/pid")"
}

production() {
    step "Debian: setup, as its message says, and the commands"
    install_deb "$build"
    typed iofog-connector setup --address=127.0.0.1 >"$work/setup"
    says "The Fog Controller needs" "$work/setup"
    owned /etc/iofog-connector/iofog-connector.config iofog-connector:iofog-connector 640
    owned /etc/iofog-connector/server-key.pem iofog-connector:iofog-connector 640
    typed iofog-connector check >"$work/check"
    ! grep warning "$work/check" || die "what setup has made is not without warnings"

    typed iofog-connector start >"$work/start"
    same iofog-connector "$(user_of_connector)" "the user of what root has started"
    typed iofog-connector mapping add public --json >"$work/added"
    says production "$root/var/log/iofog-connector/iofog-connector.log"
    typed iofog-connector status >"$work/status"
    says "mappings" "$work/status"
    apt install bash-completion
    cp "$here/complete.bash" "$root/packages/"
    same "$(mapping_id) " "$(completed iofog-connector mapping show '')" "the ids of mappings"
    same "$(mapping_id) " "$(completed iofog-connector mapping remove --config /etc/iofog-connector/iofog-connector.config '')" \
        "the ids of mappings of a configuration"
    typed iofog-connector stop >"$work/stop"

    sed 's|^{|{"database": "/var/lib/iofog-connector/not/there/mappings.db",|' \
        "$root/etc/iofog-connector/iofog-connector.config" >"$root/etc/iofog-connector/other.config"
    typed iofog-connector start --config=/etc/iofog-connector/other.config >"$work/start"
    same iofog-connector "$(user_of_connector)" "the user of what root has started, where the folder was missing"
    typed iofog-connector stop --config=/etc/iofog-connector/other.config >"$work/stop"

    check_files_of_service
    start iofog-connector.service '' "$work/connector.log"
    connector=$started
    await "the service on what the commands have left" typed iofog-connector mapping show "$(mapping_id)"
    stop "$connector"
}

shared_database() {
    step "Debian: PostgreSQL needs another package, which is named"
    sed 's|^{|{"database": "postgresql://connector@127.0.0.1:1/connector",|' \
        "$root/etc/iofog-connector/iofog-connector.config" >"$root/etc/iofog-connector/shared.config"
    ! typed iofog-connector check --config=/etc/iofog-connector/shared.config 2>"$work/refused" ||
        die "there is a library that is not depended on"
    says libpocodatapostgresql80 "$work/refused"
    apt install libpocodatapostgresql80
    ! typed iofog-connector check --config=/etc/iofog-connector/shared.config 2>"$work/refused" ||
        die "there is no server"
    says "Connection refused" "$work/refused"
    apt purge libpocodatapostgresql80
    rm "$root/etc/iofog-connector/shared.config"
}

moving_over() {
    step "Debian: over from version 1"
    mkdir "$root/etc/iofog-connector"
    cat >"$root/etc/iofog-connector/iofog-connector.conf" <<'END'
{"ports": ["6000-6020"], "exclude": [], "broker": 12345, "address": "127.0.0.1", "dev": true,
 "pipes": {"bind": "127.0.0.1"}}
END
    cat >"$root/etc/iofog-connector/configs.json" <<'END'
{"mappings": [{"id": "of-version-1", "port1": 6004, "port2": 6005, "maxconnectionsport1": 10, "maxconnectionsport2": 0,
 "passcodeport1": "an old passcode", "passcodeport2": "", "heartbeatabsencethresholdport1": 60000,
 "heartbeatabsencethresholdport2": 0}]}
END
    install_deb "$build"
    says "iofog-connector reads /etc/iofog-connector/iofog-connector.conf, of version 1." "$work/apt.log"
    sed -n 's|^  \(iofog-connector [a-z]*\( /.*\)\{0,1\}\)$|\1|p' "$work/apt.log" >"$work/commands"
    same 3 "$(wc -l <"$work/commands")" "the commands in the message"
    while read -r command; do
        # shellcheck disable=SC2086 # a command line
        typed $command >"$work/typed" </dev/null || die "$command: $(cat "$work/typed")"
    done <"$work/commands"
    typed iofog-connector mapping show of-version-1 >"$work/shown"
    says 6004 "$work/shown"
    typed iofog-connector check >"$work/check"
    says "iofog-connector.conf is the earlier Connector's" "$work/check"
    typed iofog-connector stop >"$work/stop"
    start_connector
    says "iofog-connector.conf, the earlier Connector's, is read" "$work/connector.log"
    stop "$connector"
}

# --- RPM --------------------------------------------------------------------------------------------------------

# The packages' libraries are Debian's here, which rpm's database does not know of.
rpm_in_root() { rpm --root "$root" --dbpath /var/lib/rpm --nodeps "$@" >"$work/rpm.log" 2>&1 || die "$(cat "$work/rpm.log")"; }

libraries_are_there() {
    for program in iofog-connector iofog-connector-agent; do
        in_root ldd "/usr/bin/$program" >"$work/libraries"
        ! grep "not found" "$work/libraries" || die "$program lacks libraries"
    done
}

# libraries PACKAGE: that it requires, and libraries_of PROGRAM: that it is linked with.
libraries() { rpm -qp --requires "$1" | sed -n 's/^\(lib[^(]*\.so[^(]*\)().*/\1/p' | sort -u; }
libraries_of() { objdump -p "$root/usr/bin/$1" | sed -n 's/^ *NEEDED *\(lib.*\)/\1/p' | sort -u; }

rpm_packages() {
    step "RPM: install, upgrade, erase"
    in_root userdel iofog-connector
    in_root userdel iofog-connector-agent
    rpm_in_root -i "$work"/previous/*.rpm
    says "iofog-connector is set up to serve this machine only, in development mode" "$work/rpm.log"
    check_installed
    owned /etc/iofog-connector/iofog-connector.config root:iofog-connector 640
    libraries_are_there
    for name in iofog-connector iofog-connector-agent; do
        package=$(the_file "$build/$name"-[0-9]*.rpm)
        same "$(libraries_of "$name")" "$(libraries "$package")" "the libraries that $name requires"
    done
    start_connector
    add_mapping
    stop "$connector"

    sed -i 's/6000-6050/6000-6060/' "$root/etc/iofog-connector/iofog-connector.config"
    rpm_in_root -U "$build"/*.rpm
    check_installed
    says 6000-6060 "$root/etc/iofog-connector/iofog-connector.config"
    start_connector
    has_mapping
    stop "$connector"

    apt install systemd
    in_root systemctl enable iofog-connector-agent@web.service
    rpm_in_root -e iofog-connector iofog-connector-agent
    [ ! -e "$root/usr/bin/iofog-connector" ] || die "the program is still there"
    find "$root/etc/systemd/system" -name 'iofog-connector-agent*' >"$work/left"
    [ ! -s "$work/left" ] || die "agents that are still enabled: $(cat "$work/left")"
    says 6000-6060 "$root/etc/iofog-connector/iofog-connector.config.rpmsave"
    same "$(member passcode1)" "$(passcodes)" "the passcode"
}

step "a Debian of its own"
build_previous
make_root
make_network
fresh_install
add_mapping
agent_service
log_rotation
upgrade
downgrade
remove
outside_of_root
purge
production
shared_database
purge
moving_over
purge
rpm_packages
