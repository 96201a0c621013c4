/* Records in, the same with completions out. */
#include "base/buf.h"
#include "base/fail.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/rss.h"
#include "data/record.h"

#include <bco/generate.h>
#include <string.h>

/* A record between its prompt and its completions. */
struct task {
    struct bco_record *record; /* its own copy */
    struct bco_ids ids;
    struct task *previous, *next; /* all that are under way */
};

struct work {
    const struct bco_generate_run *run;
    struct bco_generate_counts *counts;
    struct task *tasks;
};

static void task_free(struct work *work, struct task *task) {
    if (task->previous) task->previous->next = task->next;
    if (task->next) task->next->previous = task->previous;
    if (work->tasks == task) work->tasks = task->next;
    bco_record_free(task->record);
    bco_ids_free(&task->ids);
    free(task);
}

static struct task *task_new(struct work *work) {
    struct task *task = bco_calloc(1, sizeof *task);
    if (!task) return NULL;
    task->next = work->tasks;
    if (work->tasks) work->tasks->previous = task;
    work->tasks = task;
    return task;
}

/* ---- the prompt -------------------------------------------------------------------- */

static enum bco_code add_id(struct bco_ids *ids, int32_t id, struct bco_error *err) {
    if (!bco_grow((void **)&ids->ids, &ids->capacity, ids->count + 1, sizeof *ids->ids)) return bco_fail_memory(err);
    ids->ids[ids->count++] = id;
    return BCO_OK;
}

/* As the chat template has them, up to where an answer begins. */
static enum bco_code encode_messages(const struct bco_generate_run *run, const struct bco_record *record,
                                     struct bco_ids *ids, struct bco_error *err) {
    struct bco_template_options options = run->chat_options ? *run->chat_options : (struct bco_template_options){0};
    struct bco_field messages;
    char *text = NULL;
    size_t length = 0;
    options.add_generation_prompt = true;
    if (!run->chat)
        return bco_record_fail(
            record, "prompt", err,
            "is a list of messages, and the model has no chat template; --chat-template FILE gives one");
    enum bco_code code = bco_record_find_text(record, "prompt", &messages, err);
    if (code) return code;
    code =
        bco_template_render(run->chat, messages.value, messages.value_length, NULL, 0, &options, &text, &length, err);
    if (!code) code = bco_tokenizer_encode(run->tokenizer, text, length, 0, ids, err);
    if (code) bco_error_place(err, bco_record_file(record), bco_record_line(record), "prompt");
    free(text);
    return code;
}

static enum bco_code encode_text(const struct bco_generate_run *run, const struct bco_record *record,
                                 struct bco_ids *ids, struct bco_error *err) {
    const char *text;
    size_t length;
    int32_t bos = run->bos ? bco_tokenizer_bos(run->tokenizer) : -1;
    enum bco_kind kind = bco_record_kind(record, "prompt");
    if (kind == BCO_MISSING)
        return bco_record_fail(record, "prompt", err, "missing, expected a text or a list of messages");
    if (kind == BCO_LIST) return encode_messages(run, record, ids, err);
    if (!bco_record_text(record, "prompt", &text, &length)) return bco_record_fail(record, "prompt", err, "not a text");
    enum bco_code code = bos >= 0 ? add_id(ids, bos, err) : BCO_OK;
    if (!code) code = bco_tokenizer_encode(run->tokenizer, text, length, 0, ids, err);
    if (code) bco_error_place(err, bco_record_file(record), bco_record_line(record), "prompt");
    return code;
}

static enum bco_code read_ids(const struct bco_generate_run *run, const struct bco_record *record, struct bco_ids *ids,
                              struct bco_error *err) {
    size_t vocabulary = bco_model_vocabulary(run->model);
    enum bco_code code = bco_record_ids(record, "prompt_ids", &ids->ids, &ids->count, err);
    if (code) return code;
    ids->capacity = ids->count;
    for (size_t i = 0; i < ids->count; i++)
        if ((size_t)ids->ids[i] >= vocabulary)
            return bco_record_fail(record, "prompt_ids", err, "an id outside the vocabulary of %zu, got %d", vocabulary,
                                   ids->ids[i]);
    return BCO_OK;
}

static enum bco_code read_prompt(const struct bco_generate_run *run, const struct bco_record *record,
                                 struct bco_ids *ids, struct bco_error *err) {
    const char *field = run->ids ? "prompt_ids" : "prompt";
    size_t positions = bco_model_positions(run->model);
    enum bco_code code = run->ids ? read_ids(run, record, ids, err) : encode_text(run, record, ids, err);
    if (code) return code;
    if (ids->count == 0) return bco_record_fail(record, field, err, "prompt has no tokens");
    if (ids->count >= positions)
        return bco_record_fail(record, field, err, "%zu tokens leave no room in the model's %zu positions", ids->count,
                               positions);
    return BCO_OK;
}

/* A copy that outlives the reader's next record. */
static enum bco_code copy_record(const struct bco_record *record, struct task *task, uint64_t *stream,
                                 struct bco_error *err) {
    size_t length;
    char *json = bco_record_json(record, NULL, &length);
    if (!json) return bco_fail_memory(err);
    *stream = bco_hash_bytes(json, length, 0).low;
    enum bco_code code = bco_record_parse(&task->record, json, length, err);
    free(json);
    return code;
}

/* A label or a reference that was made for the completion about to be replaced. */
static bool outdates(const struct bco_generate_run *run, const struct bco_record *record) {
    const char *const of_old[] = {"label", "rating", "reward", "ref_logp"};
    if (bco_record_kind(record, run->ids ? "completion_ids" : "completion") == BCO_MISSING) return false;
    for (size_t i = 0; i < sizeof of_old / sizeof *of_old; i++)
        if (bco_record_kind(record, of_old[i]) != BCO_MISSING) return true;
    return false;
}

static enum bco_code start_task(struct work *work, struct bco_record *record, struct bco_prompt *prompt,
                                struct bco_error *err) {
    struct task *task = task_new(work);
    if (!task) return bco_fail_memory(err);
    enum bco_code code = work->run->text ? bco_record_rename(record, "text", "prompt", err) : BCO_OK;
    if (!code) code = read_prompt(work->run, record, &task->ids, err);
    if (!code) code = copy_record(record, task, &prompt->stream, err);
    if (code) {
        task_free(work, task);
        return code;
    }
    work->counts->outdated += outdates(work->run, task->record);
    prompt->ids = task->ids.ids;
    prompt->count = task->ids.count;
    prompt->tag = task;
    prompt->file = bco_record_file(record); /* its path, which the reader keeps */
    prompt->line = bco_record_line(record);
    return BCO_OK;
}

static enum bco_code next_prompt(void *user, struct bco_prompt *prompt, bool *end, struct bco_error *err) {
    struct work *work = user;
    const struct bco_generate_run *run = work->run;
    for (;;) {
        struct bco_record *record;
        if (prompt->busy && !bco_reader_ready(run->reader)) {
            prompt->later = true;
            return BCO_OK;
        }
        enum bco_code code = bco_reader_next(run->reader, &record, err);
        if (code == BCO_EUSAGE) /* it would ask for an option that there is not */
            return bco_fail(err, BCO_EUSAGE,
                            "the input is no JSON, and no file named .csv or .tsv: --text is for plain lines");
        if (!code && !record) {
            *end = true;
            return BCO_OK;
        }
        work->counts->in++;
        if (!code) code = start_task(work, record, prompt, err);
        if (code != BCO_EDATA || !run->rejects || bco_reader_fatal(run->reader)) return code;
        size_t length;
        struct bco_error reason = *err;
        const char *raw = bco_reader_raw(run->reader, &length);
        work->counts->rejected++;
        if ((code = bco_writer_reject(run->rejects, &reason, raw, length, err))) return code;
    }
}

/* ---- the completions ------------------------------------------------------------------ */

static enum bco_code set_ids(struct bco_record *record, const struct bco_completion *completion,
                             struct bco_error *err) {
    struct bco_buf list = {0};
    bco_buf_char(&list, '[');
    for (size_t i = 0; i < completion->count; i++) bco_buf_printf(&list, i ? ",%d" : "%d", completion->ids[i]);
    bco_buf_char(&list, ']');
    enum bco_code code =
        list.failed ? bco_fail_memory(err) : bco_record_set_json(record, "completion_ids", list.data, list.length, err);
    bco_buf_free(&list);
    return code;
}

/* Messages are answered by a message, so that the record is one that the other tools read. */
static enum bco_code set_answer(struct bco_record *record, const struct bco_completion *completion,
                                struct bco_error *err) {
    struct bco_buf list = {0};
    bco_buf_str(&list, "[{\"role\":\"assistant\",\"content\":");
    bco_buf_json_string(&list, completion->text, completion->length);
    bco_buf_str(&list, "}]");
    enum bco_code code =
        list.failed ? bco_fail_memory(err) : bco_record_set_json(record, "completion", list.data, list.length, err);
    bco_buf_free(&list);
    return code;
}

static enum bco_code set_completion(const struct work *work, struct bco_record *record,
                                    const struct bco_completion *completion, struct bco_error *err) {
    if (work->run->ids) return set_ids(record, completion, err);
    if (bco_record_kind(record, "prompt") == BCO_LIST) return set_answer(record, completion, err);
    return bco_record_set_text(record, "completion", completion->text, completion->length, err);
}

static enum bco_code write_completions(void *user, void *tag, const struct bco_completion *completions, size_t n,
                                       struct bco_error *err) {
    struct work *work = user;
    struct task *task = tag;
    enum bco_code code = BCO_OK;
    for (size_t i = 0; !code && i < n; i++) {
        const struct bco_completion *c = &completions[i];
        const char *how = c->finish == BCO_FINISH_STOP ? "stop" : "length";
        code = set_completion(work, task->record, c, err);
        if (!code) code = bco_record_set_text(task->record, "finish", how, strlen(how), err);
        if (!code && work->run->options.logp) code = bco_record_set_number(task->record, "logp", c->logp, err);
        if (!code) code = bco_writer_record(work->run->writer, task->record, err);
        work->counts->out++;
        work->counts->tokens += c->count;
        *(c->finish == BCO_FINISH_STOP ? &work->counts->stopped : &work->counts->cut) += 1;
    }
    task_free(work, task);
    return code ? code : bco_writer_flush(work->run->writer, err);
}

enum bco_code bco_generate_records(const struct bco_generate_run *run, struct bco_generate_counts *counts,
                                   const struct bco_watch *watch, struct bco_error *err) {
    struct work work = {.run = run, .counts = counts};
    *counts = (struct bco_generate_counts){0};
    enum bco_code code = bco_generate(run->model, run->ids ? NULL : run->tokenizer, &run->options, next_prompt,
                                      write_completions, &work, watch, err);
    while (work.tasks) task_free(&work, work.tasks);
    counts->memory_peak = bco_memory_peak();
    if (!code && !counts->in) code = bco_fail(err, BCO_EDATA, "no records");
    return code;
}
