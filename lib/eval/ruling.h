/* What was found about a pair, and how it gets into the verdicts: shared by
 * the ways of judging. */
#ifndef BCO_EVAL_RULING_H
#define BCO_EVAL_RULING_H

#include <bco/judge.h>

/* A verdict, or why there is none. */
struct bco_ruling {
    struct bco_answer_read answer; /* as A and B are, not as the judge saw them */
    char *reason;                  /* allocated; NULL where there is a winner */
};

/* Zero-initialised, it holds nothing. */
void bco_ruling_free(struct bco_ruling *ruling);

/* All that judging needs; `options` without zeros. */
struct bco_hearing {
    const struct bco_match *pairs;
    struct bco_judge_options options;
    struct bco_writer *out;
    struct bco_judge_counts *counts;
    const struct bco_watch *watch;
};

/* Writes pair `i` in one order, or in both (rulings[1] is then the one of B, A), and counts it. */
enum bco_code bco_ruling_write(const struct bco_hearing *hearing, size_t i, const struct bco_ruling rulings[2],
                               struct bco_error *err);

/* The same for a judge that sees no order. */
enum bco_code bco_ruling_write_same(const struct bco_hearing *hearing, size_t i, const struct bco_ruling *ruling,
                                    struct bco_error *err);

/* BCO_EINTERRUPTED where the caller wishes to stop. */
enum bco_code bco_hearing_check(const struct bco_hearing *hearing, struct bco_error *err);

/* The three ways. */
enum bco_code bco_judge_by_command(const struct bco_hearing *hearing, struct bco_error *err);
enum bco_code bco_judge_by_regex(const struct bco_hearing *hearing, struct bco_error *err);
enum bco_code bco_judge_by_model(const struct bco_hearing *hearing, struct bco_error *err);

#endif
