# Sourced by the scripts beside it.
# shellcheck shell=sh

step() { printf '\n%s ==> %s\n' "$(date +%T)" "$*"; }

die() {
    printf '%s: %s\n' "${0##*/}" "$*" >&2
    exit 1
}

# says WORDS FILE: fails unless the file has these words in it.
says() {
    grep -qF -- "$1" "$2" || {
        cat "$2" >&2
        die "\"$1\" is not in $2"
    }
}

# same EXPECTED ACTUAL WHAT
same() {
    [ "$1" = "$2" ] || die "$3: \"$1\" was expected, and it is \"$2\""
}

# await WHAT COMMAND...: runs the command until it succeeds, 20 s at most.
await() {
    awaited=$1
    shift
    tries=200
    until "$@" >/dev/null 2>&1; do
        tries=$((tries - 1))
        [ "$tries" -gt 0 ] || die "waited 20 s in vain for $awaited"
        sleep 0.1
    done
}

# the_file PATTERN...: the one file that these patterns name.
the_file() {
    if [ "$#" -ne 1 ] || [ ! -f "$1" ]; then
        die "not one file: $*"
    fi
    printf '%s\n' "$1"
}
