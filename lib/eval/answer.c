#include <bco/judge.h>

#include <math.h>
#include <string.h>
#include <yyjson.h>

static bool is_blank(char c) {
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* a, b or tie, in either case. */
static enum bco_winner read_word(const char *word, size_t length) {
    char low[4] = "";
    if (length == 0 || length > 3) return BCO_WINNER_NONE;
    for (size_t i = 0; i < length; i++) low[i] = word[i] >= 'A' && word[i] <= 'Z' ? (char)(word[i] + 32) : word[i];
    if (strlen(low) != length) return BCO_WINNER_NONE;
    if (strcmp(low, "a") == 0) return BCO_WINNER_A;
    if (strcmp(low, "b") == 0) return BCO_WINNER_B;
    return strcmp(low, "tie") == 0 ? BCO_WINNER_TIE : BCO_WINNER_NONE;
}

static struct bco_answer_read read_object(yyjson_val *object) {
    struct bco_answer_read answer = {0};
    yyjson_val *winner = yyjson_obj_get(object, "winner");
    yyjson_val *a = yyjson_obj_get(object, "score_a"), *b = yyjson_obj_get(object, "score_b");
    answer.has_scores = yyjson_is_num(a) && yyjson_is_num(b);
    if (answer.has_scores) {
        answer.score_a = yyjson_get_num(a);
        answer.score_b = yyjson_get_num(b);
        answer.has_scores = isfinite(answer.score_a) && isfinite(answer.score_b);
    }
    if (winner)
        answer.winner =
            yyjson_is_str(winner) ? read_word(yyjson_get_str(winner), yyjson_get_len(winner)) : BCO_WINNER_NONE;
    else if (answer.has_scores && answer.score_a == answer.score_b)
        answer.winner = BCO_WINNER_TIE;
    else if (answer.has_scores)
        answer.winner = answer.score_a > answer.score_b ? BCO_WINNER_A : BCO_WINNER_B;
    return answer;
}

struct bco_answer_read bco_judge_read(const char *line, size_t length) {
    struct bco_answer_read answer = {0};
    while (length && is_blank(line[length - 1])) length--;
    while (length && is_blank(*line)) line++, length--;
    if (!length) return answer;
    if (*line != '{' && *line != '"') {
        answer.winner = read_word(line, length);
        return answer;
    }
    yyjson_doc *doc = yyjson_read(line, length, 0);
    yyjson_val *root = yyjson_doc_get_root(doc);
    if (yyjson_is_obj(root)) answer = read_object(root);
    if (yyjson_is_str(root)) answer.winner = read_word(yyjson_get_str(root), yyjson_get_len(root));
    yyjson_doc_free(doc);
    return answer;
}
