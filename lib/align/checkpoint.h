/* Checkpoint files: bco-train(5) has the format. */
#ifndef BCO_ALIGN_CHECKPOINT_H
#define BCO_ALIGN_CHECKPOINT_H

#include <bco/error.h>
#include <bco/watch.h>
#include <stddef.h>
#include <stdint.h>

/* An array that goes into the file, or comes from it. */
struct bco_part {
    void *data;
    size_t bytes;
};

struct bco_checkpoint {
    char *state; /* JSON, terminated */
    size_t state_length;
    struct bco_part *parts;
    size_t part_count;
};

/* `folder`/step-0000000012.bco, whole or not at all; then all but the `keep` newest are removed. */
enum bco_code bco_checkpoint_save(const char *folder, uint64_t step, const struct bco_checkpoint *checkpoint,
                                  size_t keep, struct bco_error *err);

/* Finds the newest file whose checksum is right; says by watch->warn which are
 * not. *state (the caller frees it) is its state, terminated. *step 0: there is
 * none. BCO_EDATA: there are files, but none is whole. */
enum bco_code bco_checkpoint_find(const char *folder, uint64_t *step, char **state, const struct bco_watch *watch,
                                  struct bco_error *err);

/* Fills the parts from the file of a step that was found. */
enum bco_code bco_checkpoint_read(const char *folder, uint64_t step, const struct bco_part *parts, size_t count,
                                  struct bco_error *err);

/* The step of the newest file, verified or not; 0: none. */
uint64_t bco_checkpoint_newest(const char *folder);

#endif
