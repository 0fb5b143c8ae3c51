# usage: complete.bash COMPLETION_FILE PROGRAM WORD...: what bash completes the last word to, a line each.
set -euo pipefail
set +u # as in an interactive shell
source /usr/share/bash-completion/bash_completion
# shellcheck source=packaging/bash-completion/iofog-connector
source "$1"
shift

# As readline does, "=" ends a word.
COMP_LINE="$*"
COMP_POINT=${#COMP_LINE}
COMP_WORDS=()
for word in "$@"; do
    if [[ $word == --*=* ]]; then
        COMP_WORDS+=("${word%%=*}" "=" "${word#*=}")
    else
        COMP_WORDS+=("$word")
    fi
done
COMP_CWORD=$((${#COMP_WORDS[@]} - 1))

compopt() { :; } # only readline can have it
function_name=$(complete -p "$1" | sed 's/.*-F \([^ ]*\).*/\1/')
COMPREPLY=()
"$function_name" "$1" "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}" || true
printf '%s\n' "${COMPREPLY[@]}"
