#include "data/balance.h"

#include "base/buf.h"
#include "base/fail.h"
#include "base/mem.h"
#include "base/rng.h"
#include "data/record.h"
#include "stream/output.h"
#include "stream/spool.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define CHUNK 65536 /* bytes read back at once */
#define PEEK 1024   /* bytes read back for one line; more when it is longer */

enum { DOWN, UP };

static const char *const class_name[2] = {"down", "up"};

/* Lines lie in the spool one behind the other. OVERSAMPLE keeps where each begins, and needs no spool where
 * the output itself can be read again; UNDERSAMPLE and WEIGHT keep the class of each, in order. */
struct bco_balancer {
    const struct bco_filter_options *options;
    struct bco_writer *out;
    struct bco_filter_counts *counts;
    struct bco_spool *spool; /* NULL: nothing is kept, or the output keeps it */
    struct bco_buf line;
    uint64_t *starts[2];
    size_t starts_capacity[2];
    unsigned char *classes;
    size_t classes_capacity;
    uint64_t records[2];
    double sums[2];
    bool flowing; /* records go out as they come: OVERSAMPLE to a pipe waits for both classes */
};

void bco_balancer_free(struct bco_balancer *b) {
    if (!b) return;
    bco_spool_close(b->spool);
    bco_buf_free(&b->line);
    free(b->starts[DOWN]);
    free(b->starts[UP]);
    free(b->classes);
    free(b);
}

enum bco_code bco_balancer_new(struct bco_balancer **balancer, const struct bco_filter_options *options,
                               struct bco_writer *out, struct bco_filter_counts *counts, struct bco_error *err) {
    struct bco_balancer *b = bco_calloc(1, sizeof *b);
    if (!b) return bco_fail_memory(err);
    b->options = options;
    b->out = out;
    b->counts = counts;
    b->flowing = options->balance == BCO_BALANCE_NONE ||
                 (options->balance == BCO_BALANCE_OVERSAMPLE && bco_output_keeps(bco_writer_output(out)));
    const char *folder = options->folder ? options->folder : "/tmp";
    enum bco_code code = b->flowing ? BCO_OK : bco_spool_open(&b->spool, folder, err);
    if (code != BCO_OK) {
        bco_balancer_free(b);
        return code;
    }
    *balancer = b;
    return BCO_OK;
}

static enum bco_code put(struct bco_balancer *b, bool up, const char *line, size_t length, struct bco_error *err) {
    enum bco_code code = bco_writer_bytes(b->out, line, length, err);
    if (code != BCO_OK) return code;
    b->counts->out++;
    if (up)
        b->counts->up++;
    else
        b->counts->down++;
    return BCO_OK;
}

/* ---- reading back ------------------------------------------------------- */

static uint64_t kept_size(const struct bco_balancer *b) {
    return b->spool ? bco_spool_size(b->spool) : bco_output_size(bco_writer_output(b->out));
}

/* At most `want` bytes from `offset` on, appended to `buf`; *got 0 where nothing is left. */
static enum bco_code read_some(struct bco_balancer *b, uint64_t offset, size_t want, struct bco_buf *buf, size_t *got,
                               struct bco_error *err) {
    uint64_t left = kept_size(b) - offset;
    if (want > left) want = (size_t)left;
    char *to = bco_buf_reserve(buf, want);
    if (!to) return bco_fail_memory(err);
    buf->length += want;
    *got = want;
    return b->spool ? bco_spool_read(b->spool, offset, to, want, err)
                    : bco_output_read(bco_writer_output(b->out), offset, to, want, err);
}

/* The line at `start` goes to b->line, with its newline. */
static enum bco_code read_line(struct bco_balancer *b, uint64_t start, struct bco_error *err) {
    bco_buf_clear(&b->line);
    for (size_t want = PEEK;; want = CHUNK) {
        size_t before = b->line.length, got = 0;
        enum bco_code code = read_some(b, start + before, want, &b->line, &got, err);
        if (code != BCO_OK) return code;
        const char *end = memchr(b->line.data + before, '\n', got);
        if (end) b->line.length = (size_t)(end - b->line.data) + 1;
        if (end || got == 0) return BCO_OK;
    }
}

/* What is done with every line that is read back in order. */
typedef enum bco_code visit(struct bco_balancer *b, void *user, bool up, const char *line, size_t length,
                            struct bco_error *err);

/* Hands every line in the spool to `each`, in order. `classes` NULL: the one class that has any. */
static enum bco_code read_all(struct bco_balancer *b, visit *each, void *user, struct bco_error *err) {
    struct bco_buf buf = {0};
    enum bco_code code = BCO_OK;
    uint64_t offset = 0, line = 0;
    for (;;) {
        size_t got = 0, done = 0;
        code = read_some(b, offset, CHUNK, &buf, &got, err);
        if (code != BCO_OK || got == 0) break;
        offset += got;
        for (const char *end; (end = memchr(buf.data + done, '\n', buf.length - done)); line++) {
            size_t length = (size_t)(end - buf.data) + 1 - done;
            bool up = b->classes ? b->classes[line] == UP : b->records[UP] > 0;
            code = each(b, user, up, buf.data + done, length, err);
            if (code != BCO_OK) goto done;
            done += length;
        }
        memmove(buf.data, buf.data + done, buf.length - done);
        buf.length -= done;
    }
done:
    bco_buf_free(&buf);
    return code;
}

static enum bco_code visit_put(struct bco_balancer *b, void *user, bool up, const char *line, size_t length,
                               struct bco_error *err) {
    (void)user;
    return put(b, up, line, length, err);
}

/* ---- one record after the other ------------------------------------------- */

static enum bco_code remember_start(struct bco_balancer *b, bool up, struct bco_error *err) {
    if (!bco_grow((void **)&b->starts[up], &b->starts_capacity[up], b->records[up] + 1, sizeof *b->starts[up]))
        return bco_fail_memory(err);
    b->starts[up][b->records[up]] = kept_size(b);
    return BCO_OK;
}

static enum bco_code remember_class(struct bco_balancer *b, bool up, struct bco_error *err) {
    size_t line = b->records[UP] + b->records[DOWN];
    if (!bco_grow((void **)&b->classes, &b->classes_capacity, line + 1, 1)) return bco_fail_memory(err);
    b->classes[line] = up ? UP : DOWN;
    return BCO_OK;
}

enum bco_code bco_balancer_add(struct bco_balancer *b, bool up, double weight, const char *line, size_t length,
                               struct bco_error *err) {
    enum bco_code code;
    if (b->options->balance == BCO_BALANCE_NONE) return put(b, up, line, length, err);
    bool oversample = b->options->balance == BCO_BALANCE_OVERSAMPLE;
    code = oversample ? remember_start(b, up, err) : remember_class(b, up, err);
    if (code != BCO_OK) return code;
    if (oversample && !b->flowing && b->records[!up] > 0) {
        code = read_all(b, visit_put, NULL, err);
        if (code != BCO_OK) return code;
        b->flowing = true;
    }
    b->records[up]++;
    b->sums[up] += weight;
    code = b->spool ? bco_spool_add(b->spool, line, length, err) : BCO_OK;
    if (code != BCO_OK || !b->flowing) return code;
    return put(b, up, line, length, err);
}

/* ---- the end ---------------------------------------------------------------- */

/* Each round is a permutation of the short class; the last is cut where the classes are equal. */
static enum bco_code add_copies(struct bco_balancer *b, struct bco_error *err) {
    bool up = b->records[UP] < b->records[DOWN];
    struct bco_rng rng = {.seed = b->options->seed};
    uint64_t missing = b->records[!up] - b->records[up];
    while (missing > 0) {
        bco_rng_shuffle(&rng, b->starts[up], b->records[up]);
        for (size_t i = 0; i < b->records[up] && missing > 0; i++, missing--) {
            enum bco_code code = read_line(b, b->starts[up][i], err);
            if (code == BCO_OK) code = put(b, up, b->line.data, b->line.length, err);
            if (code != BCO_OK) return code;
            b->counts->added++;
        }
    }
    return BCO_OK;
}

/* Selection sampling: of `left` records of the class, `wanted` are still to be taken. */
struct choice {
    struct bco_rng rng;
    bool up;
    uint64_t left, wanted;
};

static enum bco_code visit_choose(struct bco_balancer *b, void *user, bool up, const char *line, size_t length,
                                  struct bco_error *err) {
    struct choice *choice = user;
    if (up == choice->up) {
        bool taken = bco_rng_below(&choice->rng, choice->left--) < choice->wanted;
        if (!taken) {
            b->counts->by_balance++;
            return BCO_OK;
        }
        choice->wanted--;
    }
    return put(b, up, line, length, err);
}

static enum bco_code choose(struct bco_balancer *b, struct bco_error *err) {
    bool up = b->records[UP] > b->records[DOWN];
    struct choice choice = {.rng.seed = b->options->seed, .up = up, .left = b->records[up], .wanted = b->records[!up]};
    return read_all(b, visit_choose, &choice, err);
}

static enum bco_code visit_weigh(struct bco_balancer *b, void *user, bool up, const char *line, size_t length,
                                 struct bco_error *err) {
    const double *factors = user;
    struct bco_record *record = NULL;
    double weight = 1;
    enum bco_code code = bco_record_parse(&record, line, length - 1, err);
    if (code == BCO_OK) {
        bco_record_number(record, "weight", &weight);
        code = bco_record_set_number(record, "weight", weight * factors[up], err);
    }
    if (code == BCO_OK) code = bco_writer_record(b->out, record, err);
    bco_record_free(record);
    if (code != BCO_OK) return code;
    b->counts->out++;
    if (up)
        b->counts->up++;
    else
        b->counts->down++;
    return BCO_OK;
}

static enum bco_code weigh(struct bco_balancer *b, struct bco_error *err) {
    double half = (double)(b->records[UP] + b->records[DOWN]) / 2, factors[2];
    for (int c = DOWN; c <= UP; c++) {
        if (!(b->sums[c] > 0) || !isfinite(b->sums[c]))
            return bco_fail_at(err, BCO_EDATA, NULL, 0, "weight",
                               "the weights of the %s records add up to %g, expected a positive sum", class_name[c],
                               b->sums[c]);
        factors[c] = half / b->sums[c];
    }
    return read_all(b, visit_weigh, factors, err);
}

enum bco_code bco_balancer_finish(struct bco_balancer *b, struct bco_error *err) {
    if (b->options->balance == BCO_BALANCE_NONE) return BCO_OK;
    if (!b->records[UP] && !b->records[DOWN])
        return bco_fail(err, BCO_EDATA, "no records are left to balance; --balance none writes what there is");
    for (int c = DOWN; c <= UP; c++)
        if (!b->records[c])
            return bco_fail(err, BCO_EDATA,
                            "no %s records to balance %ju %s records with; --balance none writes them as they are",
                            class_name[c], (uintmax_t)b->records[!c], class_name[!c]);
    switch (b->options->balance) {
    case BCO_BALANCE_OVERSAMPLE: return add_copies(b, err);
    case BCO_BALANCE_UNDERSAMPLE: return choose(b, err);
    case BCO_BALANCE_WEIGHT: return weigh(b, err);
    default: return BCO_OK;
    }
}
