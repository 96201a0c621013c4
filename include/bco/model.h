/* Models: Hugging Face folders in, log-probabilities and gradients out, folders
 * out again. Letters: B sequences, T tokens of all sequences together, C
 * channels, H heads, D head size, V vocabulary, F hidden size of the feed-forward. */
#ifndef BCO_MODEL_H
#define BCO_MODEL_H

#include <bco/error.h>
#include <bco/watch.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct bco_model;

enum bco_precision {
    BCO_PRECISION_F32,
    BCO_PRECISION_BF16, /* operands of the linear layers' and the head's products rounded to bf16, sums in f32 */
};

struct bco_model_options {
    int threads;      /* 0: all the cores this process may use */
    bool trainable;   /* gradients are wanted */
    bool init_random; /* weights drawn from config.json's initializer_range; *.safetensors need not be there */
    uint64_t seed;    /* of whatever is drawn */

    const char *adapter;      /* folder of a LoRA adapter in PEFT's layout, on this model; NULL: none. One with a head
                                 of its own makes the model a classifier */
    size_t lora_rank;         /* not 0, with trainable: a new adapter of this rank */
    double lora_alpha;        /* its scale is alpha / rank */
    const char *lora_targets; /* its modules, comma-separated ("q_proj,v_proj"); NULL: all linear layers */
    bool head;                /* a classifier with a scalar head; one is drawn where the model has none; it is trained
                                 with the adapter, and saved in its folder, where there is one */

    enum bco_precision precision; /* of products; BCO_EUSAGE where bco_bf16_missing() */
};

/* NULL: this library computes in bf16 on this processor. Otherwise why it does not, in words: "libbco was built without
 * oneDNN", "this processor has no products of bf16". */
BCO_API const char *bco_bf16_missing(void);

/* Reads the folder `dir` (config.json, *.safetensors). Everything in it is
 * checked before it is used. `options` NULL: the defaults (all zero).
 * An adapter is trained, and the model's own weights stay, where the model is
 * trainable; otherwise it is merged into them. With `adapter` and lora_rank the first is merged into the
 * weights and the new one trained; what is saved is both in one, an adapter of the model in `dir`. Errors: BCO_EDATA
 * for whatever is wrong in a folder, BCO_EUSAGE for options that do not go together. Weights that are trained are kept
 * as f32; matrices that are not, and are all F16 or all BF16, stay so in memory, unless an adapter is merged into them.
 */
BCO_API enum bco_code bco_model_open(struct bco_model **model, const char *dir, const struct bco_model_options *options,
                                     struct bco_error *err);
BCO_API void bco_model_close(struct bco_model *model); /* NULL is legal */

BCO_API size_t bco_model_vocabulary(const struct bco_model *model);   /* V: rows of the embedding */
BCO_API size_t bco_model_positions(const struct bco_model *model);    /* tokens a sequence may have */
BCO_API uint64_t bco_model_parameters(const struct bco_model *model); /* weights, tied ones once */

/* 32 bits of the weights and the configuration: changes when any log-prob could.
 * Never 0. Of the weights as they were read from the folder. */
BCO_API uint32_t bco_model_fingerprint(const struct bco_model *model);

BCO_API enum bco_precision bco_model_precision(const struct bco_model *model);

/* ---- log-probabilities and gradients --------------------------------------- */

/* B sequences packed one behind the other; nothing is padded. Sequence b is
 * ids[starts[b]] .. ids[starts[b+1]-1]; its first prompt_len[b] tokens are the
 * prompt (1 <= prompt_len[b] < length), the others are what logp counts. Prompts that
 * are equal are computed once, wherever they stand in the batch; logp and gradients are those of whole
 * sequences, up to rounding. */
struct bco_batch {
    size_t sequences;         /* B */
    const size_t *starts;     /* [B+1], starts[0] = 0, starts[B] = T */
    const int32_t *ids;       /* [T] */
    const size_t *prompt_len; /* [B] */
};

/* logp[b]: the sum over the completion's tokens of ln p(token | all before it),
 * in nats, summed in double. `token_logp` may be NULL; otherwise it gets the
 * terms, all sequences' completion tokens one behind the other. */
BCO_API enum bco_code bco_model_logp(struct bco_model *model, const struct bco_batch *batch, double *logp,
                                     double *token_logp, struct bco_error *err);

/* Called once for each sequence b, in order, with its logp; returns d loss / d logp[b]. */
typedef double bco_dlogp(void *user, size_t b, double logp);

/* Forward and backward: adds sum_b dlogp[b] * d logp[b] / d weight to every
 * gradient. `dlogp` is asked once a sequence's own logp is known. logp may be
 * NULL. The model must be trainable. */
BCO_API enum bco_code bco_model_grad(struct bco_model *model, const struct bco_batch *batch, bco_dlogp *dlogp,
                                     void *user, double *logp, struct bco_error *err);

/* The same for sequences in pairs, 2k and 2k + 1: when `dlogp` is asked for either, logp[] of both is filled, so that
 * one forward pass is enough for a loss of pairs. `logp` [B] must be there. No more memory: where the completions of a
 * pair together have more rows of logits than are kept at once (48 MiB of them), the head alone runs its forward twice.
 * BCO_EUSAGE: B is odd. */
BCO_API enum bco_code bco_model_grad_pairs(struct bco_model *model, const struct bco_batch *batch, bco_dlogp *dlogp,
                                           void *user, double *logp, struct bco_error *err);

/* What bco_model_grad needs beside weights and gradients, in bytes: for `tokens`
 * tokens (of equal prompts one's) in `sequences` sequences of up to `longest` tokens each, all of
 * them completion at worst. It stays allocated between calls. With `recompute` the layers' insides are
 * computed again in the backward (a third more work) instead of being kept. */
BCO_API size_t bco_model_activation_bytes(const struct bco_model *model, size_t sequences, size_t tokens,
                                          size_t longest, bool recompute);
BCO_API void bco_model_set_recompute(struct bco_model *model, bool recompute); /* for bco_model_grad; at first false */

/* ---- embeddings -------------------------------------------------------------- */

BCO_API size_t bco_model_channels(const struct bco_model *model); /* C */

/* mean[b*C ...]: the mean over the tokens of sequence b of the last hidden state, behind the final norm. [B, C].
 * prompt_len is not looked at and may be NULL; a classifier is as good. */
BCO_API enum bco_code bco_model_embed(struct bco_model *model, const struct bco_batch *batch, double *mean,
                                      struct bco_error *err);

/* ---- classifiers ------------------------------------------------------------- */

/* Has it a scalar head (`*ForSequenceClassification` with one label)? Such a model
 * has scores, and no log-probs: bco_model_logp and bco_model_grad are BCO_EUSAGE
 * then, and these two where it has none. */
BCO_API bool bco_model_is_classifier(const struct bco_model *model);

/* score[b]: the head's output at the last token of sequence b. prompt_len only says
 * which prompts could be equal and computed once, and may be NULL. */
BCO_API enum bco_code bco_model_score(struct bco_model *model, const struct bco_batch *batch, double *score,
                                      struct bco_error *err);

/* Adds sum_b dscore[b] * d score[b] / d weight to every gradient; `dscore` is as
 * bco_dlogp, of scores, and is called when all scores are known. score may be NULL. */
BCO_API enum bco_code bco_model_score_grad(struct bco_model *model, const struct bco_batch *batch, bco_dlogp *dscore,
                                           void *user, double *score, struct bco_error *err);

/* ---- weights ----------------------------------------------------------------- */

/* A weight of a trainable model, under its Hugging Face name; of the adapter alone where one is trained. */
struct bco_parameter {
    const char *name;
    size_t dims; /* 1 or 2 */
    size_t shape[2];
    size_t count;    /* elements */
    float *weight;   /* [count], the model's own */
    float *gradient; /* [count], the model's own */
};
BCO_API size_t bco_model_parameter_count(const struct bco_model *model);
BCO_API struct bco_parameter bco_model_parameter(struct bco_model *model, size_t i); /* i < count; in a fixed order */
BCO_API void bco_model_zero_gradients(struct bco_model *model);
BCO_API double bco_model_gradient_norm(const struct bco_model *model); /* Euclidean, over all gradients, in double */

/* ---- saving -------------------------------------------------------------------- */

enum bco_dtype {
    BCO_DTYPE_SAME, /* as in the folder that the model was read from; F32 where its weights were drawn */
    BCO_DTYPE_F32,
    BCO_DTYPE_F16,
    BCO_DTYPE_BF16,
};

/* Writes config.json, model.safetensors (above 5 GB: shards and their index),
 * generation_config.json and the tokenizer's files (copied from the folder the model was
 * read from) into `dir`, which must exist; each file appears whole, by rename, config.json last.
 * bco_model_save is bco_model_save_as with BCO_DTYPE_SAME. 16-bit weights are
 * rounded to the nearest, ties to even. A model whose adapter is trained is saved as
 * the adapter's folder instead: adapter_model.safetensors and adapter_config.json, F32 with
 * BCO_DTYPE_SAME.
 * Errors: BCO_EDATA for a weight that is NaN, infinite, or too large for `dtype`, naming its tensor; BCO_ESYSTEM. */
BCO_API enum bco_code bco_model_save(const struct bco_model *model, const char *dir, struct bco_error *err);
BCO_API enum bco_code bco_model_save_as(const struct bco_model *model, const char *dir, enum bco_dtype dtype,
                                        struct bco_error *err);

/* ---- merging ------------------------------------------------------------------- */

struct bco_merge {
    const char *model;   /* a model folder */
    const char *adapter; /* of a LoRA adapter on it */
    const char *out;     /* made; it must not be there yet, or be empty */
    enum bco_dtype dtype;
    int threads; /* 0: all the cores this process may use */
};

struct bco_merge_counts {
    uint64_t parameters;  /* weights that were written, tied ones once */
    enum bco_dtype dtype; /* what they were written as */
};

/* Writes a model whose weights W + scale * B A are those of `model` with its
 * adapter, as bco_model_save_as does. `out` appears whole, by rename, or not at
 * all. The merged weights are f32 until they are rounded to `dtype`: with
 * BCO_DTYPE_F32 its log-probs are bit for bit those of the model with the adapter. `counts` and `watch` may be NULL.
 * Errors: BCO_EDATA for what bco_model_open and bco_model_save_as find, and for an `out` that is not empty;
 * BCO_ESYSTEM; BCO_EINTERRUPTED: watch->stop said so, and nothing is left. */
BCO_API enum bco_code bco_merge(const struct bco_merge *merge, struct bco_merge_counts *counts,
                                const struct bco_watch *watch, struct bco_error *err);

#ifdef __cplusplus
}
#endif

#endif
