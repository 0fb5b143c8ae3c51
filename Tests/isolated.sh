#!/bin/sh
# Runs a test in a network of its own, which has nothing but loopback: no program of this machine, and no other test, can
# take a port there. Its files are in memory, if there is a /dev/shm: for a disk that is busy with something else, a server
# rightly ends with an error. Where the kernel gives no namespaces, or ip(8) and setpriv(1) are missing, it runs as it is.
# usage: isolated.sh COMMAND [ARGUMENT...]
set -eu

# shellcheck disable=SC2016 # the inner shell expands
prepare='! mount -t tmpfs -o size=4g,mode=1777 tmpfs /dev/shm 2>/dev/null || export TMPDIR=/dev/shm
ip link set lo up && exec'
# shellcheck disable=SC2016
as_root=$prepare' "$@"'
# As a user other than root: the capabilities that a user namespace gives are for that only, and not for the test.
# shellcheck disable=SC2016
as_user=$prepare' setpriv --ambient-caps=-all --inh-caps=-all "$@"'

if unshare --net --mount sh -c "$as_root" sh true 2>/dev/null; then
    exec unshare --net --mount sh -c "$as_root" sh "$@"
elif unshare --map-current-user --keep-caps --net --mount sh -c "$as_user" sh true 2>/dev/null; then
    exec unshare --map-current-user --keep-caps --net --mount sh -c "$as_user" sh "$@"
fi
exec "$@"
