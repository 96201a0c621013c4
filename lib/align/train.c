#include "align/plan.h"
#include "align/trainer.h"
#include "base/clock.h"
#include "base/fail.h"
#include "base/mem.h"
#include "base/rss.h"

#include <dirent.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void bco_train_defaults(struct bco_train_options *o) {
    *o = (struct bco_train_options){
        .loss = BCO_LOSS_BCO,
        .beta = 0.1,
        .up_weight = 1,
        .down_weight = 1,
        .shift = BCO_SHIFT_EMA,
        .shift_decay = 0.99,
        .epochs = 1,
        .batch = 32,
        .learning_rate = 5e-7,
        .schedule = BCO_SCHEDULE_LINEAR,
        .warmup = 0.1,
        .optimizer = {.beta1 = 0.9, .beta2 = 0.999, .epsilon = 1e-8, .clip = 1},
        .order = BCO_ORDER_SHUFFLE,
        .keep = 2,
    };
}

const char *bco_order_name(enum bco_order order) {
    static const char *const names[] = {"shuffle", "given", "prompts"};
    return (size_t)order < sizeof names / sizeof *names ? names[order] : NULL;
}

/* ---- what is asked for ---------------------------------------------------------------------- */

static enum bco_code check_options(const struct bco_train_options *o, struct bco_error *err) {
    if (!bco_loss_name(o->loss))
        return bco_fail(err, BCO_EUSAGE, "the trainer has no such loss: bco, bce, kto, dpo, ipo, nca or sft");
    if (bco_loss_is_paired(o->loss) && (o->up_weight != 1 || o->down_weight != 1))
        return bco_fail(err, BCO_EUSAGE, "class weights are for losses of single samples, and %s is one of pairs",
                        bco_loss_name(o->loss));
    if (o->loss == BCO_LOSS_SFT && o->down_weight != 1)
        return bco_fail(err, BCO_EUSAGE, "a weight of downs has no use: the loss sft learns from ups alone");
    if (!bco_order_name(o->order)) return bco_fail(err, BCO_EUSAGE, "there is no such order of records");
    if (o->batch == 0 || o->keep == 0 || (o->steps == 0 && !(o->epochs > 0)))
        return bco_fail(err, BCO_EUSAGE, "batch, keep, and steps or epochs must be above 0");
    return BCO_OK;
}

/* ---- the folder ------------------------------------------------------------------------ */

static bool is_empty(const char *folder, bool *readable) {
    const struct dirent *entry;
    DIR *d = opendir(folder);
    *readable = d != NULL;
    if (!d) return false;
    do entry = readdir(d);
    while (entry && (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0));
    closedir(d);
    return entry == NULL;
}

enum bco_code bco_train_prepare(const struct bco_train_options *o, bool *made, struct bco_error *err) {
    bool readable;
    if (made) *made = false;
    enum bco_code code = check_options(o, err);
    if (code != BCO_OK) return code;
    if (mkdir(o->out, 0777) == 0) {
        if (made) *made = true;
        return BCO_OK;
    }
    if (errno != EEXIST) return bco_fail_errno(err, o->out, "cannot make the folder");
    bool empty = is_empty(o->out, &readable);
    if (!readable) return bco_fail_errno(err, o->out, "cannot open the folder");
    if (access(o->out, W_OK) != 0) return bco_fail_errno(err, o->out, "cannot write into the folder");
    if (empty || o->resume) return BCO_OK;
    return bco_fail_at(err, BCO_EDATA, o->out, 0, NULL, "is there already and not empty; --resume goes on with a run");
}

/* ---- the plan ---------------------------------------------------------------------------- */

static enum bco_code check_classifier(const struct bco_trainer *t, struct bco_error *err) {
    const struct bco_train_options *o = t->options;
    if (!t->scores) return BCO_OK;
    if (o->loss != BCO_LOSS_BCO && o->loss != BCO_LOSS_BCE)
        return bco_fail(err, BCO_EUSAGE, "a classifier learns by the losses bco and bce, not by %s",
                        bco_loss_name(o->loss));
    if (o->sft_weight > 0) return bco_fail(err, BCO_EUSAGE, "a classifier has no log-probs: sft_weight must be 0");
    return BCO_OK;
}

static enum bco_code plan(struct bco_trainer *t, struct bco_error *err) {
    const struct bco_train_options *o = t->options;
    t->records = bco_dataset_counts(t->train).records;
    t->per_epoch = t->records / o->batch + (t->records % o->batch != 0);
    double steps = o->steps ? (double)o->steps : ceil(o->epochs * (double)t->per_epoch);
    if (steps > 0x1p53) return bco_fail(err, BCO_EUSAGE, "too many steps");
    t->steps = (uint64_t)steps;
    t->warmup = bco_schedule_warmup(o->warmup, t->steps);
    t->micro_tokens = o->micro_tokens;
    t->shift.rule = o->shift;
    t->shift.decay = o->shift_decay;
    t->patience.by_accuracy = o->stop_on_accuracy;
    if (o->stop_patience && !t->valid) return bco_fail(err, BCO_EUSAGE, "stop_patience needs records to evaluate on");
    t->order = bco_malloc((size_t)t->records, sizeof *t->order);
    t->checkpoints = bco_trainer_path(t, "checkpoints");
    if (!t->order || !t->checkpoints) return bco_fail_memory(err);
    enum bco_code code = o->order == BCO_ORDER_PROMPTS ? bco_trainer_find_prompts(t, err) : BCO_OK;
    return code == BCO_OK ? bco_plan_memory(t, err) : code;
}

/* ---- the loop ----------------------------------------------------------------------------- */

static enum bco_code report(struct bco_trainer *t, const struct bco_train_metrics *m, struct bco_error *err) {
    const struct bco_train_options *o = t->options;
    char text[512];
    *(m->evaluation ? &t->result->evaluation : &t->result->last) = *m;
    enum bco_code code = bco_metrics_write(&t->metrics, m, o->loss, err);
    if (code != BCO_OK) return code;
    const char *warning = bco_signs_watch(&t->signs, m, o, t->step <= t->warmup, text, sizeof text);
    if (warning) bco_trainer_warn(t, warning);
    enum bco_train_next next = o->on_metrics ? o->on_metrics(o->user, m) : BCO_TRAIN_GO_ON;
    if (t->next != BCO_TRAIN_END) t->next = next;
    if (t->watch && t->watch->progress) t->watch->progress(t->watch->user, t->step, t->steps, "steps");
    return BCO_OK;
}

static bool evaluation_due(const struct bco_trainer *t) {
    uint64_t every = t->options->eval_every ? t->options->eval_every : t->per_epoch;
    if (!t->valid || t->step == 0 || t->evaluated == t->step) return false;
    return t->step == t->steps || t->next == BCO_TRAIN_END || t->step % every == 0;
}

static enum bco_code evaluate(struct bco_trainer *t, struct bco_error *err) {
    struct bco_train_metrics metrics;
    enum bco_code code = bco_trainer_evaluate(t, &metrics, err);
    if (code != BCO_OK) return code;
    t->evaluated = t->step;
    bco_patience_take(&t->patience, t->model, &metrics);
    return report(t, &metrics, err);
}

static bool out_of_patience(const struct bco_trainer *t) {
    return t->options->stop_patience && t->patience.waited >= t->options->stop_patience;
}

static void say_stopped(const struct bco_trainer *t) {
    char text[160];
    snprintf(text, sizeof text,
             "step %llu: stopped, as the validation %s for %llu evaluations; step %llu's weights stay",
             (unsigned long long)t->step, t->patience.by_accuracy ? "accuracy has not risen" : "loss has not fallen",
             (unsigned long long)t->patience.waited, (unsigned long long)t->patience.best.step);
    bco_trainer_warn(t, text);
}

/* A checkpoint follows the step's evaluation, so that no run evaluates twice. */
static enum bco_code evaluate_and_save(struct bco_trainer *t, bool *done, struct bco_error *err) {
    const struct bco_train_options *o = t->options;
    enum bco_code code = evaluation_due(t) ? evaluate(t, err) : BCO_OK;
    if (code == BCO_OK && t->next == BCO_TRAIN_LEAVE) return BCO_EINTERRUPTED;
    *done = t->step == t->steps || t->next == BCO_TRAIN_END || out_of_patience(t);
    bool save = o->save_every && t->step > t->result->resumed_from && (t->step % o->save_every == 0 || *done);
    if (code == BCO_OK && save) code = bco_trainer_save(t, err);
    if (code == BCO_OK && t->step < t->steps && out_of_patience(t)) say_stopped(t);
    return code;
}

static enum bco_code advance(struct bco_trainer *t, bool *done, struct bco_error *err) {
    struct bco_train_metrics metrics;
    if (t->next == BCO_TRAIN_LEAVE) return BCO_EINTERRUPTED;
    enum bco_code code = evaluate_and_save(t, done, err);
    if (code != BCO_OK || *done) return code;
    code = bco_trainer_step(t, &metrics, err);
    return code == BCO_OK ? report(t, &metrics, err) : code;
}

static enum bco_code save_and_leave(struct bco_trainer *t, struct bco_error *err) {
    if (t->step == 0) return bco_fail(err, BCO_EINTERRUPTED, "interrupted before the first step: nothing to save");
    enum bco_code code = bco_trainer_save(t, err);
    if (code != BCO_OK) return code;
    return bco_fail(err, BCO_EINTERRUPTED, "interrupted, saved after step %llu of %llu: --resume goes on",
                    (unsigned long long)t->step, (unsigned long long)t->steps);
}

static enum bco_code loop(struct bco_trainer *t, struct bco_error *err) {
    enum bco_code code = BCO_OK;
    for (bool done = false; code == BCO_OK && !done;) code = advance(t, &done, err);
    return code == BCO_EINTERRUPTED ? save_and_leave(t, err) : code;
}

/* ---- the run ------------------------------------------------------------------------------- */

/* A warm-up's first rate is 0, as in transformers; with more steps than one the others are not. */
static void warn_of_no_rate(const struct bco_trainer *t) {
    if (t->steps == 1 && t->warmup > 0)
        bco_trainer_warn(t, "the only step is the first of the warm-up, whose rate is 0: nothing is learnt; --warmup 0 "
                            "begins with the full rate");
}

/* README.md is the mark of a finished run: away with it first, back as the last file. */
static enum bco_code begin(struct bco_trainer *t, uint64_t keep, struct bco_error *err) {
    char *card = bco_trainer_path(t, "README.md"), *metrics = bco_trainer_path(t, "metrics.jsonl");
    enum bco_code code = card && metrics ? BCO_OK : bco_fail_memory(err);
    if (code == BCO_OK && unlink(card) != 0 && errno != ENOENT) code = bco_fail_errno(err, card, "cannot remove");
    if (code == BCO_OK)
        code = bco_metrics_open(&t->metrics, t->options->metrics ? t->options->metrics : metrics, keep, err);
    free(card);
    free(metrics);
    return code;
}

/* What cannot be written as it was asked for is not lost. */
static enum bco_code save_model(struct bco_trainer *t, struct bco_error *err) {
    enum bco_code code = bco_model_save_as(t->model, t->options->out, t->options->dtype, err);
    if (code == BCO_EDATA && bco_trainer_save(t, NULL) == BCO_OK)
        bco_trainer_warn(t, "the run is saved: --resume with another --dtype writes its model");
    return code;
}

static enum bco_code finish(struct bco_trainer *t, struct bco_error *err) {
    enum bco_code code = bco_metrics_sync(&t->metrics, err);
    t->result->steps = t->step;
    t->result->kept = t->patience.best.step;
    if (t->patience.best.step > 0) t->result->evaluation = t->patience.best;
    bco_patience_restore(&t->patience, t->model);
    if (code == BCO_OK) code = save_model(t, err);
    return code == BCO_OK ? bco_trainer_write_card(t, err) : code;
}

static enum bco_code run(struct bco_trainer *t, bool *made, struct bco_error *err) {
    uint64_t keep = 0;
    enum bco_code code = bco_train_prepare(t->options, made, err);
    if (code == BCO_OK) code = check_classifier(t, err);
    if (code == BCO_OK) code = plan(t, err);
    if (code == BCO_OK) code = bco_optimizer_open(&t->optimizer, t->model, &t->options->optimizer, err);
    t->result->steps = t->steps;
    if (code == BCO_OK && t->options->stop_patience) code = bco_patience_open(&t->patience, t->model, err);
    if (code == BCO_OK && t->options->resume) code = bco_trainer_resume(t, &keep, err);
    if (code != BCO_OK || t->result->was_finished) return code;
    if (t->options->on_memory) t->options->on_memory(t->options->user, &t->memory);
    warn_of_no_rate(t);
    code = begin(t, keep, err);
    if (code == BCO_OK) code = loop(t, err);
    return code == BCO_OK ? finish(t, err) : code;
}

enum bco_code bco_train(struct bco_model *model, const struct bco_dataset *train, const struct bco_dataset *valid,
                        const struct bco_train_options *options, const struct bco_watch *watch,
                        struct bco_train_result *result, struct bco_error *err) {
    struct bco_train_result own;
    struct bco_trainer t = {
        .model = model,
        .train = train,
        .valid = valid,
        .options = options,
        .watch = watch,
        .result = result ? result : &own,
        .metrics.fd = -1,
        .scores = bco_model_is_classifier(model),
        .beta = bco_model_is_classifier(model) ? 1 : options->beta,
    };
    bool made;
    *t.result = (struct bco_train_result){0};
    enum bco_code code = run(&t, &made, err);
    t.result->memory = t.memory;
    t.result->memory_peak = bco_memory_peak();
    if (code != BCO_OK && t.step == 0 && !options->metrics) bco_metrics_withdraw(&t.metrics);
    bco_metrics_close(&t.metrics);
    if (code != BCO_OK && made) rmdir(options->out);
    bco_optimizer_close(t.optimizer);
    bco_micro_free(&t.micro);
    bco_patience_close(&t.patience);
    free(t.checkpoints);
    free(t.order);
    free(t.prompts);
    free(t.chosen);
    return code;
}
