/* Normalizers: text to text, before anything is split. */
#ifndef BCO_TEXT_NORMALIZER_H
#define BCO_TEXT_NORMALIZER_H

#include "base/buf.h"
#include "text/pattern.h"

struct bco_normalizer_step {
    enum {
        NORMALIZE_PREPEND,
        NORMALIZE_REPLACE,
        NORMALIZE_STRIP,
        NORMALIZE_NFC,
        NORMALIZE_NFD,
        NORMALIZE_NFKC,
        NORMALIZE_NFKD,
        NORMALIZE_LOWERCASE
    } kind;
    char *text; /* Prepend, Replace */
    size_t length;
    struct bco_pattern pattern; /* Replace */
    bool left, right;           /* Strip */
};

struct bco_normalizer {
    struct bco_normalizer_step *steps;
    size_t count, capacity;
};

/* null: no steps. BCO_EDATA names the kind that is not supported. */
enum bco_code bco_normalizer_read(struct bco_normalizer *normalizer, yyjson_val *json, struct bco_error *err);
void bco_normalizer_free(struct bco_normalizer *normalizer);

/* `out` gets the text (it is emptied first); `scratch` is room for what is in between. *moved (may be
 * NULL) tells that blanks before the text were stripped, so that it does not begin where it did. */
enum bco_code bco_normalizer_apply(const struct bco_normalizer *normalizer, const char *text, size_t length,
                                   struct bco_buf *out, struct bco_buf *scratch, bool *moved, struct bco_error *err);

/* Appends `text` with every match of `pattern` replaced. */
enum bco_code bco_replace(const struct bco_pattern *pattern, const char *with, size_t with_length, const char *text,
                          size_t length, struct bco_buf *out, struct bco_error *err);

#endif
