/* AlpacaEval's files: difficulties of instructions, weights of models. */
#include "base/fail.h"
#include "base/mem.h"
#include "eval/column.h"

#include <bco/winrate.h>

#include <string.h>

static enum bco_code read_difficulty(const struct bco_record *record, size_t place, double *value,
                                     struct bco_error *err) {
    double index;
    enum bco_column kind = bco_column_number(record, "index", &index);
    if (kind == BCO_COLUMN_BAD || (kind == BCO_COLUMN_NUMBER && index != (double)place))
        return bco_record_fail(record, "index", err, "out of order, expected %zu", place);
    return bco_column_need(record, "instruction_difficulty", value, err);
}

enum bco_code bco_difficulty_read(const char *path, double **difficulty, size_t *count, struct bco_error *err) {
    struct bco_reader *reader;
    struct bco_record *record;
    size_t capacity = 0;
    *difficulty = NULL;
    *count = 0;
    enum bco_code code = bco_reader_open(&reader, &path, 1, NULL, err);
    while (!code) {
        code = bco_reader_next(reader, &record, err);
        if (code || !record) break;
        if (!bco_grow((void **)difficulty, &capacity, *count + 1, sizeof **difficulty))
            code = bco_fail_memory(err);
        else
            code = read_difficulty(record, *count, &(*difficulty)[*count], err);
        *count += !code;
    }
    if (!code && !*count) code = bco_fail_at(err, BCO_EDATA, path, 0, NULL, "no difficulties");
    bco_reader_close(reader);
    if (!code) return code;
    free(*difficulty);
    *difficulty = NULL;
    return code;
}

static enum bco_code read_weights(const struct bco_record *record, struct bco_length_weights *weights,
                                  struct bco_error *err) {
    enum bco_code code = bco_column_need(record, "glm_length", &weights->length, err);
    if (!code) code = bco_column_need(record, "glm_difficulty", &weights->difficulty, err);
    if (!code) code = bco_column_need(record, "glm_not_gamed", &weights->not_gamed, err);
    return code;
}

/* Whether the record speaks of the group: it has no name of one, or this. */
static enum bco_code is_of(const struct bco_record *record, const char *by, const char *group, bool *same,
                           struct bco_error *err) {
    size_t length;
    *same = true;
    if (!by || bco_record_kind(record, by) == BCO_MISSING) return BCO_OK;
    char *name = bco_record_json(record, by, &length);
    if (!name) return bco_fail_memory(err);
    *same = strcmp(name, group) == 0;
    free(name);
    return BCO_OK;
}

enum bco_code bco_length_weights_read(const char *path, const char *by, const char *group,
                                      struct bco_length_weights *weights, bool *found, struct bco_error *err) {
    struct bco_reader *reader;
    struct bco_record *record;
    bool same;
    *found = false;
    enum bco_code code = bco_reader_open(&reader, &path, 1, NULL, err);
    while (!code) {
        code = bco_reader_next(reader, &record, err);
        if (code || !record) break;
        code = is_of(record, by, group, &same, err);
        if (code || !same) continue;
        code = *found ? bco_record_fail(record, NULL, err, "a second row of weights, expected one")
                      : read_weights(record, weights, err);
        *found = true;
    }
    bco_reader_close(reader);
    return code;
}
