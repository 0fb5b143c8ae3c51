#!/bin/sh
# Takes out of an image what the server's package is for an installed service: the configuration, which is mounted, and
# the folder for its log, or "setup" would have the log written there instead of to standard error.
# usage: prepare.sh [ROOT]
set -eu
rm "${1-}/etc/iofog-connector/iofog-connector.config"
rmdir "${1-}/var/log/iofog-connector"
