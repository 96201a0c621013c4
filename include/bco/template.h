/* Chat templates: lists of messages to text, as transformers renders them. */
#ifndef BCO_TEMPLATE_H
#define BCO_TEMPLATE_H

#include <bco/error.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#ifdef __cplusplus
extern "C" {
#endif

struct bco_template;

/* Reads a template: from `file`, or, where that is NULL, from the folder `dir`
 * (chat_template.jinja, else chat_template of tokenizer_config.json; of a list the
 * one called default). bos_token and eos_token come from `dir`, which may be NULL.
 * *chat is NULL where `dir` has none. BCO_EDATA: `file` does not parse; the message names
 * the line. A model's own that does not parse is an error when it is rendered. */
BCO_API enum bco_code bco_template_open(struct bco_template **chat, const char *dir, const char *file,
                                        struct bco_error *err);
BCO_API void bco_template_close(struct bco_template *chat); /* NULL is legal */

/* A variable for one rendering; it hides one of the same name. */
struct bco_template_variable {
    const char *name;
    const char *json; /* its value as JSON text; "": it is not defined */
};

struct bco_template_options {
    bool add_generation_prompt;
    const struct bco_template_variable *variables;
    size_t variable_count;
    const struct tm *now; /* what strftime_now formats; NULL: the local time */
};

/* Renders a JSON list of messages, or two lists one behind the other (`more` may
 * be NULL). *text is allocated, terminated, the caller frees it. `options` NULL: all zero.
 * BCO_EDATA: the template's own raise_exception, its words unchanged, or "template line N: ...".
 * BCO_EUSAGE: a variable is not JSON. A template cannot run for ever, nor take more than 256 MiB. Thread-safe. */
BCO_API enum bco_code bco_template_render(const struct bco_template *chat, const char *messages, size_t length,
                                          const char *more, size_t more_length,
                                          const struct bco_template_options *options, char **text, size_t *text_length,
                                          struct bco_error *err);

/* Prompt and completion of a record for training: *text is the rendering of both;
 * its first *prompt_length bytes are the prompt's: the rendering of the prompt with
 * add_generation_prompt, or, where that is no prefix, as much as both have in common, in
 * whole characters (then *parted is set). */
BCO_API enum bco_code bco_template_split(const struct bco_template *chat, const char *prompt, size_t prompt_size,
                                         const char *completion, size_t completion_size,
                                         const struct bco_template_options *options, char **text, size_t *text_length,
                                         size_t *prompt_length, bool *parted, struct bco_error *err);

/* 32 bits that change whenever a rendering could: of the template's text and its
 * tokens, and of the day where it asks for the date. Never 0. */
BCO_API uint32_t bco_template_fingerprint(const struct bco_template *chat);

#ifdef __cplusplus
}
#endif

#endif
