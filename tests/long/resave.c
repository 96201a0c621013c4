/* usage: resave MODEL OUT f32|bf16|f16 [ADAPTER|lora|head]: what is written is for other programs to read.
 * lora and head make a new adapter (with something in B) and a new head. Prints the scores of some ids of a classifier.
 */
#include <bco/model.h>

#include <stdio.h>
#include <string.h>

static void fill_adapter(struct bco_model *model) {
    for (size_t i = 0; i < bco_model_parameter_count(model); i++) {
        struct bco_parameter p = bco_model_parameter(model, i);
        for (size_t k = 0; k < p.count; k++) p.weight[k] = 0.01f * (float)((k * 7 + i) % 11) - 0.05f;
    }
}

static enum bco_code print_score(struct bco_model *model, struct bco_error *err) {
    const int32_t ids[] = {5, 9, 17, 4, 33};
    const size_t starts[] = {0, 5};
    double score;
    if (!bco_model_is_classifier(model)) return BCO_OK;
    enum bco_code code = bco_model_score(model, &(struct bco_batch){1, starts, ids, NULL}, &score, err);
    if (!code) printf("%.9g\n", score);
    return code;
}

int main(int argc, char **argv) {
    const char *extra = argc > 4 ? argv[4] : "";
    bool lora = strcmp(extra, "lora") == 0, head = strcmp(extra, "head") == 0;
    struct bco_model_options options = {.trainable = lora || head, .head = head, .seed = 3, .lora_alpha = 6};
    struct bco_model *model;
    struct bco_error err;
    char text[2048];
    if (argc < 4) return 2;
    if (lora) options.lora_rank = 3;
    if (extra[0] && !lora && !head) options.adapter = extra;
    enum bco_dtype dtype = argv[3][0] == 'b'             ? BCO_DTYPE_BF16
                           : strcmp(argv[3], "f16") == 0 ? BCO_DTYPE_F16
                                                         : BCO_DTYPE_F32;
    enum bco_code code = bco_model_open(&model, argv[1], &options, &err);
    if (!code && lora) fill_adapter(model);
    if (!code) code = bco_model_save_as(model, argv[2], dtype, &err);
    if (!code) code = print_score(model, &err);
    if (code) {
        bco_error_format(&err, text, sizeof text);
        fprintf(stderr, "%s\n", text);
    }
    bco_model_close(model);
    return (int)code;
}
