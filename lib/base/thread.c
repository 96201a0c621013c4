#include "base/thread.h"

#include <sched.h>
#include <signal.h>

enum { TRIES = 200 };

bool bco_thread_start(pthread_t *thread, void *(*run)(void *), void *argument) {
    static const int own[] = {SIGPIPE, SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};
    sigset_t others, before;
    sigfillset(&others);
    for (size_t i = 0; i < sizeof own / sizeof *own; i++) sigdelset(&others, own[i]);
    pthread_sigmask(SIG_BLOCK, &others, &before);
    bool started = pthread_create(thread, NULL, run, argument) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return started;
}

void bco_thread_wait(pthread_cond_t *changed, pthread_mutex_t *mutex, unsigned *tries) {
    if (++*tries > TRIES) {
        pthread_cond_wait(changed, mutex);
        return;
    }
    pthread_mutex_unlock(mutex);
    sched_yield();
    pthread_mutex_lock(mutex);
}
