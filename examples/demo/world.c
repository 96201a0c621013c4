/* The demo's world: a grammar of help-desk questions and answers whose quality
 * is known, so that a small language model can learn it in a minute and a judge
 * can say which of two answers is better. Usage:
 *   world model DIR               writes config.json and the tokenizer of an untrained model
 *   world text N SEED             N records of questions with good and bad answers, to pre-train on
 *   world questions train|held-out   every question, or those no training data holds
 *   world rate SEED               records on standard input -> a CSV of ratings, 1 to 5, as noisy as people's
 *   world judge                   a judge for bco-judge(1): questions in, verdicts out
 *   world show                    records on standard input -> prompt, tab, true quality and completion */
#include <bco/bco.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(a) (sizeof(a) / sizeof *(a))

/* ---- the grammar ----------------------------------------------------------- */

static const struct {
    const char *verb, *procedure;
} tasks[] = {
    {"reset", "hold its power button for ten seconds"},
    {"update", "open its settings and choose update"},
    {"clean", "wipe it with a dry cloth"},
    {"charge", "plug it in for two hours"},
    {"mute", "press the volume key twice"},
    {"lock", "set a code in its menu"},
    {"connect", "turn on its wireless mode"},
    {"restart", "switch it off and on again"},
};

static const char *const objects[] = {"camera", "clock", "headset", "lamp",   "laptop",  "monitor", "phone",  "printer",
                                      "radio",  "robot", "router",  "screen", "scanner", "speaker", "tablet", "watch"};

static const char *const questions[] = {"How do I %s my %s?", "How can I %s the %s?", "Please tell me how to %s a %s.",
                                        "I want to %s my %s.", "What is the best way to %s this %s?"};

static const char *const polite[] = {"Happy to help.", "Good question.", "Thank you for asking."};
static const char *const neutral[] = {"Well.", "Okay."};
static const char *const rude[] = {"Read the manual.", "That is a silly question.", "Not this again."};
static const char *const fillers[] = {"Many people ask this.", "The weather is fine today.", "I like the color.",
                                      "Time flies.", "It was made in a factory."};
static const char *const closings[] = {"Tell me if it works.", "Is there anything else?"};

/* One question in four stays out of all training data: whole pairs of a task and an object. */
static bool held_out(size_t task, size_t object) {
    return (task + 3 * object) % 4 == 0;
}

static void write_question(char *text, size_t size, size_t form, size_t task, size_t object) {
    const char *parts = strstr(questions[form], "%s"), *second = strstr(parts + 2, "%s");
    snprintf(text, size, "%.*s%s%.*s%s%s", (int)(parts - questions[form]), questions[form], tasks[task].verb,
             (int)(second - parts - 2), parts + 2, objects[object], second + 2);
}

static void write_instruction(char *text, size_t size, size_t task, size_t object, size_t procedure) {
    snprintf(text, size, "To %s the %s, %s.", tasks[task].verb, objects[object], tasks[procedure].procedure);
}

/* ---- random numbers (splitmix64) ----------------------------------------------- */

static uint64_t draw(uint64_t *state) {
    uint64_t z = *state += 0x9E3779B97F4A7C15u;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

static double uniform(uint64_t *state) {
    return (double)(draw(state) >> 11) * 0x1p-53;
}

static size_t below(uint64_t *state, size_t bound) {
    return (size_t)(uniform(state) * (double)bound);
}

static double normal(uint64_t *state) {
    double radius = sqrt(-2 * log1p(-uniform(state)));
    return radius * cos(6.283185307179586 * uniform(state));
}

/* ---- answers as the untrained world gives them ------------------------------------ */

static void append(char *text, size_t size, const char *sentence) {
    size_t length = strlen(text);
    snprintf(text + length, size - length, "%s%s", length ? " " : "", sentence);
}

static void write_answer(char *text, size_t size, size_t task, size_t object, uint64_t *state) {
    char instruction[160];
    double opening = uniform(state);
    size_t procedure = task, named = object, filler_count = below(state, 4);
    text[0] = '\0';
    if (opening < 0.3) append(text, size, polite[below(state, COUNT(polite))]);
    if (opening > 0.7) append(text, size, rude[below(state, COUNT(rude))]);
    if (opening >= 0.3 && opening < 0.5) append(text, size, neutral[below(state, COUNT(neutral))]);
    if (uniform(state) > 0.6) { /* wrong: another object, or what another task needs */
        if (uniform(state) < 0.5)
            named = (object + 1 + below(state, COUNT(objects) - 1)) % COUNT(objects);
        else
            procedure = (task + 1 + below(state, COUNT(tasks) - 1)) % COUNT(tasks);
    }
    write_instruction(instruction, sizeof instruction, task, named, procedure);
    append(text, size, instruction);
    for (size_t i = 0; i < filler_count; i++) append(text, size, fillers[below(state, COUNT(fillers))]);
    if (uniform(state) < 0.3) append(text, size, closings[below(state, COUNT(closings))]);
}

/* ---- what an answer is worth -------------------------------------------------------- */

/* Which task and object a question is about. */
static bool read_question(const char *text, size_t *task, size_t *object) {
    char candidate[160];
    for (size_t f = 0; f < COUNT(questions); f++)
        for (size_t t = 0; t < COUNT(tasks); t++)
            for (size_t o = 0; o < COUNT(objects); o++) {
                write_question(candidate, sizeof candidate, f, t, o);
                if (strcmp(candidate, text) != 0) continue;
                *task = t;
                *object = o;
                return true;
            }
    return false;
}

static bool one_of(const char *sentence, const char *const *list, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (strcmp(sentence, list[i]) == 0) return true;
    return false;
}

/* An instruction of the grammar, whether it fits or not. */
static bool read_instruction(const char *sentence, size_t *task, size_t *object, size_t *procedure) {
    char candidate[160];
    for (*task = 0; *task < COUNT(tasks); ++*task)
        for (*object = 0; *object < COUNT(objects); ++*object)
            for (*procedure = 0; *procedure < COUNT(tasks); ++*procedure) {
                write_instruction(candidate, sizeof candidate, *task, *object, *procedure);
                if (strcmp(candidate, sentence) == 0) return true;
            }
    return false;
}

/* What was seen of an answer so far. */
struct view {
    size_t task, object;                                       /* asked about */
    bool right, wrong, polite, rude, closed, repeated, broken; /* repeated: any sentence said twice */
    size_t fillers;
};

static void look_at(struct view *view, const char *sentence) {
    size_t task, object, procedure;
    if (one_of(sentence, polite, COUNT(polite)))
        view->polite = true;
    else if (one_of(sentence, rude, COUNT(rude)))
        view->rude = true;
    else if (one_of(sentence, fillers, COUNT(fillers)))
        view->fillers++;
    else if (one_of(sentence, closings, COUNT(closings)))
        view->closed = true;
    else if (one_of(sentence, neutral, COUNT(neutral)))
        return;
    else if (!read_instruction(sentence, &task, &object, &procedure))
        view->broken = true;
    else if (task == view->task && object == view->object && procedure == task)
        view->right = true;
    else
        view->wrong = true;
}

/* +2 a right instruction, -1 a wrong one or none, +1 polite, -1 rude, -1/2 each
 * filler but the first, +0.3 a closing, -1 what is said twice, -1 broken language. */
static double quality(const char *question, const char *answer) {
    struct view view = {0};
    char sentence[512], *copy = sentence;
    if (!read_question(question, &view.task, &view.object)) return 0;
    for (const char *c = answer; *c; c++) {
        if (copy == sentence && *c == ' ') continue;
        if (copy + 1 < sentence + sizeof sentence) *copy++ = *c;
        if (*c != '.' && *c != '?') continue;
        *copy = '\0';
        if (strstr(answer, sentence) + strlen(sentence) != c + 1) view.repeated = true;
        look_at(&view, sentence);
        copy = sentence;
    }
    if (copy != sentence) view.broken = true; /* the last sentence has no end */
    double value = view.right && !view.wrong ? 2 : -1;
    value += (view.polite ? 1 : 0) - (view.rude ? 1 : 0) + (view.closed ? 0.3 : 0);
    if (view.fillers > 1) value -= 0.5 * (double)(view.fillers - 1);
    return value - (view.repeated ? 1 : 0) - (view.broken ? 1 : 0);
}

/* ---- the untrained model -------------------------------------------------------------- */

/* The tokenizer's pieces: every beginning of every word, so that a word is one
 * token, and every printable character, for words the world does not know. */
struct pieces {
    char *list[2048];
    size_t count;
};

static size_t piece_id(const struct pieces *pieces, const char *text) {
    for (size_t i = 0; i < pieces->count; i++)
        if (strcmp(pieces->list[i], text) == 0) return i;
    return pieces->count;
}

static void add_piece(struct pieces *pieces, const char *text) {
    if (piece_id(pieces, text) < pieces->count || pieces->count == COUNT(pieces->list)) return;
    char *copy = strdup(text);
    if (copy) pieces->list[pieces->count++] = copy;
}

#define SPACE "\xe2\x96\x81" /* U+2581, how tokenizers of this kind write a blank */

static void add_words(struct pieces *pieces, const char *text) {
    char piece[64] = SPACE;
    size_t length = strlen(SPACE);
    for (const char *c = text;; c++) {
        bool letter = (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z');
        if (letter && length + 1 < sizeof piece) {
            piece[length++] = *c;
            piece[length] = '\0';
            add_piece(pieces, piece);
        } else
            piece[length = strlen(SPACE)] = '\0';
        if (!*c) return;
    }
}

static void add_list(struct pieces *pieces, const char *const *list, size_t count) {
    for (size_t i = 0; i < count; i++) add_words(pieces, list[i]);
}

static void fill_pieces(struct pieces *pieces) {
    char text[160], character[2] = "";
    add_piece(pieces, "<unk>");
    add_piece(pieces, "<s>");
    add_piece(pieces, "</s>");
    for (character[0] = '!'; character[0] <= '~'; character[0]++) add_piece(pieces, character);
    add_piece(pieces, SPACE);
    for (size_t f = 0; f < COUNT(questions); f++)
        for (size_t o = 0; o < COUNT(objects); o++) {
            write_question(text, sizeof text, f, o % COUNT(tasks), o);
            add_words(pieces, text);
        }
    for (size_t t = 0; t < COUNT(tasks); t++) {
        write_instruction(text, sizeof text, t, 0, t);
        add_words(pieces, text);
    }
    add_list(pieces, polite, COUNT(polite));
    add_list(pieces, neutral, COUNT(neutral));
    add_list(pieces, rude, COUNT(rude));
    add_list(pieces, fillers, COUNT(fillers));
    add_list(pieces, closings, COUNT(closings));
}

/* Pieces hold no control characters, but a quote and a backslash. */
static void print_piece(FILE *file, const char *piece, size_t length) {
    for (size_t i = 0; i < length; i++) fprintf(file, piece[i] == '"' || piece[i] == '\\' ? "\\%c" : "%c", piece[i]);
}

static void print_vocabulary(FILE *file, const struct pieces *pieces) {
    for (size_t i = 0; i < pieces->count; i++) {
        fputs(i ? ",\n\"" : "\n\"", file);
        print_piece(file, pieces->list[i], strlen(pieces->list[i]));
        fprintf(file, "\": %zu", i);
    }
}

/* Each beginning of a word is the one before it and a letter. */
static void print_merges(FILE *file, const struct pieces *pieces) {
    const char *between = "\n";
    for (size_t i = 0; i < pieces->count; i++) {
        const char *piece = pieces->list[i];
        size_t length = strlen(piece);
        if (length <= strlen(SPACE) || strncmp(piece, SPACE, strlen(SPACE)) != 0) continue;
        fprintf(file, "%s[\"%.*s\", \"%c\"]", between, (int)(length - 1), piece, piece[length - 1]);
        between = ",\n";
    }
}

#define SPECIAL(id, name)                                                                                              \
    "{\"id\": " id ", \"content\": \"" name "\", \"single_word\": false, \"lstrip\": false, \"rstrip\": false, "       \
    "\"normalized\": false, \"special\": true}"

static void print_tokenizer(FILE *file, const struct pieces *pieces) {
    fputs("{\"version\": \"1.0\", \"truncation\": null, \"padding\": null,\n\"added_tokens\": [" SPECIAL(
              "0", "<unk>") ",\n" SPECIAL("1", "<s>") ",\n" SPECIAL("2", "</s>") "],\n",
          file);
    fputs(
        "\"normalizer\": {\"type\": \"Sequence\", \"normalizers\": [{\"type\": \"Prepend\", \"prepend\": \"" SPACE
        "\"}, {\"type\": \"Replace\", \"pattern\": {\"String\": \" \"}, \"content\": \"" SPACE "\"}]},\n"
        "\"pre_tokenizer\": null,\n\"post_processor\": {\"type\": \"TemplateProcessing\", "
        "\"single\": [{\"SpecialToken\": {\"id\": \"<s>\", \"type_id\": 0}}, {\"Sequence\": {\"id\": \"A\", "
        "\"type_id\": 0}}], \"pair\": [{\"SpecialToken\": {\"id\": \"<s>\", \"type_id\": 0}}, {\"Sequence\": {\"id\": "
        "\"A\", \"type_id\": 0}}, {\"Sequence\": {\"id\": \"B\", \"type_id\": 1}}], \"special_tokens\": {\"<s>\": "
        "{\"id\": \"<s>\", \"ids\": [1], \"tokens\": [\"<s>\"]}}},\n",
        file);
    fputs("\"decoder\": {\"type\": \"Sequence\", \"decoders\": [{\"type\": \"Replace\", \"pattern\": {\"String\": "
          "\"" SPACE
          "\"}, \"content\": \" \"}, {\"type\": \"Fuse\"}, {\"type\": \"Strip\", \"content\": \" \", \"start\": 1, "
          "\"stop\": 0}]},\n\"model\": {\"type\": \"BPE\", \"dropout\": null, \"unk_token\": \"<unk>\", "
          "\"continuing_subword_prefix\": null, \"end_of_word_suffix\": null, \"fuse_unk\": true, "
          "\"byte_fallback\": false, \"ignore_merges\": false, \"vocab\": {",
          file);
    print_vocabulary(file, pieces);
    fputs("},\n\"merges\": [", file);
    print_merges(file, pieces);
    fputs("]}}\n", file);
}

static void print_config(FILE *file, const struct pieces *pieces) {
    fprintf(file,
            "{\n \"architectures\": [\"LlamaForCausalLM\"],\n \"model_type\": \"llama\",\n \"hidden_size\": 64,\n"
            " \"intermediate_size\": 128,\n \"num_hidden_layers\": 2,\n \"num_attention_heads\": 4,\n"
            " \"num_key_value_heads\": 4,\n \"vocab_size\": %zu,\n \"max_position_embeddings\": 256,\n"
            " \"hidden_act\": \"silu\",\n \"rms_norm_eps\": 1e-05,\n \"rope_theta\": 10000.0,\n"
            " \"tie_word_embeddings\": true,\n \"attention_bias\": false,\n \"mlp_bias\": false,\n"
            " \"bos_token_id\": 1,\n \"eos_token_id\": 2,\n \"initializer_range\": 0.05,\n \"dtype\": \"float32\"\n}\n",
            pieces->count);
}

static void print_tokenizer_config(FILE *file, const struct pieces *pieces) {
    (void)pieces;
    fputs("{\n \"tokenizer_class\": \"PreTrainedTokenizerFast\",\n \"bos_token\": \"<s>\",\n \"eos_token\": \"</s>\",\n"
          " \"unk_token\": \"<unk>\",\n \"clean_up_tokenization_spaces\": false,\n"
          " \"model_input_names\": [\"input_ids\", \"attention_mask\"],\n \"model_max_length\": 256\n}\n",
          file);
}

static void print_generation_config(FILE *file, const struct pieces *pieces) {
    (void)pieces;
    fputs("{\n \"bos_token_id\": 1,\n \"eos_token_id\": 2\n}\n", file);
}

static int make_model(const char *folder) {
    static const struct {
        const char *name;
        void (*print)(FILE *file, const struct pieces *pieces);
    } files[] = {{"config.json", print_config},
                 {"tokenizer.json", print_tokenizer},
                 {"tokenizer_config.json", print_tokenizer_config},
                 {"generation_config.json", print_generation_config}};
    struct pieces pieces = {.count = 0};
    int failed = 0;
    fill_pieces(&pieces);
    for (size_t i = 0; i < COUNT(files); i++) {
        char path[4096];
        snprintf(path, sizeof path, "%s/%s", folder, files[i].name);
        FILE *file = fopen(path, "w");
        if (file) files[i].print(file, &pieces);
        if (!file || fclose(file)) perror(path), failed = 1;
    }
    for (size_t i = 0; i < pieces.count; i++) free(pieces.list[i]);
    return failed;
}

/* ---- the commands --------------------------------------------------------------------------- */

static int make_text(uint64_t count, uint64_t seed) {
    uint64_t state = seed;
    for (uint64_t i = 0; i < count;) {
        char question[160], answer[512];
        size_t task = below(&state, COUNT(tasks)), object = below(&state, COUNT(objects));
        if (held_out(task, object)) continue;
        write_question(question, sizeof question, below(&state, COUNT(questions)), task, object);
        write_answer(answer, sizeof answer, task, object, &state);
        printf("{\"prompt\":\"%s\",\"completion\":\"%s\"}\n", question, answer);
        i++;
    }
    return 0;
}

static int make_questions(bool want_held_out) {
    size_t id = 0;
    for (size_t t = 0; t < COUNT(tasks); t++)
        for (size_t o = 0; o < COUNT(objects); o++)
            for (size_t f = 0; f < COUNT(questions); f++) {
                char question[160];
                if (held_out(t, o) != want_held_out) continue;
                write_question(question, sizeof question, f, t, o);
                printf("{\"id\":%zu,\"prompt\":\"%s\"}\n", ++id, question);
            }
    return 0;
}

/* Reads records from standard input; `each` prints a line for one of them. */
static int for_each_record(void (*each)(const char *prompt, const char *completion, uint64_t *state), uint64_t state) {
    struct bco_reader *reader = NULL;
    struct bco_record *record;
    struct bco_error err;
    char text[2048];
    enum bco_code code = bco_reader_open(&reader, NULL, 0, NULL, &err);
    while (!code && !(code = bco_reader_next(reader, &record, &err)) && record) {
        const char *prompt, *completion;
        size_t length;
        if (bco_record_text(record, "prompt", &prompt, &length) &&
            bco_record_text(record, "completion", &completion, &length))
            each(prompt, completion, &state);
        else
            code = bco_record_fail(record, NULL, &err, "no prompt or no completion");
    }
    bco_reader_close(reader);
    if (!code) return 0;
    bco_error_format(&err, text, sizeof text);
    fprintf(stderr, "world: %s\n", text);
    return (int)code;
}

static void print_csv_field(const char *text, char end) {
    putchar('"');
    for (; *text; text++) fputs(*text == '"' ? "\"\"" : (char[]){*text, '\0'}, stdout);
    printf("\"%c", end);
}

/* People agree roughly: their ratings are the true quality and a good deal of noise. */
static void rate(const char *prompt, const char *completion, uint64_t *state) {
    double rating = round(2.6 + 0.8 * quality(prompt, completion) + 0.8 * normal(state));
    print_csv_field(prompt, ',');
    print_csv_field(completion, ',');
    printf("%d\n", rating < 1 ? 1 : rating > 5 ? 5 : (int)rating);
}

static void show(const char *prompt, const char *completion, uint64_t *state) {
    (void)state;
    printf("%s\t(%+.1f) %s\n", prompt, quality(prompt, completion), completion);
}

static int judge_line(const char *line, size_t length) {
    struct bco_record *question = NULL;
    const char *prompt, *a, *b;
    size_t size;
    bool good = !bco_record_parse(&question, line, length, NULL) &&
                bco_record_text(question, "prompt", &prompt, &size) && bco_record_text(question, "a", &a, &size) &&
                bco_record_text(question, "b", &b, &size);
    if (good)
        printf("{\"score_a\":%.1f,\"score_b\":%.1f}\n", quality(prompt, a), quality(prompt, b));
    else
        puts("{\"winner\":null}");
    bco_record_free(question);
    return fflush(stdout);
}

static int judge(void) {
    char *line = NULL;
    size_t size = 0;
    ssize_t length;
    while ((length = getline(&line, &size, stdin)) > 0)
        if (judge_line(line, (size_t)length)) break;
    free(line);
    return 0;
}

static int run(int argc, char **argv) {
    const char *command = argc > 1 ? argv[1] : "";
    const char *argument = argc > 2 ? argv[2] : NULL;
    if (strcmp(command, "judge") == 0) return judge();
    if (strcmp(command, "show") == 0) return for_each_record(show, 0);
    if (strcmp(command, "model") == 0 && argument) return make_model(argument);
    if (strcmp(command, "text") == 0 && argument && argc == 4)
        return make_text(strtoull(argument, NULL, 10), strtoull(argv[3], NULL, 10));
    if (strcmp(command, "questions") == 0 && argument) return make_questions(strcmp(argument, "held-out") == 0);
    if (strcmp(command, "rate") == 0 && argument) {
        puts("prompt,response,rating");
        return for_each_record(rate, strtoull(argument, NULL, 10));
    }
    fputs("usage: world model DIR | text N SEED | questions train|held-out | rate SEED | judge | show\n", stderr);
    return 2;
}

int main(int argc, char **argv) {
    int code = run(argc, argv);
    return fflush(stdout) == 0 && !ferror(stdout) ? code : 3;
}
