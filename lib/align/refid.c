#include <bco/refcache.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const overlong_words[] = {"truncate", "drop", "error"};
static const char *const precision_words[] = {[BCO_PRECISION_F32] = "f32", [BCO_PRECISION_BF16] = "bf16"};

void bco_reference_id_format(const struct bco_reference_id *id, char text[BCO_REFERENCE_ID_SIZE]) {
    const struct bco_limits *l = &id->limits;
    snprintf(text, BCO_REFERENCE_ID_SIZE, "%08x-%08x-%08x-%zu.%zu.%s.%s.%s.%s", (unsigned)id->weights,
             (unsigned)id->tokenizer, (unsigned)id->chat_template, l->max_length, l->max_prompt,
             overlong_words[l->overlong], l->bos ? "bos" : "nobos", l->eos ? "eos" : "noeos",
             precision_words[id->precision]);
}

/* Reads what format writes and nothing else: what was read must come out the same. */
bool bco_reference_id_parse(struct bco_reference_id *id, const char *text, size_t length) {
    char copy[BCO_REFERENCE_ID_SIZE], again[BCO_REFERENCE_ID_SIZE], overlong[16], bos[8], eos[8], precision[8];
    unsigned weights, tokenizer, chat_template;
    if (length >= sizeof copy || memchr(text, '\0', length)) return false;
    memcpy(copy, text, length);
    copy[length] = '\0';
    *id = (struct bco_reference_id){0};
    if (sscanf(copy, "%8x-%8x-%8x-%18zu.%18zu.%15[a-z].%7[a-z].%7[a-z].%7[a-z0-9]", &weights, &tokenizer,
               &chat_template, &id->limits.max_length, &id->limits.max_prompt, overlong, bos, eos, precision) != 9)
        return false;
    id->weights = weights, id->tokenizer = tokenizer, id->chat_template = chat_template;
    for (int i = 0; i < 3; i++)
        if (strcmp(overlong, overlong_words[i]) == 0) id->limits.overlong = (enum bco_overlong)i;
    id->precision = strcmp(precision, "bf16") == 0 ? BCO_PRECISION_BF16 : BCO_PRECISION_F32;
    id->limits.bos = strcmp(bos, "bos") == 0;
    id->limits.eos = strcmp(eos, "eos") == 0;
    id->limits.ids = tokenizer == 0;
    bco_reference_id_format(id, again);
    return strcmp(copy, again) == 0;
}

/* A list of differences in a text of limited size. */
struct list {
    char *text;
    size_t size, length;
};

static void add(struct list *list, const char *part) {
    if (list->length < list->size)
        list->length += (size_t)snprintf(list->text + list->length, list->size - list->length, "%s%s",
                                         list->length ? ", " : "", part);
}

static void compare_words(struct list *list, const char *name, uint32_t got, uint32_t expected) {
    char part[64];
    if (got == expected) return;
    snprintf(part, sizeof part, "%s %08x, expected %08x", name, (unsigned)got, (unsigned)expected);
    add(list, part);
}

static void compare_texts(struct list *list, const char *name, const char *got, const char *expected) {
    char part[96];
    if (strcmp(got, expected) == 0) return;
    snprintf(part, sizeof part, "%s %s, expected %s", name, got, expected);
    add(list, part);
}

static void compare_counts(struct list *list, const char *name, size_t got, size_t expected) {
    char part[96];
    if (got == expected) return;
    snprintf(part, sizeof part, "%s %zu, expected %zu", name, got, expected);
    add(list, part);
}

bool bco_reference_id_differs(const struct bco_reference_id *got, const struct bco_reference_id *expected, char *text,
                              size_t size) {
    const struct bco_limits *g = &got->limits, *e = &expected->limits;
    struct list list = {text, size, 0};
    if (size) text[0] = '\0';
    compare_words(&list, "weights", got->weights, expected->weights);
    compare_words(&list, "tokenizer", got->tokenizer, expected->tokenizer);
    compare_words(&list, "template", got->chat_template, expected->chat_template);
    compare_counts(&list, "max-length", g->max_length, e->max_length);
    compare_counts(&list, "max-prompt", g->max_prompt, e->max_prompt);
    compare_texts(&list, "overlong", overlong_words[g->overlong], overlong_words[e->overlong]);
    compare_texts(&list, "BOS", g->bos ? "bos" : "nobos", e->bos ? "bos" : "nobos");
    compare_texts(&list, "EOS", g->eos ? "eos" : "noeos", e->eos ? "eos" : "noeos");
    compare_texts(&list, "precision", precision_words[got->precision], precision_words[expected->precision]);
    return list.length > 0;
}
