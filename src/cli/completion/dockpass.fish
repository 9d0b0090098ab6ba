# Completions of dockpass for fish. They ask the dockpass that is typed.
function __dockpass_complete
    set -l words (commandline --tokenize --cut-at-cursor --current-process)
    set -l current (commandline --current-token --cut-at-cursor)
    set -l lines ($words[1] __complete -- $words[2..-1] $current 2>/dev/null)
    switch "$lines[1]"
        case files
            __fish_complete_path $current
        case directories
            __fish_complete_directories $current
        case '*'
            for line in $lines[2..-1]
                echo $line
            end
    end
end
complete --command dockpass --no-files --arguments '(__dockpass_complete)'
