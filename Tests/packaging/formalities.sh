#!/bin/sh
# Looks at the packages without installing them: lintian and rpmlint, the units, manual pages and completions.
# usage: formalities.sh BUILD_FOLDER
set -eu
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=Tests/packaging/lib.sh
. "$here/lib.sh"
build=$(cd "$1" && pwd)
sources=$(cd "$here/../.." && pwd)

work=$(mktemp -d "${TMPDIR:-/tmp}/connector-formalities.XXXXXX")
trap 'rm -rf "$work"' EXIT

debian_rules() {
    step "lintian"
    lintian --allow-root --fail-on error,warning --tag-display-limit 0 "$build"/*.deb
}

rpm_rules() {
    step "rpmlint"
    rpmlint --strict --config "$here/rpmlint.toml" "$build"/*.rpm
}

unpack() {
    for package in "$build"/*.deb; do
        dpkg-deb -x "$package" "$work"
    done
}

# A unit's paths are looked for on this machine: the copy has those of the unpacked packages.
units() {
    step "units"
    mkdir "$work/units"
    for unit in "$work"/usr/lib/systemd/system/*; do
        sed "s|^ExecStart=/|ExecStart=$work/|" "$unit" >"$work/units/${unit##*/}"
    done
    systemd-analyze verify --man=no --recursive-errors=no "$work"/units/iofog-connector.service \
        "$work"/units/iofog-connector-agent@.service
    for unit in "$work"/usr/lib/systemd/system/*; do
        systemd-analyze security --no-pager --offline=true --threshold=15 "$unit" >"$work/exposure" || {
            cat "$work/exposure" >&2
            die "$unit has an exposure of more than 1.5"
        }
        tail -n 1 "$work/exposure"
    done
}

# Every key of doc/configuration.md's table and lists is in the manual page, too.
# shellcheck disable=SC2016 # backquotes of Markdown
keys_of_configuration() {
    sed -n 's/^| \[`\([a-z.-]*\)`\].*/\1/p; s/^- \*\*`\(.*\)`\*\*:.*/\1/p' "$sources/doc/configuration.md" |
        sed 's/`\*\*, \*\*`/\n/g'
}

manuals() {
    step "manual pages"
    for page in "$work"/usr/share/man/man*/*; do
        man --warnings --local-file "$page" >/dev/null 2>"$work/warnings"
        [ ! -s "$work/warnings" ] || die "man: $(cat "$work/warnings")"
        mandoc -T lint -W warning "$page" || die "mandoc has warnings"
    done
    keys_of_configuration >"$work/keys"
    [ -s "$work/keys" ] || die "no keys found in configuration.md"
    while read -r key; do
        zgrep -qE -- "^(\.It )?.*Cm ${key}( |\$)" "$work/usr/share/man/man5/iofog-connector.config.5.gz" ||
            die "iofog-connector.config(5) does not have the key $key"
    done <"$work/keys"
}

# Every option that the programs' own help shows is in their manual pages.
options() {
    step "options"
    connector=$work/usr/bin/iofog-connector
    "$connector" help --json | sed -n 's/^ *"name" *: *"\(.*\)".*/\1/p' >"$work/commands"
    [ -s "$work/commands" ] || die "no commands found in its help"
    {
        "$connector" --help
        while read -r command; do
            # shellcheck disable=SC2086 # the words of a command
            "$connector" $command --help
        done <"$work/commands"
    } >"$work/help"
    options_are_in "$work/help" "$work/usr/share/man/man8/iofog-connector.8.gz"
    "$work/usr/bin/iofog-connector-agent" --help >"$work/help"
    options_are_in "$work/help" "$work/usr/share/man/man1/iofog-connector-agent.1.gz"
}

# options_are_in HELP PAGE
options_are_in() {
    mandoc -T utf8 "$2" | col -bx >"$work/page"
    grep -oE -- '--[a-z][a-z0-9-]*' "$1" | sort -u >"$work/options"
    while read -r option; do
        grep -qE -- "$option([^a-z0-9-]|\$)" "$work/page" || die "$2 does not have $option"
    done <"$work/options"
}

# completed WORD... : what bash would complete the last word to; the first is the program.
completed() {
    PATH=$work/usr/bin:$PATH bash "$here/complete.bash" "$work/usr/share/bash-completion/completions/$1" "$@" |
        tr '\n' ' '
}

completions() {
    step "completion"
    touch "$work/configs.json"
    same "check events health help import mapping reload setup start status stop top upgrade version " "$(completed iofog-connector '')" "commands"
    same "start status stop " "$(completed iofog-connector st)" "commands with st"
    same "add connections disconnect list passcode remove set show " "$(completed iofog-connector mapping '')" "of mapping"
    same "port1 port2 " "$(completed iofog-connector mapping passcode --side=)" "sides"
    same "label lastagent " "$(completed iofog-connector top --sort=la)" "columns"
    same "public " "$(completed iofog-connector mapping add pu)" "of mapping add"
    same "--config= " "$(completed iofog-connector --co)" "an option"
    same "$work/configs.json " "$(completed iofog-connector import "$work/con")" "a file to import"
    same "--plain " "$(completed iofog-connector-agent --pl)" "an option of the agent"
    same "warning " "$(completed iofog-connector-agent --log-level=wa)" "a level"
    same "expose " "$(completed iofog-connector-agent ex)" "the agent's command"
    same "--server= " "$(completed iofog-connector-agent expose 8080 --se)" "an option of expose"
}

debian_rules
rpm_rules
unpack
units
manuals
options
completions
