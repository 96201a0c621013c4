/* The demo's model against tests/golden/demo.json: what PyTorch, transformers, tokenizers and mpmath computed. */
#include "golden.h"

#include <bco/bco.h>
#include <unistd.h>

enum { SEQUENCES = 16, SCORED = 6, TOKENS = 4096 };
static const char model_folder[] = "examples/demo/model";

static yyjson_doc *doc;
static yyjson_val *sequences;

static int setup(void **state) {
    (void)state;
    doc = yyjson_read_file("tests/golden/demo.json", 0, NULL, NULL);
    sequences = yyjson_obj_get(yyjson_doc_get_root(doc), "sequences");
    return yyjson_arr_size(sequences) == SEQUENCES ? 0 : -1;
}

static int teardown(void **state) {
    (void)state;
    yyjson_doc_free(doc);
    return 0;
}

static yyjson_val *part(const char *name) {
    return yyjson_obj_get(yyjson_doc_get_root(doc), name);
}

static struct bco_model *open_model(bool trainable) {
    struct bco_model *model;
    const struct bco_model_options options = {.trainable = trainable, .threads = 1};
    assert_int_equal(bco_model_open(&model, model_folder, &options, NULL), BCO_OK);
    return model;
}

/* The first `count` sequences, packed. */
struct pack {
    size_t starts[SEQUENCES + 1], prompt_len[SEQUENCES];
    int32_t ids[TOKENS];
    struct bco_batch batch;
};

static void fill(struct pack *p, size_t count) {
    size_t at = 0, i, n;
    yyjson_val *id;
    for (size_t b = 0; b < count; b++) {
        yyjson_val *sequence = yyjson_arr_get(sequences, b);
        p->starts[b] = at;
        p->prompt_len[b] = (size_t)golden_number(sequence, "prompt_len");
        yyjson_arr_foreach(yyjson_obj_get(sequence, "ids"), i, n, id) {
            assert_true(at < TOKENS);
            p->ids[at++] = (int32_t)yyjson_get_int(id);
        }
    }
    p->starts[count] = at;
    p->batch = (struct bco_batch){count, p->starts, p->ids, p->prompt_len};
}

static void check_text(const struct bco_tokenizer *tokenizer, const char *text, const int32_t *want, size_t count) {
    struct bco_ids ids = {0};
    assert_int_equal(bco_tokenizer_encode(tokenizer, text, strlen(text), 0, &ids, NULL), BCO_OK);
    assert_int_equal(ids.count, count);
    assert_memory_equal(ids.ids, want, count * sizeof *want);
    bco_ids_free(&ids);
}

/* BOS, the prompt, the completion, EOS. */
static void test_ids(void **state) {
    (void)state;
    static struct pack p;
    struct bco_tokenizer *tokenizer;
    assert_int_equal(bco_tokenizer_open(&tokenizer, model_folder, NULL), BCO_OK);
    fill(&p, SEQUENCES);
    for (size_t b = 0; b < SEQUENCES; b++) {
        yyjson_val *sequence = yyjson_arr_get(sequences, b);
        size_t completion = p.starts[b] + p.prompt_len[b];
        assert_int_equal(p.ids[p.starts[b]], bco_tokenizer_bos(tokenizer));
        assert_int_equal(p.ids[p.starts[b + 1] - 1], bco_tokenizer_eos(tokenizer));
        check_text(tokenizer, golden_text(sequence, "prompt"), p.ids + p.starts[b] + 1, p.prompt_len[b] - 1);
        check_text(tokenizer, golden_text(sequence, "completion"), p.ids + completion,
                   p.starts[b + 1] - 1 - completion);
    }
    bco_tokenizer_close(tokenizer);
}

static void test_logp(void **state) {
    (void)state;
    static struct pack p;
    double logp[SCORED], token_logp[TOKENS];
    struct bco_model *model = open_model(false);
    fill(&p, SCORED);
    assert_int_equal(bco_model_logp(model, &p.batch, logp, token_logp, NULL), BCO_OK);
    for (size_t b = 0, at = 0; b < SCORED; b++) {
        size_t i, n;
        yyjson_val *term, *terms = yyjson_obj_get(yyjson_arr_get(sequences, b), "token_logp");
        double sum = 0;
        assert_int_equal(yyjson_arr_size(terms), p.starts[b + 1] - p.starts[b] - p.prompt_len[b]);
        yyjson_arr_foreach(terms, i, n, term) {
            assert_near(token_logp[at], yyjson_get_num(term), 5e-5);
            sum += yyjson_get_num(term);
            at++;
        }
        assert_near(logp[b], sum, 5e-5);
    }
    bco_model_close(model);
}

static double slope_of(void *user, size_t b, double logp) {
    (void)logp;
    return yyjson_get_num(yyjson_arr_get(user, b));
}

static void test_gradient(void **state) {
    (void)state;
    static struct pack p;
    yyjson_val *norms = yyjson_obj_get(part("gradient"), "norms");
    struct bco_model *model = open_model(true);
    fill(&p, SCORED);
    assert_int_equal(bco_model_grad(model, &p.batch, slope_of, yyjson_obj_get(part("gradient"), "dlogp"), NULL, NULL),
                     BCO_OK);
    assert_int_equal(bco_model_parameter_count(model), yyjson_obj_size(norms));
    for (size_t i = 0; i < bco_model_parameter_count(model); i++) {
        struct bco_parameter parameter = bco_model_parameter(model, i);
        double sum = 0, want = golden_number(norms, parameter.name);
        for (size_t k = 0; k < parameter.count; k++) sum += (double)parameter.gradient[k] * parameter.gradient[k];
        assert_near(sqrt(sum), want, 1e-5 * want);
    }
    bco_model_close(model);
}

/* ---- training ------------------------------------------------------------------------- */

static void write_ids(FILE *file, const char *name, const int32_t *ids, size_t count) {
    fprintf(file, "\"%s\":[", name);
    for (size_t i = 0; i < count; i++) fprintf(file, "%s%d", i ? "," : "", (int)ids[i]);
    fprintf(file, "],");
}

static void write_records(const char *path, const struct pack *p, const double *ref_logp) {
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    for (size_t b = 0; b < SEQUENCES; b++) {
        const int32_t *ids = p->ids + p->starts[b];
        size_t length = p->starts[b + 1] - p->starts[b];
        fputc('{', file);
        write_ids(file, "prompt_ids", ids, p->prompt_len[b]);
        write_ids(file, "completion_ids", ids + p->prompt_len[b], length - p->prompt_len[b]);
        fprintf(file, "\"ref_logp\":%.17g,\"label\":%s}\n", ref_logp[b],
                yyjson_get_bool(yyjson_obj_get(yyjson_arr_get(sequences, b), "label")) ? "true" : "false");
    }
    assert_int_equal(fclose(file), 0);
}

static enum bco_train_next compare_step(void *user, const struct bco_train_metrics *m) {
    yyjson_val *steps = user;
    yyjson_val *step = yyjson_arr_get(steps, m->step - 1);
    assert_near(m->loss, golden_number(step, "loss"), 1e-5);
    assert_near(m->delta, golden_number(step, "delta"), 1e-5);
    assert_near(m->rewards_up, golden_number(step, "rewards_up"), 1e-5);
    assert_near(m->rewards_down, golden_number(step, "rewards_down"), 1e-5);
    assert_near(m->gradient_norm, golden_number(step, "gradient_norm"), 1e-4 * golden_number(step, "gradient_norm"));
    assert_near(m->learning_rate, golden_number(step, "learning_rate"), 1e-12);
    return BCO_TRAIN_GO_ON;
}

static struct bco_train_options options_of(yyjson_val *settings, const char *out) {
    struct bco_train_options o;
    bco_train_defaults(&o);
    o.beta = golden_number(settings, "beta");
    o.learning_rate = golden_number(settings, "learning_rate");
    o.steps = (uint64_t)golden_number(settings, "steps");
    o.batch = (size_t)golden_number(settings, "batch");
    o.warmup = golden_number(settings, "warmup");
    o.shift_decay = golden_number(settings, "decay");
    o.optimizer.clip = golden_number(settings, "clip");
    o.order = BCO_ORDER_GIVEN;
    o.out = out;
    o.on_metrics = compare_step;
    o.user = yyjson_obj_get(part("trace"), "steps");
    return o;
}

static void train(struct bco_model *model, const char *folder) {
    char path[64], out[64];
    const char *paths = path;
    struct bco_reader *reader;
    struct bco_dataset *data;
    struct bco_train_result result;
    snprintf(path, sizeof path, "%s/records.jsonl", folder);
    snprintf(out, sizeof out, "%s/out", folder);
    const struct bco_dataset_options read_options = {.loss = BCO_LOSS_BCO, .limits.ids = true, .spool = folder};
    struct bco_train_options options = options_of(yyjson_obj_get(part("trace"), "settings"), out);
    assert_int_equal(bco_reader_open(&reader, &paths, 1, NULL, NULL), BCO_OK);
    assert_int_equal(bco_dataset_read(&data, reader, NULL, model, NULL, &read_options, NULL, NULL), BCO_OK);
    bco_reader_close(reader);
    assert_int_equal(bco_train(model, data, NULL, &options, NULL, &result, NULL), BCO_OK);
    assert_int_equal(result.steps, yyjson_arr_size(yyjson_obj_get(part("trace"), "steps")));
    bco_dataset_close(data);
}

static void test_trace(void **state) {
    (void)state;
    static struct pack p;
    char folder[] = "/tmp/bco-golden-XXXXXX", path[64], remove[64];
    double logp[SEQUENCES];
    struct bco_model *model = open_model(true);
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/records.jsonl", folder);
    fill(&p, SEQUENCES);
    assert_int_equal(bco_model_logp(model, &p.batch, logp, NULL, NULL), BCO_OK);
    write_records(path, &p, logp);
    train(model, folder);
    assert_int_equal(bco_model_logp(model, &p.batch, logp, NULL, NULL), BCO_OK);
    for (size_t b = 0; b < SEQUENCES; b++)
        assert_near(logp[b], yyjson_get_num(yyjson_arr_get(yyjson_obj_get(part("trace"), "final_logp"), b)), 1e-3);
    bco_model_close(model);
    snprintf(remove, sizeof remove, "rm -r %s", folder);
    assert_int_equal(system(remove), 0);
}

/* ---- losses ----------------------------------------------------------------------------- */

static void test_losses(void **state) {
    (void)state;
    yyjson_val *row;
    size_t i, n;
    yyjson_arr_foreach(part("losses"), i, n, row) {
        double logp = golden_number(row, "logratio"), ref = 0, loss, slope;
        bool up = yyjson_get_bool(yyjson_obj_get(row, "label"));
        const struct bco_loss_samples sample = {1, &logp, &ref, &up, NULL};
        bco_loss_binary(BCO_LOSS_BCO, golden_number(row, "beta"), golden_number(row, "delta"), &sample, &loss, &slope);
        assert_near(loss, golden_number(row, "loss"), 1e-13 * golden_number(row, "loss"));
        assert_near(slope, golden_number(row, "slope"), 1e-13 * fabs(golden_number(row, "slope")));
    }
    assert_int_equal(n, 42);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ids),   cmocka_unit_test(test_logp),   cmocka_unit_test(test_gradient),
        cmocka_unit_test(test_trace), cmocka_unit_test(test_losses),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
