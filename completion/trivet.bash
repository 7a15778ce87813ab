# SPDX-License-Identifier: Apache-2.0
# trivet(1) for bash: commands, options, contexts.
#
# Commands and options are asked of trivet itself (--help), so that they are
# never out of date.

_trivet_commands() {
    trivet --help 2>/dev/null | sed -n 's/^  \([a-z][a-z-]*\)  .*/\1/p'
}

_trivet_options() {
    trivet "$@" --help 2>/dev/null | grep -oE -- '--[a-z][a-z-]+=?' | sort -u
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
        [ "$command $COMP_CWORD" = "use 2" ]; then
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
        words="classic off"
    elif [ "${word#-}" != "$word" ]; then
        words=$(_trivet_options "$command")
        compopt -o nospace 2>/dev/null
    else
        case "$command $COMP_CWORD" in
        "ip 2") words="list add disable" ;;
        "pins 2") words="learn check clear" ;;
        "audit 2") words="verify" ;;
        "call 2") words="GET POST PUT DELETE" ;;
        "clock 2") words="reset +1h +1d +8d" ;;
        "incident 2") words="429-unsigned html-502 lowercase-headers
            session-dies slow wrong-signature ip-flip all" ;;
        "incident 3")
            words="on off"
            [ "$before" != "all" ] || words="off" ;;
        "key 2" | "user 2" | "device 2" | "session 2" | "server-key 2")
            words=$(trivet "$command" --help 2>/dev/null |
                sed -n 's/^  \([a-z][a-z-]*\)  .*/\1/p') ;;
        *)
            compopt -o default 2>/dev/null
            return ;;
        esac
    fi

    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
}

complete -F _trivet trivet
