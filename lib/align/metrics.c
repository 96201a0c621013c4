#include "align/metrics.h"

#include "base/fail.h"
#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- a line ------------------------------------------------------------------------ */

struct line {
    struct bco_buf *buf;
    const char *prefix;
};

static void key(const struct line *line, const char *name) {
    bco_buf_printf(line->buf, ",\"%s%s\":", line->prefix, name);
}

static void number(const struct line *line, const char *name, double x) {
    key(line, name);
    bco_buf_double(line->buf, x);
}

static void count(const struct line *line, const char *name, uint64_t n) {
    key(line, name);
    bco_buf_printf(line->buf, "%llu", (unsigned long long)n);
}

static void rewards(const struct line *line, const struct bco_train_metrics *m) {
    if (!isnan(m->delta)) number(line, "delta", m->delta);
    number(line, "rewards/chosen", m->rewards_up);
    number(line, "rewards/rejected", m->rewards_down);
    number(line, "rewards/margins", m->rewards_up - m->rewards_down);
    number(line, "rewards/accuracies", m->accuracy);
    if (m->evaluation) number(line, "rewards/auc", m->auc);
    if (!isnan(m->delta)) number(line, "shift/chosen", m->shift_up);
    if (!isnan(m->delta)) number(line, "shift/rejected", m->shift_down);
    if (!m->scores) number(line, "kl", m->kl);
    if (!isnan(m->z)) number(line, "z", m->z);
    if (!m->scores) number(line, "logratio_per_token/chosen", m->up_logratio_per_token);
    if (!isnan(m->delta)) number(line, "error_term", m->error_term);
}

void bco_metrics_line(struct bco_buf *buf, const struct bco_train_metrics *m, enum bco_loss loss) {
    const struct line line = {buf, m->evaluation ? "eval_" : ""};
    bco_buf_printf(buf, "{\"step\":%llu", (unsigned long long)m->step);
    number(&line, "loss", m->loss);
    if (loss != BCO_LOSS_SFT) rewards(&line, m);
    if (!isnan(m->sft_loss)) number(&line, "sft_loss", m->sft_loss);
    if (!m->scores) number(&line, "logps/chosen", m->logps_up);
    if (!m->scores) number(&line, "logps/rejected", m->logps_down);
    count(&line, "samples/chosen", m->up);
    count(&line, "samples/rejected", m->down);
    if (!m->evaluation) {
        number(&line, "grad_norm", m->gradient_norm);
        number(&line, "learning_rate", m->learning_rate);
    }
    count(&line, "tokens", m->tokens);
    number(&line, "tokens_per_second", m->tokens_per_second);
    number(&line, "seconds", m->seconds);
    bco_buf_char(buf, '}');
}

/* ---- the file ------------------------------------------------------------------------ */

static enum bco_code cut(struct bco_metrics_file *f, uint64_t keep, struct bco_error *err) {
    struct stat st;
    if (fstat(f->fd, &st) != 0) return bco_fail_errno(err, f->path, "cannot read");
    f->regular = S_ISREG(st.st_mode);
    if (!f->regular) return BCO_OK;
    if ((uint64_t)st.st_size < keep)
        return bco_fail_at(err, BCO_EDATA, f->path, 0, NULL,
                           "has %lld bytes, and had %llu when the checkpoint was saved", (long long)st.st_size,
                           (unsigned long long)keep);
    f->length = keep;
    if (ftruncate(f->fd, (off_t)keep) != 0) return bco_fail_errno(err, f->path, "cannot write");
    return BCO_OK;
}

enum bco_code bco_metrics_open(struct bco_metrics_file *f, const char *path, uint64_t keep, struct bco_error *err) {
    f->path = bco_strndup(path, strlen(path));
    if (!f->path) return bco_fail_memory(err);
    f->fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    return f->fd < 0 ? bco_fail_errno(err, path, "cannot open") : cut(f, keep, err);
}

static enum bco_code write_all(struct bco_metrics_file *f, const char *bytes, size_t length, struct bco_error *err) {
    while (length > 0) {
        ssize_t n = write(f->fd, bytes, length);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return bco_fail_errno(err, f->path, "cannot write");
        bytes += n;
        length -= (size_t)n;
        f->length += (uint64_t)n;
    }
    return BCO_OK;
}

enum bco_code bco_metrics_write(struct bco_metrics_file *f, const struct bco_train_metrics *metrics, enum bco_loss loss,
                                struct bco_error *err) {
    struct bco_buf line = {0};
    bco_metrics_line(&line, metrics, loss);
    bco_buf_char(&line, '\n');
    enum bco_code code = line.failed ? bco_fail_memory(err) : write_all(f, line.data, line.length, err);
    bco_buf_free(&line);
    return code;
}

enum bco_code bco_metrics_sync(struct bco_metrics_file *f, struct bco_error *err) {
    return f->regular && fsync(f->fd) != 0 ? bco_fail_errno(err, f->path, "cannot write") : BCO_OK;
}

void bco_metrics_withdraw(const struct bco_metrics_file *f) {
    if (f->fd >= 0 && f->regular && f->length == 0) unlink(f->path);
}

void bco_metrics_close(struct bco_metrics_file *f) {
    if (f->fd >= 0) close(f->fd);
    free(f->path);
    *f = (struct bco_metrics_file){.fd = -1};
}
