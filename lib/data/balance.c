#include "data/balance.h"

#include "base/buf.h"
#include "base/fail.h"
#include "base/mem.h"
#include "base/rng.h"
#include "data/lines.h"
#include "data/ranges.h"
#include "data/record.h"
#include "stream/output.h"
#include "stream/spool.h"

#include <bco/balance.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define CHUNK 65536 /* bytes read back at once */

enum { DOWN, UP };

static const char *const class_name[2] = {"down", "up"};

/* Where lines lie in what is kept. */
struct starts {
    uint64_t *items;
    size_t count, capacity;
};

/* One class of one group. */
struct cell {
    uint64_t records;
    double weight;        /* sum */
    struct starts starts; /* OVERSAMPLE */
    struct starts chosen; /* OVERSAMPLE with given counts: those that get one copy more than the others */
    double factor;        /* WEIGHT */
};

struct group {
    struct cell cells[2];
    struct bco_rng rng;    /* UNDERSAMPLE: of `left` records of the long class `wanted` are still to be taken */
    uint64_t left, wanted; /* both 0 for the short class */
    bool long_up;
};

/* Lines lie in the spool one behind the other, or in the output where that can be read again. `order` tells the
 * cell (2 group + class) of each line in the spool. */
struct bco_balancer {
    const struct bco_filter_options *options;
    const struct bco_groups *names;
    struct bco_writer *out;
    struct bco_filter_counts *counts;
    struct bco_spool *spool; /* NULL: nothing is kept, or the output keeps it */
    uint64_t bytes, all;     /* of the lines seen, and how many */
    struct group *groups;
    size_t group_count, group_capacity;
    uint32_t *order;
    size_t lines, order_capacity;
    bool flowing; /* records go out as they come */
};

static void free_cell(struct cell *cell) {
    free(cell->starts.items);
    free(cell->chosen.items);
}

void bco_balancer_free(struct bco_balancer *b) {
    if (!b) return;
    for (size_t i = 0; i < b->group_count; i++) {
        free_cell(&b->groups[i].cells[DOWN]);
        free_cell(&b->groups[i].cells[UP]);
    }
    bco_spool_close(b->spool);
    free(b->groups);
    free(b->order);
    free(b);
}

static bool counts_given(const struct bco_filter_options *options) {
    return options->given_up > 0 && options->given_down > 0;
}

/* With given counts all but copies can be decided at once. To a pipe nothing goes before both classes are
 * there: an input of one class leaves no output. */
static bool needs_spool(const struct bco_balancer *b) {
    switch (b->options->balance) {
    case BCO_BALANCE_NONE: return false;
    case BCO_BALANCE_OVERSAMPLE: return !bco_output_keeps(bco_writer_output(b->out));
    default: return !counts_given(b->options);
    }
}

enum bco_code bco_balancer_new(struct bco_balancer **balancer, const struct bco_filter_options *options,
                               const struct bco_groups *groups, struct bco_writer *out,
                               struct bco_filter_counts *counts, struct bco_error *err) {
    struct bco_balancer *b = bco_calloc(1, sizeof *b);
    if (!b) return bco_fail_memory(err);
    b->options = options;
    b->names = groups;
    b->out = out;
    b->counts = counts;
    bool spool = needs_spool(b);
    b->flowing = !spool || (options->balance == BCO_BALANCE_OVERSAMPLE && counts_given(options));
    enum bco_code code = spool ? bco_spool_open(&b->spool, options->folder ? options->folder : "/tmp", err) : BCO_OK;
    if (code != BCO_OK) {
        bco_balancer_free(b);
        return code;
    }
    *balancer = b;
    return BCO_OK;
}

/* ---- the ratio ------------------------------------------------------------------- */

static double up_per_down(const struct bco_balancer *b) {
    return b->options->ratio > 0 ? b->options->ratio : 1;
}

bool bco_ratio_parse(const char *text, double *ratio) {
    const char *colon = strchr(text, ':');
    double up, down;
    if (!colon || !bco_number_parse(text, (size_t)(colon - text), &up) ||
        !bco_number_parse(colon + 1, strlen(colon + 1), &down))
        return false;
    *ratio = up > 0 && down > 0 ? up / down : 0;
    return *ratio > 0 && *ratio < 1e9;
}

/* How the classes of `up` and `down` records come to the ratio: the short one may grow to `grown`, the long one may
 * shrink to `shrunk`. */
struct target {
    bool short_up;
    double grown, shrunk;
};

static struct target target_of(const struct bco_balancer *b, double up, double down) {
    double ratio = up_per_down(b);
    struct target target = {.short_up = up < down * ratio};
    target.grown = floor((target.short_up ? down * ratio : up / ratio) + 0.5);
    target.shrunk = floor((target.short_up ? up / ratio : down * ratio) + 0.5);
    return target;
}

static struct target target_of_group(const struct bco_balancer *b, const struct group *group) {
    return target_of(b, (double)group->cells[UP].records, (double)group->cells[DOWN].records);
}

static struct target given_target(const struct bco_balancer *b) {
    return target_of(b, (double)b->options->given_up, (double)b->options->given_down);
}

/* ---- writing and reading back ------------------------------------------------------- */

static void count_out(struct bco_balancer *b, bool up) {
    b->counts->out++;
    if (up)
        b->counts->up++;
    else
        b->counts->down++;
}

static enum bco_code put(struct bco_balancer *b, bool up, const char *line, size_t length, struct bco_error *err) {
    count_out(b, up);
    return bco_writer_bytes(b->out, line, length, err);
}

static uint64_t kept_size(const struct bco_balancer *b) {
    return b->spool ? bco_spool_size(b->spool) : bco_output_size(bco_writer_output(b->out));
}

/* What is kept, with all that was written so far. */
static enum bco_code look_at_kept(struct bco_balancer *b, struct bco_kept *kept, struct bco_error *err) {
    return b->spool ? bco_spool_kept(b->spool, kept, err) : bco_output_kept(bco_writer_output(b->out), kept, err);
}

/* What is done with every line that is read back in order. */
typedef enum bco_code visit(struct bco_balancer *b, uint32_t cell, const char *line, size_t length,
                            struct bco_error *err);

static enum bco_code read_all(struct bco_balancer *b, visit *each, struct bco_error *err) {
    struct bco_buf buf = {0};
    struct bco_kept kept;
    uint64_t offset = 0, line = 0;
    enum bco_code code = look_at_kept(b, &kept, err);
    while (code == BCO_OK && offset < kept.size) {
        size_t done = 0, want = kept.size - offset < CHUNK ? (size_t)(kept.size - offset) : CHUNK;
        char *to = bco_buf_reserve(&buf, want);
        code = to ? bco_kept_read(&kept, offset, to, want, err) : bco_fail_memory(err);
        if (code != BCO_OK) break;
        buf.length += want;
        offset += want;
        for (const char *end; (end = memchr(buf.data + done, '\n', buf.length - done)) && code == BCO_OK; line++) {
            size_t length = (size_t)(end - buf.data) + 1 - done;
            code = each(b, b->order[line], buf.data + done, length, err);
            done += length;
        }
        memmove(buf.data, buf.data + done, buf.length - done);
        buf.length -= done;
    }
    bco_buf_free(&buf);
    return code;
}

static enum bco_code visit_put(struct bco_balancer *b, uint32_t cell, const char *line, size_t length,
                               struct bco_error *err) {
    return put(b, cell % 2 == UP, line, length, err);
}

static enum bco_code put_weighed(struct bco_balancer *b, bool up, double factor, const char *line, size_t length,
                                 struct bco_error *err) {
    struct bco_record *record = NULL;
    double weight = 1;
    enum bco_code code = bco_record_parse(&record, line, length - 1, err);
    if (code == BCO_OK) {
        bco_record_number(record, "weight", &weight);
        code = bco_record_set_number(record, "weight", weight * factor, err);
    }
    if (code == BCO_OK) code = bco_writer_record(b->out, record, err);
    if (code == BCO_OK) count_out(b, up);
    bco_record_free(record);
    return code;
}

/* ---- one record after the other ----------------------------------------------------- */

static bool remember(struct starts *starts, uint64_t start) {
    if (!bco_grow((void **)&starts->items, &starts->capacity, starts->count + 1, sizeof *starts->items)) return false;
    starts->items[starts->count++] = start;
    return true;
}

static struct cell *cell_of(struct bco_balancer *b, const struct bco_item *item) {
    size_t need = (size_t)item->group + 1;
    if (!bco_grow((void **)&b->groups, &b->group_capacity, need, sizeof *b->groups)) return NULL;
    for (; b->group_count < need; b->group_count++) b->groups[b->group_count] = (struct group){0};
    return &b->groups[item->group].cells[item->up];
}

/* A number in [0, 1) that depends on the record's content and the seed alone. */
static double lot(const struct bco_balancer *b, const struct bco_item *item) {
    struct bco_rng rng = {.seed = b->options->seed, .stream = item->text.low ^ item->text.high};
    return bco_rng_uniform(&rng);
}

static bool places_known(const struct bco_filter_options *options) {
    return options->part_up + options->part_down > 0;
}

/* True for `wanted` of the `of` records that the given counts tell of this class: exactly so many where their places
 * are known, else by chance. `cell` counts this one already. */
static bool is_drawn(const struct bco_balancer *b, const struct cell *cell, const struct bco_item *item, double wanted,
                     double of) {
    const struct bco_filter_options *o = b->options;
    if (!places_known(o)) return lot(b, item) < wanted / of;
    uint64_t place = (item->up ? o->before_up : o->before_down) + cell->records - 1;
    return place < (uint64_t)of && (double)bco_permuted(o->seed, place, (uint64_t)of) < wanted;
}

/* Given counts: what is not decided by chance alone is the same in every shard. */
static enum bco_code add_by_given(struct bco_balancer *b, struct cell *cell, const struct bco_item *item,
                                  struct bco_error *err) {
    struct target target = given_target(b);
    double up = (double)b->options->given_up, down = (double)b->options->given_down, ratio = up_per_down(b);
    double of = item->up ? up : down, rounds = floor(target.grown / of);
    bool is_short = item->up == target.short_up;
    switch (b->options->balance) {
    case BCO_BALANCE_UNDERSAMPLE:
        if (is_short || is_drawn(b, cell, item, target.shrunk, of))
            return put(b, item->up, item->line, item->line_length, err);
        b->counts->by_balance++;
        return BCO_OK;
    case BCO_BALANCE_WEIGHT:
        return put_weighed(b, item->up, (up + down) * (item->up ? ratio : 1) / (ratio + 1) / of, item->line,
                           item->line_length, err);
    default: break;
    }
    bool fine = !is_short || remember(&cell->starts, kept_size(b));
    if (is_short && is_drawn(b, cell, item, target.grown - rounds * of, of))
        fine = fine && remember(&cell->chosen, kept_size(b));
    return fine ? put(b, item->up, item->line, item->line_length, err) : bco_fail_memory(err);
}

/* To a pipe without groups: from the first record of the second class on. */
static enum bco_code start_flowing(struct bco_balancer *b, const struct bco_item *item, struct bco_error *err) {
    bool ready = b->options->balance == BCO_BALANCE_OVERSAMPLE && !b->names && b->groups[0].cells[!item->up].records;
    if (b->flowing || !ready) return BCO_OK;
    b->flowing = true;
    return read_all(b, visit_put, err);
}

enum bco_code bco_balancer_add(struct bco_balancer *b, const struct bco_item *item, struct bco_error *err) {
    if (b->options->balance == BCO_BALANCE_NONE) return put(b, item->up, item->line, item->line_length, err);
    struct cell *cell = cell_of(b, item);
    if (!cell) return bco_fail_memory(err);
    enum bco_code code = start_flowing(b, item, err);
    if (code != BCO_OK) return code;
    cell->records++;
    cell->weight += item->weight;
    b->bytes += item->line_length;
    b->all++;
    bool given = counts_given(b->options);
    if (!given && b->options->balance == BCO_BALANCE_OVERSAMPLE && !remember(&cell->starts, kept_size(b)))
        return bco_fail_memory(err);
    if (given) code = add_by_given(b, cell, item, err);
    if (b->spool && code == BCO_OK) {
        if (!b->flowing && !bco_grow((void **)&b->order, &b->order_capacity, b->lines + 1, sizeof *b->order))
            return bco_fail_memory(err);
        if (!b->flowing) b->order[b->lines++] = 2 * item->group + item->up;
        code = bco_spool_add(b->spool, item->line, item->line_length, err);
    }
    return code == BCO_OK && b->flowing && !given ? put(b, item->up, item->line, item->line_length, err) : code;
}

/* ---- the end --------------------------------------------------------------------------- */

struct copying {
    struct bco_balancer *b;
    bool up;
};

static enum bco_code put_copies(void *user, const char *lines, size_t length, size_t count, struct bco_error *err) {
    const struct copying *copying = user;
    struct bco_filter_counts *counts = copying->b->counts;
    counts->added += count;
    counts->out += count;
    *(copying->up ? &counts->up : &counts->down) += count;
    return bco_writer_bytes(copying->b->out, lines, length, err);
}

/* One copy of each of the first `count` lines in random order. */
static enum bco_code add_round(struct bco_balancer *b, struct bco_rng *rng, bool up, struct starts *starts,
                               size_t count, struct bco_error *err) {
    struct copying copying = {b, up};
    struct bco_kept kept;
    const struct bco_lines lines = {.kept = &kept,
                                    .mean = (size_t)(b->bytes / b->all),
                                    .threads = b->options->threads,
                                    .take = put_copies,
                                    .user = &copying};
    bco_rng_shuffle(rng, starts->items, starts->count);
    if (!count) return BCO_OK;
    enum bco_code code = look_at_kept(b, &kept, err);
    return code == BCO_OK ? bco_lines_read(&lines, starts->items, count, err) : code;
}

/* Each round is a permutation of the short class; the last is cut where the ratio is reached. */
static enum bco_code add_copies(struct bco_balancer *b, uint32_t number, struct bco_error *err) {
    struct group *group = &b->groups[number];
    bool given = counts_given(b->options);
    struct target target = given ? given_target(b) : target_of_group(b, group);
    struct cell *cell = &group->cells[target.short_up];
    struct bco_rng rng = {.seed = b->options->seed, .stream = number};
    double of = (double)(given ? target.short_up ? b->options->given_up : b->options->given_down : cell->records);
    double rounds = floor(target.grown / of);
    enum bco_code code = BCO_OK;
    for (double round = 1; round < rounds && code == BCO_OK; round++)
        code = add_round(b, &rng, target.short_up, &cell->starts, cell->starts.count, err);
    if (code != BCO_OK) return code;
    if (given) return add_round(b, &rng, target.short_up, &cell->chosen, cell->chosen.count, err);
    return add_round(b, &rng, target.short_up, &cell->starts, (size_t)(target.grown - rounds * of), err);
}

/* Selection sampling. */
static enum bco_code visit_choose(struct bco_balancer *b, uint32_t cell, const char *line, size_t length,
                                  struct bco_error *err) {
    struct group *group = &b->groups[cell / 2];
    bool up = cell % 2 == UP;
    if (up == group->long_up) {
        if (bco_rng_below(&group->rng, group->left--) >= group->wanted) {
            b->counts->by_balance++;
            return BCO_OK;
        }
        group->wanted--;
    }
    return put(b, up, line, length, err);
}

static enum bco_code choose(struct bco_balancer *b, struct bco_error *err) {
    for (uint32_t i = 0; i < b->group_count; i++) {
        struct group *group = &b->groups[i];
        struct target target = target_of_group(b, group);
        group->long_up = !target.short_up;
        group->left = group->cells[group->long_up].records;
        group->wanted = (uint64_t)target.shrunk;
        group->rng = (struct bco_rng){.seed = b->options->seed, .stream = i};
    }
    return read_all(b, visit_choose, err);
}

static enum bco_code visit_weigh(struct bco_balancer *b, uint32_t cell, const char *line, size_t length,
                                 struct bco_error *err) {
    return put_weighed(b, cell % 2 == UP, b->groups[cell / 2].cells[cell % 2].factor, line, length, err);
}

static enum bco_code weigh(struct bco_balancer *b, struct bco_error *err) {
    double ratio = up_per_down(b);
    for (size_t i = 0; i < b->group_count; i++) {
        struct cell *cells = b->groups[i].cells;
        double all = (double)(cells[UP].records + cells[DOWN].records);
        for (int c = DOWN; c <= UP; c++) {
            if (!(cells[c].weight > 0) || !isfinite(cells[c].weight))
                return bco_fail_at(err, BCO_EDATA, NULL, 0, "weight",
                                   "the weights of the %s records add up to %g, expected a positive sum", class_name[c],
                                   cells[c].weight);
            cells[c].factor = all * (c == UP ? ratio : 1) / (ratio + 1) / cells[c].weight;
        }
    }
    return read_all(b, visit_weigh, err);
}

static enum bco_code check_groups(const struct bco_balancer *b, struct bco_error *err) {
    const char *option = b->options->balance_option ? b->options->balance_option : "--balance";
    if (!b->group_count)
        return bco_fail(err, BCO_EDATA, "no records are left to balance; %s none writes what there is", option);
    for (uint32_t i = 0; i < b->group_count; i++)
        for (int c = DOWN; c <= UP; c++) {
            const struct cell *cells = b->groups[i].cells;
            if (cells[c].records) continue;
            return bco_fail(err, BCO_EDATA,
                            "%s%s%sno %s records to balance %ju %s records with; %s none writes them as they are",
                            b->names ? "group " : "", b->names ? bco_groups_name(b->names, i) : "",
                            b->names ? ": " : "", class_name[c], (uintmax_t)cells[!c].records, class_name[!c], option);
        }
    return BCO_OK;
}

/* Counts of another set would give another balance. */
static enum bco_code check_part(const struct bco_balancer *b, struct bco_error *err) {
    const struct bco_filter_options *o = b->options;
    if (!places_known(o)) return BCO_OK;
    for (int c = DOWN; c <= UP; c++) {
        uint64_t records = b->group_count ? b->groups[0].cells[c].records : 0,
                 told = c == UP ? o->part_up : o->part_down;
        if (records != told)
            return bco_fail(err, BCO_EDATA, "the counts tell of %ju %s records here, and there are %ju",
                            (uintmax_t)told, class_name[c], (uintmax_t)records);
    }
    return BCO_OK;
}

enum bco_code bco_balancer_finish(struct bco_balancer *b, struct bco_error *err) {
    if (b->options->balance == BCO_BALANCE_NONE) return BCO_OK;
    bool given = counts_given(b->options);
    enum bco_code code = given ? check_part(b, err) : check_groups(b, err);
    if (code != BCO_OK) return code;
    if (b->options->balance == BCO_BALANCE_UNDERSAMPLE) return given ? BCO_OK : choose(b, err);
    if (b->options->balance == BCO_BALANCE_WEIGHT) return given ? BCO_OK : weigh(b, err);
    if (!b->flowing) code = read_all(b, visit_put, err);
    for (uint32_t i = 0; i < b->group_count && code == BCO_OK; i++) code = add_copies(b, i, err);
    return code;
}
