/* What the targets for records share. */
#ifndef FUZZ_H
#define FUZZ_H

#include <bco/record.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FUZZ_CHECK(truth) ((truth) ? (void)0 : (fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #truth), abort()))

static inline void fuzz_record(const struct bco_record *record) {
    static const struct bco_sample_options options[] = {{0}, {.need_label = true}, {.ids = true}};
    struct bco_record *copy;
    struct bco_sample sample;
    struct bco_error err;
    size_t length;
    int32_t *ids;
    char *text = bco_record_json(record, NULL, &length);
    FUZZ_CHECK(text && bco_record_parse(&copy, text, length, NULL) == BCO_OK);
    for (int i = 0; i < 3; i++) bco_record_sample(copy, &options[i], &sample, &err);
    bco_record_ids(copy, "a", &ids, &length, &err);
    free(ids);
    free(bco_record_canonical(copy, "a", &length));
    bco_record_kind(copy, "a.b.0");
    FUZZ_CHECK(bco_record_set_text(copy, "a", text, strlen(text), &err) == BCO_OK);
    bco_record_rename(copy, "a", "b", &err);
    bco_record_remove(copy, "b", &err);
    bco_record_free(copy);
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

/* Reads the bytes as a file. */
static inline void fuzz_reader(const uint8_t *bytes, size_t length, enum bco_format format) {
    char path[64];
    const char *paths[] = {path};
    struct bco_reader_options options = {.format = format};
    struct bco_reader *reader;
    struct bco_record *record;
    struct bco_error err;
    FILE *file = tmpfile();
    if (!file) return;
    FUZZ_CHECK(fwrite(bytes, 1, length, file) == length && fflush(file) == 0);
    snprintf(path, sizeof path, "/proc/self/fd/%d", fileno(file));
    FUZZ_CHECK(bco_reader_open(&reader, paths, 1, &options, &err) == BCO_OK);
    for (;;) {
        size_t raw;
        enum bco_code code = bco_reader_next(reader, &record, &err);
        FUZZ_CHECK(code == BCO_OK || code == BCO_EDATA);
        if (code) {
            FUZZ_CHECK(err.message[0] && err.file[0]);
            continue;
        }
        if (!record) break;
        bco_reader_raw(reader, &raw);
        FUZZ_CHECK(raw > 0);
        fuzz_record(record);
    }
    bco_reader_close(reader);
    fclose(file);
}

#endif
