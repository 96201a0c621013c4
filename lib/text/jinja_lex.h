/* The words of a template: Jinja's, with trim_blocks and lstrip_blocks. */
#ifndef BCO_TEXT_JINJA_LEX_H
#define BCO_TEXT_JINJA_LEX_H

#include "text/value.h"

#include <bco/error.h>

enum bco_token_kind {
    TOKEN_DATA, /* text between tags */
    TOKEN_BLOCK_BEGIN,
    TOKEN_BLOCK_END,
    TOKEN_PRINT_BEGIN,
    TOKEN_PRINT_END,
    TOKEN_NAME,
    TOKEN_STRING,
    TOKEN_NUMBER,
    TOKEN_OPERATOR,
    TOKEN_END
};

struct bco_token {
    enum bco_token_kind kind;
    size_t line;            /* 1-based */
    struct bco_value value; /* DATA, NAME, STRING, OPERATOR: the text; NUMBER: the number */
};

struct bco_tokens {
    struct bco_token *items;
    size_t count, capacity;
};

/* The tokens of a template, TOKEN_END last; texts lie in `arena`, the list is
 * freed by the caller. BCO_EDATA: err->line is the template's line. */
enum bco_code bco_jinja_lex(const char *source, size_t length, struct bco_arena *arena, struct bco_tokens *tokens,
                            struct bco_error *err);

#endif
