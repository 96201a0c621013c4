#include "align/source.h"

enum bco_code bco_source_reject(struct bco_source *s, enum bco_code code, struct bco_error *err) {
    struct bco_error reason = {0};
    size_t length;
    if (err) reason = *err;
    if (code != BCO_EDATA || s->fatal || !s->rejects || bco_reader_fatal(s->reader)) return code;
    const char *raw = bco_reader_raw(s->reader, &length);
    s->rejected++;
    return bco_writer_reject(s->rejects, &reason, raw, length, err);
}

/* `skip`: nothing is wrong with the record, but it gives no sequence. */
static enum bco_code take(struct bco_source *s, struct bco_record *record, struct bco_sample *sample,
                          struct bco_sequences *sequences, bool *skip, struct bco_error *err) {
    const struct bco_sample_options options = {.need_label = s->need_label, .ids = s->limits.ids};
    *skip = false;
    enum bco_code code = bco_record_sample(record, &options, sample, err);
    if (code == BCO_OK && s->look) code = s->look(s->user, record, sample, skip, err);
    if (code != BCO_OK || *skip) return code;
    code = bco_sequences_of_record(s->tokenizer, &s->limits, s->vocabulary, record, sample, sequences, &s->cuts, err);
    *skip = code == BCO_OK && sequences->dropped;
    return code;
}

enum bco_code bco_source_next(struct bco_source *s, struct bco_record **record, struct bco_sample *sample,
                              struct bco_sequences *sequences, struct bco_error *err) {
    struct bco_error own;
    if (!err) err = &own;
    for (;;) {
        bool skip = false;
        enum bco_code code = bco_reader_next(s->reader, record, err);
        if (code == BCO_OK && !*record) return BCO_OK;
        uint64_t index = s->seen++;
        if (s->shards > 1 && index % s->shards != s->shard - 1) {
            if (code != BCO_OK && (code != BCO_EDATA || bco_reader_fatal(s->reader))) return code;
            continue;
        }
        s->in++;
        if (code == BCO_OK) code = take(s, *record, sample, sequences, &skip, err);
        if (code == BCO_OK && !skip) return BCO_OK;
        if (code != BCO_OK && (code = bco_source_reject(s, code, err)) != BCO_OK) return code;
    }
}
