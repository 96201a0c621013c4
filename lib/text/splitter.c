#include "text/splitter.h"

#include "base/fail.h"
#include "base/mem.h"
#include "text/json.h"
#include "text/normalizer.h"

#include <string.h>

/* \w of Rust's regular expressions, which this one step uses in the reference: not all numbers, and joiners. */
#define RUST_WORD                                                                                                      \
    "\\p{L}\\p{M}\\p{Nd}\\p{Nl}\\p{Pc}\\x{200c}\\x{200d}\\x{24b6}-\\x{24e9}\\x{1f130}-\\x{1f149}\\x{1f150}-\\x{1f169}" \
    "\\x{1f170}-\\x{1f189}"

static const char gpt2_regex[] = "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";

/* ---- reading ---------------------------------------------------------------------- */

static struct bco_splitter_step *new_step(struct bco_splitter *splitter, int kind) {
    if (!bco_grow((void **)&splitter->steps, &splitter->capacity, splitter->count + 1, sizeof *splitter->steps))
        return NULL;
    struct bco_splitter_step *step = &splitter->steps[splitter->count++];
    memset(step, 0, sizeof *step);
    step->kind = kind;
    return step;
}

static enum bco_code add_split(struct bco_splitter *splitter, const char *regex, enum bco_split_behavior behavior,
                               bool invert, struct bco_error *err) {
    struct bco_splitter_step *step = new_step(splitter, STEP_SPLIT);
    if (!step) return bco_fail_memory(err);
    step->behavior = behavior;
    step->invert = invert;
    return bco_pattern_regex(&step->pattern, regex, strlen(regex), err);
}

static enum bco_code add_prepend(struct bco_splitter *splitter, const char *text, size_t length, bool only_first,
                                 struct bco_error *err) {
    struct bco_splitter_step *step = new_step(splitter, STEP_PREPEND);
    if (!step) return bco_fail_memory(err);
    step->only_first = only_first;
    step->length = length;
    step->text = bco_strndup(text, length);
    return step->text ? BCO_OK : bco_fail_memory(err);
}

static enum bco_code read_byte_level(struct bco_splitter *splitter, yyjson_val *json, struct bco_error *err) {
    bool prefix, regex;
    enum bco_code code = bco_json_bool(json, "add_prefix_space", false, &prefix, err);
    if (!code) code = bco_json_bool(json, "use_regex", true, &regex, err);
    if (!code && prefix) code = add_prepend(splitter, " ", 1, false, err);
    if (!code && regex) code = add_split(splitter, gpt2_regex, SPLIT_ISOLATED, false, err);
    splitter->byte_level = true;
    return code;
}

static enum bco_code read_behavior(yyjson_val *json, enum bco_split_behavior *behavior, struct bco_error *err) {
    static const char *const names[] = {[SPLIT_REMOVED] = "Removed",
                                        [SPLIT_ISOLATED] = "Isolated",
                                        [SPLIT_CONTIGUOUS] = "Contiguous",
                                        [SPLIT_MERGED_WITH_PREVIOUS] = "MergedWithPrevious",
                                        [SPLIT_MERGED_WITH_NEXT] = "MergedWithNext"};
    const char *name = yyjson_get_str(yyjson_obj_get(json, "behavior"));
    for (size_t i = 0; name && i < sizeof names / sizeof *names; i++) {
        if (strcmp(name, names[i]) != 0) continue;
        *behavior = (enum bco_split_behavior)i;
        return BCO_OK;
    }
    return bco_fail(err, BCO_EDATA, "pre_tokenizer 'Split': behavior '%.64s' is not supported", name ? name : "");
}

static enum bco_code read_split(struct bco_splitter *splitter, yyjson_val *json, struct bco_error *err) {
    struct bco_splitter_step *step = new_step(splitter, STEP_SPLIT);
    if (!step) return bco_fail_memory(err);
    enum bco_code code = read_behavior(json, &step->behavior, err);
    if (!code) code = bco_json_bool(json, "invert", false, &step->invert, err);
    return code ? code : bco_pattern_read(&step->pattern, yyjson_obj_get(json, "pattern"), err);
}

static enum bco_code read_digits(struct bco_splitter *splitter, yyjson_val *json, struct bco_error *err) {
    bool individual;
    enum bco_code code = bco_json_bool(json, "individual_digits", false, &individual, err);
    return code ? code : add_split(splitter, "\\p{N}", individual ? SPLIT_ISOLATED : SPLIT_CONTIGUOUS, false, err);
}

static enum bco_code read_whitespace(struct bco_splitter *splitter, yyjson_val *json, struct bco_error *err) {
    (void)json;
    return add_split(splitter, "[" RUST_WORD "]+|[^" RUST_WORD "\\s]+", SPLIT_REMOVED, true, err);
}

static enum bco_code read_whitespace_split(struct bco_splitter *splitter, yyjson_val *json, struct bco_error *err) {
    (void)json;
    return add_split(splitter, "\\s", SPLIT_REMOVED, false, err);
}

/* Where the replacement is put in front: "always", "first" or "never"; older files say add_prefix_space. */
static enum bco_code read_scheme(struct bco_splitter *splitter, yyjson_val *json, const char *mark, size_t length,
                                 struct bco_error *err) {
    bool prefix;
    enum bco_code code = bco_json_bool(json, "add_prefix_space", true, &prefix, err);
    if (code) return code;
    const char *scheme = yyjson_get_str(yyjson_obj_get(json, "prepend_scheme"));
    if (!scheme) scheme = prefix ? "always" : "never";
    if (!strcmp(scheme, "never")) return BCO_OK;
    bool first = !strcmp(scheme, "first");
    if (!first && strcmp(scheme, "always") != 0)
        return bco_fail(err, BCO_EDATA, "pre_tokenizer 'Metaspace': prepend_scheme '%.64s' is not supported", scheme);
    return add_prepend(splitter, mark, length, first, err);
}

static enum bco_code literal_pattern(struct bco_pattern *pattern, const char *text, size_t length,
                                     struct bco_error *err) {
    pattern->literal_length = length;
    pattern->literal = bco_strndup(text, length);
    return pattern->literal ? BCO_OK : bco_fail_memory(err);
}

static enum bco_code read_metaspace(struct bco_splitter *splitter, yyjson_val *json, struct bco_error *err) {
    const char *mark;
    size_t length;
    bool split;
    enum bco_code code = bco_json_text(json, "replacement", &mark, &length, err);
    if (!code && !length) code = bco_fail(err, BCO_EDATA, "pre_tokenizer 'Metaspace': 'replacement' is empty");
    if (!code) code = bco_json_bool(json, "split", true, &split, err);
    if (code) return code;
    struct bco_splitter_step *step = new_step(splitter, STEP_REPLACE);
    if (!step || !(step->text = bco_strndup(mark, length))) return bco_fail_memory(err);
    step->length = length;
    code = literal_pattern(&step->pattern, " ", 1, err);
    if (!code) code = read_scheme(splitter, json, mark, length, err);
    if (code || !split) return code;
    step = new_step(splitter, STEP_SPLIT);
    if (!step) return bco_fail_memory(err);
    step->behavior = SPLIT_MERGED_WITH_NEXT;
    return literal_pattern(&step->pattern, mark, length, err);
}

static const struct {
    const char *name;
    enum bco_code (*read)(struct bco_splitter *splitter, yyjson_val *json, struct bco_error *err);
} kinds[] = {
    {"ByteLevel", read_byte_level}, {"Split", read_split},           {"Digits", read_digits},
    {"Metaspace", read_metaspace},  {"Whitespace", read_whitespace}, {"WhitespaceSplit", read_whitespace_split},
};

static enum bco_code read_step(void *user, yyjson_val *json, struct bco_error *err) {
    struct bco_splitter *splitter = user;
    const char *type = bco_json_type(json);
    if (splitter->byte_level)
        return bco_fail(err, BCO_EDATA, "pre_tokenizer '%.64s' behind 'ByteLevel' is not supported", type);
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (!strcmp(kinds[i].name, type)) return kinds[i].read(splitter, json, err);
    return bco_fail(err, BCO_EDATA, "pre_tokenizer '%.64s' is not supported", type);
}

enum bco_code bco_splitter_read(struct bco_splitter *splitter, yyjson_val *json, struct bco_error *err) {
    return bco_json_steps(json, "pretokenizers", read_step, splitter, err);
}

void bco_splitter_free(struct bco_splitter *splitter) {
    for (size_t i = 0; i < splitter->count; i++) {
        free(splitter->steps[i].text);
        bco_pattern_free(&splitter->steps[i].pattern);
    }
    free(splitter->steps);
    *splitter = (struct bco_splitter){0};
}

/* ---- splitting -------------------------------------------------------------------- */

void bco_splitter_room_free(struct bco_splitter_room *room) {
    for (size_t i = 0; i < 2; i++) {
        free(room->lists[i].items);
        bco_buf_free(&room->texts[i]);
    }
    *room = (struct bco_splitter_room){0};
}

static bool add_span(struct bco_spans *spans, size_t start, size_t end) {
    if (start == end) return true;
    if (spans->count == spans->capacity &&
        !bco_grow((void **)&spans->items, &spans->capacity, spans->count + 1, sizeof *spans->items))
        return false;
    spans->items[spans->count++] = (struct bco_span){start, end};
    return true;
}

/* The span being split, and what its last part was. */
struct cutter {
    enum bco_split_behavior behavior;
    struct bco_spans *out;
    size_t from;      /* out->count when the span began */
    bool after_match; /* the last part was a match */
    size_t held, to;  /* MergedWithNext: a match that waits for what follows; held == to: none */
};

static bool put_part(struct cutter *cutter, size_t start, size_t end, bool match) {
    struct bco_spans *out = cutter->out;
    bool after_match = cutter->after_match, any = out->count > cutter->from;
    cutter->after_match = match;
    switch (cutter->behavior) {
    case SPLIT_REMOVED: return match || add_span(out, start, end);
    case SPLIT_ISOLATED: break;
    case SPLIT_CONTIGUOUS:
        if (match != after_match || !any) break;
        out->items[out->count - 1].end = end;
        return true;
    case SPLIT_MERGED_WITH_PREVIOUS:
        if (!match || after_match || !any) break;
        out->items[out->count - 1].end = end;
        return true;
    case SPLIT_MERGED_WITH_NEXT:
        if (match && !add_span(out, cutter->held, cutter->to)) return false;
        if (!match && cutter->held < cutter->to) start = cutter->held;
        cutter->held = match ? start : end;
        cutter->to = end;
        if (match) return true;
        break;
    }
    return add_span(out, start, end);
}

static enum bco_code split_span(const struct bco_splitter_step *step, struct bco_scan *scan, const char *text,
                                struct bco_span span, struct bco_spans *out, struct bco_error *err) {
    struct cutter cutter = {step->behavior, out, out->count, false, span.start, span.start};
    size_t done = 0, length = span.end - span.start;
    bool found;
    bco_scan_text(scan, text + span.start, length);
    enum bco_code code;
    while (!(code = bco_scan_next(scan, &found, err)) && found) {
        bool kept =
            (scan->start == done || put_part(&cutter, span.start + done, span.start + scan->start, step->invert)) &&
            put_part(&cutter, span.start + scan->start, span.start + scan->end, !step->invert);
        if (!kept) return bco_fail_memory(err);
        done = scan->end;
    }
    if (code) return code;
    if (done < length && !put_part(&cutter, span.start + done, span.end, step->invert)) return bco_fail_memory(err);
    return add_span(out, cutter.held, cutter.to) ? BCO_OK : bco_fail_memory(err);
}

static enum bco_code apply_split(const struct bco_splitter_step *step, const struct bco_spans *in,
                                 struct bco_spans *out, struct bco_error *err) {
    struct bco_scan scan;
    enum bco_code code = bco_scan_begin(&scan, &step->pattern, err);
    if (code) return code;
    out->text = in->text;
    for (size_t i = 0; !code && i < in->count; i++) code = split_span(step, &scan, in->text, in->items[i], out, err);
    bco_scan_end(&scan);
    return code;
}

/* Prepend and Replace write the spans anew. */
static enum bco_code apply_change(const struct bco_splitter_step *step, const struct bco_spans *in, bool first,
                                  struct bco_buf *text, struct bco_spans *out, struct bco_error *err) {
    enum bco_code code = BCO_OK;
    bco_buf_clear(text);
    bco_buf_add(text, "", 0);
    for (size_t i = 0; !code && i < in->count; i++) {
        const char *span = in->text + in->items[i].start;
        size_t length = in->items[i].end - in->items[i].start, start = text->length;
        if (step->kind == STEP_REPLACE) {
            code = bco_replace(&step->pattern, step->text, step->length, span, length, text, err);
        } else {
            bool has = length >= step->length && !memcmp(span, step->text, step->length);
            if (!has && (!step->only_first || (first && i == 0))) bco_buf_add(text, step->text, step->length);
            bco_buf_add(text, span, length);
        }
        if (!code && (text->failed || !add_span(out, start, text->length))) code = bco_fail_memory(err);
    }
    out->text = text->data;
    return code;
}

enum bco_code bco_splitter_apply(const struct bco_splitter *splitter, const char *text, size_t length, bool first,
                                 struct bco_splitter_room *room, const struct bco_spans **spans,
                                 struct bco_error *err) {
    struct bco_spans *in = &room->lists[0], *out = &room->lists[1];
    in->text = text;
    in->count = 0;
    if (!add_span(in, 0, length)) return bco_fail_memory(err);
    for (size_t i = 0; i < splitter->count; i++) {
        const struct bco_splitter_step *step = &splitter->steps[i];
        out->count = 0;
        first = first && in->count && in->items[0].start == 0;
        struct bco_buf *fresh = &room->texts[in->text == room->texts[0].data];
        enum bco_code code =
            step->kind == STEP_SPLIT ? apply_split(step, in, out, err) : apply_change(step, in, first, fresh, out, err);
        if (code) return code;
        struct bco_spans *swap = in;
        in = out;
        out = swap;
    }
    *spans = in;
    return BCO_OK;
}
