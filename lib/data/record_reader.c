/* Records in. A batch is what one read gives, cut into records and checked;
 * where an input is longer than one batch, another thread makes the next
 * batches while this one is being used. */
#define _GNU_SOURCE /* pipe2 */
#include "base/fail.h"
#include "base/mem.h"
#include "base/thread.h"
#include "data/record.h"
#include "stream/csv.h"
#include "stream/input.h"
#include "stream/split.h"
#include "stream/utf8.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

enum { READ_SIZE = 1 << 18, BATCHES = 4, KEPT = 1 << 22 };

/* Offsets, since the memory moves while a batch is made. */
struct item {
    size_t raw, raw_length;   /* in data */
    size_t text, text_length; /* JSON, in data or (rows) in texts; of a bad one: the message, in texts */
    size_t line;
    size_t first, count; /* members */
    uint64_t shape;      /* as in struct bco_record */
    bool bad;
};

struct batch {
    const char *path;
    char *data;
    size_t length, capacity;
    struct bco_buf texts;
    struct item *items;
    size_t count, item_capacity;
    struct bco_json_scan scan;
    bool made;    /* text lies in texts: it was made from a row or a line */
    bool end;     /* of the last input */
    double share; /* for bco_reader_share */
    enum bco_code failed;
    struct bco_error failure; /* behind the last item */
};

/* Makes batches. */
struct source {
    char **paths;
    size_t count, next; /* the input to open next */
    struct bco_reader_options options;
    bool chosen;             /* they were given: the caller has a way to choose the format */
    bool plain;              /* all are plain files */
    uint64_t size, used;     /* bytes of all, where they are plain; of those that have ended */
    struct bco_input *input; /* NULL between two */
    struct bco_split split;
    bool begun, last; /* the format is known; the input's end was seen */
    bool separator;   /* a line sep=; may come */
    bool header;      /* rows: the header was read */
    struct bco_csv *csv;
    struct bco_json_scan probe;  /* of a line that should be a string */
    struct bco_json_shape shape; /* of the line before */
    struct bco_buf carry;        /* the start of a record that the batch before did not hold whole */
    int stop;                    /* -1, or what tells a waiting read to give up */
};

struct bco_reader {
    struct source source;
    struct batch batches[BATCHES];
    struct batch *batch; /* in use; NULL before the first */
    size_t at;           /* item in it to give next */
    const struct item *item;
    struct bco_record record;
    bool fatal;
    bool threaded, tried;
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t made, used;
    size_t made_count, used_count; /* batches since the beginning */
    bool stopping;
    int wake[2];
};

/* ---- the format ---- */

static bool ends_in(const char *path, size_t length, const char *end) {
    size_t tail = strlen(end);
    return length > tail && strncasecmp(path + length - tail, end, tail) == 0;
}

static enum bco_format format_of_name(const char *path) {
    size_t length = strlen(path);
    if (ends_in(path, length, ".zst")) length -= 4;
    if (ends_in(path, length, ".gz")) length -= 3;
    if (ends_in(path, length, ".csv")) return BCO_FORMAT_CSV;
    if (ends_in(path, length, ".tsv")) return BCO_FORMAT_TSV;
    if (ends_in(path, length, ".json")) return BCO_FORMAT_JSON;
    if (ends_in(path, length, ".jsonl") || ends_in(path, length, ".ndjson")) return BCO_FORMAT_JSONL;
    return BCO_FORMAT_AUTO;
}

static size_t leading_blanks(const char *text, size_t length) {
    size_t i = 0;
    while (i < length && strchr(" \t\r\n", text[i]) && text[i]) i++;
    return i;
}

/* Sets up the splitter once enough of the input is there. False: more is needed. */
static bool begin(struct source *s, struct batch *batch, size_t *used, enum bco_code *code) {
    enum bco_format format = s->options.format ? s->options.format : format_of_name(batch->path);
    size_t bom = batch->length >= 3 && memcmp(batch->data, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
    size_t blanks = leading_blanks(batch->data + bom, batch->length - bom);
    bool known = bom + blanks < batch->length || batch->length > KEPT;
    if (batch->length < 3 && !s->last) return false;
    if ((format == BCO_FORMAT_AUTO || format == BCO_FORMAT_JSON) && !known && !s->last) return false;
    char first = bom + blanks < batch->length ? batch->data[bom + blanks] : '\0';
    if (format == BCO_FORMAT_AUTO && known && first != '{' && first != '[') {
        *code = bco_fail_at(&batch->failure, BCO_EUSAGE, batch->path, 0, NULL,
                            "neither the name nor the first byte tells the format, expected %s",
                            s->chosen ? "--format csv, tsv, json or jsonl" : "JSON, or a file named .csv or .tsv");
        return true;
    }
    bool rows = format == BCO_FORMAT_CSV || format == BCO_FORMAT_TSV;
    if (s->options.delimiter && !rows) {
        *code = bco_fail_at(&batch->failure, BCO_EUSAGE, batch->path, 0, NULL,
                            "a delimiter was given, and this is not CSV, which alone has one");
        return true;
    }
    bool list = first == '[' && (format == BCO_FORMAT_AUTO || format == BCO_FORMAT_JSON);
    s->split = (struct bco_split){.line = 1};
    bool text = format == BCO_FORMAT_TEXT || format == BCO_FORMAT_STRINGS;
    s->split.kind = rows ? BCO_SPLIT_ROWS : text ? BCO_SPLIT_TEXT : list ? BCO_SPLIT_ELEMENTS : BCO_SPLIT_LINES;
    s->split.delimiter = s->options.delimiter ? s->options.delimiter : format == BCO_FORMAT_TSV ? '\t' : ',';
    s->separator = rows;
    s->header = false;
    s->begun = true;
    *used = bom;
    return true;
}

/* ---- pieces ---- */

static enum bco_code fail_place(struct batch *batch, enum bco_code code, size_t line) {
    bco_error_place(&batch->failure, batch->path, line, NULL);
    return code;
}

static bool add_message(struct batch *batch, struct item *item, const struct bco_error *why) {
    item->bad = true;
    item->text = batch->texts.length;
    item->text_length = strlen(why->message);
    bco_buf_add(&batch->texts, why->message, item->text_length + 1);
    return !batch->texts.failed;
}

static enum bco_code read_header(struct source *s, struct batch *batch, const struct item *row, size_t open_quote) {
    const char *text = batch->data + row->raw;
    char separator = s->separator ? bco_csv_separator(text, row->raw_length) : '\0';
    s->separator = false;
    if (separator) {
        if (!s->options.delimiter) s->split.delimiter = separator;
        return BCO_OK;
    }
    if (open_quote)
        return bco_fail_at(&batch->failure, BCO_EDATA, batch->path, row->line, NULL,
                           "the quote opened in line %zu is never closed", open_quote);
    bco_csv_free(s->csv);
    s->csv = bco_csv_new(s->split.delimiter);
    if (!s->csv) return bco_fail_memory(&batch->failure);
    s->header = true;
    s->shape.id++;
    enum bco_code code = bco_csv_header(s->csv, text, row->raw_length, &batch->failure);
    return code ? fail_place(batch, code, row->line) : BCO_OK;
}

static enum bco_code read_row(struct source *s, struct batch *batch, struct item *item, size_t open_quote) {
    struct bco_error why;
    enum bco_code code;
    item->text = batch->texts.length;
    item->first = batch->scan.count;
    if (open_quote)
        code = bco_fail(&why, BCO_EDATA, "the quote opened in line %zu is never closed", open_quote);
    else
        code = bco_csv_row(s->csv, batch->data + item->raw, item->raw_length, &batch->texts, &batch->scan, &why);
    item->text_length = batch->texts.length - item->text;
    item->count = batch->scan.count - item->first;
    item->shape = s->shape.id;
    if (code == BCO_EDATA && bco_csv_reserve(&batch->texts, strlen(why.message) + 1, &batch->scan) &&
        add_message(batch, item, &why))
        return BCO_OK;
    return code ? bco_fail_memory(&batch->failure) : BCO_OK;
}

/* `{"text":LINE}` must be an object with this one member, a string. */
static enum bco_code check_string(struct source *s, const char *text, size_t length, struct bco_error *why) {
    s->probe.count = 0;
    enum bco_code code = bco_json_scan_object(&s->probe, text, length, why);
    if (code == BCO_ESYSTEM) return code;
    if (code || s->probe.count != 1 || s->probe.members[0].kind != BCO_TEXT)
        return bco_fail(why, BCO_EDATA, "not a JSON string");
    return BCO_OK;
}

/* A line of text, or one that holds a JSON string, as a record. */
static enum bco_code read_text(struct source *s, struct batch *batch, struct item *item) {
    const char *line = batch->data + item->raw;
    bool plain = s->options.format == BCO_FORMAT_TEXT;
    size_t good = bco_utf8_good(line, item->raw_length);
    struct bco_error why;
    enum bco_code code = BCO_OK;
    if (good < item->raw_length) code = bco_fail(&why, BCO_EDATA, "not UTF-8 at byte %zu", good + 1);
    item->text = batch->texts.length;
    bco_buf_str(&batch->texts, "{\"text\":");
    if (!code && plain) bco_buf_json_string(&batch->texts, line, item->raw_length);
    if (!code && !plain) bco_buf_add(&batch->texts, line, item->raw_length);
    bco_buf_char(&batch->texts, '}');
    if (batch->texts.failed) return bco_fail_memory(&batch->failure);
    item->text_length = batch->texts.length - item->text;
    if (!code && !plain) code = check_string(s, batch->texts.data + item->text, item->text_length, &why);
    if (code == BCO_ESYSTEM || (code && !add_message(batch, item, &why))) return bco_fail_memory(&batch->failure);
    return BCO_OK;
}

static enum bco_code add_piece(struct source *s, struct batch *batch, const struct bco_piece *piece, size_t base) {
    struct item item = {.raw = base + piece->start, .raw_length = piece->length, .line = piece->line};
    enum bco_code code = BCO_OK;
    if (s->split.kind == BCO_SPLIT_ROWS) {
        if (!s->header) return read_header(s, batch, &item, piece->open_quote);
        code = read_row(s, batch, &item, piece->open_quote);
    } else if (s->split.kind == BCO_SPLIT_TEXT) {
        code = read_text(s, batch, &item);
    } else {
        item.text = item.raw;
        item.text_length = item.raw_length;
    }
    if (code) return code;
    if (!bco_grow((void **)&batch->items, &batch->item_capacity, batch->count + 1, sizeof *batch->items))
        return bco_fail_memory(&batch->failure);
    batch->items[batch->count++] = item;
    return BCO_OK;
}

/* Cuts what is there into pieces; the rest is carried into the next batch. */
static enum bco_code cut(struct source *s, struct batch *batch, size_t *done) {
    struct bco_piece piece;
    size_t used = 0;
    enum bco_code code = BCO_OK;
    if (!s->begun && (!begin(s, batch, done, &code) || code)) return code;
    for (;;) {
        enum bco_split_result result =
            bco_split_next(&s->split, batch->data + *done, batch->length - *done, s->last, &piece, &used);
        if (result == BCO_SPLIT_BROKEN)
            return bco_fail_at(&batch->failure, BCO_EDATA, batch->path, s->split.broken_line, NULL, "%s",
                               s->split.broken);
        if (result == BCO_SPLIT_PIECE) code = add_piece(s, batch, &piece, *done);
        *done += used;
        if (code || result == BCO_SPLIT_MORE) return code;
    }
}

/* Checks the items; where memory fails, those are left that were checked. Messages go to `texts` last, as members may
 * point into it. */
static enum bco_code check_items(struct batch *batch, struct bco_json_shape *shape) {
    struct bco_error why;
    batch->scan.shape = shape;
    for (size_t i = 0; i < batch->count; i++) {
        struct item *item = &batch->items[i];
        if (item->bad) continue;
        const char *text = (batch->made ? batch->texts.data : batch->data) + item->text;
        item->first = batch->scan.count;
        enum bco_code code = bco_json_scan_object(&batch->scan, text, item->text_length, &why);
        item->count = batch->scan.count - item->first;
        item->shape = shape->count ? shape->id : 0;
        if (code != BCO_ESYSTEM && (!code || add_message(batch, item, &why))) continue;
        batch->count = i;
        return bco_fail_memory(&batch->failure);
    }
    return BCO_OK;
}

/* ---- batches ---- */

static void end_input(struct source *s) {
    if (s->input) s->used += bco_input_used(s->input);
    bco_input_close(s->input);
    s->input = NULL;
    bco_buf_clear(&s->carry);
}

static enum bco_code start_input(struct source *s, struct batch *batch) {
    batch->path = s->paths[s->next++];
    s->begun = s->last = false;
    enum bco_code code = bco_input_open(&s->input, batch->path, &batch->failure);
    if (!code && s->stop >= 0) bco_input_give_up_on(s->input, s->stop);
    return code;
}

static enum bco_code read_more(struct source *s, struct batch *batch) {
    size_t room = batch->length > READ_SIZE ? batch->length : READ_SIZE, got = 0, need;
    if (!bco_size_add(batch->length, room + 1, &need) || !bco_grow((void **)&batch->data, &batch->capacity, need, 1))
        return bco_fail_memory(&batch->failure);
    enum bco_code code = bco_input_read(s->input, batch->data + batch->length, room, &got, &batch->failure);
    batch->length += got;
    if (!code && !got) s->last = true;
    return code;
}

/* A batch that once held a very long record does not keep its memory. */
static void trim(struct source *s, struct batch *batch) {
    if (batch->capacity > KEPT) {
        free(batch->data);
        batch->data = NULL;
        batch->capacity = 0;
    }
    if (batch->texts.capacity > KEPT) bco_buf_free(&batch->texts);
    if (s->carry.capacity > KEPT && !s->carry.length) bco_buf_free(&s->carry);
}

static enum bco_code take_carry(struct source *s, struct batch *batch) {
    batch->length = 0;
    if (!s->carry.length) return BCO_OK;
    if (!bco_grow((void **)&batch->data, &batch->capacity, s->carry.length, 1)) return bco_fail_memory(&batch->failure);
    memcpy(batch->data, s->carry.data, s->carry.length);
    batch->length = s->carry.length;
    bco_buf_clear(&s->carry);
    return BCO_OK;
}

/* Reads until the batch has an item, or the input ends or fails. */
static enum bco_code fill_from_input(struct source *s, struct batch *batch) {
    size_t done = 0;
    trim(s, batch);
    enum bco_code code = take_carry(s, batch);
    while (!code && !s->last && !batch->count) {
        batch->length -= done;
        if (done) memmove(batch->data, batch->data + done, batch->length);
        done = 0;
        code = read_more(s, batch);
        if (!code) code = cut(s, batch, &done);
    }
    if (batch->length > done) bco_buf_add(&s->carry, batch->data + done, batch->length - done);
    if (!code && s->carry.failed) code = bco_fail_memory(&batch->failure);
    return code;
}

/* A file that has grown since is read to its end. */
static double share_of(const struct source *s) {
    uint64_t used = s->used + (s->input ? bco_input_used(s->input) : 0);
    if (!s->plain) return 0;
    return used < s->size ? (double)used / (double)s->size : 1;
}

static void fill(struct source *s, struct batch *batch) {
    batch->count = batch->scan.count = 0;
    batch->end = false;
    batch->failed = BCO_OK;
    bco_buf_clear(&batch->texts);
    while (!batch->count && !batch->failed) {
        if (!s->input && s->next == s->count) {
            batch->end = true;
            return;
        }
        if (!s->input) batch->failed = start_input(s, batch);
        batch->path = s->paths[s->next - 1];
        if (!batch->failed) batch->failed = fill_from_input(s, batch);
        if (batch->failed || s->last) end_input(s);
    }
    batch->share = share_of(s);
    batch->made = s->split.kind == BCO_SPLIT_ROWS || s->split.kind == BCO_SPLIT_TEXT;
    enum bco_code code = s->split.kind == BCO_SPLIT_ROWS ? BCO_OK : check_items(batch, &s->shape);
    if (code) batch->failed = code;
}

/* ---- the thread that reads ahead ---- */

static void *make_batches(void *user) {
    struct bco_reader *r = user;
    for (bool more = true; more;) {
        unsigned tries = 0;
        pthread_mutex_lock(&r->mutex);
        while (!r->stopping && r->made_count - r->used_count == BATCHES) bco_thread_wait(&r->used, &r->mutex, &tries);
        bool stop = r->stopping;
        pthread_mutex_unlock(&r->mutex);
        if (stop) break;
        struct batch *batch = &r->batches[r->made_count % BATCHES];
        fill(&r->source, batch);
        more = !batch->end;
        pthread_mutex_lock(&r->mutex);
        r->made_count++;
        pthread_cond_signal(&r->made);
        pthread_mutex_unlock(&r->mutex);
    }
    return NULL;
}

/* Without a thread, all goes on in this one. */
static void start_thread(struct bco_reader *r) {
    if (pipe2(r->wake, O_CLOEXEC) != 0) return;
    r->source.stop = r->wake[0];
    if (r->source.input) bco_input_give_up_on(r->source.input, r->wake[0]);
    r->threaded = bco_thread_start(&r->thread, make_batches, r);
}

/* The next batch of the thread. */
static struct batch *wait_for_batch(struct bco_reader *r) {
    unsigned tries = 0;
    pthread_mutex_lock(&r->mutex);
    if (r->batch) {
        r->used_count++;
        pthread_cond_signal(&r->used);
    }
    while (r->made_count == r->used_count) bco_thread_wait(&r->made, &r->mutex, &tries);
    pthread_mutex_unlock(&r->mutex);
    return &r->batches[r->used_count % BATCHES];
}

/* A short input is not worth a thread, unless somebody asks whether it has come. */
static void next_batch(struct bco_reader *r) {
    bool first = r->batch == NULL;
    bool worth = first ? r->source.options.ahead && !r->source.plain : r->batch->length >= READ_SIZE / 8;
    if (worth && !r->threaded && !r->tried) {
        r->tried = true;
        r->batch = NULL;
        start_thread(r);
    }
    if (r->threaded) {
        r->batch = wait_for_batch(r);
    } else {
        r->batch = &r->batches[0];
        fill(&r->source, r->batch);
    }
    r->at = 0;
}

static void stop_thread(struct bco_reader *r) {
    if (!r->threaded) return;
    pthread_mutex_lock(&r->mutex);
    r->stopping = true;
    pthread_cond_signal(&r->used);
    pthread_mutex_unlock(&r->mutex);
    while (write(r->wake[1], "", 1) < 0 && errno == EINTR) continue;
    pthread_join(r->thread, NULL);
}

/* ---- the reader ---- */

/* Names that are not there are found at once, not after hours of work on the first ones. */
static enum bco_code check_path(const char *path, struct bco_error *err) {
    struct stat st;
    if (strcmp(path, "-") == 0) return BCO_OK;
    if (stat(path, &st) != 0 || access(path, R_OK) != 0) return bco_fail_errno(err, path, "cannot open");
    if (!S_ISDIR(st.st_mode)) return BCO_OK;
    errno = EISDIR;
    return bco_fail_errno(err, path, "cannot read");
}

static enum bco_code set_paths(struct source *s, const char *const *paths, size_t count, struct bco_error *err) {
    static const char *const standard[] = {"-"};
    if (!count) paths = standard, count = 1;
    s->paths = bco_calloc(count, sizeof *s->paths);
    if (!s->paths) return bco_fail_memory(err);
    for (; s->count < count; s->count++) {
        enum bco_code code = check_path(paths[s->count], err);
        if (code) return code;
        s->paths[s->count] = bco_strndup(paths[s->count], strlen(paths[s->count]));
        if (!s->paths[s->count]) return bco_fail_memory(err);
    }
    return BCO_OK;
}

/* Reading plain files waits for nobody. */
static bool all_plain_files(const struct source *s, uint64_t *size) {
    struct stat st;
    *size = 0;
    for (size_t i = 0; i < s->count; i++) {
        if ((strcmp(s->paths[i], "-") == 0 ? fstat(STDIN_FILENO, &st) : stat(s->paths[i], &st)) != 0 ||
            !S_ISREG(st.st_mode))
            return false;
        *size += (uint64_t)st.st_size;
    }
    return true;
}

enum bco_code bco_reader_open(struct bco_reader **reader, const char *const *paths, size_t count,
                              const struct bco_reader_options *options, struct bco_error *err) {
    *reader = NULL;
    struct bco_reader *r = bco_calloc(1, sizeof *r);
    if (!r) return bco_fail_memory(err);
    pthread_mutex_init(&r->mutex, NULL);
    pthread_cond_init(&r->made, NULL);
    pthread_cond_init(&r->used, NULL);
    r->wake[0] = r->wake[1] = r->source.stop = -1;
    r->source.chosen = options != NULL;
    if (options) r->source.options = *options;
    enum bco_code code = set_paths(&r->source, paths, count, err);
    if (!code) r->source.plain = all_plain_files(&r->source, &r->source.size);
    if (code)
        bco_reader_close(r);
    else
        *reader = r;
    return code;
}

static enum bco_code give_item(struct bco_reader *r, const struct item *item, struct bco_error *err) {
    const struct batch *batch = r->batch;
    const char *texts = batch->texts.data, *text = (batch->made ? texts : batch->data) + item->text;
    r->item = item;
    if (item->bad) return bco_fail_at(err, BCO_EDATA, batch->path, item->line, NULL, "%s", texts + item->text);
    r->record.file = batch->path;
    r->record.line = item->line;
    const struct bco_json_member *members = item->count ? &batch->scan.members[item->first] : NULL;
    enum bco_code code = bco_record_fill(&r->record, text, item->text_length, members, item->count, err);
    r->record.shape = item->shape;
    return code;
}

enum bco_code bco_reader_next(struct bco_reader *r, struct bco_record **record, struct bco_error *err) {
    *record = NULL;
    r->item = NULL;
    r->fatal = false;
    for (;;) {
        if (r->batch && r->at < r->batch->count) {
            enum bco_code code = give_item(r, &r->batch->items[r->at++], err);
            if (!code) *record = &r->record;
            return code;
        }
        if (r->batch && r->batch->failed) {
            enum bco_code code = r->batch->failed;
            if (err) *err = r->batch->failure;
            r->batch->failed = BCO_OK;
            r->fatal = true;
            return code;
        }
        if (r->batch && r->batch->end) return BCO_OK;
        next_batch(r);
    }
}

double bco_reader_share(const struct bco_reader *r) {
    return r->batch ? r->batch->share : 0;
}

bool bco_reader_ready(struct bco_reader *r) {
    if (!r->threaded) return true;
    if (r->batch && (r->at < r->batch->count || r->batch->failed || r->batch->end)) return true;
    pthread_mutex_lock(&r->mutex);
    bool ready = r->made_count - r->used_count > (r->batch != NULL);
    pthread_mutex_unlock(&r->mutex);
    return ready;
}

const char *bco_reader_raw(const struct bco_reader *r, size_t *length) {
    *length = r->item ? r->item->raw_length : 0;
    return r->item ? r->batch->data + r->item->raw : "";
}

bool bco_reader_fatal(const struct bco_reader *r) {
    return r->fatal;
}

void bco_reader_close(struct bco_reader *r) {
    if (!r) return;
    stop_thread(r);
    for (int i = 0; i < BATCHES; i++) {
        free(r->batches[i].data);
        free(r->batches[i].items);
        bco_buf_free(&r->batches[i].texts);
        bco_json_scan_free(&r->batches[i].scan);
    }
    bco_record_release(&r->record);
    bco_input_close(r->source.input);
    bco_csv_free(r->source.csv);
    bco_json_scan_free(&r->source.probe);
    bco_buf_free(&r->source.carry);
    for (size_t i = 0; i < r->source.count; i++) free(r->source.paths[i]);
    free(r->source.paths);
    for (int i = 0; i < 2; i++)
        if (r->wake[i] >= 0) close(r->wake[i]);
    pthread_mutex_destroy(&r->mutex);
    pthread_cond_destroy(&r->made);
    pthread_cond_destroy(&r->used);
    free(r);
}
