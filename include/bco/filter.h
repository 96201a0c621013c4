/* What the filters that make binary records have in common: duplicates,
 * contradictions, balance, and the exact account of where every record went. */
#ifndef BCO_FILTER_H
#define BCO_FILTER_H

#include <bco/error.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Records with the same prompt, completion and label. */
enum bco_duplicates { BCO_DUPLICATES_DROP, BCO_DUPLICATES_KEEP }; /* DROP: the first stays */

/* Records with the same prompt and completion and both labels. MAJORITY keeps
 * the label that more of them have, and none of an even split; ERROR makes each
 * record that contradicts an earlier one a bad record. */
enum bco_conflicts { BCO_CONFLICTS_KEEP, BCO_CONFLICTS_DROP, BCO_CONFLICTS_MAJORITY, BCO_CONFLICTS_ERROR };

/* OVERSAMPLE: every record once, in order; then more copies of the short class,
 * in seeded order, each of its records floor or ceil times. UNDERSAMPLE: a seeded choice of the
 * long class, in order. WEIGHT: the field `weight` makes the classes' sums equal
 * with mean 1. */
enum bco_balance { BCO_BALANCE_OVERSAMPLE, BCO_BALANCE_UNDERSAMPLE, BCO_BALANCE_WEIGHT, BCO_BALANCE_NONE };

/* Text rules: at most so many of --keep and --reject together. */
enum { BCO_RULES = 62, BCO_RULE_MIN_CHARS = BCO_RULES, BCO_RULE_MAX_CHARS, BCO_RULE_COUNT };

struct bco_filter_options {
    const char *const *keep; /* FIELD~RE: what does not match is left out; a record without the field does not match */
    size_t keep_count;
    const char *const *reject; /* FIELD~RE: what matches is left out */
    size_t reject_count;
    bool strip;                    /* outer blanks off prompt and completion, where they are texts */
    uint64_t min_chars, max_chars; /* code points of the completion; 0: no limit */
    enum bco_duplicates duplicates;
    enum bco_conflicts conflicts;
    bool contrasted; /* only prompts that have two completions with different ratings */
    enum bco_balance balance;
    double ratio;                  /* ups for each down; 0: 1 */
    uint64_t given_up, given_down; /* balance as if there were so many; both 0: as many as there are */
    /* Of those given, these records are part_up and part_down, behind before_up and before_down others: then all parts
     * together come out at the ratio exactly. Both parts 0: the places are not known, and the ratio comes out about. */
    uint64_t part_up, part_down, before_up, before_down;
    uint64_t seed;
    const char *balance_option; /* what the caller calls `balance`, for messages; NULL: "--balance" */
    const char *folder;         /* of the temporary file; NULL: /tmp */
    int threads;                /* 0: all the cores this process may use. The output does not depend on it */
};

/* in + split + added = out + rejected + all that was left out */
struct bco_filter_counts {
    uint64_t in;       /* records read, bad ones too */
    uint64_t out;      /* records written, copies too */
    uint64_t up, down; /* of those */
    uint64_t rejected; /* bad ones */
    uint64_t split;    /* second completions: of pairs that became two records */
    uint64_t added;    /* copies made by OVERSAMPLE */
    /* Left out: */
    uint64_t by_rule[BCO_RULE_COUNT]; /* the keep rules, then the reject rules, in order; min_chars; max_chars */
    uint64_t ties;                    /* pairs */
    uint64_t by_rating;               /* a rating that says drop */
    uint64_t not_contrasted;          /* a prompt without contrast */
    uint64_t conflicts;               /* contradictions */
    uint64_t even;                    /* of those: out of even splits */
    uint64_t duplicates;
    uint64_t by_balance; /* by UNDERSAMPLE */
};

#ifdef __cplusplus
}
#endif

#endif
