# What every tool does alike: help, version, usage errors, standard output that fails.

tools() { for source in "$ROOT"/tools/*.c; do [ ! -f "$source" ] || basename "$source" .c; done; }

# A tool's name in front, for the message of a failed test.
each() {
    for tool in $(tools); do
        "$@" "$tool" || { echo "$tool: failed, status $status: $output" && return 1; }
    done
}

one_line_of() { [ "$(printf '%s\n' "$output" | head -n 1)" = "$1" ]; }

help_is_readable() {
    run "$1" --help
    [ "$status" -eq 0 ] || return 1
    [ "${lines[0]%% [*}" != "" ] && [ "${lines[0]#Usage: "$1" }" != "${lines[0]}" ] || return 1
    [ "$(printf '%s\n' "$output" | awk 'length($0) > 80' | wc -l)" -eq 0 ] || return 1
    [ "$("$1" -h)" = "$output" ] || return 1
    [ -z "$("$1" --help 2>&1 >/dev/null)" ]
}
@test "--help is on standard output, 80 columns wide" { each help_is_readable; }

version_is_told() {
    run "$1" -V
    [ "$status" -eq 0 ] && [[ ${lines[0]} == "$1 "[0-9]* ]] && [[ ${lines[1]} == "libbco "[0-9]* ]] && [[ $output == *zstd* ]]
}
@test "--version names the tool, libbco and its libraries" { each version_is_told; }

unknown_option_is_refused() {
    run "$1" --no-such-option
    [ "$status" -eq 2 ] && one_line_of "$1: unknown option '--no-such-option'" || return 1
    run "$1" --no-such-option=3
    [ "$status" -eq 2 ] && one_line_of "$1: unknown option '--no-such-option'" || return 1
    run "$1" -~
    [ "$status" -eq 2 ] && one_line_of "$1: unknown option '-~'" || return 1
    [ -z "$("$1" --no-such-option 2>/dev/null || true)" ]
}
@test "an unknown option is a usage error" { each unknown_option_is_refused; }

beginnings_are_refused() {
    run "$1" --versio
    [ "$status" -eq 2 ] && one_line_of "$1: unknown option '--versio'" || return 1
    run "$1" --thread 3
    [ "$status" -eq 2 ] && one_line_of "$1: unknown option '--thread'" || return 1
    run "$1" --thread=3
    [ "$status" -eq 2 ] && one_line_of "$1: unknown option '--thread'"
}
@test "the beginning of an option's name is not that option" { each beginnings_are_refused; }

numbers_are_checked() {
    for value in '' x 3x -1 0 1.5 4097 99999999999999999999 1Q; do
        run "$1" --threads="$value"
        [ "$status" -eq 2 ] && [[ ${lines[0]} == "$1: --threads: "*"got '$value', expected "* ]] || return 1
    done
    run "$1" -j
    [ "$status" -eq 2 ] && one_line_of "$1: --threads: its argument is missing, expected N" || return 1
    run "$1" --quiet=yes
    [ "$status" -eq 2 ] && one_line_of "$1: --quiet takes no argument, got 'yes'" || return 1
    run env BCO_THREADS=many "$1" </dev/null
    [ "$status" -eq 2 ] && one_line_of "$1: BCO_THREADS: not a number of threads, got 'many', expected 1 to 4096"
}
@test "counts are checked" { each numbers_are_checked; }

two_outputs_in_one_are_refused() {
    case $1 in bco-train | bco-merge) return 0 ;; esac # their output is a folder
    run "$1" -o new --rejects "$PWD/new" none
    [ "$status" -eq 2 ] && one_line_of "$1: '$PWD/new' for both --output and --rejects" || return 1
    : >there && ln -sf there link
    run "$1" --output=./there --rejects link none
    [ "$status" -eq 2 ] && one_line_of "$1: 'link' for both --output and --rejects" || return 1
    [ ! -e new ] && [ ! -s there ]
}
@test "one file as output and for the rejects is a usage error" {
    cd "$BATS_TEST_TMPDIR"
    each two_outputs_in_one_are_refused
}

full_disk_is_told() {
    status=0
    output=$("$1" --help 2>&1 >/dev/full) || status=$?
    [ "$status" -eq 3 ] && [ "$output" = "$1: -: cannot write: No space left on device" ] || return 1
    status=0
    output=$("$1" --help 2>&1 >&-) || status=$?
    [ "$status" -eq 3 ] && [ "$output" = "$1: -: cannot write: Bad file descriptor" ]
}
@test "standard output that is full or closed is an error" {
    [ -e /dev/full ] || skip "no /dev/full"
    each full_disk_is_told
}

closed_pipe_is_quiet() {
    output=$({ { "$1" --help; echo "${PIPESTATUS[0]}" >&3; } | true; } 3>&2 2>&1) || true
    [ -z "$output" ]
}
@test "a reader that has gone is no news" { each closed_pipe_is_quiet; }

spin_count() { OMP_DISPLAY_ENV=verbose "$@" --version 2>&1 >/dev/null | sed -n "s/.*GOMP_SPINCOUNT = '\(.*\)'.*/\1/p" | tail -n 1; }

@test "threads that wait soon sleep, unless the caller says otherwise" {
    unset OMP_WAIT_POLICY GOMP_SPINCOUNT
    [ "$(spin_count bco-train)" = 1000 ]
    [ "$(GOMP_SPINCOUNT=77 spin_count bco-train)" = 77 ]
    [ "$(OMP_WAIT_POLICY=passive spin_count bco-train)" = 0 ]
}
