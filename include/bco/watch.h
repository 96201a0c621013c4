/* How a long call talks to its caller: progress, warnings, a wish to stop. */
#ifndef BCO_WATCH_H
#define BCO_WATCH_H

#include <bco/error.h>
#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The library never prints: it calls these. Any member may be NULL, and a
 * NULL pointer to the struct means that nobody watches. The callbacks are
 * called from the thread that made the call, never from another one. */
struct bco_watch {
    /* `done` of `total` things (`unit` is their plural: "records", "steps");
     * total 0 means that it is not known. */
    void (*progress)(void *user, uint64_t done, uint64_t total, const char *unit);
    /* A sentence for people: no newline at its end. */
    void (*warn)(void *user, const char *message);
    /* True asks the call to save what it has and return BCO_EINTERRUPTED. */
    bool (*stop)(void *user);
    void *user;
};

#ifdef __cplusplus
}
#endif

#endif
