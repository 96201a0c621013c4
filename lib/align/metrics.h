/* Metrics as JSON Lines: one write a line, so that a line is whole or absent. */
#ifndef BCO_ALIGN_METRICS_H
#define BCO_ALIGN_METRICS_H

#include "base/buf.h"

#include <bco/train.h>

struct bco_metrics_file {
    char *path;
    int fd;
    bool regular;    /* a file that can be cut; not a pipe or a terminal */
    uint64_t length; /* bytes */
};

/* Opens the file, cut to `keep` bytes, which must be there. Zero-initialise `file`, with fd -1; close in any case. */
enum bco_code bco_metrics_open(struct bco_metrics_file *file, const char *path, uint64_t keep, struct bco_error *err);
enum bco_code bco_metrics_write(struct bco_metrics_file *file, const struct bco_train_metrics *metrics,
                                enum bco_loss loss, struct bco_error *err);
enum bco_code bco_metrics_sync(struct bco_metrics_file *file, struct bco_error *err); /* on the disk when it returns */
void bco_metrics_withdraw(const struct bco_metrics_file *file);                       /* removes it where it is empty */
void bco_metrics_close(struct bco_metrics_file *file);

/* The line, without its newline. */
void bco_metrics_line(struct bco_buf *line, const struct bco_train_metrics *metrics, enum bco_loss loss);

#endif
