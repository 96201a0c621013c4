/* Threads of the library's own. */
#ifndef BCO_BASE_THREAD_H
#define BCO_BASE_THREAD_H

#include <pthread.h>
#include <stdbool.h>

/* Starts `run(argument)` in a thread that leaves the signals to the threads of
 * the caller; SIGPIPE and faults are its own, as a write or an instruction of
 * its own raises them. False: there is no thread to be had. Join it. */
bool bco_thread_start(pthread_t *thread, void *(*run)(void *), void *argument);

/* Waits like pthread_cond_wait. For the first of `*tries`, which the caller sets to 0, it only lets others run: what
 * comes soon comes sooner than a sleeping thread wakes. */
void bco_thread_wait(pthread_cond_t *changed, pthread_mutex_t *mutex, unsigned *tries);

#endif
