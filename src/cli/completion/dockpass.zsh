#compdef dockpass
# Completions of dockpass for zsh. They ask the dockpass that is typed.
_dockpass() {
    local -a lines values shown
    local line program=${(Q)words[1]}
    lines=("${(@f)$(${~program} __complete -- "${(@Q)words[2,CURRENT-1]}" "${(Q)PREFIX}" 2>/dev/null)}")
    case $lines[1] in
        files) _files; return ;;
        directories) _files -/; return ;;
    esac
    for line in "${(@)lines[2,-1]}"; do
        [[ -z $line ]] && continue
        values+=("${line%%$'\t'*}")
        shown+=("${line/$'\t'/  }")
    done
    if (( $#values == 1 )) && [[ $values[1] == */ ]]; then
        compadd -S '' -l -d shown -a values
    else
        compadd -l -d shown -a values
    fi
}
if [[ $funcstack[1] == _dockpass ]]; then _dockpass "$@"; else compdef _dockpass dockpass; fi
