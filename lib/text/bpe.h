/* Byte pair encoding: a piece of text to ids, by merging neighbours in the
 * order in which the merges were learned. */
#ifndef BCO_TEXT_BPE_H
#define BCO_TEXT_BPE_H

#include "base/buf.h"
#include "text/vocab.h"

#include <bco/tokenizer.h>
#include <yyjson.h>

struct bco_merge {
    int32_t left, right; /* ids */
    int32_t rank, into;  /* place in the list; the id that both become */
};

#define BCO_BLANK_MARK "\xE2\x96\x81" /* U+2581, the mark that stands for a blank */

/* Where no merge has a left half that the text before a place ends with and a
 * right half that the text behind it begins with, the text can be cut there, and its
 * parts be encoded apart with the same result. `free` knows halves by one byte;
 * `joins`, asked where that is not enough, by up to two. */
struct bco_cut_table {
    bool any;
    uint64_t free[256][4]; /* by the byte behind the cut, a bit for each byte before it */
    uint64_t known[4];     /* a bit for each byte that may stand behind a cut */
    uint64_t *joins;       /* a bit set of hashes: equal ones only lose a cut */
    uint64_t mask;         /* its bits - 1 */
};

struct bco_bpe {
    struct bco_merge *merges; /* open addressing by (left, right); rank -1: empty */
    size_t merge_slots;       /* a power of two */
    size_t merge_count;
    int32_t *into;           /* [merge_count]: by rank */
    int32_t byte_piece[256]; /* <0x..>, -1 where the vocabulary lacks it */
    int32_t unknown;         /* -1: none, characters without a piece vanish */
    bool fuse_unknown;       /* several unknown characters in a row are one */
    bool byte_fallback;      /* characters without a piece become byte_piece, where all of those exist */
    struct bco_cut_table cuts;
    bool byte_level;      /* each byte is a character of its own (set by the caller, before reading) */
    int32_t byte_id[256]; /* byte level: the piece of the byte's character; else of ASCII characters; -1: none */
    bool ignore_merges;   /* a whole piece that the vocabulary has is taken as it is */
};

/* Short texts with their ids, so that common words are merged once: a table of
 * fixed size, where a new entry takes the place of the one before it. */
enum { BCO_CACHE_TEXT = 29, BCO_CACHE_IDS = 6, BCO_CACHE_ENTRIES = 1 << 16 };
struct bco_cache_entry {
    uint64_t hash;
    int32_t ids[BCO_CACHE_IDS];
    unsigned char length, count; /* length 0: empty */
    char text[BCO_CACHE_TEXT + 1];
};

/* Room for one encoding, kept between calls. Zero-initialise it. It serves one tokenizer only. */
struct bco_bpe_room {
    struct bco_cache_entry *cache; /* [BCO_CACHE_ENTRIES], 4 MiB; NULL until the first use */
    struct bco_buf mapped;         /* byte level: a text in the characters that stand for its bytes */
    struct bco_symbol *symbols;
    size_t symbols_capacity;
    uint64_t *queue;
    size_t queue_count, queue_capacity;
};
void bco_bpe_room_free(struct bco_bpe_room *room);

/* Reads tokenizer.json's "model" and fills `vocab`, which must be empty. */
enum bco_code bco_bpe_read(struct bco_bpe *bpe, struct bco_vocab *vocab, yyjson_val *model, struct bco_error *err);
void bco_bpe_free(struct bco_bpe *bpe);

/* Appends the ids of a piece of valid UTF-8. */
enum bco_code bco_bpe_encode(const struct bco_bpe *bpe, const struct bco_vocab *vocab, const char *text, size_t length,
                             struct bco_bpe_room *room, struct bco_ids *ids, struct bco_error *err);

/* The character that stands for a byte in byte-level vocabularies (GPT-2's table). */
uint32_t bco_byte_character(unsigned char byte);

bool bco_ids_add(struct bco_ids *ids, int32_t id); /* false: out of memory */

#endif
