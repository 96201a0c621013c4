/* Filling struct bco_error. Each returns the code it was given, so that a
 * function can end with `return bco_fail(...)`. `err` may be NULL. */
#ifndef BCO_BASE_FAIL_H
#define BCO_BASE_FAIL_H

#include <bco/error.h>

enum bco_code bco_fail(struct bco_error *err, enum bco_code code, const char *format, ...) BCO_PRINTF(3, 4);

/* The same with a place: `file` may be NULL, `line` 0, `field` NULL. */
enum bco_code bco_fail_at(struct bco_error *err, enum bco_code code, const char *file, size_t line, const char *field,
                          const char *format, ...) BCO_PRINTF(6, 7);

/* BCO_ESYSTEM with `what` and the words for errno: "cannot open: No such file or directory". */
enum bco_code bco_fail_errno(struct bco_error *err, const char *file, const char *what);

/* BCO_ESYSTEM, "out of memory". Inline, so that static analysis sees that it is never BCO_OK. */
static inline enum bco_code bco_fail_memory(struct bco_error *err) {
    bco_fail(err, BCO_ESYSTEM, "out of memory");
    return BCO_ESYSTEM;
}

/* Gives a place to an error that has none yet. */
void bco_error_place(struct bco_error *err, const char *file, size_t line, const char *field);

#endif
