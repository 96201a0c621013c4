#include "align/trainer.h"
#include "base/fail.h"
#include "base/mem.h"
#include "nn/adapter.h"
#include "stream/output.h"

#include <bco/bco.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

static const char card_name[] = "README.md";

char *bco_trainer_path(const struct bco_trainer *t, const char *name) {
    struct bco_buf path = {0};
    bco_buf_printf(&path, "%s/%s", t->options->out, name);
    char *copy = path.failed ? NULL : bco_strndup(path.data, path.length);
    bco_buf_free(&path);
    return copy;
}

bool bco_trainer_finished(const struct bco_trainer *t) {
    char *path = bco_trainer_path(t, card_name);
    bool there = path && access(path, F_OK) == 0;
    free(path);
    return there;
}

static void row(struct bco_buf *b, const char *name, double x) {
    bco_buf_printf(b, "| %s | ", name);
    bco_buf_double(b, x);
    bco_buf_str(b, " |\n");
}

static void write_adapter(struct bco_buf *b, const struct bco_model *model) {
    if (!model->lora.rank) return;
    bco_buf_printf(b, "| LoRA | rank %zu, alpha %g, on ", model->lora.rank, model->lora.alpha);
    bco_adapter_targets(model, b);
    bco_buf_str(b, " |\n");
}

static void write_settings(struct bco_buf *b, const struct bco_trainer *t) {
    const struct bco_train_options *o = t->options;
    bco_buf_str(b, "\n## Training\n| setting | value |\n|---|---|\n");
    bco_buf_printf(b, "| loss | %s |\n", bco_loss_name(o->loss));
    write_adapter(b, t->model);
    if (o->loss != BCO_LOSS_SFT && !t->scores) row(b, "beta", o->beta);
    if (o->sft_weight > 0) row(b, "SFT weight", o->sft_weight);
    if (o->loss == BCO_LOSS_BCO) bco_buf_printf(b, "| reward shift | %s |\n", bco_shift_name(o->shift));
    if (o->loss == BCO_LOSS_BCO && o->shift == BCO_SHIFT_EMA) row(b, "shift decay", o->shift_decay);
    row(b, "learning rate", o->learning_rate);
    bco_buf_printf(b, "| schedule | %s, %" PRIu64 " steps of warm-up |\n", bco_schedule_name(o->schedule), t->warmup);
    bco_buf_printf(b, "| optimizer | AdamW (%g, %g, %g), weight decay %g, clip %g |\n", o->optimizer.beta1,
                   o->optimizer.beta2, o->optimizer.epsilon, o->optimizer.weight_decay, o->optimizer.clip);
    bco_buf_printf(b, "| steps | %" PRIu64 " of %zu records |\n", t->step, o->batch);
    if (t->patience.best.step > 0)
        bco_buf_printf(b, "| weights kept | of step %" PRIu64 ", the %s |\n", t->patience.best.step,
                       t->patience.by_accuracy ? "highest held-out accuracy" : "lowest held-out loss");
    bco_buf_printf(b, "| seed | %" PRIu64 " |\n", o->seed);
    bco_buf_str(b, "| precision | float32 |\n");
}

static void write_data(struct bco_buf *b, const struct bco_trainer *t) {
    struct bco_dataset_counts n = bco_dataset_counts(t->train);
    bco_buf_printf(b,
                   "\n## Data\n%" PRIu64 " records: %" PRIu64 " completions with thumbs up, %" PRIu64
                   " with thumbs down, %" PRIu64 " tokens.\n",
                   n.records, n.up, n.down, n.tokens);
    if (!t->valid) return;
    n = bco_dataset_counts(t->valid);
    bco_buf_printf(b, "Held out: %" PRIu64 " records, %" PRIu64 " up and %" PRIu64 " down.\n", n.records, n.up, n.down);
}

static void write_result(struct bco_buf *b, const struct bco_trainer *t) {
    const struct bco_train_metrics *m = &t->result->evaluation;
    if (m->step == 0) return;
    bco_buf_str(b, "\n## Held-out records at the end\n| metric | value |\n|---|---|\n");
    row(b, "loss", m->loss);
    if (t->options->loss == BCO_LOSS_SFT) return;
    row(b, "rewards, up", m->rewards_up);
    row(b, "rewards, down", m->rewards_down);
    row(b, "accuracy", m->accuracy);
    row(b, "AUC", m->auc);
}

static void write_card(struct bco_buf *b, const struct bco_trainer *t) {
    const char *name = t->options->name;
    bco_buf_printf(b, "---\nlibrary_name: %s\n", t->model->lora.rank ? "peft" : "transformers");
    if (name) {
        bco_buf_str(b, "base_model: ");
        bco_buf_json_string(b, name, strlen(name));
        bco_buf_char(b, '\n');
    }
    bco_buf_printf(b, "tags:\n- %s\n---\n", bco_loss_name(t->options->loss));
    if (t->scores)
        bco_buf_str(b, "# A reward model\nA classifier with one label, trained on thumbs-up and thumbs-down feedback "
                       "by bco-train");
    else if (t->options->loss == BCO_LOSS_SFT)
        bco_buf_str(b, "# A fine-tuned model\nTrained on completions by bco-train");
    else
        bco_buf_str(b, "# An aligned model\nAligned from thumbs-up and thumbs-down feedback by bco-train");
    bco_buf_printf(b, " %s;\n`metrics.jsonl` has every step.\n", bco_version());
    write_settings(b, t);
    write_data(b, t);
    write_result(b, t);
}

enum bco_code bco_trainer_write_card(const struct bco_trainer *t, struct bco_error *err) {
    struct bco_output *output = NULL;
    struct bco_buf text = {0};
    char *path = bco_trainer_path(t, card_name);
    write_card(&text, t);
    enum bco_code code = path && !text.failed ? bco_output_open(&output, path, err) : bco_fail_memory(err);
    if (code == BCO_OK) code = bco_output_write(output, text.data, text.length, err);
    if (code == BCO_OK)
        code = bco_output_close(output, err);
    else
        bco_output_discard(output);
    bco_buf_free(&text);
    free(path);
    return code;
}
