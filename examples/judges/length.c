/* A judge for bco-judge(1): the longer answer wins, or with --shorter the shorter
 * one, in code points; of messages the sum of their contents. What any judge
 * should be compared with: see bco-evaluation(7).
 * usage: bco-judge --command 'build/examples/judges/length [--shorter]' A B */
#include <bco/record.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static double code_points(const char *text, size_t length) {
    double count = 0;
    for (size_t i = 0; i < length; i++) count += ((unsigned char)text[i] & 0xC0) != 0x80;
    return count;
}

static double length_of(const struct bco_record *question, const char *side) {
    const char *text;
    size_t length;
    double sum = 0;
    if (bco_record_text(question, side, &text, &length)) return code_points(text, length);
    for (size_t i = 0;; i++) {
        char path[64];
        snprintf(path, sizeof path, "%s.%zu", side, i);
        if (bco_record_kind(question, path) == BCO_MISSING) return sum;
        snprintf(path, sizeof path, "%s.%zu.content", side, i);
        if (bco_record_text(question, path, &text, &length)) sum += code_points(text, length);
    }
}

int main(int argc, char **argv) {
    double sign = argc > 1 && strcmp(argv[1], "--shorter") == 0 ? -1 : 1;
    struct bco_record *question;
    struct bco_error err;
    char *line = NULL;
    size_t size = 0;
    for (ssize_t length; (length = getline(&line, &size, stdin)) > 0;) {
        if (bco_record_parse(&question, line, (size_t)length, &err)) {
            fprintf(stderr, "length: %s\n", err.message);
            free(line);
            return 1;
        }
        printf("{\"score_a\":%.0f,\"score_b\":%.0f}\n", sign * length_of(question, "a"),
               sign * length_of(question, "b"));
        fflush(stdout);
        bco_record_free(question);
    }
    free(line);
    return 0;
}
