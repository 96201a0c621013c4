/* Tokenizers: text to token ids and back, exactly as tokenizer.json says. */
#ifndef BCO_TOKENIZER_H
#define BCO_TOKENIZER_H

#include <bco/error.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct bco_tokenizer;

/* A growing list of token ids. Zero-initialise it; free it with bco_ids_free. */
struct bco_ids {
    int32_t *ids;
    size_t count, capacity;
};
BCO_API void bco_ids_free(struct bco_ids *ids);

/* Reads tokenizer.json in the folder `dir`, and tokenizer_config.json,
 * special_tokens_map.json, config.json and generation_config.json where they are there (for BOS and EOS).
 * BCO_EDATA: broken, or it asks for something bco does not do, which is named. */
BCO_API enum bco_code bco_tokenizer_open(struct bco_tokenizer **tokenizer, const char *dir, struct bco_error *err);
BCO_API void bco_tokenizer_close(struct bco_tokenizer *tokenizer); /* NULL is legal */

enum { BCO_ENCODE_SPECIAL = 1 }; /* add what the post-processor adds */
enum { BCO_DECODE_SKIP_SPECIAL = 1 };

/* Appends the ids of `length` bytes of UTF-8 (NUL bytes are legal). A tokenizer
 * may be used by several threads at once. */
BCO_API enum bco_code bco_tokenizer_encode(const struct bco_tokenizer *tokenizer, const char *text, size_t length,
                                           unsigned flags, struct bco_ids *ids, struct bco_error *err);

/* The text of `count` ids: *text is allocated, terminated, the caller frees it.
 * Ids without a piece are left out. Bytes that are not UTF-8 become U+FFFD, one for each maximal broken part, or,
 * where tokenizer.json asks for ByteFallback, one for each byte of a broken run. */
BCO_API enum bco_code bco_tokenizer_decode(const struct bco_tokenizer *tokenizer, const int32_t *ids, size_t count,
                                           unsigned flags, char **text, size_t *length, struct bco_error *err);

/* How many ids there are: one more than the greatest. */
BCO_API size_t bco_tokenizer_vocabulary(const struct bco_tokenizer *tokenizer);

/* The id the post-processor puts in front of a text; -1: none. */
BCO_API int32_t bco_tokenizer_bos(const struct bco_tokenizer *tokenizer);

/* tokenizer_config.json's eos_token, else special_tokens_map.json's, else config.json's eos_token_id (the first
 * of a list), else generation_config.json's; -1: none. An id may be beyond the tokenizer's own. */
BCO_API int32_t bco_tokenizer_eos(const struct bco_tokenizer *tokenizer);

/* The piece of an id as it stands in the vocabulary, terminated, its bytes in *length; NULL: there is none. */
BCO_API const char *bco_tokenizer_piece(const struct bco_tokenizer *tokenizer, int32_t id, size_t *length);

/* 32 bits that change whenever the same text could get other ids, or BOS or EOS is another. Never 0. */
BCO_API uint32_t bco_tokenizer_fingerprint(const struct bco_tokenizer *tokenizer);

#ifdef __cplusplus
}
#endif

#endif
