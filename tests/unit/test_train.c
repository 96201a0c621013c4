/* The trainer against the golden traces, step by step; and what must not change its result. */
#include "golden.h"

#include "align/dataset.h"
#include "base/buf.h"

#include <bco/bco.h>
#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[64];

static int setup(void **state) {
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/bco-train-XXXXXX");
    return mkdtemp(folder) ? 0 : -1;
}

static void remove_tree(const char *path) {
    char inner[4096];
    const struct dirent *entry;
    DIR *d = opendir(path);
    while (d && (entry = readdir(d))) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
        snprintf(inner, sizeof inner, "%s/%s", path, entry->d_name);
        if (unlink(inner) != 0) remove_tree(inner);
    }
    if (d) closedir(d);
    rmdir(path);
}

static int teardown(void **state) {
    (void)state;
    remove_tree(folder);
    return 0;
}

static const char *in_folder(const char *name) {
    static char path[128];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static char *read_whole(const char *path, size_t *count) {
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    assert_int_equal(fseek(file, 0, SEEK_END), 0);
    *count = (size_t)ftell(file);
    char *bytes = malloc(*count + 1);
    rewind(file);
    assert_int_equal(fread(bytes, 1, *count, file), *count);
    fclose(file);
    return bytes;
}

static void must(enum bco_code code, const struct bco_error *err) {
    char text[2200];
    if (code == BCO_OK) return;
    bco_error_format(err, text, sizeof text);
    fail_msg("%s", text);
}

/* ---- a trace and its records ------------------------------------------------------------- */

struct trace {
    yyjson_doc *doc;
    yyjson_val *root, *records, *steps, *order; /* order: where the steps name their records */
    size_t step;                                /* seen so far */
    double worst;                               /* of all differences, as shares of their tolerances */
};

static struct trace open_trace(const char *name) {
    char path[128];
    snprintf(path, sizeof path, "golden/train/%s.json", name);
    struct trace t = {.doc = golden_open(path)};
    t.root = yyjson_doc_get_root(t.doc);
    t.records = yyjson_obj_get(t.root, "records");
    t.order = yyjson_obj_get(t.root, "steps");
    t.steps = yyjson_obj_get(t.root, "float64_steps");
    if (!t.steps) t.steps = t.order;
    return t;
}

static void put_ids_as(struct bco_buf *b, yyjson_val *record, const char *name, const char *as) {
    char *ids = yyjson_val_write(yyjson_obj_get(record, name), 0, NULL);
    bco_buf_printf(b, "\"%s\":%s,", as, ids);
    free(ids);
}

static void put_ids(struct bco_buf *b, yyjson_val *record, const char *name) {
    put_ids_as(b, record, name, name);
}

static void put_pair(struct bco_buf *b, yyjson_val *pair) {
    bco_buf_char(b, '{');
    put_ids(b, pair, "prompt_ids");
    put_ids(b, pair, "chosen_ids");
    put_ids(b, pair, "rejected_ids");
    bco_buf_str(b, "\"ref_logp_chosen\":");
    bco_buf_double(b, golden_number(pair, "ref_logp_chosen"));
    bco_buf_str(b, ",\"ref_logp_rejected\":");
    bco_buf_double(b, golden_number(pair, "ref_logp_rejected"));
    bco_buf_str(b, "}\n");
}

/* KTO: the completion that the step gave to its record `k`. */
static void put_mismatch(struct bco_buf *b, const struct trace *t, yyjson_val *step, size_t k) {
    yyjson_val *whose = yyjson_obj_get(step, "kl_records");
    if (!whose) return;
    put_ids_as(b, yyjson_arr_get(t->records, yyjson_get_uint(yyjson_arr_get(whose, k))), "completion_ids",
               "kl_completion_ids");
    bco_buf_str(b, "\"ref_logp_kl\":");
    bco_buf_double(b, yyjson_get_num(yyjson_arr_get(yyjson_obj_get(step, "kl_ref_logps"), k)));
    bco_buf_char(b, ',');
}

static void put_record(struct bco_buf *b, const struct trace *t, yyjson_val *step, size_t k) {
    size_t index = yyjson_get_uint(yyjson_arr_get(yyjson_obj_get(step, "records"), k));
    yyjson_val *record = yyjson_arr_get(t->records, index);
    if (yyjson_obj_get(record, "chosen_ids")) {
        put_pair(b, record);
        return;
    }
    bco_buf_char(b, '{');
    put_ids(b, record, "prompt_ids");
    put_ids(b, record, "completion_ids");
    put_mismatch(b, t, step, k);
    bco_buf_str(b, "\"ref_logp\":");
    bco_buf_double(b, golden_number(record, "ref_logp"));
    bco_buf_printf(b, ",\"label\":%s}\n", yyjson_get_bool(yyjson_obj_get(record, "label")) ? "true" : "false");
}

/* The records in the order in which the steps take them. */
static const char *write_records(const struct trace *t) {
    const char *path = in_folder("records.jsonl");
    struct bco_buf b = {0};
    yyjson_val *step;
    size_t i, n;
    yyjson_arr_foreach(t->order, i, n, step) for (size_t k = 0; k < yyjson_arr_size(yyjson_obj_get(step, "records"));
                                                  k++) put_record(&b, t, step, k);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(b.data, 1, b.length, file), b.length);
    assert_int_equal(fclose(file), 0);
    bco_buf_free(&b);
    return path;
}

/* ---- comparing ---------------------------------------------------------------------------- */

/* Ten times what float32 costs, and 1e-6 of the magnitude at least. */
static void compare(struct trace *t, const char *quantity, double got, yyjson_val *want) {
    yyjson_val *costs = yyjson_obj_get(t->root, "max_difference_float32");
    if (!costs) costs = yyjson_obj_get(t->root, "max_difference_trl_reference");
    yyjson_val *cost = yyjson_obj_get(costs, quantity);
    if (!cost) cost = yyjson_obj_get(costs, strncmp(quantity, "rewards", 7) == 0 ? "rewards" : "logps");
    if (yyjson_is_arr(want)) want = yyjson_arr_get_first(want);
    if (!want) return;
    if (yyjson_is_null(want)) {
        assert_true(isnan(got));
        return;
    }
    double value = yyjson_get_num(want);
    double tolerance = fmax(10 * golden_number(cost, "max_abs"), fmax(1e-6 * fabs(value), 1e-12));
    if (!(fabs(got - value) <= tolerance))
        fail_msg("step %zu, %s: got %.9g, expected %.9g, tolerance %g", t->step, quantity, got, value, tolerance);
    t->worst = fmax(t->worst, fabs(got - value) / tolerance);
}

/* The mean of a list; of a pair's trace there are no class means. */
static void compare_mean(struct trace *t, const char *quantity, double got, yyjson_val *list) {
    yyjson_val *value;
    size_t i, n;
    double sum = 0;
    if (!list) return;
    yyjson_arr_foreach(list, i, n, value) sum += yyjson_get_num(value);
    yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_doc_set_root(doc, yyjson_mut_real(doc, sum / (double)n));
    yyjson_doc *mean = yyjson_mut_doc_imut_copy(doc, NULL);
    compare(t, quantity, got, yyjson_doc_get_root(mean));
    yyjson_doc_free(mean);
    yyjson_mut_doc_free(doc);
}

static double share_above(yyjson_val *chosen, yyjson_val *rejected) {
    size_t count = yyjson_arr_size(chosen), above = 0;
    for (size_t i = 0; i < count; i++)
        above += yyjson_get_num(yyjson_arr_get(chosen, i)) > yyjson_get_num(yyjson_arr_get(rejected, i));
    return (double)above / (double)count;
}

static void compare_pairs(struct trace *t, const struct bco_train_metrics *m, yyjson_val *step) {
    yyjson_val *chosen = yyjson_obj_get(step, "rewards_chosen"), *rejected = yyjson_obj_get(step, "rewards_rejected");
    if (!chosen) return;
    compare_mean(t, "rewards_chosen", m->rewards_up, chosen);
    compare_mean(t, "rewards_rejected", m->rewards_down, rejected);
    compare_mean(t, "logps_chosen", m->logps_up, yyjson_obj_get(step, "logps_chosen"));
    compare_mean(t, "logps_rejected", m->logps_down, yyjson_obj_get(step, "logps_rejected"));
    assert_true(isnan(m->delta) && m->up == m->down && m->up == yyjson_arr_size(chosen));
    /* In step 0 all rewards are 0 but for rounding, and which is higher is a matter of chance. */
    if (t->step > 0) assert_near(m->accuracy, share_above(chosen, rejected), 1e-12);
}

static enum bco_train_next compare_step(void *user, const struct bco_train_metrics *m) {
    struct trace *t = user;
    yyjson_val *step = yyjson_arr_get(t->steps, t->step);
    assert_non_null(step);
    compare(t, "loss", m->loss, yyjson_obj_get(step, "loss"));
    compare(t, "delta", m->delta, yyjson_obj_get(step, "delta"));
    compare(t, "kl_mean", m->z, yyjson_obj_get(step, "kl")); /* the mean's room: where it is 0, z may be just above */
    compare(t, "grad_norm", m->gradient_norm, yyjson_obj_get(step, "grad_norm"));
    compare(t, "learning_rate", m->learning_rate, yyjson_obj_get(step, "learning_rate"));
    compare(t, "rewards/chosen", m->rewards_up, yyjson_obj_get(step, "rewards/chosen"));
    compare(t, "rewards/rejected", m->rewards_down, yyjson_obj_get(step, "rewards/rejected"));
    compare(t, "logps/chosen", m->logps_up, yyjson_obj_get(step, "logps/chosen"));
    compare(t, "logps/rejected", m->logps_down, yyjson_obj_get(step, "logps/rejected"));
    if (yyjson_is_num(yyjson_obj_get(step, "m_up"))) compare(t, "m_up", m->shift_up, yyjson_obj_get(step, "m_up"));
    if (yyjson_is_num(yyjson_obj_get(step, "m_down")))
        compare(t, "m_down", m->shift_down, yyjson_obj_get(step, "m_down"));
    compare_pairs(t, m, step);
    t->step++;
    return BCO_TRAIN_GO_ON;
}

static int32_t *ids_of(yyjson_val *record, const char *name, size_t *prompt_len, size_t *length) {
    yyjson_val *prompt = yyjson_obj_get(record, "prompt_ids"), *completion = yyjson_obj_get(record, name);
    *prompt_len = yyjson_arr_size(prompt);
    *length = *prompt_len + yyjson_arr_size(completion);
    int32_t *ids = malloc(*length * sizeof *ids);
    for (size_t i = 0; i < *length; i++)
        ids[i] = (int32_t)yyjson_get_uint(i < *prompt_len ? yyjson_arr_get(prompt, i)
                                                          : yyjson_arr_get(completion, i - *prompt_len));
    return ids;
}

/* Log-probs of every record and held-out text under the trained model. */
static void compare_final(struct trace *t, struct bco_model *model, const char *records, const char *ids_name,
                          const char *logps) {
    yyjson_val *final = yyjson_obj_get(t->root, "float64_final"), *record;
    size_t i, n;
    if (!final) final = yyjson_obj_get(t->root, "final");
    char quantity[64];
    snprintf(quantity, sizeof quantity, "final %s", logps);
    yyjson_arr_foreach(yyjson_obj_get(t->root, records), i, n, record) {
        size_t starts[2] = {0}, prompt_len;
        int32_t *ids = ids_of(record, ids_name, &prompt_len, &starts[1]);
        struct bco_batch batch = {1, starts, ids, &prompt_len};
        double logp;
        must(bco_model_logp(model, &batch, &logp, NULL, NULL), NULL);
        compare(t, quantity, logp, yyjson_arr_get(yyjson_obj_get(final, logps), i));
        free(ids);
    }
}

static const char *bare_name(const char *name) {
    const char peft[] = "base_model.model.";
    return strncmp(name, peft, sizeof peft - 1) == 0 ? name + sizeof peft - 1 : name;
}

/* How far each weight has gone from where it was, within 1e-3 of the way. */
static void compare_weights(struct trace *t, struct bco_model *model, struct bco_model *initial) {
    yyjson_val *final = yyjson_obj_get(t->root, "final_weights");
    for (size_t i = 0; final && i < bco_model_parameter_count(model); i++) {
        struct bco_parameter p = bco_model_parameter(model, i), q = bco_model_parameter(initial, i);
        double sum = 0, want = golden_number(yyjson_obj_get(final, bare_name(p.name)), "l2_change");
        for (size_t k = 0; k < p.count; k++) {
            double change = (double)p.weight[k] - q.weight[k];
            sum += change * change;
        }
        assert_near(sqrt(sum), want, 1e-3 * want);
    }
}

/* ---- a run ------------------------------------------------------------------------------------ */

static const char *setting(const struct trace *t, const char *name) {
    return golden_text(yyjson_obj_get(t->root, "settings"), name);
}

static double number(const struct trace *t, const char *name, double otherwise) {
    double x = golden_number(yyjson_obj_get(t->root, "settings"), name);
    return isnan(x) ? otherwise : x;
}

static int word(const char *text, const char *(*name)(int)) {
    for (int i = 0; name(i); i++)
        if (strcmp(name(i), text) == 0) return i;
    fail_msg("no such word: %s", text);
    return 0;
}

static const char *loss_name(int i) {
    return bco_loss_name((enum bco_loss)i);
}

static const char *shift_name(int i) {
    return bco_shift_name((enum bco_shift_rule)i);
}

static const char *schedule_name(int i) {
    return bco_schedule_name((enum bco_schedule)i);
}

static struct bco_train_options options_of(struct trace *t, const char *out) {
    struct bco_train_options o;
    bco_train_defaults(&o);
    o.loss = (enum bco_loss)word(setting(t, "loss"), loss_name);
    if (setting(t, "shift")) o.shift = (enum bco_shift_rule)word(setting(t, "shift"), shift_name);
    o.shift_decay = number(t, "shift_decay", 0.9);
    o.beta = number(t, "beta", 0.1);
    o.up_weight = number(t, "up_weight", 1);
    o.down_weight = number(t, "down_weight", 1);
    o.learning_rate = number(t, "learning_rate", NAN);
    o.schedule = (enum bco_schedule)word(setting(t, "schedule"), schedule_name);
    o.warmup = number(t, "warmup", NAN);
    o.batch = (size_t)number(t, "batch", 0);
    o.order = BCO_ORDER_GIVEN;
    o.out = out;
    o.on_metrics = compare_step;
    o.user = t;
    return o;
}

static struct bco_dataset *read_records(const struct bco_model *model, const char *path, enum bco_loss loss) {
    struct bco_error err = {0};
    struct bco_reader *reader;
    struct bco_dataset *data;
    struct bco_dataset_options options = {.loss = loss, .limits.ids = true, .spool = folder};
    must(bco_reader_open(&reader, &path, 1, NULL, &err), &err);
    must(bco_dataset_read(&data, reader, NULL, model, NULL, &options, NULL, &err), &err);
    bco_reader_close(reader);
    return data;
}

/* `adapter`: a folder beside the traces, or NULL. */
static struct bco_model *open_adapted(const char *adapter) {
    struct bco_error err = {0};
    struct bco_model *model;
    char path[4200];
    const struct bco_model_options options = {.trainable = true, .threads = 1, .adapter = adapter ? path : NULL};
    if (adapter) snprintf(path, sizeof path, "%s/%s", shared_path("golden/train"), adapter);
    must(bco_model_open(&model, shared_path("models/tinystories-656k"), &options, &err), &err);
    return model;
}

static struct bco_model *open_model(void) {
    return open_adapted(NULL);
}

static void follow_adapted(const char *name, const char *adapter, size_t micro_tokens) {
    struct bco_error err = {0};
    struct trace t = open_trace(name);
    struct bco_model *model = open_adapted(adapter), *initial = open_adapted(adapter);
    char out[96];
    snprintf(out, sizeof out, "%s/out", folder);
    struct bco_train_options options = options_of(&t, out);
    struct bco_dataset *data = read_records(model, write_records(&t), options.loss);
    options.micro_tokens = micro_tokens;
    must(bco_train(model, data, NULL, &options, NULL, NULL, &err), &err);
    assert_int_equal(t.step, yyjson_arr_size(t.steps));
    if (bco_loss_is_paired(options.loss)) {
        compare_final(&t, model, "records", "chosen_ids", "logps_chosen");
        compare_final(&t, model, "records", "rejected_ids", "logps_rejected");
    } else {
        compare_final(&t, model, "records", "completion_ids", "logps");
    }
    compare_final(&t, model, "heldout", "completion_ids", "heldout_logps");
    compare_weights(&t, model, initial);
    print_message("%s: the largest difference is %.2g of its tolerance\n", name, t.worst);
    bco_dataset_close(data);
    bco_model_close(model);
    bco_model_close(initial);
    yyjson_doc_free(t.doc);
}

static void follow(const char *name, size_t micro_tokens) {
    follow_adapted(name, NULL, micro_tokens);
}

static void test_bco_ours(void **state) {
    (void)state;
    follow("bco_ours", 0);
}

static void test_bco_ours_late(void **state) {
    (void)state;
    follow("bco_ours_late", 300);
}

static void test_bco_trl(void **state) {
    (void)state;
    follow("bco_trl_accum1", 0);
}

static void test_bce(void **state) {
    (void)state;
    follow("bce", 1);
}

static void test_sft(void **state) {
    (void)state;
    follow("sft", 400);
}

static void test_dpo(void **state) {
    (void)state;
    follow("dpo", 0);
}

static void test_lora(void **state) {
    (void)state;
    follow_adapted("lora", "lora_initial", 300);
}

/* Every pair is longer than this: one a micro-batch, and never half of one. */
static void test_ipo(void **state) {
    (void)state;
    follow("ipo", 1);
}

static void test_nca(void **state) {
    (void)state;
    follow("nca", 400);
}

static void test_kto(void **state) {
    (void)state;
    follow("kto", 0);
}

/* The mean log-ratio of the mismatched completions is below 0 at each step but the first: z stays 0. */
static void test_kto_clamp(void **state) {
    (void)state;
    follow("kto_clamp", 300);
}

/* ---- one delta a step, however it is cut --------------------------------------------------------- */

struct seen {
    double loss[12], delta[12], norm[12], z[12], up[12]; /* 0 where the loss has none */
    size_t steps;
};

static enum bco_train_next remember(void *user, const struct bco_train_metrics *m) {
    struct seen *seen = user;
    seen->loss[seen->steps] = m->loss;
    seen->delta[seen->steps] = isnan(m->delta) ? 0 : m->delta;
    seen->z[seen->steps] = isnan(m->z) ? 0 : m->z;
    seen->up[seen->steps] = isnan(m->rewards_up) ? 0 : m->rewards_up;
    seen->norm[seen->steps++] = m->gradient_norm;
    return BCO_TRAIN_GO_ON;
}

/* Micro-batches of `micro` records; 0: of all. */
static struct seen run_cut(const char *records, enum bco_loss loss, enum bco_shift_rule shift, size_t micro) {
    struct bco_error err = {0};
    struct bco_train_options o;
    struct seen seen = {.steps = 0};
    struct bco_model *model = open_model();
    struct bco_dataset *data = read_records(model, records, loss);
    char out[96];
    static int runs;
    snprintf(out, sizeof out, "%s/cut-%d", folder, runs++);
    bco_train_defaults(&o);
    o.loss = loss;
    o.shift = shift;
    o.shift_decay = 0.9;
    o.learning_rate = 2e-4;
    o.batch = 10;
    o.micro_tokens = 100000;
    o.micro_records = micro;
    o.out = out;
    o.on_metrics = remember;
    o.user = &seen;
    must(bco_train(model, data, NULL, &o, NULL, NULL, &err), &err);
    bco_dataset_close(data);
    bco_model_close(model);
    return seen;
}

static void compare_cuts(const char *records, enum bco_loss loss, enum bco_shift_rule shift) {
    const size_t micro[] = {1, 2, 5};
    const double size = loss == BCO_LOSS_IPO ? 25 : 1; /* of a loss when nothing is learned yet */
    struct seen whole = run_cut(records, loss, shift, 0);
    assert_true(whole.steps >= 2);
    for (size_t c = 0; c < 3; c++) {
        struct seen cut = run_cut(records, loss, shift, micro[c]);
        assert_int_equal(cut.steps, whole.steps);
        for (size_t s = 0; s < whole.steps; s++) {
            assert_near(cut.delta[s], whole.delta[s], 1e-6);
            assert_near(cut.loss[s], whole.loss[s], 1e-6 * size);
            assert_near(cut.up[s], whole.up[s], 3e-6);
            assert_near(cut.z[s], whole.z[s], 1e-5);
            assert_near(cut.norm[s], whole.norm[s], 5e-6 * (1 + whole.norm[s]));
        }
    }
}

/* delta, the loss, kto's z and the gradient are of the step, not of its micro-batches. */
static void test_cuts(void **state) {
    (void)state;
    const struct {
        enum bco_loss loss;
        enum bco_shift_rule shift;
        const char *trace;
    } runs[] = {{BCO_LOSS_BCO, BCO_SHIFT_EMA, "bco_trl_accum1"},
                {BCO_LOSS_BCO, BCO_SHIFT_BATCH, "bco_trl_accum1"},
                {BCO_LOSS_BCO, BCO_SHIFT_RUNNING, "bco_trl_accum1"},
                {BCO_LOSS_BCO, BCO_SHIFT_CUMULATIVE, "bco_trl_accum1"},
                {BCO_LOSS_BCO, BCO_SHIFT_NONE, "bco_trl_accum1"},
                {BCO_LOSS_BCO, BCO_SHIFT_BATCH, "dpo"},
                {BCO_LOSS_BCE, BCO_SHIFT_NONE, "bce"},
                {BCO_LOSS_KTO, BCO_SHIFT_NONE, "kto"},
                {BCO_LOSS_DPO, BCO_SHIFT_NONE, "dpo"},
                {BCO_LOSS_IPO, BCO_SHIFT_NONE, "ipo"},
                {BCO_LOSS_NCA, BCO_SHIFT_NONE, "nca"},
                {BCO_LOSS_SFT, BCO_SHIFT_NONE, "sft"}};
    for (size_t i = 0; i < sizeof runs / sizeof *runs; i++) {
        struct trace t = open_trace(runs[i].trace);
        char records[128];
        snprintf(records, sizeof records, "%s", write_records(&t));
        compare_cuts(records, runs[i].loss, runs[i].shift);
        yyjson_doc_free(t.doc);
    }
}

/* ---- the sft part of a loss ---------------------------------------------------------------------------- */

/* One step at rate 0: the model keeps its weights, and the step's gradient. */
static struct bco_train_metrics look(struct bco_model *model, const char *records, enum bco_loss loss,
                                     double sft_weight) {
    struct bco_error err = {0};
    struct bco_train_options o;
    struct bco_train_result result;
    static int runs;
    char out[96];
    struct bco_dataset *data = read_records(model, records, loss);
    snprintf(out, sizeof out, "%s/look-%d", folder, runs++);
    bco_train_defaults(&o);
    o.loss = loss;
    o.sft_weight = sft_weight;
    o.learning_rate = 0;
    o.steps = 1;
    o.batch = 12;
    o.micro_tokens = 200;
    o.order = BCO_ORDER_GIVEN;
    o.out = out;
    must(bco_train(model, data, NULL, &o, NULL, &result, &err), &err);
    bco_dataset_close(data);
    return result.last;
}

/* Moves the weights by `way` along `direction`. */
static void shift_weights(struct bco_model *model, float *const *direction, double way) {
    for (size_t i = 0; i < bco_model_parameter_count(model); i++) {
        struct bco_parameter p = bco_model_parameter(model, i);
        for (size_t k = 0; k < p.count; k++) p.weight[k] += (float)(way * direction[i][k]);
    }
}

/* d loss along the gradient is the gradient's norm. */
static void check_gradient(const char *records, enum bco_loss loss, double sft_weight) {
    struct bco_model *model = open_model(), *other = open_model();
    size_t count = bco_model_parameter_count(model);
    struct bco_train_metrics at = look(model, records, loss, sft_weight);
    float **gradient = malloc(count * sizeof *gradient);
    for (size_t i = 0; i < count; i++) gradient[i] = bco_model_parameter(model, i).gradient;
    double step = 2e-3, norm = at.gradient_norm;
    shift_weights(other, gradient, step / norm);
    double above = look(other, records, loss, sft_weight).loss;
    shift_weights(other, gradient, -2 * step / norm);
    double below = look(other, records, loss, sft_weight).loss;
    assert_near((above - below) / (2 * step), norm, 5e-3 * norm);
    free(gradient);
    bco_model_close(model);
    bco_model_close(other);
}

static void test_sft_weight(void **state) {
    (void)state;
    struct trace t = open_trace("bce"), pairs = open_trace("dpo");
    const struct {
        const struct trace *trace;
        enum bco_loss loss;
    } cases[] = {{&t, BCO_LOSS_BCO}, {&t, BCO_LOSS_SFT}, {&pairs, BCO_LOSS_DPO}, {&pairs, BCO_LOSS_NCA}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *records = write_records(cases[i].trace);
        struct bco_model *model = open_model();
        struct bco_train_metrics plain = look(model, records, cases[i].loss, 0),
                                 both = look(model, records, cases[i].loss, 0.5);
        assert_true(isnan(plain.sft_loss));
        assert_near(both.loss, plain.loss + 0.5 * both.sft_loss, 1e-12);
        if (cases[i].loss == BCO_LOSS_SFT) assert_near(both.sft_loss, plain.loss, 1e-12);
        if (cases[i].trace == &pairs) assert_near(both.sft_loss, look(model, records, BCO_LOSS_SFT, 0).loss, 1e-6);
        bco_model_close(model);
        check_gradient(records, cases[i].loss, 0.5);
    }
    yyjson_doc_free(t.doc);
    yyjson_doc_free(pairs.doc);
}

/* ---- samples of pairs and of others ---------------------------------------------------------------------- */

/* Record r is a pair where bit r % 5 of `pairs` is set; the reference of sample i is -i. */
static const char *write_mixed(size_t records, unsigned pairs) {
    const char *path = in_folder("mixed.jsonl");
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    for (size_t r = 0, i = 0; r < records; r++) {
        fprintf(file, "{\"prompt_ids\":[3,%zu],", 4 + r % 90);
        if (pairs >> r % 5 & 1) {
            fprintf(file, "\"chosen_ids\":[5,%zu,2],\"rejected_ids\":[6,%zu],", 7 + i % 80, 7 + (i + 1) % 80);
            fprintf(file, "\"ref_logp_chosen\":-%zu,\"ref_logp_rejected\":-%zu,\"weight\":%zu}\n", i, i + 1, 1 + r % 3);
            i += 2;
        } else {
            fprintf(file, "\"completion_ids\":[%zu],\"ref_logp\":-%zu,\"label\":%zu}\n", 7 + i % 80, i, i % 2);
            i++;
        }
    }
    assert_int_equal(fclose(file), 0);
    return path;
}

static void check_mixed(const struct bco_model *model, size_t records, unsigned pairs) {
    struct bco_dataset *data = read_records(model, write_mixed(records, pairs), BCO_LOSS_BCO);
    size_t i = 0;
    for (size_t r = 0; r < records; r++) {
        bool pair = pairs >> r % 5 & 1;
        for (size_t half = 0; half < 1 + (size_t)pair; half++, i++) {
            struct bco_dataset_sample s = bco_dataset_sample(data, i);
            int32_t ids[5];
            assert_true(s.ref_logp == -(double)i && s.second == (half == 1) && s.prompt_len == 2);
            assert_true(s.up == (pair ? half == 0 : i % 2 == 1) && s.weight == (pair ? 1 + (double)(r % 3) : 1));
            assert_int_equal(s.length, !pair ? 3 : half == 0 ? 5 : 4);
            must(bco_dataset_tokens(data, i, ids, NULL), NULL);
            assert_true(ids[1] == (int32_t)(4 + r % 90) && ids[pair ? 3 : 2] == (int32_t)(7 + i % 80));
        }
    }
    assert_int_equal(bco_dataset_size(data), i);
    bco_dataset_close(data);
}

static void test_mixed_samples(void **state) {
    (void)state;
    yyjson_doc_free(golden_open("golden/train/bce.json"));
    struct bco_model *model = open_model();
    const size_t records[] = {1, 5, 64, 65, 128, 700};
    const unsigned pairs[] = {0, 31, 1, 16, 22};
    for (size_t r = 0; r < 6; r++)
        for (size_t p = 0; p < 5; p++) check_mixed(model, records[r], pairs[p]);
    bco_model_close(model);
}

/* ---- a caller that stops the run ---------------------------------------------------------------------- */

struct stopper {
    uint64_t at;     /* the step that is answered with `next` */
    bool evaluation; /* or its evaluation */
    enum bco_train_next next;
    uint64_t steps, evaluations; /* the last ones seen */
    double loss;                 /* the sum of all */
};

static enum bco_train_next stop_at(void *user, const struct bco_train_metrics *m) {
    struct stopper *s = user;
    *(m->evaluation ? &s->evaluations : &s->steps) = m->step;
    s->loss += m->loss;
    return m->step == s->at && m->evaluation == s->evaluation ? s->next : BCO_TRAIN_GO_ON;
}

/* Six steps, evaluated at 3 and 6; into the folder `out`. */
static enum bco_code run_stopped(const char *records, const char *out, bool resume, struct stopper *stopper,
                                 struct bco_train_result *result, struct bco_error *err) {
    struct bco_train_options o;
    struct bco_model *model = open_model();
    struct bco_dataset *data = read_records(model, records, BCO_LOSS_BCO);
    char path[96];
    snprintf(path, sizeof path, "%s/%s", folder, out);
    bco_train_defaults(&o);
    o.learning_rate = 2e-4;
    o.batch = 8;
    o.steps = 6;
    o.eval_every = 3;
    o.resume = resume;
    o.out = path;
    o.on_metrics = stop_at;
    o.user = stopper;
    enum bco_code code = bco_train(model, data, data, &o, NULL, result, err);
    bco_dataset_close(data);
    bco_model_close(model);
    return code;
}

static bool exists(const char *name) {
    return access(in_folder(name), F_OK) == 0;
}

static void check_same(const char *a, const char *b) {
    char path[128];
    size_t count, other_count;
    snprintf(path, sizeof path, "%s", in_folder(a));
    char *x = read_whole(path, &count), *y = read_whole(in_folder(b), &other_count);
    assert_int_equal(count, other_count);
    assert_memory_equal(x, y, count);
    free(x);
    free(y);
}

/* LEAVE is an interruption, from a step or from an evaluation: what is resumed is the run that was not stopped. */
static void check_leaving(const char *records, bool evaluation) {
    struct bco_error err = {0};
    struct bco_train_result result;
    struct stopper whole = {.at = 0}, before = {.at = 3, .evaluation = evaluation, .next = BCO_TRAIN_LEAVE},
                   after = {.at = 0};
    must(run_stopped(records, "whole", false, &whole, NULL, &err), &err);
    assert_int_equal(run_stopped(records, "left", false, &before, NULL, &err), BCO_EINTERRUPTED);
    assert_string_equal(err.message, "interrupted, saved after step 3 of 6: --resume goes on");
    assert_true(before.steps == 3 && before.evaluations == (evaluation ? 3 : 0));
    assert_true(exists("left/checkpoints/step-0000000003.bco") && !exists("left/model.safetensors"));
    must(run_stopped(records, "left", true, &after, &result, &err), &err);
    assert_true(result.resumed_from == 3 && after.steps == 6 && after.evaluations == 6);
    assert_near(before.loss + after.loss, whole.loss, 1e-12);
    check_same("whole/model.safetensors", "left/model.safetensors");
    remove_tree(in_folder("whole"));
    remove_tree(in_folder("left"));
}

/* END ends the run well: evaluated once more, written, and nothing left to resume. */
static void check_ending(const char *records, bool evaluation) {
    struct bco_error err = {0};
    struct bco_train_result result;
    uint64_t at = evaluation ? 3 : 2;
    struct stopper stopper = {.at = at, .evaluation = evaluation, .next = BCO_TRAIN_END}, again = {.at = 0};
    must(run_stopped(records, "ended", false, &stopper, &result, &err), &err);
    assert_true(result.steps == at && stopper.steps == at && stopper.evaluations == at);
    assert_true(result.evaluation.step == at);
    assert_true(exists("ended/model.safetensors") && exists("ended/README.md"));
    must(run_stopped(records, "ended", true, &again, &result, &err), &err);
    assert_true(result.was_finished && again.steps == 0);
    remove_tree(in_folder("ended"));
}

static void test_caller_stops(void **state) {
    (void)state;
    struct trace t = open_trace("bce");
    char records[128];
    snprintf(records, sizeof records, "%s", write_records(&t));
    for (int evaluation = 0; evaluation < 2; evaluation++) {
        check_leaving(records, evaluation);
        check_ending(records, evaluation);
    }
    yyjson_doc_free(t.doc);
}

/* ---- the optimizer on a model ----------------------------------------------------------------------- */

static void test_weight_decay_on_matrices(void **state) {
    (void)state;
    yyjson_doc_free(golden_open("golden/train/bce.json"));
    struct bco_error err = {0};
    struct bco_model *model = open_model();
    struct bco_optimizer *optimizer;
    const struct bco_optimizer_options options = {.beta1 = 0.9, .beta2 = 0.999, .epsilon = 1e-8, .weight_decay = 0.5};
    must(bco_optimizer_open(&optimizer, model, &options, &err), &err);
    bco_model_zero_gradients(model);
    size_t count = bco_model_parameter_count(model), matrices = 0;
    float *before = malloc(count * sizeof *before);
    for (size_t i = 0; i < count; i++) before[i] = bco_model_parameter(model, i).weight[0];
    bco_optimizer_step(optimizer, 0.1, 0);
    for (size_t i = 0; i < count; i++) {
        struct bco_parameter p = bco_model_parameter(model, i);
        matrices += p.dims == 2;
        assert_near(p.weight[0], before[i] * (p.dims == 2 ? 0.95 : 1), 1e-6 * fabs(before[i]));
    }
    assert_true(matrices > 0 && matrices < count);
    free(before);
    bco_optimizer_close(optimizer);
    bco_model_close(model);
}

int main(void) {
#define WITH_FOLDER(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
    const struct CMUnitTest tests[] = {
        WITH_FOLDER(test_bco_ours),     WITH_FOLDER(test_bco_ours_late),
        WITH_FOLDER(test_bco_trl),      WITH_FOLDER(test_bce),
        WITH_FOLDER(test_sft),          WITH_FOLDER(test_dpo),
        WITH_FOLDER(test_ipo),          WITH_FOLDER(test_nca),
        WITH_FOLDER(test_lora),         WITH_FOLDER(test_kto),
        WITH_FOLDER(test_kto_clamp),    WITH_FOLDER(test_cuts),
        WITH_FOLDER(test_sft_weight),   WITH_FOLDER(test_mixed_samples),
        WITH_FOLDER(test_caller_stops), cmocka_unit_test(test_weight_decay_on_matrices),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
