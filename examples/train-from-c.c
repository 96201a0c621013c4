/* Aligns a model from C, through libbco's public headers alone:
 *
 *     train-from-c MODEL RECORDS OUT
 *
 * RECORDS are binary records (prompt, completion, label). Reference log-probs
 * are computed into OUT/ref.jsonl, then the model is trained on them: what
 * `bco-refcache | bco-train` does, in one process. Compile it with
 *
 *     cc train-from-c.c $(pkg-config --cflags --libs bco)
 */
#include <bco/bco.h>

#include <stdio.h>
#include <sys/stat.h>

struct files {
    const char *model, *records, *out;
    char references[4096], aligned[4096];
};

/* Enough is enough: with this margin the run ends, and the model is written. */
static const double enough = 0.25;

static enum bco_train_next show_step(void *user, const struct bco_train_metrics *m) {
    double margin = m->rewards_up - m->rewards_down;
    (void)user;
    printf("step %2llu: loss %.3f, margin %+.3f\n", (unsigned long long)m->step, m->loss, margin);
    return margin >= enough ? BCO_TRAIN_END : BCO_TRAIN_GO_ON;
}

static void show_warning(void *user, const char *message) {
    (void)user;
    fprintf(stderr, "warning: %s\n", message);
}

static const struct bco_watch watch = {.warn = show_warning};

/* Records in, records with reference log-probs out. */
static enum bco_code compute_references(const struct files *files, struct bco_error *err) {
    struct bco_refcache cache = {.limits = {.bos = true, .eos = true}};
    struct bco_tokenizer *tokenizer = NULL;
    enum bco_code code = bco_model_open(&cache.model, files->model, NULL, err);
    if (code == BCO_OK) code = bco_tokenizer_open(&tokenizer, files->model, err);
    cache.tokenizer = tokenizer;
    if (code == BCO_OK) code = bco_refcache_limits(&cache.limits, cache.model, tokenizer, err);
    if (code == BCO_OK) code = bco_reader_open(&cache.reader, &files->records, 1, NULL, err);
    if (code == BCO_OK) code = bco_writer_open(&cache.writer, files->references, err);
    if (code == BCO_OK) code = bco_refcache_run(&cache, &watch, NULL, err);
    if (code == BCO_OK) {
        code = bco_writer_close(cache.writer, err);
        cache.writer = NULL;
    }
    bco_writer_discard(cache.writer);
    bco_reader_close(cache.reader);
    bco_tokenizer_close(tokenizer);
    bco_model_close(cache.model);
    return code;
}

static enum bco_code read_dataset(const struct files *files, const struct bco_model *model,
                                  const struct bco_tokenizer *tokenizer, struct bco_dataset **data,
                                  struct bco_error *err) {
    const struct bco_dataset_options options = {
        .loss = BCO_LOSS_BCO, .limits = {.bos = true, .eos = true}, .spool = files->out};
    const char *path = files->references;
    struct bco_reader *reader = NULL;
    enum bco_code code = bco_reader_open(&reader, &path, 1, NULL, err);
    if (code == BCO_OK) code = bco_dataset_read(data, reader, NULL, model, tokenizer, &options, &watch, err);
    bco_reader_close(reader);
    return code;
}

static enum bco_code train(const struct files *files, struct bco_error *err) {
    const struct bco_model_options trainable = {.trainable = true};
    struct bco_train_options options;
    struct bco_model *model = NULL;
    struct bco_tokenizer *tokenizer = NULL;
    struct bco_dataset *data = NULL;
    bco_train_defaults(&options);
    options.learning_rate = 1e-4;
    options.batch = 4;
    options.epochs = 12;
    options.out = files->aligned;
    options.on_metrics = show_step;
    enum bco_code code = bco_model_open(&model, files->model, &trainable, err);
    if (code == BCO_OK) code = bco_tokenizer_open(&tokenizer, files->model, err);
    if (code == BCO_OK) code = read_dataset(files, model, tokenizer, &data, err);
    if (code == BCO_OK) code = bco_train(model, data, NULL, &options, &watch, NULL, err);
    bco_dataset_close(data);
    bco_tokenizer_close(tokenizer);
    bco_model_close(model);
    return code;
}

int main(int argc, char **argv) {
    struct bco_error err = {0};
    struct files files;
    char text[BCO_ERROR_FILE_SIZE + BCO_ERROR_MESSAGE_SIZE];
    if (argc != 4) {
        fprintf(stderr, "usage: %s MODEL RECORDS OUT\n", argv[0]);
        return BCO_EUSAGE;
    }
    files.model = argv[1], files.records = argv[2], files.out = argv[3];
    snprintf(files.references, sizeof files.references, "%s/ref.jsonl", files.out);
    snprintf(files.aligned, sizeof files.aligned, "%s/model", files.out);
    if (mkdir(files.out, 0777) != 0) perror(files.out);
    enum bco_code code = compute_references(&files, &err);
    if (code == BCO_OK) code = train(&files, &err);
    if (code != BCO_OK) {
        bco_error_format(&err, text, sizeof text);
        fprintf(stderr, "%s: %s\n", argv[0], text);
    }
    return code;
}
