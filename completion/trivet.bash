# SPDX-License-Identifier: Apache-2.0
# trivet(1) for bash: commands, options, contexts.
#
# Commands and options are asked of trivet itself (--help), so that they are
# never out of date.

# The commands, or the sub-commands of one.
_trivet_commands() {
    trivet "$@" --help 2>/dev/null |
        sed -nE '/^Commands:/,$s/^  ([a-z][a-z-]*) +[^ ].*/\1/p'
}

# The options of a command, or of a sub-command: "=" is behind those that want
# a value.
_trivet_options() {
    trivet "$@" --help 2>/dev/null |
        sed -nE 's/^ {2,6}(-., )?(--[a-z][a-z-]*)(=)?.*/\2\3/p' | sort -u
}

# Whether a command has that sub-command, with a help of its own.
_trivet_has() {
    _trivet_commands "$1" | grep -qxF -e "$2"
}

_trivet_contexts() {
    local folder=${TRIVET_CONFIG_DIR:-${XDG_CONFIG_HOME:-$HOME/.config}/trivet}
    local file
    for file in "$folder"/contexts/*.json; do
        [ -e "$file" ] || continue
        file=${file##*/}
        printf '%s\n' "${file%.json}"
    done
}

_trivet() {
    local word=${COMP_WORDS[COMP_CWORD]}
    local before=${COMP_WORDS[COMP_CWORD - 1]}
    local command=${COMP_WORDS[1]:-}
    local words=

    # bash makes three words of --profile=strict.
    if [ "$word" = "=" ]; then
        word=
    elif [ "$before" = "=" ] && [ "$COMP_CWORD" -gt 2 ]; then
        before=${COMP_WORDS[COMP_CWORD - 2]}
    fi

    COMPREPLY=()
    if [ "$COMP_CWORD" -eq 1 ]; then
        words=$(_trivet_commands)
    elif [ "$before" = "--context" ] || [ "$before" = "-c" ] ||
        { [ "$command $COMP_CWORD" = "use 2" ] &&
            [ "${word#-}" = "$word" ]; }; then
        words=$(_trivet_contexts)
    elif [ "$before" = "--env" ]; then
        words="sandbox production"
    elif [ "$before" = "--pin-mode" ]; then
        words="enforce report"
    elif [ "$before" = "--profile" ]; then
        words="strict current classic reference"
    elif [ "$before" = "--switch" ]; then
        words=$(trivet serve --help 2>/dev/null |
            sed -nE 's/^  ([a-z0-9-]+=)[A-Za-z0-9|-]+: .*/\1/p')
        compopt -o nospace 2>/dev/null
    elif [ "$before" = "--prune" ]; then
        words="off installations= sessions= api-keys="
        compopt -o nospace 2>/dev/null
    elif [ "$before" = "--rate-limits" ]; then
        words="classic 2026 off"
    elif [ "$before" = "--encryption" ]; then
        words="off optional required"
    elif [ "$before" = "--lanes" ]; then
        words="auto off"
    elif [ "${word#-}" != "$word" ]; then
        if [ "$COMP_CWORD" -gt 2 ] && _trivet_has "$command" "${COMP_WORDS[2]}"
        then
            words=$(_trivet_options "$command" "${COMP_WORDS[2]}")
        else
            words=$(_trivet_options "$command")
        fi
    else
        case "$command $COMP_CWORD" in
        "ip 2") words="list add disable" ;;
        "pins 2") words="learn check clear rotate export" ;;
        "call 2") words="GET POST PUT DELETE" ;;
        "clock 2") words="reset accept +1h +1d +8d" ;;
        "incident 2") words="429-unsigned html-502 lowercase-headers
            session-dies slow wrong-signature ip-flip
            maintenance-491 ip-country-400 sandbox-reset
            server-key-rotates all" ;;
        "incident 3")
            words="on off"
            [ "$before" != "all" ] || words="off" ;;
        *)
            [ "$COMP_CWORD" -ne 2 ] || words=$(_trivet_commands "$command")
            if [ -z "$words" ]; then
                compopt -o default 2>/dev/null
                return
            fi ;;
        esac
    fi

    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
    # A value follows at once.
    if [ "${#COMPREPLY[@]}" -eq 1 ] && [ "${COMPREPLY[0]%=}" != "${COMPREPLY[0]}" ]
    then
        compopt -o nospace 2>/dev/null
    fi
}

complete -F _trivet trivet
