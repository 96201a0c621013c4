/* libbco: language models aligned from thumbs-up / thumbs-down feedback.
 * Ownership, once for all: what a function returns through a `struct x **` is
 * the caller's, to be released with x_close or x_free (NULL is legal there);
 * every other pointer a function hands out belongs to the object it came from
 * and holds until that object changes or is released; no function keeps a
 * pointer it was given, unless its comment says so. */
#ifndef BCO_BCO_H
#define BCO_BCO_H

#include <bco/error.h>
#include <bco/model.h>
#include <bco/record.h>
#include <bco/sequence.h>
#include <bco/tokenizer.h>
#include <bco/watch.h>

#endif
