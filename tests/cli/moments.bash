# Moments that are parts of what a command takes itself, so that they are within it on a fast machine and on a slow one.

# usage: timed COMMAND...: runs it; `took` is how many milliseconds that was.
timed() {
    local start
    start=$(date +%s%N)
    "$@"
    took=$((($(date +%s%N) - start) / 1000000))
}

# usage: kill_after MILLISECONDS COMMAND...: kills it and its children then; 137 is its exit code, or its own if it ended before.
kill_after() {
    local moment=$(($1 + 1)) # 0 would be never
    shift
    timeout -s KILL "$((moment / 1000)).$(printf %03d $((moment % 1000)))" "$@"
}

# usage: wait_for COMMAND...: until it succeeds, two minutes at most.
wait_for() {
    for _ in $(seq 2400); do
        ! "$@" 2>/dev/null || return 0
        sleep 0.05
    done
    return 1
}
