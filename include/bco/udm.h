/* Underlying distribution matching: weights for down records, where the prompts
 * of ups and downs are drawn differently. Jung, Han, Nam, On, arXiv 2404.04656,
 * version 1. */
#ifndef BCO_UDM_H
#define BCO_UDM_H

#include <bco/error.h>
#include <bco/model.h>
#include <bco/record.h>
#include <bco/sequence.h>
#include <bco/tokenizer.h>
#include <bco/watch.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What a run works with, and how. Everything it points to is the caller's. */
struct bco_udm {
    struct bco_model *model;               /* what embeds the prompts; NULL with `embedding` */
    const struct bco_tokenizer *tokenizer; /* NULL where limits.ids, and with `embedding` */
    const char *embedding;                 /* a field with a list of numbers; NULL: the model's */
    struct bco_reader *reader;
    struct bco_writer *writer;
    struct bco_writer *rejects; /* NULL: the first bad record is an error */
    struct bco_limits limits;   /* as bco_refcache_limits left them */
    size_t batch_tokens;        /* tokens computed at once, unless one prompt has more; 0: chosen here */
    double low, high;           /* weights are cut to these, 0 < low <= high */
    double ridge;               /* above 0; 1 is what scikit-learn calls C=1 */
    const char *folder;         /* of a file without a name, as long as the input */
};

struct bco_udm_counts {
    uint64_t in, out, up, down, rejected; /* records */
    uint64_t prompts;                     /* different ones */
    uint64_t tokens;                      /* that went through the model */
    uint64_t clipped;                     /* down records whose weight was cut */
    double least, greatest;               /* weights of down records, by UDM alone */
    double auc; /* P(an up's prompt is taken for one rather than a down's), of prompts the regression had not seen; NaN:
                   fewer than two prompts in five parts of a class */
    double chance; /* the standard deviation of that where prompts say nothing (around 1/2) */
    struct bco_cuts cuts;
};

/* True where the prompts tell the classes apart beyond two standard deviations of chance: otherwise UDM is not needed.
 */
BCO_API bool bco_udm_is_needed(const struct bco_udm_counts *counts);

/* Reads all records, which must be binary, and writes them in their order.
 *   p = P(up | prompt), by a logistic regression on prompt embeddings, classes balanced:
 *   least sum_i s_i ln(1 + e^-(y_i z_i)) + ridge |w|^2/2, z = x w + b, y = 1 or -1,
 *   s_i = weight_i W/(2 W_class), W the sum of all weights;
 * each down record's weight becomes what it was (1) times p/(1 - p), cut to low..high. Up records stay.
 * Memory: 8 bytes times the length of an embedding, and about 50 bytes, for each different prompt.
 * BCO_EDATA also where a class is missing. `counts` is filled on errors too. */
BCO_API enum bco_code bco_udm_run(const struct bco_udm *udm, const struct bco_watch *watch,
                                  struct bco_udm_counts *counts, struct bco_error *err);

#ifdef __cplusplus
}
#endif

#endif
