/* Records are read in batches; threads encode the items of a batch, and what
 * they made is written in order. */
#include <bco/tokenize.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/fail.h"
#include "base/mem.h"
#include "data/record.h"
#include "text/lengths.h"
#include "text/tokenizer.h"

#include <bco/sequence.h>
#include <string.h>

enum { BATCH_ITEMS = 256, BATCH_BYTES = 1 << 20 };

struct item {
    struct bco_buf raw, json; /* as it came, and as an object */
    struct bco_buf out;       /* a line */
    const char *file;
    size_t line;
    uint64_t parted;
    size_t prompt[2], completion[2], count; /* tokens of each sequence */
    enum bco_code code;
    struct bco_error err;
};

struct run {
    const struct bco_tokenizer *tokenizer;
    const struct bco_tokenize_options *options;
    struct bco_reader *reader;
    struct bco_writer *out, *rejects;
    struct bco_tokenize_counts *counts;
    struct bco_lengths prompt, completion, whole;
    struct item *items; /* [BATCH_ITEMS] */
    size_t count;
    bool end, fatal;
};

/* ---- one item --------------------------------------------------------------------- */

static void add_number(struct bco_buf *buf, int32_t number) {
    char digits[12], *at = digits + sizeof digits;
    for (uint32_t rest = (uint32_t)number;; rest /= 10) {
        *--at = (char)('0' + rest % 10);
        if (rest < 10) break;
    }
    bco_buf_add(buf, at, (size_t)(digits + sizeof digits - at));
}

static void add_ids(struct bco_buf *buf, const int32_t *ids, size_t count) {
    bco_buf_char(buf, '[');
    for (size_t i = 0; i < count; i++) {
        if (i) bco_buf_char(buf, ',');
        add_number(buf, ids[i]);
    }
    bco_buf_char(buf, ']');
}

static void add_pieces(struct bco_buf *buf, const struct bco_tokenizer *tokenizer, const int32_t *ids, size_t count) {
    bco_buf_char(buf, '[');
    for (size_t i = 0; i < count; i++) {
        size_t length = 0;
        const char *piece = bco_tokenizer_piece(tokenizer, ids[i], &length);
        if (i) bco_buf_char(buf, ',');
        bco_buf_json_string(buf, piece ? piece : "", length);
    }
    bco_buf_char(buf, ']');
}

static enum bco_code set_list(struct bco_record *record, const char *name, const char *what, struct bco_buf *list,
                              struct bco_error *err) {
    char field[32] = "";
    strncat(field, name, 15);
    strncat(field, what, 15);
    if (list->failed) return bco_fail_memory(err);
    enum bco_code code = bco_record_set_json(record, field, list->data, list->length, err);
    bco_buf_clear(list);
    return code;
}

/* The fields NAME_ids and, where wanted, NAME_pieces. */
static enum bco_code set_tokens(const struct run *run, struct bco_record *record, const char *name, const int32_t *ids,
                                size_t count, struct bco_buf *list, struct bco_error *err) {
    add_ids(list, ids, count);
    enum bco_code code = set_list(record, name, "_ids", list, err);
    if (code || !run->options->pieces) return code;
    add_pieces(list, run->tokenizer, ids, count);
    return set_list(record, name, "_pieces", list, err);
}

static enum bco_code set_mask(struct bco_record *record, const char *name, const struct bco_sequence *sequence,
                              struct bco_buf *list, struct bco_error *err) {
    for (size_t i = 0; i < sequence->length; i++)
        bco_buf_str(list, i == 0 ? "[0" : i < sequence->prompt_len ? ",0" : ",1");
    bco_buf_char(list, ']');
    return set_list(record, name, "_mask", list, err);
}

static enum bco_code set_sequences(const struct run *run, struct item *item, struct bco_record *record,
                                   const struct bco_sample *sample, const struct bco_sequences *sequences,
                                   struct bco_buf *list) {
    static const char *const names[2][2] = {{"completion", ""}, {"chosen", "rejected"}};
    const struct bco_sequence *first = &sequences->items[0];
    enum bco_code code = set_tokens(run, record, "prompt", first->ids, first->prompt_len, list, &item->err);
    item->count = sequences->count;
    for (size_t i = 0; !code && i < sequences->count; i++) {
        const struct bco_sequence *s = &sequences->items[i];
        item->prompt[i] = s->prompt_len;
        item->completion[i] = s->length - s->prompt_len;
        code = set_tokens(run, record, names[sample->is_pair][i], s->ids + s->prompt_len, item->completion[i], list,
                          &item->err);
    }
    for (size_t i = 0; !code && run->options->pieces && i < sequences->count; i++)
        code = set_mask(record, names[sample->is_pair][i], &sequences->items[i], list, &item->err);
    return code;
}

static enum bco_code tokenize_record(const struct run *run, struct item *item, struct bco_record *record) {
    struct bco_limits limits = {.bos = run->options->bos,
                                .eos = run->options->eos,
                                .chat = run->options->chat,
                                .chat_options = run->options->chat_options,
                                .strict_template = run->options->strict_template};
    struct bco_cuts cuts = {0};
    struct bco_sample_options options = {0};
    struct bco_sample sample;
    struct bco_sequences sequences = {0};
    struct bco_buf list = {0};
    enum bco_code code = bco_record_sample(record, &options, &sample, &item->err);
    if (!code)
        code = bco_sequences_of_record(run->tokenizer, &limits, 0, record, &sample, &sequences, &cuts, &item->err);
    item->parted = cuts.parted;
    if (!code) code = set_sequences(run, item, record, &sample, &sequences, &list);
    if (!code) bco_record_write(record, &item->out);
    bco_buf_free(&list);
    bco_sequences_free(&sequences);
    return code;
}

static enum bco_code tokenize_text(const struct run *run, struct item *item, struct bco_record *record) {
    const char *text;
    size_t length;
    struct bco_ids ids = {0};
    if (!bco_record_text(record, "text", &text, &length))
        return bco_record_fail(record, "text", &item->err, "is not a text");
    enum bco_code code = bco_tokenizer_encode(run->tokenizer, text, length,
                                              run->options->special ? BCO_ENCODE_SPECIAL : 0, &ids, &item->err);
    bco_buf_str(&item->out, "{\"ids\":");
    add_ids(&item->out, ids.ids, ids.count);
    if (run->options->pieces) {
        bco_buf_str(&item->out, ",\"pieces\":");
        add_pieces(&item->out, run->tokenizer, ids.ids, ids.count);
    }
    bco_buf_char(&item->out, '}');
    item->count = 1;
    item->completion[0] = ids.count;
    bco_ids_free(&ids);
    return code;
}

static enum bco_code decode_ids(const struct run *run, struct item *item, struct bco_record *record) {
    int32_t *ids = NULL;
    char *text = NULL;
    size_t count = 0, length = 0, vocabulary = bco_tokenizer_vocabulary(run->tokenizer);
    enum bco_code code = bco_record_ids(record, "ids", &ids, &count, &item->err);
    for (size_t i = 0; !code && i < count; i++)
        if (ids[i] < 0 || (size_t)ids[i] >= vocabulary)
            code = bco_record_fail(record, "ids", &item->err, "id %d is outside the vocabulary of %zu", ids[i],
                                   vocabulary);
    if (!code)
        code =
            bco_tokenizer_decode(run->tokenizer, ids, count, run->options->skip_special ? BCO_DECODE_SKIP_SPECIAL : 0,
                                 &text, &length, &item->err);
    if (!code) {
        bco_buf_str(&item->out, "{\"text\":");
        bco_buf_json_string(&item->out, text, length);
        bco_buf_char(&item->out, '}');
    }
    item->count = 1;
    item->completion[0] = count;
    free(text);
    free(ids);
    return code;
}

static enum bco_code show_messages(const struct run *run, struct item *item, struct bco_record *record) {
    size_t json_length, length;
    char *json = bco_record_json(record, "messages", &json_length), *text = NULL;
    if (!json) return bco_fail_memory(&item->err);
    enum bco_code code = bco_template_render(run->options->chat, json, json_length, NULL, 0, run->options->chat_options,
                                             &text, &length, &item->err);
    if (code == BCO_EDATA) bco_error_place(&item->err, NULL, 0, "messages");
    if (!code) {
        bco_buf_str(&item->out, "{\"text\":");
        bco_buf_json_string(&item->out, text, length);
        bco_buf_char(&item->out, '}');
    }
    free(text);
    free(json);
    return code;
}

static enum bco_code show_split(const struct run *run, struct item *item, const struct bco_sample *sample) {
    char *text = NULL;
    size_t length, cut;
    bool parted = false;
    enum bco_code code = bco_template_split(run->options->chat, sample->prompt.text, sample->prompt.length,
                                            sample->completion.text, sample->completion.length,
                                            run->options->chat_options, &text, &length, &cut, &parted, &item->err);
    if (code == BCO_EDATA) bco_error_place(&item->err, NULL, 0, "prompt");
    if (!code && parted && run->options->strict_template)
        code = bco_fail_at(&item->err, BCO_EDATA, NULL, 0, "prompt",
                           "the prompt's rendering is no prefix of the whole: they part at byte %zu", cut);
    if (!code) {
        bco_buf_str(&item->out, "{\"prompt_text\":");
        bco_buf_json_string(&item->out, text, cut);
        bco_buf_str(&item->out, ",\"completion_text\":");
        bco_buf_json_string(&item->out, text + cut, length - cut);
        bco_buf_char(&item->out, '}');
    }
    item->parted = parted;
    free(text);
    return code;
}

static enum bco_code show_text(const struct run *run, struct item *item, struct bco_record *record) {
    struct bco_sample_options options = {0};
    struct bco_sample sample;
    enum bco_kind kind = bco_record_kind(record, "messages");
    if (kind == BCO_LIST) return show_messages(run, item, record);
    if (kind != BCO_MISSING) return bco_record_fail(record, "messages", &item->err, "is not a list");
    enum bco_code code = bco_record_sample(record, &options, &sample, &item->err);
    if (code) return code;
    if (sample.is_pair || !sample.prompt.messages || !sample.completion.messages)
        return bco_record_fail(record, "prompt", &item->err, "prompt and completion must be lists of messages");
    return show_split(run, item, &sample);
}

static void work(const struct run *run, struct item *item) {
    static enum bco_code (*const works[])(const struct run *, struct item *,
                                          struct bco_record *) = {[BCO_TOKENIZE_RECORDS] = tokenize_record,
                                                                  [BCO_TOKENIZE_TEXT] = tokenize_text,
                                                                  [BCO_TOKENIZE_DECODE] = decode_ids,
                                                                  [BCO_TOKENIZE_SHOW] = show_text};
    struct bco_record *record = NULL;
    item->code = bco_record_parse(&record, item->json.data, item->json.length, &item->err);
    if (!item->code) item->code = works[run->options->mode](run, item, record);
    bco_buf_char(&item->out, '\n');
    if (!item->code && item->out.failed) item->code = bco_fail_memory(&item->err);
    if (item->code == BCO_EDATA) bco_error_place(&item->err, item->file, item->line, NULL);
    bco_record_free(record);
}

/* ---- batches ---------------------------------------------------------------------- */

/* Empties a buffer that is used again; what held one long record gives its memory back. */
static void reuse(struct bco_buf *buf) {
    if (buf->capacity > BATCH_BYTES)
        bco_buf_free(buf);
    else
        bco_buf_clear(buf);
}

/* A broken record is an item too: its turn comes when those before it are written. */
static enum bco_code read_item(struct run *run, struct item *item, struct bco_error *err) {
    struct bco_record *record;
    reuse(&item->raw);
    reuse(&item->json);
    reuse(&item->out);
    item->count = 0;
    item->parted = 0;
    item->code = bco_reader_next(run->reader, &record, &item->err);
    run->end = !item->code && !record;
    run->fatal = item->code && bco_reader_fatal(run->reader);
    if (run->end) return BCO_OK;
    size_t length = 0;
    const char *raw = bco_reader_raw(run->reader, &length);
    if (raw) bco_buf_add(&item->raw, raw, length);
    if (!item->code) {
        item->file = bco_record_file(record);
        item->line = bco_record_line(record);
        bco_record_write(record, &item->json);
    }
    run->count++;
    return item->raw.failed || item->json.failed ? bco_fail_memory(err) : BCO_OK;
}

static enum bco_code read_batch(struct run *run, struct bco_error *err) {
    enum bco_code code = BCO_OK;
    size_t bytes = 0;
    run->count = 0;
    while (!code && !run->end && !run->fatal && run->count < BATCH_ITEMS && bytes < BATCH_BYTES) {
        struct item *item = &run->items[run->count];
        code = read_item(run, item, err);
        bytes += item->json.length;
        if (item->code == BCO_ESYSTEM || item->code == BCO_EUSAGE) break;
    }
    return code;
}

static void work_on_batch(struct run *run) {
    int threads = run->options->threads > 0 ? run->options->threads : bco_cores();
#pragma omp parallel for schedule(dynamic, 4) num_threads(threads) if (run->count > 4)
    for (size_t i = 0; i < run->count; i++)
        if (!run->items[i].code) work(run, &run->items[i]);
}

static bool count_lengths(struct run *run, const struct item *item) {
    bool done = true;
    for (size_t i = 0; i < item->count; i++) {
        if (run->options->mode == BCO_TOKENIZE_RECORDS)
            done = done && bco_lengths_add(&run->prompt, item->prompt[i]) &&
                   bco_lengths_add(&run->completion, item->completion[i]);
        done = done && bco_lengths_add(&run->whole, item->prompt[i] + item->completion[i]);
    }
    return done;
}

static enum bco_code write_item(struct run *run, struct item *item, struct bco_error *err) {
    run->counts->in++;
    if (item->code) {
        bool last = run->fatal && item == &run->items[run->count - 1];
        if (item->code != BCO_EDATA || !run->rejects || last) {
            if (err) *err = item->err;
            return item->code;
        }
        run->counts->rejected++;
        return bco_writer_reject(run->rejects, &item->err, item->raw.data ? item->raw.data : "", item->raw.length, err);
    }
    if (!count_lengths(run, item)) return bco_fail_memory(err);
    run->counts->out++;
    run->counts->parted += item->parted;
    return run->out ? bco_writer_bytes(run->out, item->out.data, item->out.length, err) : BCO_OK;
}

static enum bco_code run_batches(struct run *run, const struct bco_watch *watch, struct bco_error *err) {
    enum bco_code code = BCO_OK;
    while (!code && !run->end && !run->fatal) {
        code = read_batch(run, err);
        if (code) break;
        work_on_batch(run);
        for (size_t i = 0; !code && i < run->count; i++) code = write_item(run, &run->items[i], err);
        if (watch && watch->progress) watch->progress(watch->user, run->counts->in, 0, "records");
        if (!code && watch && watch->stop && watch->stop(watch->user))
            code = bco_fail(err, BCO_EINTERRUPTED, "stopped");
    }
    if (!code && run->counts->in == 0) code = bco_fail(err, BCO_EDATA, "no records");
    return code;
}

static void close_run(struct run *run) {
    bco_lengths_sum_up(&run->prompt, &run->counts->prompt);
    bco_lengths_sum_up(&run->completion, &run->counts->completion);
    bco_lengths_sum_up(&run->whole, &run->counts->whole);
    bco_lengths_free(&run->prompt);
    bco_lengths_free(&run->completion);
    bco_lengths_free(&run->whole);
    for (size_t i = 0; run->items && i < BATCH_ITEMS; i++) {
        bco_buf_free(&run->items[i].raw);
        bco_buf_free(&run->items[i].json);
        bco_buf_free(&run->items[i].out);
    }
    free(run->items);
}

enum bco_code bco_tokenize_run(const struct bco_tokenizer *tokenizer, const struct bco_tokenize_options *options,
                               struct bco_reader *reader, struct bco_writer *out, struct bco_writer *rejects,
                               struct bco_tokenize_counts *counts, const struct bco_watch *watch,
                               struct bco_error *err) {
    struct run run = {
        .tokenizer = tokenizer, .options = options, .reader = reader, .out = out, .rejects = rejects, .counts = counts};
    const struct bco_limits limits = {.eos = options->eos && options->mode == BCO_TOKENIZE_RECORDS};
    *counts = (struct bco_tokenize_counts){0};
    enum bco_code code = bco_limits_check(&limits, tokenizer, 0, err);
    if (!code) run.items = bco_calloc(BATCH_ITEMS, sizeof *run.items);
    if (!code && !run.items) code = bco_fail_memory(err);
    if (!code) code = run_batches(&run, watch, err);
    close_run(&run);
    return code;
}
