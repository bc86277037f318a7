# What every stand-in does first: it notes its call in the sandbox that it was started from, and fails
# if the case wants that. They are shell because there are thousands of calls, and bash starts fast.

sandbox=${BASH_SOURCE[1]%/*}/..

# note PROGRAM ARG…: a directory of its own for each call, numbered by when it began. Two sides of a
# pipe may want the same number; mkdir gives it to one.
note() {
    local number=1000
    mkdir -p "$sandbox/calls"
    [ ! -e "$sandbox/calls/next" ] || read -r number <"$sandbox/calls/next"
    until mkdir "$sandbox/calls/$number" 2>/dev/null; do
        number=$((number + 1))
    done
    echo $((number + 1)) >"$sandbox/calls/next"
    call=$sandbox/calls/$number
    printf '%s\0' "$PWD" "$@" >"$call/words"
}

# fail_if_told TITLE: `fail` holds a status and a title a line.
fail_if_told() {
    local status title
    while read -r status title; do
        if [ "$title" = "$1" ]; then
            echo "stand-in: told to fail" >&2
            exit "$status"
        fi
    done <"$sandbox/fail"
}
