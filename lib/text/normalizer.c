#include "text/normalizer.h"

#include "base/fail.h"
#include "base/mem.h"
#include "text/json.h"
#include "text/unicode.h"

#include <string.h>

static enum bco_code read_prepend(struct bco_normalizer_step *step, yyjson_val *json, struct bco_error *err) {
    return bco_json_copy(json, "prepend", &step->text, &step->length, err);
}

static enum bco_code read_replace(struct bco_normalizer_step *step, yyjson_val *json, struct bco_error *err) {
    enum bco_code code = bco_json_copy(json, "content", &step->text, &step->length, err);
    return code ? code : bco_pattern_read(&step->pattern, yyjson_obj_get(json, "pattern"), err);
}

static enum bco_code read_strip(struct bco_normalizer_step *step, yyjson_val *json, struct bco_error *err) {
    enum bco_code code = bco_json_bool(json, "strip_left", true, &step->left, err);
    return code ? code : bco_json_bool(json, "strip_right", true, &step->right, err);
}

enum bco_code bco_replace(const struct bco_pattern *pattern, const char *with, size_t with_length, const char *text,
                          size_t length, struct bco_buf *out, struct bco_error *err) {
    struct bco_scan scan;
    enum bco_code code = bco_scan_begin(&scan, pattern, err);
    if (code) return code;
    bco_scan_text(&scan, text, length);
    size_t done = 0;
    bool found;
    while (!(code = bco_scan_next(&scan, &found, err)) && found) {
        bco_buf_add(out, text + done, scan.start - done);
        bco_buf_add(out, with, with_length);
        done = scan.end;
    }
    bco_buf_add(out, text + done, length - done);
    bco_scan_end(&scan);
    return code;
}

static enum bco_code apply_prepend(const struct bco_normalizer_step *step, const char *text, size_t length,
                                   struct bco_buf *out, struct bco_error *err) {
    (void)err;
    if (length) bco_buf_add(out, step->text, step->length);
    bco_buf_add(out, text, length);
    return BCO_OK;
}

static enum bco_code apply_replace(const struct bco_normalizer_step *step, const char *text, size_t length,
                                   struct bco_buf *out, struct bco_error *err) {
    return bco_replace(&step->pattern, step->text, step->length, text, length, out, err);
}

static enum bco_code apply_strip(const struct bco_normalizer_step *step, const char *text, size_t length,
                                 struct bco_buf *out, struct bco_error *err) {
    (void)err;
    uint32_t c;
    while (step->left && length) {
        size_t size = bco_utf8_next(text, length, &c);
        if (!bco_is_space(c)) break;
        text += size;
        length -= size;
    }
    while (step->right && length && bco_is_space(bco_utf8_before(text, length))) {
        do length--;
        while (((unsigned char)text[length] & 0xC0) == 0x80);
    }
    bco_buf_add(out, text, length);
    return BCO_OK;
}

static enum bco_code apply_unicode(const struct bco_normalizer_step *step, const char *text, size_t length,
                                   struct bco_buf *out, struct bco_error *err) {
    enum bco_form form = step->kind == NORMALIZE_NFC    ? BCO_NFC
                         : step->kind == NORMALIZE_NFD  ? BCO_NFD
                         : step->kind == NORMALIZE_NFKC ? BCO_NFKC
                                                        : BCO_NFKD;
    return bco_unicode_form(form, text, length, out) ? BCO_OK : bco_fail_memory(err);
}

static enum bco_code apply_lowercase(const struct bco_normalizer_step *step, const char *text, size_t length,
                                     struct bco_buf *out, struct bco_error *err) {
    (void)step;
    (void)err;
    for (size_t i = 0; i < length;) {
        uint32_t c;
        char lower[8];
        i += bco_utf8_next(text + i, length - i, &c);
        bco_buf_add(out, lower, bco_lowercase(lower, c));
    }
    return BCO_OK;
}

/* The kinds, in the order of the enum in normalizer.h. */
static const struct kind {
    const char *name;
    enum bco_code (*read)(struct bco_normalizer_step *step, yyjson_val *json, struct bco_error *err);
    enum bco_code (*apply)(const struct bco_normalizer_step *step, const char *text, size_t length, struct bco_buf *out,
                           struct bco_error *err);
} kinds[] = {
    [NORMALIZE_PREPEND] = {"Prepend", read_prepend, apply_prepend},
    [NORMALIZE_REPLACE] = {"Replace", read_replace, apply_replace},
    [NORMALIZE_STRIP] = {"Strip", read_strip, apply_strip},
    [NORMALIZE_NFC] = {"NFC", NULL, apply_unicode},
    [NORMALIZE_NFD] = {"NFD", NULL, apply_unicode},
    [NORMALIZE_NFKC] = {"NFKC", NULL, apply_unicode},
    [NORMALIZE_NFKD] = {"NFKD", NULL, apply_unicode},
    [NORMALIZE_LOWERCASE] = {"Lowercase", NULL, apply_lowercase},
};

static enum bco_code read_step(void *user, yyjson_val *json, struct bco_error *err) {
    struct bco_normalizer *normalizer = user;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if (strcmp(kinds[i].name, bco_json_type(json)) != 0) continue;
        if (!bco_grow((void **)&normalizer->steps, &normalizer->capacity, normalizer->count + 1,
                      sizeof *normalizer->steps))
            return bco_fail_memory(err);
        struct bco_normalizer_step *step = &normalizer->steps[normalizer->count++];
        memset(step, 0, sizeof *step);
        step->kind = (int)i;
        return kinds[i].read ? kinds[i].read(step, json, err) : BCO_OK;
    }
    return bco_fail(err, BCO_EDATA, "normalizer '%s' is not supported", bco_json_type(json));
}

enum bco_code bco_normalizer_read(struct bco_normalizer *normalizer, yyjson_val *json, struct bco_error *err) {
    return bco_json_steps(json, "normalizers", read_step, normalizer, err);
}

void bco_normalizer_free(struct bco_normalizer *normalizer) {
    for (size_t i = 0; i < normalizer->count; i++) {
        free(normalizer->steps[i].text);
        bco_pattern_free(&normalizer->steps[i].pattern);
    }
    free(normalizer->steps);
    *normalizer = (struct bco_normalizer){0};
}

static bool begins_with_blank(const char *text, size_t length) {
    uint32_t c;
    if (!length) return false;
    bco_utf8_next(text, length, &c);
    return bco_is_space(c);
}

enum bco_code bco_normalizer_apply(const struct bco_normalizer *normalizer, const char *text, size_t length,
                                   struct bco_buf *out, struct bco_buf *scratch, bool *moved, struct bco_error *err) {
    bco_buf_clear(out);
    if (moved) *moved = false;
    if (!normalizer->count) bco_buf_add(out, text, length);
    for (size_t i = 0; i < normalizer->count; i++) {
        const struct bco_normalizer_step *step = &normalizer->steps[i];
        struct bco_buf *to = i ? scratch : out;
        if (moved && step->kind == NORMALIZE_STRIP && step->left)
            *moved = *moved || begins_with_blank(i ? out->data : text, i ? out->length : length);
        if (i) bco_buf_clear(to);
        enum bco_code code = kinds[step->kind].apply(step, i ? out->data : text, i ? out->length : length, to, err);
        if (code) return code;
        if (!i) continue;
        struct bco_buf swap = *out;
        *out = *scratch;
        *scratch = swap;
    }
    return out->failed || scratch->failed ? bco_fail_memory(err) : BCO_OK;
}
