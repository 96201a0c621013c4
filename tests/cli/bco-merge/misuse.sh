M=$ROOT/examples/demo/model
. "$ROOT/tests/cli/misuse.subr"
merge() { # without empty words
    for word; do shift && { [ -z "$word" ] || set -- "$@" "$word"; }; done
    rm -rf out
    bco-merge -m "$M" -a "$ROOT/examples/data/adapter" -o out "$@"
}
misuse merge ""
try bco-merge -m "$M" -a "$ROOT/examples/data/adapter"
try bco-merge -m "$M" -o out
try bco-merge -a "$ROOT/examples/data/adapter" -o out
try merge x
