#include "align/plan.h"
#include "align/trainer.h"
#include "base/fail.h"
#include "base/mem.h"
#include "nn/adapter.h"

#include <inttypes.h>
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yyjson.h>

/* ---- settings: what must be the same when a run goes on ------------------------------- */

enum { MOST_SETTINGS = 32, SETTING_SIZE = 160 };

struct settings {
    size_t count;
    struct {
        const char *name;
        char text[SETTING_SIZE];
    } list[MOST_SETTINGS];
};

static void add_text(struct settings *s, const char *name, const char *text) {
    s->list[s->count].name = name;
    snprintf(s->list[s->count++].text, SETTING_SIZE, "%s", text);
}

static void add_number(struct settings *s, const char *name, double x) {
    struct bco_buf text = {0};
    bco_buf_double(&text, x);
    add_text(s, name, text.failed ? "" : text.data);
    bco_buf_free(&text);
}

static void add_count(struct settings *s, const char *name, uint64_t n) {
    char text[SETTING_SIZE];
    snprintf(text, sizeof text, "%" PRIu64, n);
    add_text(s, name, text);
}

static void add_mark(struct settings *s, const char *name, uint64_t fingerprint) {
    char text[SETTING_SIZE];
    snprintf(text, sizeof text, "%016" PRIx64, fingerprint);
    add_text(s, name, text);
}

static void add_adapter(struct settings *s, const struct bco_model *model) {
    struct bco_buf text = {0};
    if (!model->lora.rank) return;
    bco_buf_printf(&text, "%zu:", model->lora.rank);
    bco_buf_double(&text, model->lora.alpha);
    add_text(s, "--lora", text.failed ? "" : text.data);
    bco_buf_clear(&text);
    bco_adapter_targets(model, &text);
    add_text(s, "--lora-targets", text.failed ? "" : text.data);
    bco_buf_free(&text);
}

/* In the order in which a change is told: what decides the weights that are drawn comes before the model they make. */
static struct settings settings_of(const struct bco_trainer *t) {
    const struct bco_train_options *o = t->options;
    struct settings s = {0};
    add_count(&s, "--seed", o->seed);
    add_adapter(&s, t->model);
    if (t->scores) add_text(&s, "--head", "yes");
    if (bco_model_precision(t->model) == BCO_PRECISION_BF16) add_text(&s, "--precision", "bf16");
    add_mark(&s, "the model", bco_model_fingerprint(t->model));
    add_mark(&s, "the records", bco_dataset_fingerprint(t->train));
    add_text(&s, "--loss", bco_loss_name(o->loss));
    add_number(&s, "--beta", o->beta);
    add_number(&s, "--up-weight", o->up_weight);
    add_number(&s, "--down-weight", o->down_weight);
    add_number(&s, "--sft-weight", o->sft_weight);
    add_text(&s, "--shift", bco_shift_name(o->shift));
    add_number(&s, "--shift-decay", o->shift_decay);
    add_count(&s, "--batch", o->batch);
    add_count(&s, "--micro-tokens", t->micro_tokens);
    if (o->micro_records) add_count(&s, "--micro-records", o->micro_records);
    add_number(&s, "--lr", o->learning_rate);
    add_text(&s, "--schedule", bco_schedule_name(o->schedule));
    add_count(&s, "--warmup (steps)", t->warmup);
    add_number(&s, "--weight-decay", o->optimizer.weight_decay);
    add_number(&s, "--adam-betas (first)", o->optimizer.beta1);
    add_number(&s, "--adam-betas (second)", o->optimizer.beta2);
    add_number(&s, "--adam-eps", o->optimizer.epsilon);
    add_number(&s, "--clip", o->optimizer.clip);
    add_text(&s, "--order", bco_order_name(o->order));
    add_count(&s, "--stop-patience", o->stop_patience);
    if (o->stop_patience) add_text(&s, "--stop-on", o->stop_on_accuracy ? "accuracy" : "loss");
    if (o->stop_patience) add_mark(&s, "the validation records", bco_dataset_fingerprint(t->valid));
    return s;
}

/* ---- the state as JSON ------------------------------------------------------------------- */

static void field(struct bco_buf *b, const char *name) {
    bool first = b->length > 0 && b->data[b->length - 1] == '{';
    bco_buf_printf(b, "%s\"%s\":", first ? "" : ",", name);
}

static void put_count(struct bco_buf *b, const char *name, uint64_t n) {
    field(b, name);
    bco_buf_printf(b, "%" PRIu64, n);
}

static void put_number(struct bco_buf *b, const char *name, double x) {
    field(b, name);
    bco_buf_double(b, x);
}

static void put_settings(struct bco_buf *b, const struct settings *s) {
    field(b, "settings");
    bco_buf_char(b, '{');
    for (size_t i = 0; i < s->count; i++) {
        field(b, s->list[i].name);
        bco_buf_json_string(b, s->list[i].text, strlen(s->list[i].text));
    }
    bco_buf_char(b, '}');
}

static void put_shift(struct bco_buf *b, const struct bco_shift *s) {
    field(b, "shift");
    bco_buf_char(b, '{');
    put_number(b, "mean_up", s->mean_up);
    put_number(b, "mean_down", s->mean_down);
    put_count(b, "steps_up", s->steps_up);
    put_count(b, "steps_down", s->steps_down);
    put_number(b, "mean", s->mean);
    put_number(b, "weight", s->weight);
    bco_buf_char(b, '}');
}

static void put_list(struct bco_buf *b, const char *name, const double *x) {
    field(b, name);
    for (size_t i = 0; i < BCO_SIGNS_EVALUATIONS; i++) {
        bco_buf_char(b, i ? ',' : '[');
        bco_buf_double(b, x[i]);
    }
    bco_buf_char(b, ']');
}

static void put_signs(struct bco_buf *b, const struct bco_signs *s) {
    field(b, "signs");
    bco_buf_char(b, '{');
    put_count(b, "still", s->still);
    put_count(b, "steps", s->steps);
    put_number(b, "per_token", s->per_token);
    put_number(b, "loss_sum", s->loss_sum);
    put_count(b, "loss_steps", s->loss_steps);
    put_count(b, "evaluations", s->evaluations);
    put_list(b, "losses", s->losses);
    put_list(b, "accuracies", s->accuracies);
    put_count(b, "said", (uint64_t)s->said_still | (uint64_t)s->said_runaway << 1 | (uint64_t)s->said_flat << 2);
    bco_buf_char(b, '}');
}

/* What a step or an evaluation showed, but for its clock. */
static const struct {
    const char *name;
    size_t offset;
} shown[] = {
#define SHOWN(member)                                                                                                  \
    { #member, offsetof(struct bco_train_metrics, member) }
    SHOWN(loss),         SHOWN(delta),    SHOWN(rewards_up), SHOWN(rewards_down),
    SHOWN(accuracy),     SHOWN(auc),      SHOWN(logps_up),   SHOWN(logps_down),
    SHOWN(sft_loss),     SHOWN(kl),       SHOWN(z),          SHOWN(up_logratio_per_token),
    SHOWN(error_term),   SHOWN(shift_up), SHOWN(shift_down), SHOWN(gradient_norm),
    SHOWN(learning_rate)};

enum { SHOWN_COUNT = sizeof shown / sizeof *shown };

static void put_metrics(struct bco_buf *b, const char *name, const struct bco_train_metrics *m) {
    field(b, name);
    bco_buf_char(b, '{');
    put_count(b, "step", m->step);
    put_count(b, "up", m->up);
    put_count(b, "down", m->down);
    put_count(b, "tokens", m->tokens);
    for (size_t i = 0; i < SHOWN_COUNT; i++) {
        double x;
        memcpy(&x, (const char *)m + shown[i].offset, sizeof x);
        put_number(b, shown[i].name, x);
    }
    bco_buf_char(b, '}');
}

static void put_state(struct bco_buf *b, const struct bco_trainer *t) {
    const struct settings settings = settings_of(t);
    bco_buf_char(b, '{');
    put_count(b, "step", t->step);
    put_count(b, "steps", t->steps);
    put_count(b, "evaluated", t->evaluated);
    put_count(b, "metrics", t->metrics.length);
    put_count(b, "optimizer_steps", bco_optimizer_steps(t->optimizer));
    put_settings(b, &settings);
    put_shift(b, &t->shift);
    put_signs(b, &t->signs);
    put_count(b, "waited", t->patience.waited);
    put_metrics(b, "best", &t->patience.best);
    put_metrics(b, "last", &t->result->last);
    put_metrics(b, "evaluation", &t->result->evaluation);
    bco_buf_char(b, '}');
}

/* ---- and back -------------------------------------------------------------------------------- */

static double get_number(yyjson_val *object, const char *name) {
    yyjson_val *value = yyjson_obj_get(object, name);
    return yyjson_is_num(value) ? yyjson_get_num(value) : NAN;
}

static uint64_t get_count(yyjson_val *object, const char *name) {
    return yyjson_get_uint(yyjson_obj_get(object, name));
}

static void get_list(yyjson_val *object, const char *name, double *x) {
    yyjson_val *list = yyjson_obj_get(object, name);
    for (size_t i = 0; i < BCO_SIGNS_EVALUATIONS; i++) {
        yyjson_val *value = yyjson_arr_get(list, i);
        x[i] = yyjson_is_num(value) ? yyjson_get_num(value) : NAN;
    }
}

static void get_metrics(struct bco_train_metrics *m, const struct bco_trainer *t, yyjson_val *saved, bool evaluation) {
    *m = (struct bco_train_metrics){.step = get_count(saved, "step"), .evaluation = evaluation, .scores = t->scores};
    m->up = get_count(saved, "up");
    m->down = get_count(saved, "down");
    m->tokens = get_count(saved, "tokens");
    for (size_t i = 0; i < SHOWN_COUNT; i++) {
        double x = get_number(saved, shown[i].name);
        memcpy((char *)m + shown[i].offset, &x, sizeof x);
    }
}

static void get_state(struct bco_trainer *t, yyjson_val *root) {
    yyjson_val *shift = yyjson_obj_get(root, "shift"), *signs = yyjson_obj_get(root, "signs");
    uint64_t said = get_count(signs, "said");
    t->evaluated = get_count(root, "evaluated");
    bco_optimizer_set_steps(t->optimizer, get_count(root, "optimizer_steps"));
    t->shift.mean_up = get_number(shift, "mean_up");
    t->shift.mean_down = get_number(shift, "mean_down");
    t->shift.steps_up = get_count(shift, "steps_up");
    t->shift.steps_down = get_count(shift, "steps_down");
    t->shift.mean = get_number(shift, "mean");
    t->shift.weight = get_number(shift, "weight");
    t->patience.waited = get_count(root, "waited");
    get_metrics(&t->patience.best, t, yyjson_obj_get(root, "best"), true);
    get_metrics(&t->result->last, t, yyjson_obj_get(root, "last"), false);
    get_metrics(&t->result->evaluation, t, yyjson_obj_get(root, "evaluation"), true);
    t->signs.still = get_count(signs, "still");
    t->signs.steps = get_count(signs, "steps");
    t->signs.per_token = get_number(signs, "per_token");
    t->signs.loss_sum = get_number(signs, "loss_sum");
    t->signs.loss_steps = get_count(signs, "loss_steps");
    t->signs.evaluations = get_count(signs, "evaluations");
    get_list(signs, "losses", t->signs.losses);
    get_list(signs, "accuracies", t->signs.accuracies);
    t->signs.said_still = said & 1;
    t->signs.said_runaway = said >> 1 & 1;
    t->signs.said_flat = said >> 2 & 1;
}

/* More steps are harmless where no learning rate of an earlier step depends on how many there are. */
static enum bco_code check_steps(const struct bco_trainer *t, uint64_t step, uint64_t steps, struct bco_error *err) {
    if (steps == t->steps || (t->options->schedule == BCO_SCHEDULE_CONSTANT && t->steps >= step)) return BCO_OK;
    return bco_fail_at(err, BCO_EDATA, t->checkpoints, 0, NULL,
                       "cannot resume with another --steps or --epochs: %" PRIu64 " steps, were %" PRIu64 "%s",
                       t->steps, steps, t->steps < step ? "" : " (only --schedule constant can)");
}

static void say_steps(const struct bco_trainer *t, uint64_t steps) {
    char text[160];
    if (steps == t->steps) return;
    snprintf(text, sizeof text, "resuming with another --steps or --epochs: %" PRIu64 " steps, were %" PRIu64, t->steps,
             steps);
    bco_trainer_warn(t, text);
}

static enum bco_code another(const struct bco_trainer *t, const char *name, const char *now, const char *was,
                             struct bco_error *err) {
    return bco_fail_at(err, BCO_EDATA, t->checkpoints, 0, NULL, "cannot resume with another %s: %s, was %s",
                       strncmp(name, "the ", 4) == 0 ? name + 4 : name, now ? now : "not there",
                       was ? was : "not there");
}

static const char *find_setting(const struct settings *s, const char *name) {
    for (size_t i = 0; i < s->count; i++)
        if (strcmp(s->list[i].name, name) == 0) return s->list[i].text;
    return NULL;
}

static enum bco_code check_settings(const struct bco_trainer *t, yyjson_val *saved, struct bco_error *err) {
    const struct settings now = settings_of(t);
    yyjson_val *key, *value;
    size_t k, n;
    yyjson_obj_foreach(saved, k, n, key, value) if (!find_setting(&now, yyjson_get_str(key))) return another(
        t, yyjson_get_str(key), NULL, yyjson_get_str(value), err);
    for (size_t i = 0; i < now.count; i++) {
        const char *was = yyjson_get_str(yyjson_obj_get(saved, now.list[i].name));
        if (!was || strcmp(was, now.list[i].text) != 0) return another(t, now.list[i].name, now.list[i].text, was, err);
    }
    return BCO_OK;
}

/* ---- saving and resuming ---------------------------------------------------------------------- */

/* Weights and both moments of every parameter, in the model's order, and the best weights where they are kept. */
static struct bco_part *parts_of(const struct bco_trainer *t, size_t *count) {
    size_t parameters = bco_model_parameter_count(t->model);
    struct bco_part *parts = bco_malloc(parameters * 4, sizeof *parts);
    *count = 0;
    for (size_t i = 0; parts && i < parameters; i++) {
        struct bco_parameter p = bco_model_parameter(t->model, i);
        struct bco_moments m = bco_optimizer_moments(t->optimizer, i);
        size_t bytes = p.count * sizeof(float);
        parts[(*count)++] = (struct bco_part){p.weight, bytes};
        parts[(*count)++] = (struct bco_part){m.first, bytes};
        parts[(*count)++] = (struct bco_part){m.second, bytes};
        if (t->patience.weights) parts[(*count)++] = (struct bco_part){t->patience.weights[i], bytes};
    }
    return parts;
}

enum bco_code bco_trainer_save(struct bco_trainer *t, struct bco_error *err) {
    struct bco_buf state = {0};
    size_t count;
    struct bco_part *parts = parts_of(t, &count);
    put_state(&state, t);
    enum bco_code code = parts && !state.failed ? bco_metrics_sync(&t->metrics, err) : bco_fail_memory(err);
    struct bco_checkpoint checkpoint = {state.data, state.length, parts, count};
    if (code == BCO_OK) code = bco_checkpoint_save(t->checkpoints, t->step, &checkpoint, t->options->keep, err);
    bco_buf_free(&state);
    free(parts);
    return code;
}

/* A step's rounding depends on how it is cut: a run that was not told how goes on with the cut it began with, whatever
 * memory is free now. */
static enum bco_code keep_cut(struct bco_trainer *t, yyjson_val *settings, struct bco_error *err) {
    const char *was = yyjson_get_str(yyjson_obj_get(settings, "--micro-tokens"));
    size_t tokens = was ? (size_t)strtoull(was, NULL, 10) : 0;
    if (t->options->micro_tokens || tokens == 0 || tokens == t->micro_tokens) return BCO_OK;
    t->micro_tokens = tokens;
    return bco_plan_memory(t, err);
}

static enum bco_code take_checkpoint(struct bco_trainer *t, uint64_t step, yyjson_val *root, struct bco_error *err) {
    size_t count;
    struct bco_part *parts;
    uint64_t steps = get_count(root, "steps");
    enum bco_code code = check_steps(t, step, steps, err);
    if (code == BCO_OK) code = keep_cut(t, yyjson_obj_get(root, "settings"), err);
    if (code == BCO_OK) code = check_settings(t, yyjson_obj_get(root, "settings"), err);
    if (code != BCO_OK) return code;
    say_steps(t, steps);
    if (steps == t->steps && bco_trainer_finished(t)) {
        t->result->was_finished = true;
        return BCO_OK;
    }
    parts = parts_of(t, &count);
    code = parts ? bco_checkpoint_read(t->checkpoints, step, parts, count, err) : bco_fail_memory(err);
    free(parts);
    if (code != BCO_OK) return code;
    get_state(t, root);
    t->step = t->result->resumed_from = step;
    return BCO_OK;
}

enum bco_code bco_trainer_resume(struct bco_trainer *t, uint64_t *metrics, struct bco_error *err) {
    uint64_t step;
    char *state;
    *metrics = 0;
    enum bco_code code = bco_checkpoint_find(t->checkpoints, &step, &state, t->watch, err);
    if (code != BCO_OK) return code;
    if (step == 0) {
        t->result->was_finished = bco_trainer_finished(t);
        if (!t->result->was_finished) bco_trainer_warn(t, "nothing to resume: starting from the first step");
        return BCO_OK;
    }
    yyjson_read_err why = {0};
    yyjson_doc *doc = yyjson_read_opts(state, strlen(state), 0, NULL, &why);
    yyjson_val *root = yyjson_doc_get_root(doc);
    if (why.code == YYJSON_READ_ERROR_MEMORY_ALLOCATION)
        code = bco_fail_memory(err);
    else
        code = root ? take_checkpoint(t, step, root, err)
                    : bco_fail_at(err, BCO_EDATA, t->checkpoints, 0, NULL, "a checkpoint's state cannot be read");
    *metrics = get_count(root, "metrics");
    yyjson_doc_free(doc);
    free(state);
    return code;
}
