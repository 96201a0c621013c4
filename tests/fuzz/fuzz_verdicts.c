/* Verdicts and annotations a line, and the same lines as a judge's answers: what
 * is taken adds up, the intervals hold the win rate, the length model gives a rate or says why not. */
#include "fuzz.h"

#include <bco/judge.h>
#include <bco/winrate.h>

#include <math.h>

static void check_group(const struct bco_verdicts *verdicts, size_t group) {
    struct bco_winrate w;
    struct bco_error err;
    if (bco_winrate(verdicts, group, NULL, &w, &err)) return;
    FUZZ_CHECK(w.n == w.wins + w.ties + w.losses && w.clusters <= w.n && w.clusters > 0);
    FUZZ_CHECK(w.win_rate >= 0 && w.win_rate <= 100 + 1e-9);
    FUZZ_CHECK(w.low <= w.win_rate + 1e-9 && w.win_rate <= w.high + 1e-9);
    FUZZ_CHECK(isnan(w.standard_error) ? w.clusters == 1 : w.standard_error >= 0);
}

static void check_length(const struct bco_verdicts *verdicts, size_t group) {
    const struct bco_length_options options = {.bootstrap = 3, .threads = 1};
    struct bco_length_control l;
    struct bco_winrate_difference d;
    struct bco_winrate w;
    struct bco_error err;
    const struct bco_winrate_options wilson = {.interval = BCO_INTERVAL_WILSON};
    if (bco_length_control(verdicts, group, &options, &l, &err)) return;
    FUZZ_CHECK(l.state == BCO_LENGTH_FITTED ? l.win_rate >= 0 && l.win_rate <= 100 : isnan(l.win_rate));
    FUZZ_CHECK(l.overlap >= 0 && l.overlap <= 1 && l.failed <= l.resamples);
    FUZZ_CHECK(bco_winrate(verdicts, group, &wilson, &w, &err) == BCO_OK);
    FUZZ_CHECK(w.low <= w.win_rate + 1e-9 && w.win_rate <= w.high + 1e-9);
    FUZZ_CHECK(bco_winrate_compare(verdicts, group, verdicts, group, NULL, &d, &err) == BCO_OK);
    FUZZ_CHECK(d.difference == 0 && d.prompts == w.clusters && !d.only_here && !d.only_there);
}

static void check_lines(const char *text, size_t length, enum bco_verdict_format format, const char *by, bool lengths) {
    struct bco_verdicts *verdicts;
    struct bco_record *record;
    struct bco_error err;
    FUZZ_CHECK(bco_verdicts_new(&verdicts, format, by, &err) == BCO_OK);
    if (lengths) bco_verdicts_want_lengths(verdicts);
    bco_verdicts_weigh_strong(verdicts, 3);
    while (length) {
        const char *newline = memchr(text, '\n', length);
        size_t line = newline ? (size_t)(newline - text) : length;
        if (bco_record_parse(&record, text, line, &err) == BCO_OK) {
            enum bco_code code = bco_verdicts_add(verdicts, record, &err);
            FUZZ_CHECK(code == BCO_OK || (code == BCO_EDATA && err.message[0]));
            bco_record_free(record);
        }
        struct bco_answer_read answer = bco_judge_read(text, line);
        FUZZ_CHECK(!answer.has_scores || (isfinite(answer.score_a) && isfinite(answer.score_b)));
        length -= newline ? line + 1 : line;
        text += newline ? line + 1 : line;
    }
    for (size_t i = 0; i < bco_verdicts_groups(verdicts); i++) {
        check_group(verdicts, i);
        if (lengths) check_length(verdicts, i);
    }
    bco_verdicts_free(verdicts);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length) {
    check_lines((const char *)bytes, length, BCO_VERDICTS_AUTO, NULL, false);
    check_lines((const char *)bytes, length, BCO_VERDICTS_AUTO, NULL, true);
    check_lines((const char *)bytes, length, BCO_VERDICTS_ALPACA, "a", false);
    return 0;
}
