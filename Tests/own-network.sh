#!/bin/sh
# Runs a test in a network of its own, which has nothing but loopback: no program of this machine, and no other test, can
# take a port there. Where the kernel gives no namespaces, or ip(8) and setpriv(1) are missing, it runs as it is.
# usage: own-network.sh COMMAND [ARGUMENT...]
set -eu

# shellcheck disable=SC2016 # the inner shell expands
prepare='ip link set lo up && exec "$@"'

# As a user other than root: the capabilities that a user namespace gives are for loopback only, and not for the test.
# shellcheck disable=SC2016
prepare_as_user='ip link set lo up && exec setpriv --ambient-caps=-all --inh-caps=-all "$@"'

if unshare --net sh -c "$prepare" sh true 2>/dev/null; then
    exec unshare --net sh -c "$prepare" sh "$@"
elif unshare --map-current-user --keep-caps --net sh -c "$prepare_as_user" sh true 2>/dev/null; then
    exec unshare --map-current-user --keep-caps --net sh -c "$prepare_as_user" sh "$@"
fi
exec "$@"
