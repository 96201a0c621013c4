/* Post-processors: the ids that are put around a text. */
#ifndef BCO_TEXT_POSTPROCESSOR_H
#define BCO_TEXT_POSTPROCESSOR_H

#include <bco/tokenizer.h>
#include <yyjson.h>

struct bco_postprocessor {
    struct bco_ids before, after;
};

/* null: nothing is added. Every id must be below `vocabulary`. */
enum bco_code bco_postprocessor_read(struct bco_postprocessor *post, size_t vocabulary, yyjson_val *json,
                                     struct bco_error *err);
void bco_postprocessor_free(struct bco_postprocessor *post);

#endif
