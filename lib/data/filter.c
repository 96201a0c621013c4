#include "data/filter.h"

#include "base/buf.h"
#include "base/fail.h"
#include "base/mem.h"
#include "data/balance.h"
#include "data/table.h"
#include "stream/spool.h"

#include <stdlib.h>
#include <string.h>

enum { LABEL_DOWN = 1, LABEL_UP = 2, LABEL_BITS = 2 };

/* What is known of a prompt with its completion: as much as the mode needs. There may be one for every record, so
 * every byte counts. */
struct seen {
    unsigned char kept; /* labels of the records that have gone on */
};
struct tally { /* DROP, MAJORITY */
    struct seen seen;
    unsigned char labels; /* of all records */
    int32_t more_up;      /* up less down records, duplicates counted; stays at its limits */
};
struct first {                       /* ERROR: where the first one stood; seven bytes without gaps */
    struct seen seen;                /* above its labels, the line's bits from 32 on */
    unsigned char input[2], line[4]; /* the number of the input modulo 65536 */
};

/* What is known of a prompt. Two completions and two ratings make a contrast: of three records
 * (a, 1), (b, 1), (x, 2) the third differs in both from the first or from the second. */
struct contrast {
    uint64_t completions : 1, completion : 63; /* of its first record; there are others */
    uint64_t ratings : 1, rating : 63;
};

/* What becomes of a record may depend on later ones (DROP, MAJORITY, contrast): then the items wait in
 * `spool`, each a struct bco_item followed by its line and its raw text. */
struct bco_filter {
    const struct bco_filter_options *options;
    struct bco_writer *rejects;
    struct bco_filter_counts *counts;
    struct bco_balancer *balancer;
    struct bco_table *texts;   /* NULL: nobody asks */
    struct bco_table *prompts; /* struct contrast, in the end only those with one; NULL: nobody asks */
    struct bco_spool *spool;   /* NULL: nothing waits */
    const char *file;          /* of the record before */
    uint32_t input;            /* inputs before it */
};

void bco_filter_free(struct bco_filter *f) {
    if (!f) return;
    bco_balancer_free(f->balancer);
    bco_table_free(f->texts);
    bco_table_free(f->prompts);
    bco_spool_close(f->spool);
    free(f);
}

static bool tallies(const struct bco_filter *f) {
    return f->options->conflicts == BCO_CONFLICTS_DROP || f->options->conflicts == BCO_CONFLICTS_MAJORITY;
}

static enum bco_code make_tables(struct bco_filter *f, struct bco_error *err) {
    size_t size = sizeof(struct seen);
    if (tallies(f)) size = sizeof(struct tally);
    if (f->options->conflicts == BCO_CONFLICTS_ERROR) size = sizeof(struct first);
    if (f->options->duplicates == BCO_DUPLICATES_DROP || f->options->conflicts != BCO_CONFLICTS_KEEP) {
        f->texts = bco_table_new(size);
        if (!f->texts) return bco_fail_memory(err);
    }
    if (f->options->contrasted) {
        f->prompts = bco_table_new(sizeof(struct contrast));
        if (!f->prompts) return bco_fail_memory(err);
    }
    if (!f->prompts && !tallies(f)) return BCO_OK;
    return bco_spool_open(&f->spool, f->options->folder ? f->options->folder : "/tmp", err);
}

enum bco_code bco_filter_new(struct bco_filter **filter, const struct bco_filter_options *options,
                             const struct bco_groups *groups, struct bco_writer *out, struct bco_writer *rejects,
                             struct bco_filter_counts *counts, struct bco_error *err) {
    struct bco_filter *f = bco_calloc(1, sizeof *f);
    if (!f) return bco_fail_memory(err);
    f->options = options;
    f->rejects = rejects;
    f->counts = counts;
    enum bco_code code = bco_balancer_new(&f->balancer, options, groups, out, counts, err);
    if (code == BCO_OK) code = make_tables(f, err);
    if (code != BCO_OK) {
        bco_filter_free(f);
        return code;
    }
    *filter = f;
    return BCO_OK;
}

enum bco_code bco_filter_reject(struct bco_filter *f, const struct bco_error *reason, const char *raw,
                                size_t raw_length, struct bco_error *err) {
    if (!f->rejects) {
        if (err) *err = *reason;
        return BCO_EDATA;
    }
    f->counts->rejected++;
    return bco_writer_reject(f->rejects, reason, raw, raw_length, err);
}

void bco_filter_prefetch(const struct bco_filter *f, const struct bco_item *item) {
    if (f->texts) bco_table_prefetch(f->texts, item->text);
}

void bco_filter_foresee(struct bco_filter *f, double share) {
    if (f->texts) bco_table_foresee(f->texts, share);
    if (f->prompts) bco_table_foresee(f->prompts, share);
}

bool bco_filter_wants_raw(const struct bco_filter *f) {
    return f->rejects && f->options->conflicts == BCO_CONFLICTS_ERROR;
}

/* ---- contradictions and duplicates ---------------------------------------- */

static void note_first(struct first *first, uint32_t input, uint64_t number) {
    uint16_t short_input = (uint16_t)input;
    uint32_t line = (uint32_t)number;
    memcpy(first->input, &short_input, sizeof short_input);
    memcpy(first->line, &line, sizeof line);
    first->seen.kept = (unsigned char)(number >> 32 << LABEL_BITS);
}

/* CONFLICTS_ERROR: true when `item` contradicts the first record of its text; *reason says so. */
static bool contradicts(struct bco_filter *f, struct first *first, const struct bco_item *item,
                        struct bco_error *reason) {
    uint16_t input;
    uint32_t line_low;
    if (!(first->seen.kept & (LABEL_DOWN | LABEL_UP))) note_first(first, f->input, item->number);
    if (!(first->seen.kept & (item->up ? LABEL_DOWN : LABEL_UP))) return false;
    memcpy(&input, first->input, sizeof input);
    memcpy(&line_low, first->line, sizeof line_low);
    uint64_t line = (uint64_t)(first->seen.kept >> LABEL_BITS) << 32 | line_low;
    bco_fail_at(reason, BCO_EDATA, item->file, item->number, "label",
                "this one is %s, and line %ju%s with the same prompt and completion is %s", item->up ? "up" : "down",
                (uintmax_t)line, input == (uint16_t)f->input ? "" : " of an earlier input", item->up ? "down" : "up");
    return true;
}

/* DROP, MAJORITY: true when `item` is one of those to be left out. */
static bool outvoted(struct bco_filter *f, const struct tally *tally, bool up) {
    bool majority = f->options->conflicts == BCO_CONFLICTS_MAJORITY;
    if (tally->labels != (LABEL_UP | LABEL_DOWN)) return false;
    if (majority && (up ? tally->more_up > 0 : tally->more_up < 0)) return false;
    f->counts->conflicts++;
    if (majority && tally->more_up == 0) f->counts->even++;
    return true;
}

static enum bco_code settle_text(struct bco_filter *f, const struct bco_item *item, struct bco_error *err) {
    struct seen *seen = bco_table_put(f->texts, item->text, NULL);
    if (!seen) return bco_fail_memory(err);
    struct bco_error reason;
    if (f->options->conflicts == BCO_CONFLICTS_ERROR && contradicts(f, (struct first *)(void *)seen, item, &reason))
        return bco_filter_reject(f, &reason, item->raw, item->raw_length, err);
    if (tallies(f) && outvoted(f, (const struct tally *)(const void *)seen, item->up)) return BCO_OK;
    unsigned char label = item->up ? LABEL_UP : LABEL_DOWN;
    if ((seen->kept & label) && f->options->duplicates == BCO_DUPLICATES_DROP) {
        f->counts->duplicates++;
        return BCO_OK;
    }
    seen->kept |= label;
    return bco_balancer_add(f->balancer, item, err);
}

static enum bco_code settle(struct bco_filter *f, const struct bco_item *item, struct bco_error *err) {
    if (f->file != item->file) {
        f->file = item->file;
        f->input++;
    }
    if (f->prompts && !bco_table_get(f->prompts, item->prompt)) {
        f->counts->not_contrasted++;
        return BCO_OK;
    }
    return f->texts ? settle_text(f, item, err) : bco_balancer_add(f->balancer, item, err);
}

/* ---- what must wait ------------------------------------------------------------ */

static enum bco_code note_contrast(struct bco_filter *f, const struct bco_item *item, struct bco_error *err) {
    bool is_new;
    struct contrast *contrast = bco_table_put(f->prompts, item->prompt, &is_new);
    if (!contrast) return bco_fail_memory(err);
    uint64_t completion = item->completion >> 1,
             rating = bco_hash_bytes(&item->rating, sizeof item->rating, 0).low >> 1;
    if (is_new) *contrast = (struct contrast){.completion = completion, .rating = rating};
    contrast->completions |= contrast->completion != completion;
    contrast->ratings |= contrast->rating != rating;
    return BCO_OK;
}

static bool has_contrast(const void *value) {
    const struct contrast *contrast = value;
    return contrast->completions && contrast->ratings;
}

static enum bco_code note_label(struct bco_filter *f, const struct bco_item *item, struct bco_error *err) {
    if (f->prompts && !bco_table_get(f->prompts, item->prompt)) return BCO_OK;
    struct tally *tally = bco_table_put(f->texts, item->text, NULL);
    if (!tally) return bco_fail_memory(err);
    tally->labels |= item->up ? LABEL_UP : LABEL_DOWN;
    if (item->up && tally->more_up < INT32_MAX) tally->more_up++;
    if (!item->up && tally->more_up > -INT32_MAX) tally->more_up--;
    return BCO_OK;
}

static enum bco_code wait(struct bco_filter *f, const struct bco_item *item, struct bco_error *err) {
    enum bco_code code = f->prompts ? note_contrast(f, item, err) : note_label(f, item, err);
    if (code == BCO_OK) code = bco_spool_add(f->spool, item, sizeof *item, err);
    if (code == BCO_OK) code = bco_spool_add(f->spool, item->line, item->line_length, err);
    if (code == BCO_OK) code = bco_spool_add(f->spool, item->raw, item->raw_length, err);
    return code;
}

enum bco_code bco_filter_add(struct bco_filter *f, const struct bco_item *item, struct bco_error *err) {
    return f->spool ? wait(f, item, err) : settle(f, item, err);
}

typedef enum bco_code visit(struct bco_filter *f, const struct bco_item *item, struct bco_error *err);

/* Hands every item that waits to `take`, in order. */
static enum bco_code take_all(struct bco_filter *f, visit *take, struct bco_error *err) {
    struct bco_buf buf = {0};
    struct bco_item item;
    uint64_t offset = 0;
    enum bco_code code = BCO_OK;
    while (code == BCO_OK && offset < bco_spool_size(f->spool)) {
        code = bco_spool_read(f->spool, offset, &item, sizeof item, err);
        if (code != BCO_OK) break;
        size_t length = item.line_length + item.raw_length;
        bco_buf_clear(&buf);
        char *to = bco_buf_reserve(&buf, length);
        code = to ? bco_spool_read(f->spool, offset + sizeof item, to, length, err) : bco_fail_memory(err);
        if (code != BCO_OK) break;
        item.line = to;
        item.raw = to + item.line_length;
        offset += sizeof item + length;
        bco_filter_foresee(f, (double)offset / (double)bco_spool_size(f->spool));
        code = take(f, &item, err);
    }
    bco_buf_free(&buf);
    return code;
}

/* Contrasts are known first; labels are counted once the prompts without any have made room. */
static enum bco_code settle_all(struct bco_filter *f, struct bco_error *err) {
    if (f->prompts && !bco_table_keep(f->prompts, has_contrast)) return bco_fail_memory(err);
    enum bco_code code = f->prompts && tallies(f) ? take_all(f, note_label, err) : BCO_OK;
    return code == BCO_OK ? take_all(f, settle, err) : code;
}

enum bco_code bco_filter_finish(struct bco_filter *f, struct bco_error *err) {
    if (f->counts->in == 0) return bco_fail(err, BCO_EDATA, "no records");
    enum bco_code code = f->spool ? settle_all(f, err) : BCO_OK;
    if (code != BCO_OK) return code;
    bco_table_free(f->texts);
    bco_table_free(f->prompts);
    f->texts = f->prompts = NULL;
    return bco_balancer_finish(f->balancer, err);
}
