/* Golden values from the shared folder: $BCO_SHARED, else ../shared. */
#ifndef TESTS_UNIT_GOLDEN_H
#define TESTS_UNIT_GOLDEN_H

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <yyjson.h>

/* The path of a shared file, in a buffer that the next call overwrites. */
static inline const char *shared_path(const char *name) {
    static char path[4096];
    const char *shared = getenv("BCO_SHARED");
    snprintf(path, sizeof path, "%s/%s", shared && *shared ? shared : "../shared", name);
    return path;
}

/* A JSON file of the shared folder; skips the test where it is missing. */
static inline yyjson_doc *golden_open(const char *name) {
    yyjson_doc *doc = yyjson_read_file(shared_path(name), 0, NULL, NULL);
    if (!doc) {
        print_message("SKIP: %s is missing\n", shared_path(name));
        skip();
    }
    return doc;
}

static inline double golden_number(yyjson_val *object, const char *key) {
    yyjson_val *value = yyjson_obj_get(object, key);
    return value && yyjson_is_num(value) ? yyjson_get_num(value) : NAN;
}

static inline const char *golden_text(yyjson_val *object, const char *key) {
    return yyjson_get_str(yyjson_obj_get(object, key));
}

#define assert_near(got, want, tolerance)                                                                              \
    do {                                                                                                               \
        double got_ = (got), want_ = (want), tolerance_ = (tolerance);                                                 \
        if (!(fabs(got_ - want_) <= tolerance_))                                                                       \
            fail_msg("%s: got %.17g, expected %.17g, tolerance %g", #got, got_, want_, tolerance_);                    \
    } while (0)

#endif
