#include "data/queue.h"

#include "base/fail.h"
#include "base/mem.h"
#include "base/thread.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { BATCHES = 8, FULL_BYTES = 1 << 18, FULL_ENTRIES = 4096, FULL_REASONS = 64, AHEAD = 8 };

/* Offsets, since the memory moves while a batch is made. */
struct entry {
    struct bco_item item;
    size_t start, raw; /* in `bytes` */
    size_t reason;     /* 1-based in `reasons`; 0: a good one */
};

struct batch {
    struct bco_buf bytes;
    struct entry *entries;
    size_t count, capacity;
    struct bco_error *reasons;
    size_t reason_count, reason_capacity;
    double share; /* for bco_filter_foresee */
};

struct bco_queue {
    struct bco_filter *filter;
    struct batch batches[BATCHES];
    size_t start; /* in the batch being made: of the lines being appended */
    bool threaded;
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    size_t made, settled; /* batches since the beginning */
    bool ending;
    enum bco_code code; /* the filter's first error */
    struct bco_error err;
};

/* ---- taking -------------------------------------------------------------------- */

static enum bco_code settle(struct bco_filter *filter, struct batch *batch, struct bco_error *err) {
    enum bco_code code = BCO_OK;
    bco_filter_foresee(filter, batch->share);
    for (size_t i = 0; i < batch->count && code == BCO_OK; i++) {
        struct entry *entry = &batch->entries[i];
        if (i + AHEAD < batch->count) bco_filter_prefetch(filter, &entry[AHEAD].item);
        entry->item.line = batch->bytes.data + entry->start;
        entry->item.raw = batch->bytes.data + entry->raw;
        code = entry->reason ? bco_filter_reject(filter, &batch->reasons[entry->reason - 1], entry->item.raw,
                                                 entry->item.raw_length, err)
                             : bco_filter_add(filter, &entry->item, err);
    }
    bco_buf_clear(&batch->bytes);
    batch->count = batch->reason_count = 0;
    return code;
}

static void *take_batches(void *user) {
    struct bco_queue *q = user;
    for (;;) {
        unsigned tries = 0;
        pthread_mutex_lock(&q->mutex);
        while (q->settled == q->made && !q->ending) bco_thread_wait(&q->changed, &q->mutex, &tries);
        bool end = q->settled == q->made || q->code != BCO_OK;
        pthread_mutex_unlock(&q->mutex);
        if (end) return NULL;
        struct bco_error err = {0};
        enum bco_code code = settle(q->filter, &q->batches[q->settled % BATCHES], &err);
        pthread_mutex_lock(&q->mutex);
        q->settled++;
        if (code != BCO_OK) {
            q->code = code;
            q->err = err;
        }
        pthread_cond_signal(&q->changed);
        pthread_mutex_unlock(&q->mutex);
    }
}

/* ---- making ---------------------------------------------------------------------- */

enum bco_code bco_queue_new(struct bco_queue **queue, struct bco_filter *filter, int threads, struct bco_error *err) {
    struct bco_queue *q = bco_calloc(1, sizeof *q);
    if (!q) return bco_fail_memory(err);
    q->filter = filter;
    pthread_mutex_init(&q->mutex, NULL);
    pthread_cond_init(&q->changed, NULL);
    /* Without a thread, all goes on in this one. */
    if (threads != 1) q->threaded = bco_thread_start(&q->thread, take_batches, q);
    *queue = q;
    return BCO_OK;
}

static void end_thread(struct bco_queue *q) {
    if (!q->threaded) return;
    pthread_mutex_lock(&q->mutex);
    q->ending = true;
    pthread_cond_signal(&q->changed);
    pthread_mutex_unlock(&q->mutex);
    pthread_join(q->thread, NULL);
    q->threaded = false;
}

void bco_queue_free(struct bco_queue *q) {
    if (!q) return;
    pthread_mutex_lock(&q->mutex);
    if (q->code == BCO_OK) q->code = BCO_EINTERRUPTED;
    pthread_mutex_unlock(&q->mutex);
    end_thread(q);
    for (int i = 0; i < BATCHES; i++) {
        bco_buf_free(&q->batches[i].bytes);
        free(q->batches[i].entries);
        free(q->batches[i].reasons);
    }
    pthread_mutex_destroy(&q->mutex);
    pthread_cond_destroy(&q->changed);
    free(q);
}

static struct batch *making(struct bco_queue *q) {
    return &q->batches[q->made % BATCHES];
}

static enum bco_code failure(const struct bco_queue *q, struct bco_error *err) {
    if (q->code != BCO_OK && err) *err = q->err;
    return q->code;
}

/* Hands the batch over, and waits until the next one is free. */
static enum bco_code hand_over(struct bco_queue *q, struct bco_error *err) {
    if (!q->threaded) {
        q->code = settle(q->filter, making(q), &q->err);
        return failure(q, err);
    }
    pthread_mutex_lock(&q->mutex);
    q->made++;
    unsigned tries = 0;
    pthread_cond_signal(&q->changed);
    while (q->made - q->settled == BATCHES && q->code == BCO_OK) bco_thread_wait(&q->changed, &q->mutex, &tries);
    enum bco_code code = failure(q, err);
    pthread_mutex_unlock(&q->mutex);
    return code;
}

struct bco_buf *bco_queue_lines(struct bco_queue *q) {
    struct bco_buf *bytes = &making(q)->bytes;
    q->start = bytes->length;
    return bytes;
}

void bco_queue_foresee(struct bco_queue *q, double share) {
    making(q)->share = share;
}

void bco_queue_cancel(struct bco_queue *q) {
    making(q)->bytes.length = q->start;
}

static enum bco_code add(struct bco_queue *q, struct entry *entry, const char *raw, size_t length,
                         struct bco_error *err) {
    struct batch *batch = making(q);
    entry->raw = batch->bytes.length;
    entry->item.raw_length = length;
    if (length) bco_buf_add(&batch->bytes, raw, length);
    if (batch->bytes.failed ||
        !bco_grow((void **)&batch->entries, &batch->capacity, batch->count + 1, sizeof *batch->entries))
        return bco_fail_memory(err);
    batch->entries[batch->count++] = *entry;
    return BCO_OK;
}

static enum bco_code hand_over_full(struct bco_queue *q, struct bco_error *err) {
    const struct batch *batch = making(q);
    bool full =
        batch->bytes.length >= FULL_BYTES || batch->count >= FULL_ENTRIES || batch->reason_count >= FULL_REASONS;
    return full ? hand_over(q, err) : BCO_OK;
}

enum bco_code bco_queue_add(struct bco_queue *q, const struct bco_item *items, size_t count, struct bco_error *err) {
    size_t start = q->start;
    for (size_t i = 0; i < count; i++) {
        struct entry entry = {.item = items[i], .start = start};
        start += items[i].line_length;
        enum bco_code code = add(q, &entry, items[i].raw, items[i].raw_length, err);
        if (code != BCO_OK) return code;
    }
    return hand_over_full(q, err);
}

enum bco_code bco_queue_reject(struct bco_queue *q, const struct bco_error *reason, const char *raw, size_t length,
                               struct bco_error *err) {
    struct batch *batch = making(q);
    if (!bco_grow((void **)&batch->reasons, &batch->reason_capacity, batch->reason_count + 1, sizeof *batch->reasons))
        return bco_fail_memory(err);
    batch->reasons[batch->reason_count++] = *reason;
    struct entry entry = {.start = batch->bytes.length, .reason = batch->reason_count};
    enum bco_code code = add(q, &entry, raw, length, err);
    return code == BCO_OK ? hand_over_full(q, err) : code;
}

enum bco_code bco_queue_finish(struct bco_queue *q, struct bco_error *err) {
    enum bco_code code = making(q)->count ? hand_over(q, err) : BCO_OK;
    end_thread(q);
    return code == BCO_OK ? failure(q, err) : code;
}
