# Memory that runs out at any one moment: an error with its exit code, nothing half-written, never another result.

setup_file() {
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
        rm -f now.out
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
