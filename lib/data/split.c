#include "base/fail.h"
#include "base/rng.h"
#include "data/fields.h"
#include "data/record.h"

#include <bco/split.h>
#include <stdlib.h>

static enum bco_code check_options(const struct bco_split_options *o, struct bco_error *err) {
    if (o->valid_share >= 0 && o->test_share >= 0 && o->valid_share + o->test_share < 1) return BCO_OK;
    return bco_fail(err, BCO_EUSAGE, "shares of %g and %g leave nothing for training", o->valid_share, o->test_share);
}

static enum bco_side side_of(const struct bco_split_options *o, struct bco_hash value) {
    struct bco_rng rng = {.seed = o->seed, .stream = value.low ^ value.high};
    double place = bco_rng_uniform(&rng);
    if (place < o->valid_share) return BCO_SIDE_VALID;
    return place < o->valid_share + o->test_share ? BCO_SIDE_TEST : BCO_SIDE_TRAIN;
}

static enum bco_code split_record(const struct bco_split_options *o, const struct bco_record *record,
                                  struct bco_writer *const out[BCO_SIDES], struct bco_split_counts *counts, bool *bad,
                                  struct bco_error *err) {
    struct bco_hash value;
    enum bco_code code = bco_field_hash(record, o->by ? o->by : "prompt", &value, err);
    *bad = code == BCO_EDATA;
    if (code != BCO_OK) return code;
    enum bco_side side = side_of(o, value);
    counts->out[side]++;
    return bco_writer_record(out[side], record, err);
}

enum bco_code bco_split_run(const struct bco_split_options *options, struct bco_reader *reader,
                            struct bco_writer *const out[BCO_SIDES], struct bco_writer *rejects,
                            struct bco_split_counts *counts, const struct bco_watch *watch, struct bco_error *err) {
    *counts = (struct bco_split_counts){0};
    enum bco_code code = check_options(options, err);
    while (code == BCO_OK) {
        struct bco_record *record = NULL;
        struct bco_error why = {0};
        code = bco_reader_next(reader, &record, &why);
        if (code == BCO_OK && !record) break;
        bool bad = code == BCO_EDATA && !bco_reader_fatal(reader);
        counts->in += code == BCO_OK || bad;
        if (code == BCO_OK) code = split_record(options, record, out, counts, &bad, &why);
        if (bad && rejects) {
            size_t length;
            const char *raw = bco_reader_raw(reader, &length);
            struct bco_error reason = why;
            code = bco_writer_reject(rejects, &reason, raw, length, &why);
            counts->rejected++;
        }
        if (code != BCO_OK && err) *err = why;
        if (watch && watch->progress && counts->in % 1024 == 0) watch->progress(watch->user, counts->in, 0, "records");
    }
    if (code == BCO_OK && counts->in == 0) return bco_fail(err, BCO_EDATA, "no records");
    return code;
}
