#include "data/groups.h"

#include "base/fail.h"
#include "base/mem.h"
#include "data/fields.h"
#include "data/record.h"
#include "data/table.h"

#include <stdlib.h>
#include <string.h>

enum { MOST = 500000 }; /* groups take 0.4 KiB each */

struct bco_groups {
    struct bco_table *numbers; /* uint32_t */
    char **names;
    size_t count, capacity;
};

struct bco_groups *bco_groups_new(void) {
    struct bco_groups *groups = bco_calloc(1, sizeof *groups);
    if (groups) groups->numbers = bco_table_new(sizeof(uint32_t));
    if (groups && groups->numbers) return groups;
    free(groups);
    return NULL;
}

void bco_groups_free(struct bco_groups *groups) {
    if (!groups) return;
    for (size_t i = 0; i < groups->count; i++) free(groups->names[i]);
    free(groups->names);
    bco_table_free(groups->numbers);
    free(groups);
}

static enum bco_code add_name(struct bco_groups *groups, const struct bco_record *record, const char *field,
                              struct bco_error *err) {
    struct bco_buf text = {0};
    struct bco_field found;
    if (!bco_grow((void **)&groups->names, &groups->capacity, groups->count + 1, sizeof *groups->names))
        return bco_fail_memory(err);
    if (bco_record_find(record, field, &found)) bco_record_show(&found, &text);
    char *name = text.failed ? NULL : bco_strndup(text.data ? text.data : "", text.length);
    bco_buf_free(&text);
    if (!name) return bco_fail_memory(err);
    groups->names[groups->count++] = name;
    return BCO_OK;
}

enum bco_code bco_groups_find(struct bco_groups *groups, const struct bco_record *record, const char *field,
                              uint32_t *number, struct bco_error *err) {
    struct bco_hash hash;
    bool is_new;
    enum bco_code code = bco_field_hash(record, field, &hash, err);
    if (code != BCO_OK) return code;
    void *stored = bco_table_put(groups->numbers, hash, &is_new);
    if (!stored) return bco_fail_memory(err);
    memcpy(number, stored, sizeof *number);
    if (!is_new) return BCO_OK;
    if (groups->count == MOST)
        return bco_fail_at(err, BCO_EUSAGE, bco_record_file(record), bco_record_line(record), field,
                           "has more than %d values, too many groups to balance", MOST);
    *number = (uint32_t)groups->count;
    memcpy(stored, number, sizeof *number);
    return add_name(groups, record, field, err);
}

const char *bco_groups_name(const struct bco_groups *groups, uint32_t number) {
    return groups->names[number];
}
