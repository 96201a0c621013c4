/* libbco: language models aligned from thumbs-up / thumbs-down feedback.
 * Ownership, once for all: what a function returns through a `struct x **` is
 * the caller's, to be released with x_close or x_free (NULL is legal there);
 * every other pointer a function hands out belongs to the object it came from
 * and holds until that object changes or is released; no function keeps a
 * pointer it was given, unless its comment says so. */
#ifndef BCO_BCO_H
#define BCO_BCO_H

#include <bco/balance.h>
#include <bco/error.h>
#include <bco/filter.h>
#include <bco/generate.h>
#include <bco/judge.h>
#include <bco/likert.h>
#include <bco/loss.h>
#include <bco/model.h>
#include <bco/pairs.h>
#include <bco/plot.h>
#include <bco/rank.h>
#include <bco/record.h>
#include <bco/refcache.h>
#include <bco/reward.h>
#include <bco/sequence.h>
#include <bco/split.h>
#include <bco/stat.h>
#include <bco/template.h>
#include <bco/tokenize.h>
#include <bco/tokenizer.h>
#include <bco/train.h>
#include <bco/udm.h>
#include <bco/watch.h>
#include <bco/winrate.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The version of this header; bco_version gives that of the library in use. */
#define BCO_VERSION "0.1.0"

/* "0.1.0". Static storage. */
BCO_API const char *bco_version(void);

/* Writes the names and versions of the libraries that libbco runs on, "yyjson
 * 0.10.0, zstd 1.5.4, ..." (OpenBLAS and LMDB only in a program that has them), into `text` of `size` bytes, always
 * terminated when size > 0. Returns the length of the whole text in bytes, without its terminator, as snprintf does. */
BCO_API size_t bco_version_libraries(char *text, size_t size);

#ifdef __cplusplus
}
#endif

#endif
