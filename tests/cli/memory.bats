# Memory that runs out at any one moment: an error with its exit code, nothing half-written, never another result.

load tiny_model

setup_file() {
    tiny_model "$BATS_FILE_TMPDIR/model"
    cat >"$BATS_FILE_TMPDIR/fail.c" <<'C'
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>

void *__libc_malloc(size_t), *__libc_calloc(size_t, size_t), *__libc_realloc(void *, size_t);
static atomic_long made;
static long failing;

__attribute__((constructor)) static void begin(void) {
    const char *number = getenv("FAIL_AT");
    failing = number ? atol(number) : 0;
}

static int fails(void) {
    if (atomic_fetch_add(&made, 1) + 1 != failing) return 0;
    errno = ENOMEM;
    return 1;
}

void *malloc(size_t size) { return fails() ? NULL : __libc_malloc(size); }
void *calloc(size_t count, size_t size) { return fails() ? NULL : __libc_calloc(count, size); }
void *realloc(void *old, size_t size) { return fails() ? NULL : __libc_realloc(old, size); }
C
    cc -shared -fPIC -o "$BATS_FILE_TMPDIR/fail.so" "$BATS_FILE_TMPDIR/fail.c" 2>/dev/null || true
}

setup() {
    [ -f "$BATS_FILE_TMPDIR/fail.so" ] || skip "no compiler, or another C library than glibc"
    ldd "$(command -v binbalance)" | grep -q -e asan -e ubsan && skip "the sanitizers have an allocator of their own"
    export OMP_NUM_THREADS=1 BCO_THREADS=1 OPENBLAS_NUM_THREADS=1
    cd "$BATS_TEST_TMPDIR"
}

# sweep MOST COMMAND...: each of the first MOST allocations fails alone, until the command needs no more.
sweep() {
    local most=$1 code=0 at
    shift
    "$@" -o whole.out
    for ((at = 1; at <= most; at++)); do
        rm -rf now.out
        code=0
        FAIL_AT=$at LD_PRELOAD=$BATS_FILE_TMPDIR/fail.so "$@" -o now.out >/dev/null 2>err || code=$?
        echo "# allocation $at: exit code $code, $(tail -n 1 err)"
        case $code in
        0) cmp whole.out now.out ;;
        3) [ ! -e now.out ] && [ -s err ] ;;
        *) grep -q libgomp err ;; # which ends the process itself
        esac
    done
}

@test "the filters survive every allocation that fails" {
    sweep 100 likert2bin -q "$ROOT/examples/data/ratings.csv"
    sweep 130 pair2bin -q "$ROOT/examples/data/pairs.jsonl"
    sweep 60 binbalance -q "$ROOT/examples/data/binary.jsonl"
    sweep 60 binstat -q --json "$ROOT/examples/data/binary.jsonl"
}

@test "a tokenizer and a template survive every allocation that fails" {
    sweep 300 bco-tokenize -q -j 1 -m "$ROOT/examples/data" "$ROOT/examples/data/binary.jsonl"
    echo '{"messages":[{"role":"user","content":"Hello"}]}' >messages.jsonl
    sweep 300 bco-tokenize -q -j 1 -m "$ROOT/examples/data" --show text --chat-template \
        "$ROOT/examples/data/chatml.jinja" messages.jsonl
}

@test "a training run survives every allocation that fails" {
    echo '{"prompt_ids":[1,2],"completion_ids":[3,2],"label":true}' >records.jsonl
    echo '{"prompt_ids":[1,4],"completion_ids":[5,2],"label":false}' >>records.jsonl
    bco-refcache -q -m "$BATS_FILE_TMPDIR/model" --ids -o ref.jsonl records.jsonl
    local code at
    for at in {2..600..4}; do
        rm -rf out
        code=0
        FAIL_AT=$at LD_PRELOAD=$BATS_FILE_TMPDIR/fail.so bco-train -q -j 1 -m "$BATS_FILE_TMPDIR/model" --ids --steps 4 \
            --save-every 1 -o out ref.jsonl 2>err || code=$?
        [ "$code" -eq 0 ] || [ "$code" -eq 3 ] || grep -q libgomp err ||
            { echo "# allocation $at: exit code $code, $(cat err)" && false; }
    done
}

@test "bco-tokenize gives back what long records took" {
    awk 'BEGIN { long = "a b "; while (length(long) < 2000000) long = long long
        for (i = 0; i < 60; i++) {
            for (k = 0; k < i * 37 % 240; k++) print "{\"prompt\":\"a\",\"completion\":\"b\",\"label\":true}"
            print "{\"prompt\":\"a\",\"completion\":\"" long "\",\"label\":true}" } }' |
        (ulimit -v 400000 && exec bco-tokenize -q -j 1 -m "$ROOT/examples/data" --summary >/dev/null)
}
