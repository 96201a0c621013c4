/* Generation: the sampled distribution, greedy goldens, the ends of a completion, batches. */
#define _DEFAULT_SOURCE /* mkdtemp */
#include <bco/generate.h>

#include "nn/sampler.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/* ---- one token -------------------------------------------------------------------- */

enum { V = 6 };
static const float logits[V] = {0.5f, 2.0f, -1.0f, 2.0f, 1.0f, -3.0f};

/* chi-square against `expected` probabilities; those that are 0 must not be drawn. */
static void check_distribution(const struct bco_generate_options *options, const double *expected) {
    enum { DRAWS = 40000 };
    struct bco_rng rng = {.seed = 11};
    struct bco_candidate room[2 * V];
    size_t counts[V] = {0}, cells = 0;
    double chi_square = 0;
    for (int i = 0; i < DRAWS; i++) counts[bco_sample_token(options, logits, V, &rng, room)]++;
    assert_int_equal(rng.position, DRAWS);
    for (size_t v = 0; v < V; v++) {
        double want = expected[v] * DRAWS;
        if (expected[v] == 0) {
            assert_int_equal(counts[v], 0);
            continue;
        }
        chi_square += ((double)counts[v] - want) * ((double)counts[v] - want) / want;
        cells++;
    }
    assert_true(chi_square < 20.5); /* 99.9 % point for 5 degrees of freedom */
    assert_true(cells > 0);
}

/* softmax(logits / temperature) over the ids in `kept`, 0 elsewhere. */
static void softmax_over(double temperature, const char *kept, double *p) {
    double sum = 0;
    for (size_t v = 0; v < V; v++) sum += p[v] = kept[v] == '1' ? exp((double)logits[v] / temperature) : 0;
    for (size_t v = 0; v < V; v++) p[v] /= sum;
}

static void samples_the_exact_distribution(void **state) {
    static const struct {
        struct bco_generate_options options;
        const char *kept;
    } table[] = {
        {{.temperature = 1, .top_p = 1}, "111111"},
        {{.temperature = 0.5, .top_p = 1}, "111111"},
        {{.temperature = 3, .top_p = 1}, "111111"},
        {{.temperature = 1, .top_p = 1, .top_k = 3}, "010110"},
        {{.temperature = 1, .top_p = 1, .top_k = 1}, "010100"}, /* equal to the k-th: stays */
        {{.temperature = 1, .top_p = 0.9}, "110110"},           /* 0.37 + 0.37 + 0.14 = 0.88 is not enough */
        {{.temperature = 1, .top_p = 0.7}, "010100"},
        {{.temperature = 1, .top_p = 0.3}, "010000"},              /* the lower id of equal ones */
        {{.temperature = 1, .top_p = 0.85, .top_k = 3}, "010110"}, /* 0.85 of what top_k left */
        {{.temperature = 1, .top_p = 1, .top_k = 100}, "111111"},
        {{.temperature = 1, .top_p = 1, .min_p = 0.1}, "110110"}, /* e^-1.5 = 0.22 stays, e^-3 = 0.05 does not */
        {{.temperature = 0.5, .top_p = 0.99, .top_k = 4, .min_p = 0.1}, "010110"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        double expected[V];
        softmax_over(table[i].options.temperature, table[i].kept, expected);
        check_distribution(&table[i].options, expected);
    }
}

/* Against sorting, on many random sets with many equal values. */
static void top_p_and_top_k_are_those_of_sorting(void **state) {
    enum { N = 60 };
    struct bco_rng rng = {.seed = 2};
    struct bco_candidate room[2 * N];
    (void)state;
    for (int round = 0; round < 3000; round++) {
        float values[N];
        double p[N], sum = 0, kept = 0;
        bool in[N] = {false};
        for (size_t i = 0; i < N; i++) sum += p[i] = exp(values[i] = (float)bco_rng_below(&rng, 5));
        struct bco_generate_options options = {.temperature = 1, .top_p = 0.05 + 0.9 * bco_rng_uniform(&rng)};
        while (kept < options.top_p * sum) { /* the likeliest that is left, the lowest id of equal ones */
            size_t best = N;
            for (size_t i = 0; i < N; i++)
                if (!in[i] && (best == N || p[i] > p[best])) best = i;
            in[best] = true;
            kept += p[best];
        }
        for (int draw = 0; draw < 20; draw++) {
            int32_t id = bco_sample_token(&options, values, N, &rng, room);
            assert_true(in[id]);
        }
        options.top_k = 1 + bco_rng_below(&rng, N);
        options.top_p = 1;
        int32_t id = bco_sample_token(&options, values, N, &rng, room);
        size_t likelier = 0;
        for (size_t i = 0; i < N; i++) likelier += values[i] > values[id];
        assert_true(likelier < options.top_k);
    }
}

static void the_penalty_counts_a_token_once(void **state) {
    float values[4] = {2, -1, 0.5f, 0};
    const int32_t prompt[] = {0, 1, 0}, generated[] = {0, 3};
    bool seen[4] = {false};
    (void)state;
    bco_penalize(2, values, prompt, 3, seen);
    bco_penalize(2, values, generated, 2, seen);
    assert_true(values[0] == 1 && values[1] == -2 && values[2] == 0.5f && values[3] == 0);
    bco_unsee(prompt, 3, seen);
    bco_unsee(generated, 2, seen);
    for (int i = 0; i < 4; i++) assert_false(seen[i]);
}

static void greedy_takes_the_first_of_the_greatest(void **state) {
    struct bco_generate_options options = {.greedy = true};
    struct bco_rng rng = {0};
    struct bco_candidate room[2 * V];
    (void)state;
    assert_int_equal(bco_sample_token(&options, logits, V, &rng, room), 1);
    assert_int_equal(rng.position, 0);
}

/* ---- a model ------------------------------------------------------------------------- */

static char folder[64];

static void put(const char *name, const char *text) {
    char path[256];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static struct bco_model *open_random(int positions) {
    struct bco_model *model;
    char config[600];
    snprintf(config, sizeof config,
             "{\"architectures\":[\"LlamaForCausalLM\"],\"model_type\":\"llama\",\"hidden_size\":16,"
             "\"intermediate_size\":32,\"num_hidden_layers\":2,\"num_attention_heads\":4,\"num_key_value_heads\":2,"
             "\"vocab_size\":12,\"max_position_embeddings\":%d,\"hidden_act\":\"silu\",\"rms_norm_eps\":1e-5,"
             "\"rope_theta\":10000.0,\"tie_word_embeddings\":true,\"initializer_range\":0.2,\"eos_token_id\":7}",
             positions);
    put("config.json", config);
    const struct bco_model_options options = {.init_random = true, .seed = 4, .threads = 2};
    return bco_model_open(&model, folder, &options, NULL) ? NULL : model;
}

/* A model of 12 ids with random weights, 40 positions; ids 3 and 5 end a text. */
static int make_model(void **state) {
    snprintf(folder, sizeof folder, "/tmp/bco-generate-XXXXXX");
    if (!mkdtemp(folder)) return -1;
    put("generation_config.json", "{\"eos_token_id\":[3,5]}");
    *state = open_random(40);
    return *state ? 0 : -1;
}

static int remove_model(void **state) {
    static const char *const names[] = {"config.json", "generation_config.json"};
    bco_model_close(*state);
    for (size_t i = 0; i < 2; i++) {
        char path[256];
        snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        unlink(path);
    }
    return rmdir(folder);
}

/* Prompts of 1, 2, ... tokens; completions are added up in one list of ids with -1 between them. */
struct harness {
    size_t prompts, asked, longest;
    int32_t ids[1300];
    struct bco_ids out;
    size_t finished[2];
};

static enum bco_code source(void *user, struct bco_prompt *prompt, bool *end, struct bco_error *err) {
    struct harness *h = user;
    (void)err;
    *end = h->asked == h->prompts;
    if (*end) return BCO_OK;
    size_t which = h->asked++;
    *prompt = (struct bco_prompt){
        .ids = h->ids, .count = 1 + which % h->longest, .stream = which, .tag = (void *)(uintptr_t)(which + 1)};
    return BCO_OK;
}

static void add(struct bco_ids *ids, int32_t id) {
    if (ids->count == ids->capacity) {
        ids->capacity = 2 * ids->capacity + 64;
        ids->ids = realloc(ids->ids, ids->capacity * sizeof *ids->ids);
        assert_non_null(ids->ids);
    }
    ids->ids[ids->count++] = id;
}

static enum bco_code sink(void *user, void *tag, const struct bco_completion *completions, size_t n,
                          struct bco_error *err) {
    struct harness *h = user;
    (void)err;
    add(&h->out, -(int32_t)(uintptr_t)tag);
    for (size_t i = 0; i < n; i++) {
        assert_null(completions[i].text);
        for (size_t t = 0; t < completions[i].count; t++) add(&h->out, completions[i].ids[t]);
        add(&h->out, -1000000);
        h->finished[completions[i].finish]++;
    }
    return BCO_OK;
}

static void generate(struct bco_model *model, struct harness *h, const struct bco_generate_options *options) {
    for (size_t i = 0; i < 1300; i++) h->ids[i] = (int32_t)((i + i * i / 12) * 5 % 12);
    if (!h->longest) h->longest = 6;
    struct bco_error err = {0};
    if (bco_generate(model, NULL, options, source, sink, h, NULL, &err)) fail_msg("%s", err.message);
}

static void does_not_depend_on_the_batch(void **state) {
    static const struct {
        size_t slots;
        int threads;
    } table[] = {{1, 1}, {2, 2}, {5, 1}, {64, 4}};
    struct harness whole = {.prompts = 50};
    struct bco_generate_options options = {.n = 3, .temperature = 1, .top_p = 1, .max_new_tokens = 6, .slots = 16};
    generate(*state, &whole, &options);
    assert_int_equal(whole.finished[0] + whole.finished[1], 150);
    assert_true(whole.finished[BCO_FINISH_STOP] > 10 && whole.finished[BCO_FINISH_LENGTH] > 10);
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct harness other = {.prompts = 50};
        options.slots = table[i].slots;
        options.threads = table[i].threads;
        generate(*state, &other, &options);
        assert_int_equal(other.out.count, whole.out.count);
        assert_memory_equal(other.out.ids, whole.out.ids, whole.out.count * sizeof *whole.out.ids);
        bco_ids_free(&other.out);
    }
    bco_ids_free(&whole.out);
}

/* Prompts that are fed in several pieces, among short ones: 521, 1042, 223, ... tokens. */
static enum bco_code long_source(void *user, struct bco_prompt *prompt, bool *end, struct bco_error *err) {
    struct harness *h = user;
    enum bco_code code = source(user, prompt, end, err);
    if (!*end) prompt->count = h->asked * 521 % 1300;
    return code;
}

static void long_prompts_come_in_pieces(void **state) {
    struct bco_model *model = open_random(1400);
    struct harness whole = {.prompts = 9, .longest = 6}, single = whole;
    struct bco_generate_options options = {.n = 2, .temperature = 1, .top_p = 1, .max_new_tokens = 90, .slots = 8};
    (void)state;
    assert_non_null(model);
    for (size_t i = 0; i < 1300; i++) whole.ids[i] = single.ids[i] = (int32_t)((i + i * i / 12) * 5 % 12);
    assert_int_equal(bco_generate(model, NULL, &options, long_source, sink, &whole, NULL, NULL), BCO_OK);
    options.slots = 1;
    assert_int_equal(bco_generate(model, NULL, &options, long_source, sink, &single, NULL, NULL), BCO_OK);
    assert_int_equal(whole.out.count, single.out.count);
    assert_memory_equal(whole.out.ids, single.out.ids, whole.out.count * sizeof *whole.out.ids);
    bco_ids_free(&whole.out);
    bco_ids_free(&single.out);
    bco_model_close(model);
}

static void seeds_differ_and_n_only_adds(void **state) {
    struct harness one = {.prompts = 1}, two = {.prompts = 1}, other = {.prompts = 1};
    struct bco_generate_options options = {.temperature = 1, .top_p = 1, .max_new_tokens = 20, .ignore_eos = true};
    generate(*state, &one, &options);
    options.n = 2;
    generate(*state, &two, &options);
    options.n = 1;
    options.seed = 9;
    generate(*state, &other, &options);
    assert_int_equal(one.out.count, 22);
    assert_memory_equal(one.out.ids, two.out.ids, 22 * sizeof *one.out.ids);
    assert_memory_not_equal(one.out.ids, other.out.ids, 22 * sizeof *one.out.ids);
    assert_memory_not_equal(two.out.ids + 1, two.out.ids + 22, 20 * sizeof *one.out.ids);
    bco_ids_free(&one.out);
    bco_ids_free(&two.out);
    bco_ids_free(&other.out);
}

/* Pairs of tokens against the model's own log-probs: the cache and the sampler together. */
static void sampled_sequences_follow_the_model(void **state) {
    enum { DRAWS = 20000, N = 12 };
    struct harness h = {.prompts = DRAWS, .longest = 1};
    const struct bco_generate_options options = {
        .temperature = 1, .top_p = 1, .max_new_tokens = 2, .ignore_eos = true, .slots = 32};
    size_t counts[N * N] = {0}, cells = 0;
    double chi_square = 0, rare = 0, rare_count = 0;
    generate(*state, &h, &options);
    assert_int_equal(h.out.count, 4 * DRAWS);
    for (size_t i = 0; i < DRAWS; i++) counts[h.out.ids[4 * i + 1] * N + h.out.ids[4 * i + 2]]++;
    for (int32_t pair = 0; pair < N * N; pair++) {
        const int32_t ids[3] = {h.ids[0], pair / N, pair % N};
        const size_t starts[2] = {0, 3}, prompt_len[1] = {1};
        const struct bco_batch batch = {.sequences = 1, .starts = starts, .ids = ids, .prompt_len = prompt_len};
        double logp;
        assert_int_equal(bco_model_logp(*state, &batch, &logp, NULL, NULL), BCO_OK);
        double want = exp(logp) * DRAWS;
        if (want < 5) {
            rare += want;
            rare_count += (double)counts[pair];
            continue;
        }
        chi_square += ((double)counts[pair] - want) * ((double)counts[pair] - want) / want;
        cells++;
    }
    if (rare > 5) chi_square += (rare_count - rare) * (rare_count - rare) / rare, cells++;
    double df = (double)cells - 1;
    assert_true(cells > 30);
    assert_true(chi_square < df + 4 * sqrt(2 * df)); /* four standard deviations */
    bco_ids_free(&h.out);
}

struct logps {
    struct harness h; /* first: the source takes it */
    struct bco_model *model;
    size_t compared;
};

static enum bco_code compare_logp(void *user, void *tag, const struct bco_completion *completions, size_t n,
                                  struct bco_error *err) {
    struct logps *l = user;
    size_t prompt = 1 + ((size_t)(uintptr_t)tag - 1) % l->h.longest;
    for (size_t i = 0; i < n; i++) {
        int32_t ids[64];
        double logp;
        const size_t starts[2] = {0, prompt + completions[i].count};
        const struct bco_batch batch = {.sequences = 1, .starts = starts, .ids = ids, .prompt_len = &prompt};
        memcpy(ids, l->h.ids, prompt * sizeof *ids);
        memcpy(ids + prompt, completions[i].ids, completions[i].count * sizeof *ids);
        assert_int_equal(bco_model_logp(l->model, &batch, &logp, NULL, err), BCO_OK);
        assert_true(fabs(logp - completions[i].logp) < 1e-5 * (1 + fabs(logp)));
        l->compared++;
    }
    return BCO_OK;
}

/* Whatever chose the tokens, the log-prob is the model's own. */
static void log_probs_are_the_models(void **state) {
    const struct bco_generate_options options = {.n = 2,
                                                 .temperature = 0.5,
                                                 .top_p = 0.8,
                                                 .repetition_penalty = 1.3,
                                                 .logp = true,
                                                 .ignore_eos = true,
                                                 .max_new_tokens = 9};
    struct logps l = {.h = {.prompts = 20, .longest = 6}, .model = *state};
    for (size_t i = 0; i < 40; i++) l.h.ids[i] = (int32_t)(i * 5 % 12);
    assert_int_equal(bco_generate(*state, NULL, &options, source, compare_logp, &l, NULL, NULL), BCO_OK);
    assert_int_equal(l.compared, 40);
}

static void the_models_positions_end_it(void **state) {
    struct harness h = {.prompts = 39, .longest = 39};
    const struct bco_generate_options options = {.greedy = true, .ignore_eos = true, .max_new_tokens = 1000};
    generate(*state, &h, &options);
    assert_int_equal(h.finished[BCO_FINISH_LENGTH], 39);
    assert_int_equal(h.out.count, 39 * 2 + 39 * 40 - 39 * 40 / 2); /* 40 - length tokens each */
    bco_ids_free(&h.out);
    struct harness full = {.prompts = 40, .longest = 40};
    struct bco_error err;
    assert_int_equal(bco_generate(*state, NULL, &options, source, sink, &full, NULL, &err), BCO_EDATA);
    assert_string_equal(err.message, "a prompt of 40 tokens leaves no room in the model's 40 positions");
    bco_ids_free(&full.out);
}

static void stops_need_a_tokenizer(void **state) {
    static const char *const stops[] = {"."};
    struct harness h = {.prompts = 1};
    const struct bco_generate_options options = {.stops = stops, .stop_count = 1};
    assert_int_equal(bco_generate(*state, NULL, &options, source, sink, &h, NULL, NULL), BCO_EUSAGE);
}

/* ---- golden -------------------------------------------------------------------------------- */

struct golden {
    int32_t *prompt, *want;
    size_t prompt_count, want_count;
    bool asked, compared;
};

static enum bco_code golden_source(void *user, struct bco_prompt *prompt, bool *end, struct bco_error *err) {
    struct golden *g = user;
    (void)err;
    *end = g->asked;
    g->asked = true;
    *prompt = (struct bco_prompt){.ids = g->prompt, .count = g->prompt_count};
    return BCO_OK;
}

static enum bco_code golden_sink(void *user, void *tag, const struct bco_completion *completions, size_t n,
                                 struct bco_error *err) {
    struct golden *g = user;
    (void)tag;
    (void)n;
    (void)err;
    assert_int_equal(completions->count, g->want_count);
    assert_memory_equal(completions->ids, g->want, g->want_count * sizeof *g->want);
    g->compared = true;
    return BCO_OK;
}

static void compare_greedy(const char *golden) {
    char path[4096];
    const char *paths[] = {path};
    struct bco_reader *reader;
    struct bco_record *record;
    struct bco_model *model;
    struct golden g = {0};
    snprintf(path, sizeof path, "%s/golden.json", golden);
    assert_int_equal(bco_reader_open(&reader, paths, 1, &(struct bco_reader_options){.format = BCO_FORMAT_JSONL}, NULL),
                     BCO_OK);
    assert_int_equal(bco_reader_next(reader, &record, NULL), BCO_OK);
    assert_int_equal(bco_record_ids(record, "greedy.prompt", &g.prompt, &g.prompt_count, NULL), BCO_OK);
    assert_int_equal(bco_record_ids(record, "greedy.ids", &g.want, &g.want_count, NULL), BCO_OK);
    bco_reader_close(reader);
    assert_int_equal(bco_model_open(&model, golden, NULL, NULL), BCO_OK);
    const struct bco_generate_options options = {.greedy = true, .ignore_eos = true, .max_new_tokens = g.want_count};
    assert_int_equal(bco_generate(model, NULL, &options, golden_source, golden_sink, &g, NULL, NULL), BCO_OK);
    assert_true(g.compared);
    bco_model_close(model);
    free(g.prompt);
    free(g.want);
}

static void greedy_equals_the_goldens(void **state) {
    static const char *const names[] = {"llama-gqa-tied", "llama-bias"};
    const char *shared = getenv("BCO_SHARED");
    char golden[3000];
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        snprintf(golden, sizeof golden, "%s/golden/models/%s", shared ? shared : "../shared", names[i]);
        if (access(golden, R_OK) != 0) {
            printf("SKIP: no %s\n", golden);
            skip();
        }
        compare_greedy(golden);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(samples_the_exact_distribution),  cmocka_unit_test(top_p_and_top_k_are_those_of_sorting),
        cmocka_unit_test(the_penalty_counts_a_token_once), cmocka_unit_test(greedy_takes_the_first_of_the_greatest),
        cmocka_unit_test(does_not_depend_on_the_batch),    cmocka_unit_test(long_prompts_come_in_pieces),
        cmocka_unit_test(seeds_differ_and_n_only_adds),    cmocka_unit_test(sampled_sequences_follow_the_model),
        cmocka_unit_test(log_probs_are_the_models),        cmocka_unit_test(the_models_positions_end_it),
        cmocka_unit_test(stops_need_a_tokenizer),          cmocka_unit_test(greedy_equals_the_goldens),
    };
    return cmocka_run_group_tests(tests, make_model, remove_model);
}
