#!/bin/sh
# The front door: builds, shows, tests and checks Connector on a Debian 12 that has nothing installed yet.
# Run as root or as a user with sudo; './do help' lists the commands.
set -eu
cd "$(dirname "$0")"

BUILD_PACKAGES="g++ cmake ninja-build ccache pkg-config libpoco-dev libpq-dev libsqlite3-dev libssl-dev libjemalloc-dev libsystemd-dev libcli11-dev libnghttp2-dev prometheus-cpp-dev libncurses-dev"
DEMO_PACKAGES="curl python3"
TEST_PACKAGES="libboost-test-dev libldap-2.5-0 libxml2 libicu72 libvterm-dev curl haproxy iproute2 keepalived openssl python3 python3-yaml python3-jsonschema python3-h2 python3-selenium python3-certbot tinyproxy-bin chromium chromium-driver golang-go golang-golang-x-net-dev"
FUZZ_PACKAGES="clang libclang-rt-14-dev"
PACKAGE_PACKAGES="dpkg-dev file git gzip rpm"
PACKAGE_TEST_PACKAGES="bash-completion binutils curl iproute2 lintian man-db mandoc mmdebstrap procps python3 rpm rpmlint sqlite3 systemd"
IMAGE_PACKAGES="mmdebstrap umoci"
LINT_PACKAGES="clang-format shellcheck"
# frp, rathole and chisel are no Debian packages: they are compared when they are on PATH.
BENCH_PACKAGES="haproxy libldap-2.5-0 libxml2 libicu72 nginx-light libnginx-mod-stream openssh-client openssh-server openssl python3 python3-matplotlib"

# README shows this line to the letter (lint compares them); the demo sets PORT and runs it.
# shellcheck disable=SC2016 # the shell that runs the line expands $PORT
ADD_MAPPING='curl -s -d '\''mapping={"type":"public","maxconnections":60,"heartbeatabsencethreshold":200000}'\'' http://127.0.0.1:$PORT/api/v2/mapping/add'

FUZZ_SECONDS=60

help() {
    cat <<'END'
usage: ./do COMMAND

  demo          build, open a public mapping, fetch a page through it, the same in one line, stop; shows each step
  demo --keep   the same, then keep it running until Ctrl-C, with URLs to open
  test          everything that CI runs: lint, fuzz targets, all tests in three builds, and the packages;
                about 25 minutes, longer the first time, when all of it is compiled
  test --quick  lint and all tests, optimized: under 5 minutes; for while you work
  build         build the two programs into build/bin/
  bench         measure it beside haproxy, nginx, ssh and, if they are on PATH, frp, rathole and chisel;
                installs the former; 'bench --help' lists the options; over a line with a delay as root only
  attack [NAME...]  the attacks of Tests/attack, or those with these names, on the server: what was wanted of it, and
                what was measured; minutes each
  package       build the Debian and RPM packages into build-package/
  image         build an OCI image of each program into build-image/, with those packages in it
  lint          check the formatting of the sources and the scripts
  help          this text

Each command first installs the Debian packages it lacks (as root, or with sudo). Tests that need what is not to be
had here (root, namespaces) are skipped and counted; with CI=true in the environment that is an error.
END
}

step() { printf '\n==> %s\n' "$*"; }

die() {
    printf 'do: %s\n' "$*" >&2
    exit 1
}

# need PACKAGE...: installs those that are missing.
need() {
    command -v dpkg-query >/dev/null ||
        die "this is not Debian; install what corresponds to these packages, then use cmake: $*"
    missing=
    for package in "$@"; do
        case $(dpkg-query -W -f='${db:Status-Abbrev}' "$package" 2>/dev/null) in
        ii*) ;;
        *) missing="$missing $package" ;;
        esac
    done
    [ -n "$missing" ] || return 0
    step "installing$missing"
    if [ "$(id -u)" -eq 0 ]; then
        as_root="env"
    elif command -v sudo >/dev/null; then
        as_root="sudo env"
    else
        die "missing packages, and neither root nor sudo to install them:$missing"
    fi
    # A list that can't be refreshed is no failure yet: the packages may come from the others.
    $as_root apt-get -q update || printf 'do: apt-get update failed, trying all the same\n' >&2
    # shellcheck disable=SC2086 # lists of words
    $as_root DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=300 \
        install -y --no-install-recommends $missing
}

# configure FOLDER OPTION...: prepares a build folder; one that exists keeps its generator.
configure() {
    folder=$1
    shift
    [ -f "$folder/CMakeCache.txt" ] || set -- -G Ninja "$@"
    cmake --log-level=NOTICE -S . -B "$folder" -DCMAKE_CXX_COMPILER_LAUNCHER=ccache "$@"
}

# compile FOLDER [--target NAME...]
compile() {
    folder=$1
    shift
    # Lets checkouts at other places share what ccache keeps.
    CCACHE_BASEDIR=$PWD CCACHE_NOHASHDIR=1 cmake --build "$folder" --parallel "$(nproc)" "$@"
}

build() {
    # shellcheck disable=SC2086 # lists of words
    need $BUILD_PACKAGES
    step "building into build/bin/"
    if [ -f build/CMakeCache.txt ]; then
        configure build -DCMAKE_BUILD_TYPE=Release
    else
        configure build -DCMAKE_BUILD_TYPE=Release -DCONNECTOR_TESTS=OFF
    fi
    compile build --target iofog-connector iofog-connector-agent
}

bench() {
    # shellcheck disable=SC2086 # lists of words
    need $BUILD_PACKAGES $BENCH_PACKAGES
    step "building, optimized"
    configure build -DCMAKE_BUILD_TYPE=Release -DCONNECTOR_BENCH=ON
    compile build --target iofog-connector iofog-connector-agent bench-load bench-line
    unpack postgresql-15 initdb "fleets are" lib/postgresql/15/bin
    step "measuring; figures in build/bench.json, a picture in build/bench.svg"
    POSTGRESQL=build/postgresql-15/usr/lib/postgresql \
        /usr/bin/python3 Tests/bench/bench.py --json build/bench.json --svg build/bench.svg "$@" # Debian's, with matplotlib
}

# attack [NAME...]: as root, those that need a network namespace run, too.
attack() {
    build
    missed=
    for script in Tests/attack/attack_*.py; do
        name=$(basename "$script" .py)
        name=${name#attack_}
        case " ${*:-$name} " in
        *" $name "*) ;;
        *) continue ;;
        esac
        step "attack: $name"
        /usr/bin/python3 "$script" --bin build/bin || missed="$missed $name"
    done
    [ -z "$missed" ] || die "aims were missed:$missed"
}

# package: the same sources give the same packages, bit for bit.
package() {
    # shellcheck disable=SC2086 # lists of words
    need $BUILD_PACKAGES $PACKAGE_PACKAGES
    step "building packages into build-package/"
    SOURCE_DATE_EPOCH=$(git log -1 --format=%ct 2>/dev/null) || SOURCE_DATE_EPOCH=$(stat -c %Y CHANGELOG.md)
    export SOURCE_DATE_EPOCH
    rm -f build-package/*.deb build-package/*.rpm
    configure build-package -DCMAKE_BUILD_TYPE=Release -DCMAKE_INSTALL_PREFIX=/usr -DCONNECTOR_TESTS=OFF
    compile build-package
    for format in DEB RPM; do
        (cd build-package && cpack -G "$format" >cpack.log 2>&1) || {
            cat build-package/cpack.log >&2
            die "cpack -G $format failed"
        }
    done
    ls -l build-package/*.deb build-package/*.rpm
}

# image: without a container engine; the Containerfiles in packaging/container/ are for those who have one.
image() {
    # shellcheck disable=SC2086 # lists of words
    need $IMAGE_PACKAGES
    package
    step "building images into build-image/"
    build_image iofog-connector
    build_image iofog-connector-agent
    ls -l build-image/*.oci.tar
}

# build_image PROGRAM: of the package that package() has built.
build_image() {
    mkdir -p build-image
    packaging/container/build-image.sh "$1" build-package build-image
}

lint() {
    # shellcheck disable=SC2086 # lists of words
    need $LINT_PACKAGES
    step "checking the format of the sources"
    find Connector Tests -name '*.cpp' -o -name '*.h' | sort | xargs clang-format --dry-run -Werror
    step "checking the scripts"
    shellcheck -x ./do .ci/run Tests/*.sh Tests/packaging/*.sh Tests/packaging/complete.bash packaging/deb/*/p* \
        packaging/container/*.sh packaging/deb/shlibdeps packaging/acme/*
    shellcheck -s sh packaging/rpm/*/p*
    # How completions are written: with variables of bash-completion and of compgen -W.
    shellcheck -s bash -e SC2016,SC2034,SC2086,SC2207 packaging/bash-completion/*
    grep -qF -- "$ADD_MAPPING" README.md || die "README.md does not show the line that the demo runs: $ADD_MAPPING"
}

# --- demo ------------------------------------------------------------------------------------------------------

# alive PID: whether the process still runs; one that ended and is not waited for yet does not.
alive() {
    [ -d "/proc/$1" ] && ! grep -q '^State:[[:space:]]*Z' "/proc/$1/status" 2>/dev/null
}

# stop NAME PID: ends it, by force when it takes more than 6 s, and says how it ended.
stop() {
    kill -TERM "$2" 2>/dev/null || true
    tries=60
    while alive "$2" && [ "$tries" -gt 0 ]; do
        sleep 0.1
        tries=$((tries - 1))
    done
    kill -KILL "$2" 2>/dev/null || true
    stop_status=0
    wait "$2" || stop_status=$?
    printf '%s stopped, exit status %s\n' "$1" "$stop_status"
}

demo_clean_up() {
    status=$?
    trap '' INT TERM HUP
    trap - EXIT
    case $status in
    0 | 129 | 130 | 143) ;;
    *)
        for log in "$demo_dir"/*.log; do
            [ ! -f "$log" ] || { printf '\n--- %s\n' "${log##*/}" && cat "$log"; }
        done >&2
        ;;
    esac
    step "stopping everything"
    [ -z "$expose_pid" ] || stop "iofog-connector-agent expose" "$expose_pid"
    [ -z "$agent_pid" ] || stop iofog-connector-agent "$agent_pid"
    [ -z "$connector_pid" ] || {
        stop iofog-connector "$connector_pid"
        [ "$stop_status" -eq 0 ] || [ "$status" -ne 0 ] || status=1
    }
    [ -z "$web_pid" ] || stop "the web server" "$web_pid" >/dev/null
    rm -rf "$demo_dir"
    exit "$status"
}

# shown COMMAND...: prints the command line, then runs it.
shown() {
    printf '$ %s\n' "$*"
    "$@"
}

# await WHAT COMMAND...: runs the command until it succeeds, 10 s at most.
await() {
    what=$1
    shift
    tries=100
    until "$@" >/dev/null 2>&1; do
        tries=$((tries - 1))
        [ "$tries" -gt 0 ] || die "waited 10 s in vain for $what"
        sleep 0.1
    done
}

# member NAME: prints that member of the JSON object on standard input.
member() { python3 -c 'import json, sys; print(json.load(sys.stdin)[sys.argv[1]])' "$1"; }

free_ports() {
    python3 - <<'END'
import random
import socket

held = []
while len(held) < 6:
    candidate = socket.socket()
    try:
        candidate.bind(("127.0.0.1", random.randrange(20000, 32000)))
        held.append(candidate)
    except OSError:
        candidate.close()
print(*(port for _, port in (each.getsockname() for each in held)))
END
}

demo() {
    keep=no
    case "$#,${1-}" in
    0,) ;;
    1,--keep) keep=yes ;;
    *) die "usage: ./do demo [--keep]" ;;
    esac
    # shellcheck disable=SC2086 # lists of words
    need $BUILD_PACKAGES $DEMO_PACKAGES
    build

    umask 077
    demo_dir=$(mktemp -d "${TMPDIR:-/tmp}/connector-demo.XXXXXX")
    connector_pid='' agent_pid='' expose_pid='' web_pid=''
    trap demo_clean_up EXIT
    trap 'exit 129' HUP
    trap 'exit 130' INT
    trap 'exit 143' TERM

    # shellcheck disable=SC2046 # six words
    set -- $(free_ports)
    PORT=$1 web_port=$6
    export PORT

    step "Connector, the server with the public address, starts with this configuration"
    cat >"$demo_dir/iofog-connector.config" <<END
{
    "ports": ["$2", "$3", "$4", "$5"],
    "exclude": [],
    "broker": {},
    "address": "127.0.0.1",
    "dev": true,
    "api": {"port": $PORT},
    "pipes": {"bind": "127.0.0.1"},
    "database": "$demo_dir/mappings.db"
}
END
    cat "$demo_dir/iofog-connector.config"
    printf '$ build/bin/iofog-connector --config=%s/iofog-connector.config\n' "$demo_dir"
    build/bin/iofog-connector --config="$demo_dir/iofog-connector.config" >"$demo_dir/connector.log" 2>&1 &
    connector_pid=$!
    await "Connector's API" curl -fs -m 1 "http://127.0.0.1:$PORT/health"
    shown curl -s "http://127.0.0.1:$PORT/health"
    echo

    step "The Fog Controller's part: asking for a public mapping (PORT=$PORT)"
    printf '$ %s\n' "$ADD_MAPPING"
    answer=$(sh -c "$ADD_MAPPING")
    printf '%s\n' "$answer"
    id=$(printf '%s' "$answer" | member id) || die "not the answer that was hoped for"
    port1=$(printf '%s' "$answer" | member port1)
    port2=$(printf '%s' "$answer" | member port2)
    passcode=$(printf '%s' "$answer" | member passcode1)

    step "The fog node's part: a web server on 127.0.0.1:$web_port, and the agent that dials out to port1 ($port1)"
    mkdir "$demo_dir/www"
    cat >"$demo_dir/www/index.html" <<'END'
<!DOCTYPE html>
<title>Hello from the fog node</title>
<p>This page came through Connector.</p>
END
    printf '$ python3 -m http.server --bind 127.0.0.1 %s\n' "$web_port"
    python3 -m http.server --bind 127.0.0.1 --directory "$demo_dir/www" "$web_port" >"$demo_dir/web.log" 2>&1 &
    web_pid=$!
    await "the web server" curl -fs -m 1 "http://127.0.0.1:$web_port/"
    cat >"$demo_dir/agent.json" <<END
{
    "mode": "public", "host": "127.0.0.1", "port": $port1, "connectioncount": 5, "passcode": "$passcode",
    "localhost": "127.0.0.1", "localport": $web_port, "heartbeatfrequency": 20000, "heartbeatabsencethreshold": 60000
}
END
    printf '$ build/bin/iofog-connector-agent --config=%s/agent.json --plain\n' "$demo_dir"
    build/bin/iofog-connector-agent --config="$demo_dir/agent.json" --plain >"$demo_dir/agent.log" 2>&1 &
    agent_pid=$!

    step "The visitor's part: fetching the page through port2 ($port2)"
    printf '$ curl -si http://127.0.0.1:%s/\n' "$port2"
    curl -sSi -m 15 -o "$demo_dir/fetched" "http://127.0.0.1:$port2/" || die "nothing came through port2"
    cat "$demo_dir/fetched"
    echo
    tr -d '\r' <"$demo_dir/fetched" | sed '1,/^$/d' | cmp - "$demo_dir/www/index.html" ||
        die "what came through port2 is not the page"
    shown curl -s "http://127.0.0.1:$PORT/api/v2/mapping/$id"
    echo

    step "The same in one line: expose opens a mapping of its own, and shows its URL and who comes"
    printf '$ build/bin/iofog-connector-agent expose %s --server=http://127.0.0.1:%s\n' "$web_port" "$PORT"
    build/bin/iofog-connector-agent expose "$web_port" --server="http://127.0.0.1:$PORT" \
        >"$demo_dir/expose.out" 2>"$demo_dir/expose.log" &
    expose_pid=$!
    await "the URL" grep -q . "$demo_dir/expose.out"
    url=$(head -n 1 "$demo_dir/expose.out")
    curl -sS -m 15 "$url/" | cmp - "$demo_dir/www/index.html" || die "what came from $url is not the page"
    await "the visitor's line" grep -q ' has gone' "$demo_dir/expose.out"
    cat "$demo_dir/expose.out"

    if [ "$keep" = yes ]; then
        step "Running until Ctrl-C. Open http://127.0.0.1:$port2/ or $url/, and Connector's page at http://127.0.0.1:$PORT/
    (logs and configuration: $demo_dir)"
        trap 'exit 0' INT TERM
        while alive "$connector_pid" && alive "$agent_pid" && alive "$expose_pid" && alive "$web_pid"; do
            sleep 1
        done
        die "a process ended by itself"
    fi

    step "Ctrl-C ends it, and closes its mapping"
    stop "iofog-connector-agent expose" "$expose_pid"
    expose_pid=''
    [ "$stop_status" -eq 0 ] || die "that went wrong"
    if curl -s -m 5 "$url/" >/dev/null; then
        die "$url still answers"
    fi
    printf '%s is closed\n' "$url"

    step "The Fog Controller's part again: closing the mapping"
    removal=$(shown curl -s -d "mappingid=$id" "http://127.0.0.1:$PORT/api/v2/mapping/remove")
    printf '%s\n' "$removal"
    case $removal in
    *'$ curl'*'"status":"ok"'*) ;;
    *) die "not the answer that was hoped for" ;;
    esac
    if curl -s -m 5 "http://127.0.0.1:$port2/" >/dev/null; then
        die "port2 still answers"
    fi
    printf 'port2 is closed\n'

    step "What Connector logged, and the agent"
    cat "$demo_dir/connector.log" "$demo_dir/agent.log"
}

# --- test ------------------------------------------------------------------------------------------------------

# test_with FOLDER CTEST_OPTION...: runs the tests of a build folder, several at once, as most of their time is waiting.
# Sanitizers stop at the first error they see.
# POCO is not instrumented: ThreadSanitizer can't see how it counts references, and must not judge by its accesses.
# The sanitizers of GCC 12 and clang 14 can't place their shadow memory where the kernel randomizes addresses with
# 32 bits, so addresses are not randomized where that may be turned off.
test_with() {
    folder=$1
    shift
    unrandomized=
    ! setarch "$(uname -m)" -R true 2>/dev/null || unrandomized="setarch $(uname -m) -R"
    sync # what the build has written would hold up the tests' databases for seconds
    ASAN_OPTIONS=detect_stack_use_after_return=1:strict_string_checks=1 \
        LSAN_OPTIONS="suppressions=$PWD/Tests/leaks.txt:print_suppressions=0" \
        UBSAN_OPTIONS=print_stacktrace=1 \
        TSAN_OPTIONS="halt_on_error=1:second_deadlock_stack=1:ignore_noninstrumented_modules=1:suppressions=$PWD/Tests/races.txt" \
        $unrandomized ctest --test-dir "$folder" --output-on-failure --no-label-summary "$@"
}

# sanitized_build FOLDER SANITIZERS OPTIMIZATION
sanitized_build() {
    configure "$1" -DCMAKE_BUILD_TYPE=Debug -DCMAKE_CXX_FLAGS_DEBUG="$3 -g1 -D_GLIBCXX_ASSERTIONS" \
        -DCONNECTOR_TESTS=ON -DCONNECTOR_SANITIZE="$2" -DCONNECTOR_SYSTEM_TESTS="$PWD/build/bin/system-tests"
    compile "$1"
}

# skip WHAT WHY: instead of a test; the system tests do the same (Tests/system/Skipping.h).
skip() {
    [ "${CI-}" != true ] || die "CI must not skip $1: $2"
    printf 'skipped: %s: %s\n' "$1" "$2" | tee -a "$CONNECTOR_SKIPPED"
}

# begin_counting: of what is skipped, into a file.
begin_counting() {
    CONNECTOR_SKIPPED=$(mktemp "${TMPDIR:-/tmp}/connector-skipped.XXXXXX")
    export CONNECTOR_SKIPPED
    trap 'rm -f "$CONNECTOR_SKIPPED"' EXIT
}

# sum_up: what was skipped is told once, even if it was in several builds.
sum_up() {
    sort -u -o "$CONNECTOR_SKIPPED" "$CONNECTOR_SKIPPED"
    count=$(wc -l <"$CONNECTOR_SKIPPED")
    if [ "$count" -eq 0 ]; then
        step "all tests have passed, and none was skipped"
    else
        step "all tests that could be run here have passed; $count skipped:"
        sed 's/^skipped: /  /' "$CONNECTOR_SKIPPED"
    fi
}

# check_rights: whether packages can be installed into a Debian of their own, which needs to be root, and namespaces for
# mounts, processes and the network. Asked at the start: CI need not wait for the error, nor a user for sudo's question.
check_rights() {
    installing="installing the packages, and running an image"
    as_root=
    [ "$(id -u)" -eq 0 ] || as_root=sudo
    can_install=no
    if ! $as_root true 2>/dev/null; then
        skip "$installing" "neither root nor sudo"
    elif ! $as_root unshare --mount --pid --net --fork --mount-proc true 2>/dev/null; then
        skip "$installing" "the kernel gives no namespaces: not allowed in this container"
    else
        can_install=yes
    fi
}

# package_tests: with check_rights() before.
package_tests() {
    package
    Tests/packaging/formalities.sh build-package
    [ "$can_install" = yes ] || return 0
    $as_root Tests/packaging/installation.sh build-package
    step "an image"
    build_image iofog-connector
    $as_root Tests/packaging/image.sh build-image
}

optimized_build() {
    unpack fail2ban fail2ban-regex "its filter is"
    unpack prometheus promtool "alerts and the format of metrics are"
    unpack postgresql-15 initdb "shared databases are" lib/postgresql/15/bin
    unpack pebble pebble "certificates by ACME are"
    unpack lego lego "certificates by ACME are"
    step "building everything, optimized"
    configure build -DCMAKE_BUILD_TYPE=Release -DCONNECTOR_TESTS=ON -DCONNECTOR_BENCH=ON
    compile build
}

# unpack PACKAGE PROGRAM WHAT [FOLDER]: into build/PACKAGE, for tests that run the program, which is in this folder of
# /usr; what is installed would begin to work.
unpack() {
    [ ! -x "build/$1/usr/${4-bin}/$2" ] || return 0
    mkdir -p "build/$1"
    (cd "build/$1" && apt-get -q download "$1" && dpkg-deb -x "$1"_*.deb .) ||
        printf 'do: %s is not to be had; %s not tested\n' "$1" "$3" >&2
}

optimized_tests() {
    step "all tests, optimized"
    test_with build -j 6
}

quick_tests() {
    step "lint, then all tests in an optimized build: under 5 minutes, longer when much is to be compiled"
    # shellcheck disable=SC2086 # lists of words
    need $BUILD_PACKAGES $TEST_PACKAGES $LINT_PACKAGES
    begin_counting
    lint
    optimized_build
    optimized_tests
    sum_up
}

all_tests() {
    step "what follows takes about 25 minutes on two cores, longer the first time, when all of it is compiled:
    lint; the fuzz targets, $FUZZ_SECONDS s each; the tests of the event loops with ThreadSanitizer; all tests with
    AddressSanitizer and UndefinedBehaviorSanitizer; all tests, optimized; the packages, installed into a Debian of
    their own, and an image. './do test --quick' is lint and the optimized tests only."
    # shellcheck disable=SC2086 # lists of words
    need $BUILD_PACKAGES $TEST_PACKAGES $FUZZ_PACKAGES $LINT_PACKAGES $PACKAGE_PACKAGES $PACKAGE_TEST_PACKAGES $IMAGE_PACKAGES
    begin_counting
    check_rights
    lint
    optimized_build

    step "fuzzing, $FUZZ_SECONDS s for each target"
    configure build-fuzz -DCMAKE_CXX_COMPILER=clang++ -DCMAKE_BUILD_TYPE=Debug -DCMAKE_CXX_FLAGS_DEBUG="-O1 -g1" \
        -DCONNECTOR_TESTS=OFF -DCONNECTOR_FUZZ=ON -DCONNECTOR_FUZZ_SECONDS="$FUZZ_SECONDS"
    compile build-fuzz --target fuzz-targets
    test_with build-fuzz/Tests/fuzz -j 4 # all at once: each runs for a time, not for a number of rounds

    step "tests of the event loops with ThreadSanitizer"
    sanitized_build build-tsan thread -O1
    test_with build-tsan -j 6 -L loops

    step "all tests with AddressSanitizer and UndefinedBehaviorSanitizer"
    sanitized_build build-asan address,undefined -O0 # twice as fast to compile as -O1
    test_with build-asan -j 6

    optimized_tests

    step "tests of the packages"
    package_tests
    sum_up
}

run_tests() {
    case "$#,${1-}" in
    0,) all_tests ;;
    1,--quick) quick_tests ;;
    *) die "usage: ./do test [--quick]" ;;
    esac
}

command=${1-help}
[ "$#" -eq 0 ] || shift
case $command in
demo) demo "$@" ;;
test) run_tests "$@" ;;
build) build ;;
bench) bench "$@" ;;
attack) attack "$@" ;;
package) package ;;
image) image ;;
lint) lint ;;
help | -h | --help) help ;;
*)
    help >&2
    exit 2
    ;;
esac
