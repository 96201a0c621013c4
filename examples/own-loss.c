/* A training loop of one's own, with a loss that libbco does not have, through its public headers alone:
 *
 *     own-loss MODEL RECORDS OUT
 *
 * RECORDS carry reference log-probs (bco-refcache). The loss is a hinge: with the reward
 * r = logp - ref_logp, max(0, 1 - r) for thumbs up and max(0, 1 + r) for thumbs down. SIGINT
 * ends the loop early, and the model is saved as it is then. Compile it with
 *
 *     cc own-loss.c $(pkg-config --cflags --libs bco)
 */
#include <bco/bco.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

enum { BATCH = 4, EPOCHS = 6 };

static volatile sig_atomic_t stopped;

static void stop(int signal) {
    (void)signal;
    stopped = 1;
}

/* ---- the loss ------------------------------------------------------------------------------ */

struct samples {
    size_t count;
    struct bco_dataset_sample sample[BATCH];
    double loss; /* summed while the model asks for slopes */
};

/* Called by bco_model_grad with each sequence's log-prob; returns d loss / d logp. */
static double hinge(void *user, size_t b, double logp) {
    struct samples *samples = user;
    const struct bco_dataset_sample *s = &samples->sample[b];
    double side = s->up ? 1 : -1, short_of = 1 - side * (logp - s->ref_logp);
    if (short_of <= 0) return 0;
    samples->loss += s->weight * short_of / (double)samples->count;
    return -side * s->weight / (double)samples->count;
}

/* ---- a batch ------------------------------------------------------------------------------- */

struct memory {
    size_t starts[BATCH + 1], prompt_len[BATCH];
    int32_t *ids;
};

/* Samples first, first+1, ... packed one behind the other. */
static enum bco_code fill(const struct bco_dataset *data, size_t first, struct samples *samples, struct memory *memory,
                          struct bco_error *err) {
    size_t left = bco_dataset_size(data) - first;
    enum bco_code code = BCO_OK;
    samples->count = left < BATCH ? left : BATCH;
    samples->loss = 0;
    for (size_t b = 0; b < samples->count; b++) {
        samples->sample[b] = bco_dataset_sample(data, first + b);
        memory->prompt_len[b] = samples->sample[b].prompt_len;
        memory->starts[b + 1] = memory->starts[b] + samples->sample[b].length;
    }
    free(memory->ids);
    memory->ids = malloc((memory->starts[samples->count] + 1) * sizeof *memory->ids);
    if (!memory->ids) return BCO_ESYSTEM;
    for (size_t b = 0; b < samples->count && code == BCO_OK; b++)
        code = bco_dataset_tokens(data, first + b, memory->ids + memory->starts[b], err);
    return code;
}

/* ---- the loop ------------------------------------------------------------------------------ */

static enum bco_code loop(struct bco_model *model, struct bco_optimizer *optimizer, const struct bco_dataset *data,
                          struct bco_error *err) {
    struct memory memory = {.ids = NULL};
    struct samples samples;
    enum bco_code code = BCO_OK;
    size_t size = bco_dataset_size(data), steps = EPOCHS * ((size + BATCH - 1) / BATCH);
    for (size_t step = 0, first = 0; step < steps && code == BCO_OK && !stopped; step++) {
        code = fill(data, first, &samples, &memory, err);
        if (code != BCO_OK) break;
        const struct bco_batch batch = {samples.count, memory.starts, memory.ids, memory.prompt_len};
        double rate = 1e-4 * bco_schedule_factor(BCO_SCHEDULE_LINEAR, step, steps, steps / 10);
        bco_model_zero_gradients(model);
        code = bco_model_grad(model, &batch, hinge, &samples, NULL, err);
        if (code == BCO_OK) bco_optimizer_step(optimizer, rate, bco_model_gradient_norm(model));
        printf("step %2zu: loss %.3f\n", step + 1, samples.loss);
        first = first + BATCH < size ? first + BATCH : 0;
    }
    free(memory.ids);
    return code;
}

static enum bco_code read_dataset(const char *records, const char *out, const struct bco_model *model,
                                  const struct bco_tokenizer *tokenizer, struct bco_dataset **data,
                                  struct bco_error *err) {
    const struct bco_dataset_options options = {
        .loss = BCO_LOSS_BCE, .limits = {.bos = true, .eos = true}, .spool = out};
    struct bco_reader *reader = NULL;
    enum bco_code code = bco_reader_open(&reader, &records, 1, NULL, err);
    if (code == BCO_OK) code = bco_dataset_read(data, reader, NULL, model, tokenizer, &options, NULL, err);
    bco_reader_close(reader);
    return code;
}

static enum bco_code train(const char *from, const char *records, const char *out, struct bco_error *err) {
    const struct bco_model_options trainable = {.trainable = true};
    const struct bco_optimizer_options adamw = {.beta1 = 0.9, .beta2 = 0.999, .epsilon = 1e-8, .clip = 1};
    struct bco_model *model = NULL;
    struct bco_tokenizer *tokenizer = NULL;
    struct bco_dataset *data = NULL;
    struct bco_optimizer *optimizer = NULL;
    enum bco_code code = bco_model_open(&model, from, &trainable, err);
    if (code == BCO_OK) code = bco_tokenizer_open(&tokenizer, from, err);
    if (code == BCO_OK) code = read_dataset(records, out, model, tokenizer, &data, err);
    if (code == BCO_OK) code = bco_optimizer_open(&optimizer, model, &adamw, err);
    if (code == BCO_OK) code = loop(model, optimizer, data, err);
    if (code == BCO_OK) code = bco_model_save(model, out, err);
    bco_optimizer_close(optimizer);
    bco_dataset_close(data);
    bco_tokenizer_close(tokenizer);
    bco_model_close(model);
    return code;
}

int main(int argc, char **argv) {
    struct bco_error err = {0};
    char text[BCO_ERROR_FILE_SIZE + BCO_ERROR_MESSAGE_SIZE];
    if (argc != 4) {
        fprintf(stderr, "usage: %s MODEL RECORDS OUT\n", argv[0]);
        return BCO_EUSAGE;
    }
    signal(SIGINT, stop);
    if (mkdir(argv[3], 0777) != 0) perror(argv[3]);
    enum bco_code code = train(argv[1], argv[2], argv[3], &err);
    if (code != BCO_OK) {
        bco_error_format(&err, text, sizeof text);
        fprintf(stderr, "%s: %s\n", argv[0], text);
    }
    return code;
}
