/* Errors: one code, one place, one sentence. */
#ifndef BCO_ERROR_H
#define BCO_ERROR_H

#include <stddef.h>

#if defined(__GNUC__)
#define BCO_API __attribute__((visibility("default")))
#define BCO_PRINTF(f, a) __attribute__((format(printf, f, a)))
#else
#define BCO_API
#define BCO_PRINTF(f, a)
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* What a function returns. The values are the exit codes of the tools. */
enum bco_code {
    BCO_OK = 0,
    BCO_EDATA = 1,        /* the data (records, models, tokenizers, checkpoints) are wrong, or a gate is not met */
    BCO_EUSAGE = 2,       /* an option or an argument is wrong */
    BCO_ESYSTEM = 3,      /* the system failed: input or output, memory */
    BCO_EINTERRUPTED = 4, /* stopped on request; the state is saved */
};

#define BCO_ERROR_FILE_SIZE 1024
#define BCO_ERROR_FIELD_SIZE 128
#define BCO_ERROR_MESSAGE_SIZE 1024

/* What went wrong, and where. Every function that can fail takes a pointer to
 * one as its last argument and fills it when it returns anything but BCO_OK;
 * NULL is legal and means that only the code is wanted. It owns no memory.
 * Strings are always terminated; a longer one is cut (`file` loses its start). */
struct bco_error {
    enum bco_code code;
    char file[BCO_ERROR_FILE_SIZE];       /* "" where no file is concerned, "-" for standard input */
    size_t line;                          /* 1-based; 0 where no line is concerned */
    char field[BCO_ERROR_FIELD_SIZE];     /* "" where no field is concerned */
    char message[BCO_ERROR_MESSAGE_SIZE]; /* one sentence, no newline, no full stop */
};

/* Writes `file:line: field 'x': message`, without the parts that are empty,
 * into `text` of `size` bytes, always terminated when size > 0; control characters
 * become `?`, as a terminal would obey them. Returns the length of the whole text in
 * bytes, without its terminator, as snprintf does. `err` NULL writes "". */
BCO_API size_t bco_error_format(const struct bco_error *err, char *text, size_t size);

#ifdef __cplusplus
}
#endif

#endif
