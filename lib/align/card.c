#include "align/trainer.h"
#include "base/fail.h"
#include "base/mem.h"
#include "nn/adapter.h"
#include "stream/output.h"

#include <bco/bco.h>
#include <inttypes.h>
#include <math.h>
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
    static const char *const orders[] = {"shuffled", "given", "by shuffled prompts"};
    const struct bco_train_options *o = t->options;
    bco_buf_str(b, "\n## Training\n| setting | value |\n|---|---|\n");
    bco_buf_printf(b, "| loss | %s |\n", bco_loss_name(o->loss));
    write_adapter(b, t->model);
    if (o->loss != BCO_LOSS_SFT && !t->scores) row(b, "beta", o->beta);
    if (o->sft_weight > 0) row(b, "SFT weight", o->sft_weight);
    if (o->loss == BCO_LOSS_BCO) bco_buf_printf(b, "| reward shift | %s |\n", bco_shift_name(o->shift));
    if (o->loss == BCO_LOSS_BCO && o->shift == BCO_SHIFT_EMA) row(b, "shift decay", o->shift_decay);
    if (o->up_weight != 1) row(b, "weight of ups", o->up_weight);
    if (o->down_weight != 1) row(b, "weight of downs", o->down_weight);
    row(b, "learning rate", o->learning_rate);
    bco_buf_printf(b, "| schedule | %s, %" PRIu64 " step%s of warm-up |\n", bco_schedule_name(o->schedule), t->warmup,
                   t->warmup == 1 ? "" : "s");
    bco_buf_printf(b, "| optimizer | AdamW (%g, %g, %g), weight decay %g, clip %g |\n", o->optimizer.beta1,
                   o->optimizer.beta2, o->optimizer.epsilon, o->optimizer.weight_decay, o->optimizer.clip);
    bco_buf_printf(b, "| steps | %" PRIu64 " of %zu records |\n", t->step, o->batch);
    if (t->patience.best.step > 0)
        bco_buf_printf(b, "| weights kept | of step %" PRIu64 ", the %s |\n", t->patience.best.step,
                       t->patience.by_accuracy ? "highest held-out accuracy" : "lowest held-out loss");
    bco_buf_printf(b, "| seed | %" PRIu64 ", order %s |\n", o->seed, orders[o->order]);
    bco_buf_printf(b, "| precision | %s |\n",
                   bco_model_precision(t->model) == BCO_PRECISION_BF16 ? "float32, products in bfloat16" : "float32");
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

/* What was not there to be measured has no row. */
static void measured(struct bco_buf *b, const char *name, double x) {
    if (!isnan(x)) row(b, name, x);
}

static void write_metrics(struct bco_buf *b, const struct bco_trainer *t, const struct bco_train_metrics *m) {
    bco_buf_str(b, "| metric | value |\n|---|---|\n");
    row(b, "loss", m->loss);
    measured(b, "SFT loss", m->sft_loss);
    if (t->options->loss == BCO_LOSS_SFT) return;
    measured(b, "rewards, up", m->rewards_up);
    measured(b, "rewards, down", m->rewards_down);
    measured(b, "margin", m->rewards_up - m->rewards_down);
    measured(b, "accuracy", m->accuracy);
    if (m->evaluation) measured(b, "AUC", m->auc);
    measured(b, "delta", m->delta);
    measured(b, "KL", m->kl);
}

static void write_result(struct bco_buf *b, const struct bco_trainer *t) {
    const struct bco_train_metrics *last = &t->result->last, *held_out = &t->result->evaluation;
    if (last->step > 0) {
        bco_buf_printf(b, "\n## Step %" PRIu64 ", before its update\n", last->step);
        write_metrics(b, t, last);
    }
    if (held_out->step > 0) {
        bco_buf_printf(b, "\n## Held-out records, after step %" PRIu64 "\n", held_out->step);
        write_metrics(b, t, held_out);
    }
    if (t->options->command) bco_buf_printf(b, "\n## Command\n```sh\n%s\n```\n", t->options->command);
}

static void write_front_matter(struct bco_buf *b, const struct bco_trainer *t) {
    const char *name = t->options->name;
    bool adapter = t->model->lora.rank > 0;
    bco_buf_printf(b, "---\nlibrary_name: %s\n", adapter ? "peft" : "transformers");
    bco_buf_printf(b, "pipeline_tag: %s\n", t->scores ? "text-classification" : "text-generation");
    if (name) {
        bco_buf_str(b, "base_model: ");
        bco_buf_json_string(b, name, strlen(name));
        bco_buf_printf(b, "\nbase_model_relation: %s\n", adapter ? "adapter" : "finetune");
    }
    bco_buf_printf(b, "tags:\n- %s\n", bco_loss_name(t->options->loss));
    if (adapter) bco_buf_str(b, "- lora\n");
    if (t->scores) bco_buf_str(b, "- reward-model\n");
    bco_buf_str(b, "---\n");
}

static void write_card(struct bco_buf *b, const struct bco_trainer *t) {
    write_front_matter(b, t);
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
