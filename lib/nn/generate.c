/* Continuous batching: places in the decoder run side by side; whichever
 * sequence ends gives its place to the next completion at once. What is finished
 * waits for what came before it. */
#include "nn/generate.h"

#include "base/clock.h"
#include "base/fail.h"
#include "base/hash.h"
#include "base/mem.h"
#include "nn/decode.h"
#include "nn/model.h"
#include "nn/sampler.h"

#include <math.h>
#include <omp.h>
#include <stdio.h>
#include <string.h>

/* A prompt is fed in pieces of PIECE tokens, whatever runs beside it, so that what is computed hangs on the prompt
 * alone; a step takes new pieces until it has STEP_TOKENS. */
enum { SLOTS = 16, PIECE = 512, STEP_TOKENS = 1024 };

/* One prompt with its n completions. */
struct request {
    struct bco_prompt prompt;
    struct bco_completion *completions; /* [n]; their ids and texts are owned */
    float *logits;                      /* [V], after the prompt; only where n > 1 */
    size_t limit;                       /* tokens a completion may have */
    uint64_t started, finished;
    bool computed; /* the prompt: it can be copied now */
};

/* One sequence in the decoder. */
struct place {
    bool running;
    size_t fed;               /* tokens of the prompt that the decoder has */
    struct request *request;  /* whose prompt the decoder's slot holds, also when nothing runs; may be gone */
    uint64_t number;          /* of that request: tells whether it is gone */
    uint64_t index;           /* which completion */
    struct bco_ids generated; /* so far */
    double logp;              /* of them */
    struct bco_rng rng;
};

struct engine {
    struct bco_model *model;
    const struct bco_tokenizer *tokenizer;
    struct bco_generate_options options; /* without zeros */
    bco_prompt_source *source;
    bco_completion_sink *sink;
    void *user;
    const struct bco_watch *watch;
    int32_t *eos;
    size_t eos_count;

    struct bco_decoder *decoder;
    struct place *places;
    size_t running;

    struct request *queue; /* a ring of `room`: numbers first .. last-1, in the order of the prompts */
    uint64_t first, last, room;
    bool ended; /* the source has no more */

    size_t vocabulary;
    float *logits;                           /* [slots, V] */
    struct bco_candidate *room_for_sampling; /* [slots, 2, V] */
    float *penalized;                        /* [slots, V], NULL without a repetition penalty */
    bool *seen;                              /* [slots, V], likewise */
    struct bco_generate_memory memory;
    uint64_t fixed, cache_limit; /* bytes beside keys and values, with the largest steps; of them */
    size_t longest;              /* tokens that a sequence so far can have */
    bool told, warned;           /* of memory */
    size_t *slot, *starts;       /* of a step's blocks */
    struct bco_ids step;         /* its tokens */
    uint64_t done;               /* completions */
};

static struct request *request_at(const struct engine *e, uint64_t number) {
    return &e->queue[number % e->room];
}

static void request_clear(struct engine *e, struct request *r) {
    for (uint64_t i = 0; r->completions && i < e->options.n; i++) {
        free((void *)(uintptr_t)r->completions[i].ids);
        free((void *)(uintptr_t)r->completions[i].text);
    }
    free(r->completions);
    free(r->logits);
    *r = (struct request){0};
}

/* ---- one token ------------------------------------------------------------------ */

static bool is_eos(const struct engine *e, int32_t id) {
    for (size_t i = 0; i < e->eos_count; i++)
        if (e->eos[i] == id) return true;
    return false;
}

/* Where the first of the stop texts begins, or NULL. */
static const char *find_stop(const struct bco_generate_options *options, const char *text, size_t length) {
    const char *first = NULL;
    for (size_t i = 0; i < options->stop_count; i++) {
        size_t size = strlen(options->stops[i]);
        for (size_t at = 0; size && at + size <= length; at++) {
            if (memcmp(text + at, options->stops[i], size) != 0) continue;
            if (!first || text + at < first) first = text + at;
            break;
        }
    }
    return first;
}

static enum bco_code decode(const struct engine *e, const struct bco_ids *ids, char **text, size_t *length,
                            struct bco_error *err) {
    return bco_tokenizer_decode(e->tokenizer, ids->ids, ids->count, BCO_DECODE_SKIP_SPECIAL, text, length, err);
}

/* Whether the text so far holds a stop text. */
static enum bco_code check_stop(const struct engine *e, const struct place *place, bool *found, struct bco_error *err) {
    char *text;
    size_t length;
    *found = false;
    if (!e->options.stop_count) return BCO_OK;
    enum bco_code code = decode(e, &place->generated, &text, &length, err);
    if (code) return code;
    *found = find_stop(&e->options, text, length) != NULL;
    free(text);
    return BCO_OK;
}

static enum bco_code finish(struct engine *e, struct place *place, enum bco_finish how, struct bco_error *err) {
    struct request *r = place->request;
    struct bco_completion *c = &r->completions[place->index];
    char *text = NULL;
    size_t length = 0;
    if (e->tokenizer) {
        enum bco_code code = decode(e, &place->generated, &text, &length, err);
        if (code) return code;
        const char *stop = find_stop(&e->options, text, length);
        if (stop) length = (size_t)(stop - text);
        text[length] = '\0';
    }
    *c = (struct bco_completion){place->generated.ids, place->generated.count, how, text, length, place->logp};
    place->generated = (struct bco_ids){0};
    place->running = false;
    e->running--;
    r->finished++;
    e->done++;
    return BCO_OK;
}

static enum bco_code take_token(struct engine *e, struct place *place, int32_t id, struct bco_error *err) {
    bool stopped;
    if (!e->options.ignore_eos && is_eos(e, id)) return finish(e, place, BCO_FINISH_STOP, err);
    struct bco_ids *ids = &place->generated;
    if (!bco_grow((void **)&ids->ids, &ids->capacity, ids->count + 1, sizeof *ids->ids)) return bco_fail_memory(err);
    ids->ids[ids->count++] = id;
    enum bco_code code = check_stop(e, place, &stopped, err);
    if (code) return code;
    if (stopped) return finish(e, place, BCO_FINISH_STOP, err);
    return ids->count >= place->request->limit ? finish(e, place, BCO_FINISH_LENGTH, err) : BCO_OK;
}

/* The next token of a place after `logits`, in row `row` of the scratch memory. */
static int32_t choose(const struct engine *e, struct place *p, const float *logits, size_t row) {
    size_t V = e->vocabulary;
    const float *raw = logits;
    if (e->penalized) {
        const struct bco_prompt *prompt = &p->request->prompt;
        float *copy = e->penalized + row * V;
        bool *seen = e->seen + row * V;
        memcpy(copy, logits, V * sizeof *copy);
        bco_penalize(e->options.repetition_penalty, copy, prompt->ids, prompt->count, seen);
        bco_penalize(e->options.repetition_penalty, copy, p->generated.ids, p->generated.count, seen);
        bco_unsee(prompt->ids, prompt->count, seen);
        bco_unsee(p->generated.ids, p->generated.count, seen);
        logits = copy;
    }
    int32_t id = bco_sample_token(&e->options, logits, V, &p->rng, e->room_for_sampling + 2 * row * V);
    if (e->options.logp) p->logp += bco_token_logp(raw, V, id);
    return id;
}

/* ---- memory ----------------------------------------------------------------------- */

/* Before there is a sequence: with the largest steps there can be, so that the limit holds. */
static void set_limit(struct engine *e) {
    struct bco_generate_memory *m = &e->memory;
    bco_generate_foresee(e->model, &e->options, STEP_TOKENS + e->options.slots, bco_model_positions(e->model), m);
    e->fixed = m->weights + m->rest + m->work;
    e->cache_limit = m->limit > e->fixed ? m->limit - e->fixed : 0;
}

/* Of the first step and what follows it, if the prompts to come are like those that have. */
static void tell(struct engine *e, size_t tokens) {
    struct bco_generate_memory *m = &e->memory;
    uint64_t left = (e->last - e->first) * e->options.n, limit = m->limit;
    e->told = true;
    if (!e->options.on_memory) return;
    bco_generate_foresee(e->model, &e->options, tokens, e->longest, m);
    m->limit = limit;
    m->sequences = e->ended && left < e->options.slots ? (size_t)left : e->options.slots;
    if (e->warned) m->sequences = e->running;
    size_t now = bco_decoder_bytes(e->decoder), more = m->sequences - e->running;
    m->cache = now;
    for (size_t i = 0; i < e->options.slots && more; i++) {
        if (e->places[i].running) continue;
        m->cache += bco_decoder_foreseen(e->decoder, i, e->longest) - now;
        more--;
    }
    if (m->cache > e->cache_limit) m->cache = e->cache_limit;
    bco_generate_add_up(m);
    e->options.on_memory(e->options.user, m);
}

static enum bco_code refuse(const struct engine *e, const struct bco_prompt *prompt, size_t tokens, uint64_t cache,
                            struct bco_error *err) {
    const struct bco_generate_memory *m = &e->memory;
    return bco_fail_at(err, BCO_ESYSTEM, prompt->file, prompt->line, NULL,
                       "a sequence of %zu tokens needs %.0f MiB of memory at least, and %s %.0f MiB; a smaller "
                       "--max-new-tokens or --batch takes less",
                       tokens, (double)(e->fixed + cache) / 0x1p20,
                       e->options.max_memory ? "--max-memory gives" : "80 % of what is free is",
                       (double)m->limit / 0x1p20);
}

static void warn(struct engine *e) {
    char text[160];
    bool said = e->warned;
    e->warned = true;
    if (said || !e->watch || !e->watch->warn) return;
    snprintf(text, sizeof text,
             "memory holds %zu of %zu sequences at once; a smaller --max-new-tokens leaves room for more", e->running,
             e->options.slots);
    e->watch->warn(e->watch->user, text);
}

/* Room for all tokens that a sequence can have. Slots at rest give up theirs for it; then it waits, *none, until others
 * have ended. */
static enum bco_code reserve(struct engine *e, size_t slot, const struct request *r, bool *none,
                             struct bco_error *err) {
    size_t tokens = r->prompt.count + r->limit;
    bool fits = bco_decoder_foreseen(e->decoder, slot, tokens) <= e->cache_limit;
    for (size_t i = 0; !fits && i < e->options.slots; i++) {
        if (e->places[i].running) continue;
        bco_decoder_release(e->decoder, i);
        e->places[i].request = NULL;
    }
    uint64_t bytes = bco_decoder_foreseen(e->decoder, slot, tokens);
    *none = bytes > e->cache_limit;
    if (!*none) return bco_decoder_reserve(e->decoder, slot, tokens, err);
    if (!e->running) return refuse(e, &r->prompt, tokens, bytes, err);
    warn(e);
    return BCO_OK;
}

/* ---- new sequences ---------------------------------------------------------------- */

/* *none: there is none now, or never again. */
static enum bco_code pull(struct engine *e, bool *none, struct bco_error *err) {
    struct request *r = request_at(e, e->last);
    size_t positions = bco_model_positions(e->model);
    r->prompt.busy = e->first < e->last;
    enum bco_code code = e->source(e->user, &r->prompt, &e->ended, err);
    *none = e->ended || r->prompt.later;
    r->prompt.later = false;
    if (code || *none) return code;
    e->last++; /* from here on it is cleared with the others */
    if (r->prompt.count == 0) return bco_fail(err, BCO_EDATA, "prompt has no tokens");
    if (r->prompt.count >= positions)
        return bco_fail(err, BCO_EDATA, "a prompt of %zu tokens leaves no room in the model's %zu positions",
                        r->prompt.count, positions);
    r->limit = positions - r->prompt.count;
    if (r->limit > e->options.max_new_tokens) r->limit = e->options.max_new_tokens;
    if (r->prompt.count + r->limit > e->longest) e->longest = r->prompt.count + r->limit;
    r->completions = bco_calloc((size_t)e->options.n, sizeof *r->completions);
    if (e->options.n > 1) r->logits = bco_calloc(e->vocabulary, sizeof *r->logits);
    if (!r->completions || (e->options.n > 1 && !r->logits)) return bco_fail_memory(err);
    return BCO_OK;
}

/* A completion's numbers hang together with nothing but the seed, the stream and its index. */
static uint64_t stream_of(const struct engine *e, uint64_t stream, uint64_t index) {
    const uint64_t words[2] = {stream, index};
    struct bco_hash hash = bco_hash_bytes(words, sizeof words, e->options.seed);
    return hash.low;
}

static void occupy(struct engine *e, struct place *place, struct request *r, uint64_t number) {
    place->request = r;
    place->number = number;
    place->index = r->started++;
    place->running = true;
    place->logp = 0;
    place->fed = place->index == 0 ? 0 : r->prompt.count;
    place->rng = (struct bco_rng){.seed = e->options.seed, .stream = stream_of(e, r->prompt.stream, place->index)};
    e->running++;
}

static bool is_fed(const struct place *place) {
    return place->fed == place->request->prompt.count;
}

/* A slot that still holds the prompt: the one before last to start cannot have been given away since. */
static size_t holder_of(const struct engine *e, const struct request *r, uint64_t number) {
    for (size_t i = 0; i < e->options.slots; i++)
        if (e->places[i].request == r && e->places[i].number == number && is_fed(&e->places[i])) return i;
    return e->options.slots;
}

/* Another completion of a prompt that has been computed: where it lies, if nothing runs there. */
static enum bco_code start_copy(struct engine *e, size_t slot, struct request *r, uint64_t number, bool *none,
                                struct bco_error *err) {
    size_t holder = holder_of(e, r, number);
    enum bco_code code = BCO_OK;
    if (!e->places[holder].running)
        slot = holder;
    else if ((code = reserve(e, slot, r, none, err)) || *none)
        return code;
    code = bco_decoder_copy(e->decoder, holder, slot, r->prompt.count, err);
    if (code) return code;
    struct place *place = &e->places[slot];
    occupy(e, place, r, number);
    return take_token(e, place, choose(e, place, r->logits, 0), err);
}

/* Gives one free slot work. *none: there is none to be had now. */
static enum bco_code start_one(struct engine *e, size_t slot, bool *none, struct bco_error *err) {
    *none = true;
    bool all_started = e->last == e->first || request_at(e, e->last - 1)->started == e->options.n;
    if (all_started) {
        if (e->ended || e->last - e->first == e->room) return BCO_OK;
        enum bco_code code = pull(e, none, err);
        if (code || *none) return code;
    }
    uint64_t number = e->last - 1;
    struct request *r = request_at(e, number);
    if (r->started == 0) {
        enum bco_code code = reserve(e, slot, r, none, err);
        if (!code && !*none) occupy(e, &e->places[slot], r, number);
        return code;
    }
    *none = !r->computed;
    return *none ? BCO_OK : start_copy(e, slot, r, number, none, err);
}

static enum bco_code start_all(struct engine *e, struct bco_error *err) {
    for (size_t i = 0; i < e->options.slots; i++) {
        bool none = false;
        while (!none && !e->places[i].running) {
            enum bco_code code = start_one(e, i, &none, err);
            if (code) return code;
        }
        if (none) return BCO_OK;
    }
    return BCO_OK;
}

/* ---- a step ----------------------------------------------------------------------------- */

static bool add_step_ids(struct bco_ids *step, const int32_t *ids, size_t count) {
    if (!bco_grow((void **)&step->ids, &step->capacity, step->count + count, sizeof *ids)) return false;
    memcpy(step->ids + step->count, ids, count * sizeof *ids);
    step->count += count;
    return true;
}

/* What a place has to say: the next piece of its prompt, or its last token. */
static const int32_t *next_ids(const struct place *p, size_t *count) {
    const struct bco_prompt *prompt = &p->request->prompt;
    *count = 1;
    if (is_fed(p)) return &p->generated.ids[p->generated.count - 1];
    *count = prompt->count - p->fed < PIECE ? prompt->count - p->fed : PIECE;
    return prompt->ids + p->fed;
}

/* Pieces beyond a step's budget wait for the next one. */
static bool gather(struct engine *e, size_t *blocks) {
    *blocks = e->step.count = 0;
    e->starts[0] = 0;
    for (size_t i = 0; i < e->options.slots; i++) {
        struct place *p = &e->places[i];
        size_t count;
        if (!p->running) continue;
        const int32_t *ids = next_ids(p, &count);
        if (!is_fed(p) && *blocks && e->step.count + count > STEP_TOKENS) continue;
        if (!add_step_ids(&e->step, ids, count)) return false;
        if (!is_fed(p)) p->fed += count;
        e->slot[*blocks] = i;
        e->starts[++*blocks] = e->step.count;
    }
    return true;
}

static void choose_all(struct engine *e, size_t blocks, int32_t *tokens) {
    size_t V = e->vocabulary;
#pragma omp parallel for num_threads(e->options.threads) schedule(dynamic) if (blocks * V > 10000)
    for (size_t b = 0; b < blocks; b++) {
        struct place *p = &e->places[e->slot[b]];
        if (is_fed(p)) tokens[b] = choose(e, p, e->logits + b * V, b);
    }
}

static enum bco_code step(struct engine *e, int32_t *tokens, struct bco_error *err) {
    size_t blocks, V = e->vocabulary;
    if (!gather(e, &blocks)) return bco_fail_memory(err);
    if (!e->told) tell(e, e->step.count);
    const struct bco_block block = {.blocks = blocks, .slot = e->slot, .starts = e->starts, .ids = e->step.ids};
    enum bco_code code = bco_decoder_step(e->decoder, &block, e->logits, err);
    if (code) return code;
    choose_all(e, blocks, tokens);
    for (size_t b = 0; !code && b < blocks; b++) {
        struct place *p = &e->places[e->slot[b]];
        struct request *r = p->request;
        if (!is_fed(p)) continue;
        if (!r->computed && r->logits) memcpy(r->logits, e->logits + b * V, V * sizeof *e->logits);
        r->computed = true;
        code = take_token(e, p, tokens[b], err);
    }
    return code;
}

/* Hands out what is finished, in order. */
static enum bco_code flush(struct engine *e, struct bco_error *err) {
    enum bco_code code = BCO_OK;
    while (!code && e->first < e->last && request_at(e, e->first)->finished == e->options.n) {
        struct request *r = request_at(e, e->first);
        code = e->sink(e->user, r->prompt.tag, r->completions, (size_t)e->options.n, err);
        request_clear(e, r);
        e->first++;
        if (e->watch && e->watch->progress) e->watch->progress(e->watch->user, e->done, 0, "completions");
    }
    return code;
}

static enum bco_code loop(struct engine *e, struct bco_error *err) {
    int32_t *tokens = bco_calloc(e->options.slots, sizeof *tokens);
    enum bco_code code = tokens ? BCO_OK : bco_fail_memory(err);
    while (!code) {
        if (e->watch && e->watch->stop && e->watch->stop(e->watch->user))
            code = bco_fail(err, BCO_EINTERRUPTED, "interrupted");
        if (!code) code = start_all(e, err);
        if (!code && e->running) code = step(e, tokens, err);
        if (!code) code = flush(e, err);
        if (!code && !e->running && e->ended && e->first == e->last) break;
    }
    free(tokens);
    return code;
}

/* ---- opening and closing -------------------------------------------------------------------- */

static void fill_defaults(struct bco_generate_options *o) {
    if (!o->n) o->n = 1;
    if (!(o->temperature > 0)) o->temperature = 0.7;
    if (!(o->top_p > 0)) o->top_p = 0.95;
    if (!(o->repetition_penalty > 0)) o->repetition_penalty = 1;
    if (!o->max_new_tokens) o->max_new_tokens = 256;
    if (!o->slots) o->slots = SLOTS;
    if (o->threads <= 0) o->threads = bco_cores();
}

static enum bco_code make_room(struct engine *e, struct bco_error *err) {
    size_t slots = e->options.slots, values, places;
    e->vocabulary = bco_model_vocabulary(e->model);
    e->room = 64 + 8 * (uint64_t)slots;
    if (!bco_size_mul(slots, e->vocabulary, &values) || !bco_size_add(slots, 1, &places)) return bco_fail_memory(err);
    e->places = bco_calloc(slots, sizeof *e->places);
    e->queue = bco_calloc((size_t)e->room, sizeof *e->queue);
    e->logits = bco_calloc(values, sizeof *e->logits);
    e->room_for_sampling = bco_calloc(values, 2 * sizeof *e->room_for_sampling);
    if (e->options.repetition_penalty != 1) {
        e->penalized = bco_calloc(values, sizeof *e->penalized);
        e->seen = bco_calloc(values, sizeof *e->seen);
        if (!e->penalized || !e->seen) return bco_fail_memory(err);
    }
    e->slot = bco_calloc(slots, sizeof *e->slot);
    e->starts = bco_calloc(places, sizeof *e->starts);
    if (e->places && e->queue && e->logits && e->room_for_sampling && e->slot && e->starts) return BCO_OK;
    return bco_fail_memory(err);
}

static void clear(struct engine *e) {
    for (size_t i = 0; e->places && i < e->options.slots; i++) bco_ids_free(&e->places[i].generated);
    for (uint64_t i = e->first; e->queue && i < e->last; i++) request_clear(e, request_at(e, i));
    bco_decoder_close(e->decoder);
    bco_ids_free(&e->step);
    free(e->places);
    free(e->queue);
    free(e->logits);
    free(e->room_for_sampling);
    free(e->penalized);
    free(e->seen);
    free(e->slot);
    free(e->starts);
    free(e->eos);
}

enum bco_code bco_generate(struct bco_model *model, const struct bco_tokenizer *tokenizer,
                           const struct bco_generate_options *options, bco_prompt_source *source,
                           bco_completion_sink *sink, void *user, const struct bco_watch *watch,
                           struct bco_error *err) {
    struct engine e = {
        .model = model, .tokenizer = tokenizer, .source = source, .sink = sink, .user = user, .watch = watch};
    if (options) e.options = *options;
    fill_defaults(&e.options);
    if (e.options.stop_count && !tokenizer) return bco_fail(err, BCO_EUSAGE, "stop texts need a tokenizer");
    if (tokenizer && bco_tokenizer_vocabulary(tokenizer) > bco_model_vocabulary(model))
        return bco_fail(err, BCO_EDATA, "the tokenizer has %zu ids, the model %zu: not this model's tokenizer",
                        bco_tokenizer_vocabulary(tokenizer), bco_model_vocabulary(model));
    enum bco_code code = make_room(&e, err);
    if (!code) code = bco_decoder_open(&e.decoder, model, e.options.slots, err);
    if (!code) code = bco_eos_list(model->dir, &e.eos, &e.eos_count, err);
    if (!code) set_limit(&e);
    if (!code) code = loop(&e, err);
    clear(&e);
    return code;
}
