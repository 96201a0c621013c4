/* What the targets for model folders share: a folder whose files are written anew for every input. */
#ifndef FUZZ_FOLDER_H
#define FUZZ_FOLDER_H

#include <bco/bco.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FUZZ_CHECK(truth) ((truth) ? (void)0 : (fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #truth), abort()))

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

static char fuzz_folder_name[64];

static void fuzz_remove_folder(void) {
    static const char *const names[] = {"config.json", "model.safetensors", "tokenizer.json"};
    char path[128];
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        snprintf(path, sizeof path, "%s/%s", fuzz_folder_name, names[i]);
        unlink(path);
    }
    rmdir(fuzz_folder_name);
}

/* In memory where the system has a place for that. */
static inline const char *fuzz_folder(void) {
    if (fuzz_folder_name[0]) return fuzz_folder_name;
    snprintf(fuzz_folder_name, sizeof fuzz_folder_name, "%s/bco-fuzz-XXXXXX",
             access("/dev/shm", W_OK) ? "/tmp" : "/dev/shm");
    FUZZ_CHECK(mkdtemp(fuzz_folder_name));
    atexit(fuzz_remove_folder);
    return fuzz_folder_name;
}

static inline void fuzz_write(const char *name, const void *bytes, size_t length) {
    char path[128];
    snprintf(path, sizeof path, "%s/%s", fuzz_folder(), name);
    FILE *file = fopen(path, "wb");
    FUZZ_CHECK(file && fwrite(bytes, 1, length, file) == length && fclose(file) == 0);
}

/* A model of 16 tokens and 8 channels, whose weights are the seed corpus of fuzz_model. */
static const char fuzz_config[] =
    "{\"architectures\":[\"LlamaForCausalLM\"],\"model_type\":\"llama\",\"hidden_size\":8,\"intermediate_size\":8,"
    "\"num_hidden_layers\":1,\"num_attention_heads\":2,\"num_key_value_heads\":1,\"vocab_size\":16,"
    "\"max_position_embeddings\":32,\"rms_norm_eps\":1e-5,\"rope_theta\":10000,\"hidden_act\":\"silu\","
    "\"tie_word_embeddings\":true}";

/* Opens the folder; what opens must also compute. */
static inline void fuzz_open_model(void) {
    static const int32_t ids[] = {0, 0, 0};
    static const size_t starts[] = {0, 3}, prompt_len[] = {1};
    struct bco_model_options options = {.threads = 1};
    struct bco_batch batch = {.sequences = 1, .starts = starts, .ids = ids, .prompt_len = prompt_len};
    struct bco_model *model;
    struct bco_error err = {0};
    double logp;
    enum bco_code code = bco_model_open(&model, fuzz_folder(), &options, &err);
    FUZZ_CHECK(code == BCO_OK || ((code == BCO_EDATA || code == BCO_ESYSTEM) && err.message[0]));
    if (code != BCO_OK) return;
    if (bco_model_positions(model) >= 3) bco_model_logp(model, &batch, &logp, NULL, &err);
    bco_model_close(model);
}

#endif
