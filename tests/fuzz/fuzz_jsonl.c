/* JSON: what a scan takes is what yyjson takes (RFC 8259), keys twice apart;
 * what is written reads back the same; the reader never fails otherwise than it may. */
#include "fuzz.h"

#include <bco/record.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <yyjson.h>

static bool keys_unique(yyjson_val *object) {
    size_t i, j, n, m;
    yyjson_val *a, *b, *one, *two;
    yyjson_obj_foreach(object, i, n, a, one) {
        yyjson_obj_foreach(object, j, m, b, two) {
            if (j < i && yyjson_equals(a, b)) return false;
        }
    }
    return true;
}

/* No key twice, and not too deep. */
static bool acceptable(yyjson_val *value, int depth) {
    size_t i, n;
    yyjson_val *key, *item;
    if (!yyjson_is_ctn(value)) return true;
    if (depth > 512 || !keys_unique(value)) return false;
    if (yyjson_is_arr(value)) {
        yyjson_arr_foreach(value, i, n, item) {
            if (!acceptable(item, depth + 1)) return false;
        }
    } else {
        yyjson_obj_foreach(value, i, n, key, item) {
            if (!acceptable(item, depth + 1)) return false;
        }
    }
    return true;
}

static void check_text(const char *text, size_t length) {
    struct bco_record *record, *again;
    size_t one, two;
    char *copy = malloc(length ? length : 1);
    memcpy(copy, text, length);
    yyjson_doc *doc = yyjson_read(copy, length, YYJSON_READ_NUMBER_AS_RAW);
    bool wanted = doc && yyjson_is_obj(yyjson_doc_get_root(doc)) && acceptable(yyjson_doc_get_root(doc), 1);
    enum bco_code code = bco_record_parse(&record, copy, length, NULL);
    FUZZ_CHECK((code == BCO_OK) == wanted);
    if (wanted) {
        char *line = bco_record_json(record, NULL, &one);
        FUZZ_CHECK(line && !memchr(line, '\n', one));
        FUZZ_CHECK(bco_record_parse(&again, line, one, NULL) == BCO_OK);
        yyjson_doc *other = yyjson_read(line, one, YYJSON_READ_NUMBER_AS_RAW);
        FUZZ_CHECK(other && yyjson_equals(yyjson_doc_get_root(doc), yyjson_doc_get_root(other)));
        char *same = bco_record_json(again, NULL, &two);
        FUZZ_CHECK(one == two && memcmp(line, same, one) == 0);
        yyjson_doc_free(other);
        free(line);
        free(same);
        bco_record_free(again);
    }
    bco_record_free(record);
    yyjson_doc_free(doc);
    free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length) {
    check_text((const char *)bytes, length);
    fuzz_reader(bytes, length, BCO_FORMAT_JSONL);
    fuzz_reader(bytes, length, BCO_FORMAT_JSON);
    return 0;
}
