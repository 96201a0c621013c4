#include "data/lines.h"

#include "base/buf.h"
#include "base/fail.h"
#include "base/thread.h"

#include <pthread.h>
#include <stdbool.h>
#include <string.h>

enum { WINDOWS = 8, MOST_THREADS = 4, WINDOW_BYTES = 1 << 16, KEPT = 1 << 20, CHUNK = 1 << 16 };

#define PEEK 64 /* bytes read for one line beyond the usual length; more where it is longer */

struct window {
    struct bco_buf lines;
    bool ready;
    enum bco_code code;
    struct bco_error err;
};

struct reading {
    const struct bco_lines *of;
    const uint64_t *starts;
    size_t count, each; /* lines in all, and of a window */
    size_t windows;     /* in all */
    struct window ring[WINDOWS];
    size_t begun, taken; /* windows */
    bool stopping;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
};

/* The line at `start` is appended, with its newline. */
static enum bco_code read_line(const struct bco_lines *of, uint64_t start, struct bco_buf *to, struct bco_error *err) {
    for (size_t want = of->mean + PEEK;; want = CHUNK) {
        uint64_t left = of->kept->size - start;
        size_t before = to->length, got = want < left ? want : (size_t)left;
        char *at = bco_buf_reserve(to, got);
        if (!at) return bco_fail_memory(err);
        enum bco_code code = bco_kept_read(of->kept, start, at, got, err);
        if (code != BCO_OK) return code;
        const char *end = memchr(at, '\n', got);
        to->length = end ? (size_t)(end - to->data) + 1 : before + got;
        if (end || !got) return BCO_OK;
        start += got;
    }
}

static size_t lines_in(const struct reading *r, size_t number) {
    size_t left = r->count - number * r->each;
    return left < r->each ? left : r->each;
}

static void fill(const struct reading *r, size_t number, struct window *window) {
    const uint64_t *starts = r->starts + number * r->each;
    window->code = BCO_OK;
    if (window->lines.capacity > KEPT) bco_buf_free(&window->lines);
    bco_buf_clear(&window->lines);
    for (size_t i = 0; i < lines_in(r, number) && window->code == BCO_OK; i++)
        window->code = read_line(r->of, starts[i], &window->lines, &window->err);
}

static void *fill_windows(void *user) {
    struct reading *r = user;
    for (;;) {
        pthread_mutex_lock(&r->mutex);
        while (!r->stopping && r->begun < r->windows && r->begun - r->taken == WINDOWS)
            pthread_cond_wait(&r->changed, &r->mutex);
        size_t number = r->begun;
        bool end = r->stopping || number == r->windows;
        if (!end) r->begun++;
        pthread_mutex_unlock(&r->mutex);
        if (end) return NULL;
        struct window *window = &r->ring[number % WINDOWS];
        fill(r, number, window);
        pthread_mutex_lock(&r->mutex);
        window->ready = true;
        pthread_cond_broadcast(&r->changed);
        pthread_mutex_unlock(&r->mutex);
    }
}

static void wait_for(struct reading *r, const struct window *window) {
    pthread_mutex_lock(&r->mutex);
    while (!window->ready) pthread_cond_wait(&r->changed, &r->mutex);
    pthread_mutex_unlock(&r->mutex);
}

/* The window may be filled anew; `stop`: no more are wanted. */
static void give_back(struct reading *r, struct window *window, bool stop) {
    pthread_mutex_lock(&r->mutex);
    window->ready = false;
    r->taken++;
    r->stopping = stop;
    pthread_cond_broadcast(&r->changed);
    pthread_mutex_unlock(&r->mutex);
}

static enum bco_code take_windows(struct reading *r, bool threaded, struct bco_error *err) {
    enum bco_code code = BCO_OK;
    for (size_t number = 0; number < r->windows && code == BCO_OK; number++) {
        struct window *window = &r->ring[number % WINDOWS];
        if (threaded)
            wait_for(r, window);
        else
            fill(r, number, window);
        code = window->code;
        if (code != BCO_OK && err) *err = window->err;
        if (code == BCO_OK)
            code = r->of->take(r->of->user, window->lines.data, window->lines.length, lines_in(r, number), err);
        give_back(r, window, code != BCO_OK);
    }
    return code;
}

enum bco_code bco_lines_read(const struct bco_lines *lines, const uint64_t *starts, size_t count,
                             struct bco_error *err) {
    struct reading r = {.of = lines, .starts = starts, .count = count};
    pthread_t threads[MOST_THREADS];
    int wanted = lines->threads < 1 || lines->threads > MOST_THREADS ? MOST_THREADS : lines->threads, running = 0;
    r.each = WINDOW_BYTES / (lines->mean + 1) + 1;
    r.windows = count / r.each + (count % r.each > 0);
    pthread_mutex_init(&r.mutex, NULL);
    pthread_cond_init(&r.changed, NULL);
    if (wanted > 1 && r.windows > 1)
        while (running < wanted && bco_thread_start(&threads[running], fill_windows, &r)) running++;
    enum bco_code code = take_windows(&r, running > 0, err);
    for (int i = 0; i < running; i++) pthread_join(threads[i], NULL);
    for (int i = 0; i < WINDOWS; i++) bco_buf_free(&r.ring[i].lines);
    pthread_cond_destroy(&r.changed);
    pthread_mutex_destroy(&r.mutex);
    return code;
}
