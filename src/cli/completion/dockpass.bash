# Completions of dockpass for bash 4.4 or later. They ask the dockpass that is typed.
_dockpass() {
    local words=() word blank rest=${COMP_LINE:0:COMP_POINT} i
    # bash takes words apart at `=` and `:`; here they are whole again.
    for ((i = 0; i <= COMP_CWORD; i++)); do
        word=${COMP_WORDS[i]}
        blank=${rest%%[![:space:]]*}
        rest=${rest#"$blank"}
        ((i == COMP_CWORD)) && word=$rest
        rest=${rest#"$word"}
        if ((i == 0)) || [[ -n $blank ]]; then words+=("$word"); else words[-1]+=$word; fi
    done
    local quote=
    [[ ${words[-1]} == [\'\"]* ]] && quote=1
    # Names have no signs that need quoting: what quotes them is left out of the question.
    words=("${words[@]//[\'\"\\]/}")
    local program=${words[0]/#\~/$HOME} lines=() line value
    mapfile -t lines < <("$program" __complete -- "${words[@]:1}" 2>/dev/null)
    COMPREPLY=()
    case ${lines[0]} in
        files) compopt -o default; return ;;
        directories) compopt -o dirnames; return ;;
    esac
    local last=${words[-1]}
    local kept=${last%"${last##*[=:]}"}
    for line in "${lines[@]:1}"; do
        value=${line%%$'\t'*}
        value=${value#"$kept"}
        [[ -z $quote ]] && printf -v value %q "$value"
        COMPREPLY+=("$value")
    done
    [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == */ ]] && compopt -o nospace
}
complete -F _dockpass dockpass
