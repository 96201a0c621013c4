/* Every operator against a plain one in double: its forward by value, its
 * backward by central differences of the plain forward. */
#include "nn/kernels.h"
#include "nn/ops.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define MOST 4096 /* numbers of any input or output here */

static const struct bco_ops *const ops = &bco_cpu_ops;
static float scratch[3 * 65536];
static const struct bco_team team = {.threads = 3, .scratch = scratch, .scratch_size = 65536};

/* out[] from in[], in double. */
typedef void plain(const void *shape, const double *in, double *out);

static double noise(uint32_t *state) {
    *state = *state * 1664525u + 1013904223u;
    return (double)(*state >> 8) / 8388608.0 - 1;
}

static void fill(float *x, double *same, size_t n, double scale, double shift) {
    static uint32_t state = 7;
    for (size_t i = 0; i < n; i++) {
        x[i] = (float)(scale * noise(&state) + shift);
        if (same) same[i] = (double)x[i];
    }
}

static void assert_close(const char *what, const float *got, const double *expected, size_t n, double tolerance) {
    double scale = 0;
    for (size_t i = 0; i < n; i++) scale = fmax(scale, fabs(expected[i]));
    for (size_t i = 0; i < n; i++)
        if (!(fabs((double)got[i] - expected[i]) <= tolerance * scale))
            fail_msg("%s: element %zu is %.9g, expected %.9g", what, i, (double)got[i], expected[i]);
}

/* Does got[] hold the gradient of sum_j weights[j] * out[j] by in[first..first+n-1]? */
static void assert_gradient(const char *what, plain *function, const void *shape, double *in, size_t first, size_t n,
                            const float *weights, size_t outs, const float *got) {
    static double plus[MOST], minus[MOST], expected[MOST];
    const double h = 1e-5;
    for (size_t i = 0; i < n; i++) {
        double kept = in[first + i];
        in[first + i] = kept + h;
        function(shape, in, plus);
        in[first + i] = kept - h;
        function(shape, in, minus);
        in[first + i] = kept;
        expected[i] = 0;
        for (size_t j = 0; j < outs; j++) expected[i] += (double)weights[j] * (plus[j] - minus[j]) / (2 * h);
    }
    assert_close(what, got, expected, n, 1e-5);
}

/* ---- the exponential -------------------------------------------------------- */

static void exponential(void **state) {
    double most = 0;
    (void)state;
    for (float x = -87; x < 88; x += 0.00037f) {
        double e = exp((double)x);
        most = fmax(most, fabs((double)bco_expf(x) - e) / e);
    }
    print_message("bco_expf: greatest relative error %.2e\n", most);
    assert_true(most < 1.5e-7);
    assert_true(bco_expf(-200) < 2e-38f && bco_expf(-200) >= 0);
}

/* ---- products ----------------------------------------------------------------- */

static void plain_product(const struct bco_matmul *p, double *c) {
    for (size_t i = 0; i < p->m; i++)
        for (size_t j = 0; j < p->n; j++) {
            double sum = 0;
            for (size_t k = 0; k < p->k; k++)
                sum += (double)p->a[p->transpose_a ? k * p->lda + i : i * p->lda + k] *
                       (double)p->b[p->transpose_b ? j * p->ldb + k : k * p->ldb + j];
            c[i * p->n + j] = (double)p->alpha * sum + (double)p->beta * (double)p->c[i * p->ldc + j];
        }
}

static void check_product(bool transpose_a, bool transpose_b, size_t m, size_t n, size_t k) {
    float *a = calloc(m * k, sizeof *a), *b = calloc(k * n, sizeof *b), *c = calloc(m * n, sizeof *c);
    double *expected = calloc(m * n, sizeof *expected);
    fill(a, NULL, m * k, 1, 0);
    fill(b, NULL, k * n, 1, 0);
    fill(c, NULL, m * n, 1, 0);
    struct bco_matmul p = {transpose_a, transpose_b,         m,    n, k, 0.5f, a,     transpose_a ? m : k,
                           b,           transpose_b ? k : n, 2.0f, c, n, {0},  false, NULL};
    plain_product(&p, expected);
    ops->matmul(&team, &p);
    assert_close("matmul", c, expected, m * n, 1e-5);
    free(a), free(b), free(c), free(expected);
}

static void products(void **state) {
    (void)state;
    for (int t = 0; t < 4; t++) {
        check_product(t & 1, t & 2, 7, 5, 9);
        check_product(t & 1, t & 2, 300, 70, 170);
        check_product(t & 1, t & 2, 33, 400, 300);
        check_product(t & 1, t & 2, 1, 33, 64);
    }
}

/* b in 16 bits gives what its f32 gives, also where it is widened in several blocks. */
static void check_half(bool transpose_a, bool transpose_b, bool bf16) {
    enum { M = 13, N = 40, K = 24 };
    static float wide[100];
    float a[M * K], b[K * N], c[M * N], expected[M * N];
    uint16_t bits[K * N];
    struct bco_team small = team;
    fill(a, NULL, M * K, 1, 0);
    fill(b, NULL, K * N, 1, 0);
    fill(c, NULL, M * N, 1, 0);
    memcpy(expected, c, sizeof c);
    for (int i = 0; i < K * N; i++) bits[i] = bf16 ? bco_to_bf16(b[i]) : bco_to_f16(b[i]);
    bco_widen((struct bco_half){bits, bf16}, 0, K * N, b);
    struct bco_matmul p = {transpose_a, transpose_b,         M,    N,        K, 0.5f, a,     transpose_a ? M : K,
                           b,           transpose_b ? K : N, 2.0f, expected, N, {0},  false, NULL};
    ops->matmul(&team, &p);
    p.b = NULL;
    p.b_half = (struct bco_half){bits, bf16};
    p.c = c;
    small.wide = wide;
    small.wide_size = 100;
    ops->matmul(&small, &p);
    for (int i = 0; i < M * N; i++) assert_true(fabs((double)c[i] - (double)expected[i]) < 1e-5);
}

static void products_half(void **state) {
    (void)state;
    for (int t = 0; t < 8; t++) check_half(t & 1, t & 2, t & 4);
}

/* Rows of c are the same in every bit whatever rows stand beside them, on any number of threads. */
static void check_rows(bool transpose_b, int half) {
    enum { M = 290, N = 77, K = 101 };
    static const size_t parts[] = {1, 2, 15, 16, 17, 100, 139};
    float *a = calloc(M * K, sizeof *a), *b = calloc(K * N, sizeof *b), *c = calloc(M * N, sizeof *c);
    float *again = calloc(M * N, sizeof *again), *panel = aligned_alloc(64, 262144 * sizeof *panel);
    double *expected = calloc(M * N, sizeof *expected);
    uint16_t bits[K * N];
    struct bco_team rows = team, one = {.threads = 1, .panel = panel, .panel_size = 262144};
    fill(a, NULL, M * K, 1, 0);
    fill(b, NULL, K * N, 1, 0);
    fill(c, NULL, M * N, 1, 0);
    memcpy(again, c, M * N * sizeof *c);
    for (int i = 0; i < K * N; i++) bits[i] = half == 2 ? bco_to_bf16(b[i]) : bco_to_f16(b[i]);
    if (half) bco_widen((struct bco_half){bits, half == 2}, 0, K * N, b);
    rows.panel = panel;
    rows.panel_size = 262144;
    struct bco_matmul p = {false, transpose_b,         M,    N, K, 0.5f, a,     K,
                           b,     transpose_b ? K : N, 2.0f, c, N, {0},  false, NULL};
    plain_product(&p, expected);
    if (half) p.b = NULL, p.b_half = (struct bco_half){bits, half == 2};
    ops->matmul(&rows, &p);
    assert_close("matmul by rows", c, expected, M * N, 1e-5);
    p.c = again;
    for (size_t i = 0; i < sizeof parts / sizeof *parts; p.a += p.m * K, p.c += p.m * N, i++) {
        p.m = parts[i];
        ops->matmul(i % 2 ? &one : &rows, &p);
    }
    assert_memory_equal(c, again, M * N * sizeof *c);
    free(a), free(b), free(c), free(again), free(panel), free(expected);
}

static void rows_hang_on_nothing_else(void **state) {
    (void)state;
    for (int t = 0; t < 6; t++) check_rows(t & 1, t / 2);
}

/* The feed-forward part in one go gives the bits of its three steps, for few rows, and leaves others alone. */
static void check_feed_forward(enum bco_activation kind, int half, size_t T, size_t C, size_t F) {
    enum { PANEL = 1 << 18 };
    float *x = calloc(T * C, sizeof *x), *weights = calloc(3 * F * C, sizeof *weights),
          *panel = aligned_alloc(64, 4 * PANEL);
    float *raw = calloc(T * 2 * F, sizeof *raw), *act = calloc(T * F, sizeof *act), *y = calloc(2 * T * C, sizeof *y);
    uint16_t *bits = calloc(3 * F * C, sizeof *bits);
    struct bco_team rows = team;
    struct bco_linear up = {.in = C, .out = 2 * F, .weight = weights},
                      down = {.in = F, .out = C, .weight = weights + 2 * F * C};
    fill(x, NULL, T * C, 1, 0);
    fill(weights, NULL, 3 * F * C, 1, 0);
    for (size_t i = 0; i < 3 * F * C; i++) bits[i] = bco_to_bf16(weights[i]);
    if (half)
        up.weight = down.weight = NULL, up.half = (struct bco_half){bits, true},
        down.half = (struct bco_half){bits + 2 * F * C, true};
    rows.panel = panel;
    rows.panel_size = PANEL;
    up.next = &down;
    ops->linear(&rows, &up, T, x, raw);
    ops->activation(&rows, kind, T, F, raw, act);
    ops->linear(&rows, &down, T, act, y);
    assert_int_equal(ops->feed_forward(&rows, &up, &down, kind, T, x, y + T * C), T <= 16);
    if (T <= 16) assert_memory_equal(y, y + T * C, T * C * sizeof *y);
    rows.panel_size = 100;
    assert_false(ops->feed_forward(&rows, &up, &down, kind, T, x, y));
    free(x), free(weights), free(panel), free(raw), free(act), free(y), free(bits);
}

static void feed_forward_in_one_go(void **state) {
    static const size_t shapes[][3] = {{1, 5, 7}, {16, 64, 96}, {15, 17, 49}, {3, 48, 23}, {17, 8, 8}};
    (void)state;
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
        for (int half = 0; half < 2; half++)
            for (int gelu = 0; gelu < 2; gelu++)
                check_feed_forward(gelu ? BCO_GELU_GATED : BCO_SILU_GATED, half, shapes[i][0], shapes[i][1],
                                   shapes[i][2]);
}

/* ---- linear -------------------------------------------------------------------- */

struct linear_shape {
    size_t T, in, out;
    bool by_input;
};

/* in: x[T,in], weight, bias[out] */
static void plain_linear(const void *shape, const double *x, double *y) {
    const struct linear_shape *s = shape;
    const double *w = x + s->T * s->in, *b = w + s->in * s->out;
    for (size_t t = 0; t < s->T; t++)
        for (size_t o = 0; o < s->out; o++) {
            double sum = b[o];
            for (size_t i = 0; i < s->in; i++)
                sum += x[t * s->in + i] * w[s->by_input ? i * s->out + o : o * s->in + i];
            y[t * s->out + o] = sum;
        }
}

static void check_linear(bool by_input) {
    const struct linear_shape s = {5, 6, 4, by_input};
    float in[5 * 6 + 24 + 4], y[20], dy[20], dx[30], dw[24] = {0}, db[4] = {0}, twice[30];
    double same[5 * 6 + 24 + 4], expected[20];
    fill(in, same, 58, 1, 0);
    fill(dy, NULL, 20, 1, 0);
    struct bco_linear l = {6, 4, by_input, in + 30, in + 54, dw, db, {0}, NULL};
    ops->linear(&team, &l, 5, in, y);
    plain_linear(&s, same, expected);
    assert_close("linear", y, expected, 20, 1e-6);
    ops->linear_backward(&team, &l, 5, in, dy, dx, false);
    assert_gradient("linear, x", plain_linear, &s, same, 0, 30, dy, 20, dx);
    assert_gradient("linear, weight", plain_linear, &s, same, 30, 24, dy, 20, dw);
    assert_gradient("linear, bias", plain_linear, &s, same, 54, 4, dy, 20, db);
    memcpy(twice, dx, sizeof twice);
    ops->linear_backward(&team, &l, 5, in, dy, twice, true);
    for (int i = 0; i < 30; i++) assert_true(fabs((double)twice[i] - 2 * (double)dx[i]) < 1e-5);
}

static void linear(void **state) {
    (void)state;
    check_linear(false);
    check_linear(true);
}

/* ---- norms ------------------------------------------------------------------------ */

enum { NORM_T = 3, NORM_GROUPS = 2, NORM_C = 9, NORM_X = NORM_T * NORM_GROUPS * NORM_C };

/* in: x, weight[C], bias[C] */
static void plain_norm(const void *shape, const double *x, double *y) {
    const struct bco_norm *norm = shape;
    const double *w = x + NORM_X, *b = w + NORM_C;
    bool layer = norm->kind == BCO_NORM_LAYER;
    double offset = norm->kind == BCO_NORM_RMS_PLUS_ONE ? 1 : 0;
    for (size_t r = 0; r < NORM_T * NORM_GROUPS; r++) {
        const double *row = x + r * NORM_C;
        double mean = 0, squares = 0;
        for (size_t i = 0; layer && i < NORM_C; i++) mean += row[i] / NORM_C;
        for (size_t i = 0; i < NORM_C; i++) squares += (row[i] - mean) * (row[i] - mean) / NORM_C;
        for (size_t i = 0; i < NORM_C; i++)
            y[r * NORM_C + i] =
                (row[i] - mean) / sqrt(squares + (double)norm->eps) * (w[i] + offset) + (layer ? b[i] : 0);
    }
}

static void check_norm(enum bco_norm_kind kind) {
    float in[NORM_X + 2 * NORM_C], y[NORM_X], dy[NORM_X], dx[NORM_X], dw[NORM_C] = {0}, db[NORM_C] = {0};
    float statistics[2 * NORM_T * NORM_GROUPS];
    double same[NORM_X + 2 * NORM_C], expected[NORM_X];
    size_t ld = NORM_GROUPS * NORM_C;
    bool layer = kind == BCO_NORM_LAYER;
    fill(in, same, NORM_X, 1, 0.3);
    fill(in + NORM_X, same + NORM_X, 2 * NORM_C, 0.5, 1);
    fill(dy, NULL, NORM_X, 1, 0);
    struct bco_norm norm = {
        kind, NORM_C, NORM_GROUPS, 1e-3f, in + NORM_X, layer ? in + NORM_X + NORM_C : NULL, dw, layer ? db : NULL};
    ops->norm(&team, &norm, NORM_T, in, ld, y, ld, statistics);
    plain_norm(&norm, same, expected);
    assert_close("norm", y, expected, NORM_X, 1e-6);
    ops->norm_backward(&team, &norm, NORM_T, in, ld, statistics, dy, ld, dx, ld, false);
    assert_gradient("norm, x", plain_norm, &norm, same, 0, NORM_X, dy, NORM_X, dx);
    assert_gradient("norm, weight", plain_norm, &norm, same, NORM_X, NORM_C, dy, NORM_X, dw);
    if (layer) assert_gradient("norm, bias", plain_norm, &norm, same, NORM_X + NORM_C, NORM_C, dy, NORM_X, db);
}

static void norms(void **state) {
    (void)state;
    check_norm(BCO_NORM_RMS);
    check_norm(BCO_NORM_RMS_PLUS_ONE);
    check_norm(BCO_NORM_LAYER);
}

/* ---- rope ----------------------------------------------------------------------------- */

enum { ROPE_T = 3, ROPE_HEADS = 2, ROPE_D = 8, ROPE_PAIRS = 3, ROPE_X = ROPE_T * ROPE_HEADS * ROPE_D };
static float cosines[5 * ROPE_PAIRS], sines[5 * ROPE_PAIRS];
static const int32_t positions[ROPE_T] = {0, 4, 2};

static void plain_rope(const void *shape, const double *x, double *y) {
    (void)shape;
    memcpy(y, x, ROPE_X * sizeof *y);
    for (size_t r = 0; r < ROPE_T * ROPE_HEADS; r++)
        for (size_t i = 0; i < ROPE_PAIRS; i++) {
            size_t at = (size_t)positions[r / ROPE_HEADS] * ROPE_PAIRS + i;
            double c = (double)cosines[at], s = (double)sines[at];
            const double *row = x + r * ROPE_D;
            y[r * ROPE_D + i] = row[i] * c - row[i + ROPE_PAIRS] * s;
            y[r * ROPE_D + i + ROPE_PAIRS] = row[i + ROPE_PAIRS] * c + row[i] * s;
        }
}

static void rope(void **state) {
    float x[ROPE_X], y[ROPE_X], dy[ROPE_X], dx[ROPE_X];
    double same[ROPE_X], expected[ROPE_X];
    size_t ld = ROPE_HEADS * ROPE_D;
    (void)state;
    for (int i = 0; i < 5 * ROPE_PAIRS; i++) cosines[i] = (float)cos(0.7 * i), sines[i] = (float)sin(0.7 * i);
    struct bco_rope r = {ROPE_PAIRS, cosines, sines};
    fill(x, same, ROPE_X, 1, 0);
    fill(dy, NULL, ROPE_X, 1, 0);
    memcpy(y, x, sizeof y);
    memcpy(dx, dy, sizeof dx);
    ops->rope(&team, &r, ROPE_T, ROPE_HEADS, ROPE_D, positions, y, ld);
    plain_rope(NULL, same, expected);
    assert_close("rope", y, expected, ROPE_X, 1e-6);
    ops->rope_backward(&team, &r, ROPE_T, ROPE_HEADS, ROPE_D, positions, dx, ld);
    assert_gradient("rope", plain_rope, NULL, same, 0, ROPE_X, dy, ROPE_X, dx);
}

/* ---- attention -------------------------------------------------------------------------- */

/* One or more sequences in one packed buffer of rows q, k, v; the first `shared` rows belong to all of them. */
struct attention_case {
    size_t sequences, starts[6];
    size_t heads, kv_heads, D, window;
    double scale;
    size_t shared;
};

static size_t row_of(const struct attention_case *c) {
    return (c->heads + 2 * c->kv_heads) * c->D;
}

/* The row of sequence s's token at a position. */
static size_t row_at(const struct attention_case *c, size_t s, size_t position) {
    return s > 0 && position >= c->shared ? c->starts[s] + position - c->shared : position;
}

static void plain_row(const struct attention_case *c, const double *in, size_t s, size_t position, size_t h,
                      double *y) {
    size_t ld = row_of(c), kv = h / (c->heads / c->kv_heads), D = c->D, t = row_at(c, s, position);
    size_t from = c->window && position + 1 > c->window ? position + 1 - c->window : 0;
    double p[128], sum = 0;
    for (size_t j = from; j <= position; j++) {
        double score = 0;
        for (size_t d = 0; d < D; d++)
            score += in[t * ld + h * D + d] * in[row_at(c, s, j) * ld + (c->heads + kv) * D + d];
        sum += p[j - from] = exp(c->scale * score);
    }
    for (size_t d = 0; d < D; d++) {
        y[d] = 0;
        for (size_t j = from; j <= position; j++)
            y[d] += p[j - from] / sum * in[row_at(c, s, j) * ld + (c->heads + c->kv_heads + kv) * D + d];
    }
}

static void plain_attention(const void *shape, const double *in, double *y) {
    const struct attention_case *c = shape;
    for (size_t s = 0; s < c->sequences; s++)
        for (size_t t = c->starts[s]; t < c->starts[s + 1]; t++)
            for (size_t h = 0; h < c->heads; h++)
                plain_row(c, in, s, t - c->starts[s] + (s > 0 ? c->shared : 0), h, y + (t * c->heads + h) * c->D);
}

static void check_attention(const struct attention_case *c) {
    static float x[2 * MOST], y[MOST], dy[MOST], dx[2 * MOST], logsum[MOST];
    static double same[2 * MOST], expected[MOST];
    size_t T = c->starts[c->sequences], ld = row_of(c), ldo = c->heads * c->D, k = ldo, v = k + c->kv_heads * c->D;
    struct bco_attention shape = {c->heads, c->kv_heads, c->D, (float)c->scale, c->window, ld, ld, ldo, T};
    struct bco_segment segment[3];
    assert_true(ops->attention_scratch(&shape) <= team.scratch_size && T * ld <= 2 * MOST && T * ldo <= MOST);
    for (size_t s = 0; s < c->sequences; s++) {
        size_t first = c->starts[s], n = c->starts[s + 1] - first, shared = s > 0 ? c->shared : 0;
        segment[s] = (struct bco_segment){.first = first,
                                          .queries = n,
                                          .keys = shared + n,
                                          .k = x + first * ld + k,
                                          .v = x + first * ld + v,
                                          .dk = dx + first * ld + k,
                                          .dv = dx + first * ld + v,
                                          .shared = shared,
                                          .next = c->shared && s + 1 < c->sequences ? s + 1 : 0};
    }
    fill(x, same, T * ld, 1, 0);
    fill(dy, NULL, T * ldo, 1, 0);
    ops->attention(&team, &shape, c->sequences, segment, x, y, logsum);
    plain_attention(c, same, expected);
    assert_close("attention", y, expected, T * ldo, 1e-6);
    ops->attention_backward(&team, &shape, c->sequences, segment, x, y, logsum, dy, dx);
    size_t n = T * ld < 600 ? T * ld : 600;
    assert_gradient("attention, first", plain_attention, c, same, 0, n, dy, T * ldo, dx);
    assert_gradient("attention, last", plain_attention, c, same, T * ld - n, n, dy, T * ldo, dx + T * ld - n);
}

static void attention(void **state) {
    static const struct attention_case cases[] = {
        {2, {0, 5, 12}, 4, 2, 3, 0, 0.7, 0},      {3, {0, 1, 9, 17}, 2, 1, 4, 3, 0.5, 0},
        {1, {0, 90}, 2, 2, 5, 0, 0.4, 0},         {2, {0, 80, 100}, 2, 1, 4, 20, 0.4, 0},
        {3, {0, 12, 15, 22}, 4, 2, 3, 0, 0.7, 9}, {3, {0, 3, 8, 13}, 2, 1, 4, 3, 0.5, 2},
        {2, {0, 70, 100}, 2, 1, 4, 0, 0.4, 66},   {3, {0, 40, 100, 104}, 2, 1, 4, 20, 0.4, 36},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) check_attention(&cases[i]);
}

/* New tokens against keys of a cache are the last rows of the whole. */
static void attention_continued(void **state) {
    enum { T = 70, D = 4, PAST = 66 };
    static float x[T * 3 * D], whole[T * D], part[T * D];
    (void)state;
    fill(x, NULL, T * 3 * D, 1, 0);
    struct bco_attention shape = {1, 1, D, 0.5f, 0, 3 * D, 3 * D, D, T};
    struct bco_segment all = {.queries = T, .keys = T, .k = x + D, .v = x + 2 * D};
    struct bco_segment last = {.first = PAST, .queries = T - PAST, .keys = T, .k = x + D, .v = x + 2 * D};
    ops->attention(&team, &shape, 1, &all, x, whole, NULL);
    ops->attention(&team, &shape, 1, &last, x, part, NULL);
    for (int i = PAST * D; i < T * D; i++) assert_true(fabs((double)whole[i] - (double)part[i]) < 1e-6);
}

/* One query a sequence, as decoding has it; the same in every bit where the sequence is alone, and where one thread
 * takes whole sequences, of which there are many for it. */
static void check_single(const struct attention_case *c) {
    enum { MOST_SIZE = 8192 };
    static float x[4 * MOST_SIZE], y[MOST_SIZE], alone[MOST_SIZE], logsum[512];
    static double same[4 * MOST_SIZE], expected[MOST_SIZE];
    size_t T = c->starts[c->sequences], ld = row_of(c), ldo = c->heads * c->D;
    const struct bco_attention shape = {c->heads, c->kv_heads, c->D, (float)c->scale, c->window, ld, ld, ldo, T};
    struct bco_segment segment[5];
    struct bco_team one = team;
    assert_true(T * ld <= sizeof x / sizeof *x && T * ldo <= MOST_SIZE && T * c->heads <= 512);
    one.threads = 1;
    fill(x, same, T * ld, 1, 0);
    for (size_t s = 0; s < c->sequences; s++) {
        size_t first = c->starts[s], last = c->starts[s + 1] - 1;
        const float *k = x + first * ld + c->heads * c->D;
        segment[s] = (struct bco_segment){last, 1, last - first + 1, k, k + c->kv_heads * c->D, NULL, NULL, 0, 0, 0};
    }
    ops->attention(&team, &shape, c->sequences, segment, x, y, logsum);
    for (size_t s = 0; s < c->sequences; s++) {
        ops->attention(&one, &shape, 1, &segment[s], x, alone, NULL);
        size_t at = segment[s].first * ldo;
        for (size_t h = 0; h < c->heads; h++) plain_row(c, same, s, segment[s].keys - 1, h, expected + h * c->D);
        assert_close("attention of one query", y + at, expected, ldo, 1e-6);
        assert_memory_equal(y + at, alone + at, ldo * sizeof *y);
    }
    ops->attention(&one, &shape, c->sequences, segment, x, alone, NULL);
    for (size_t s = 0; s < c->sequences; s++)
        assert_memory_equal(y + segment[s].first * ldo, alone + segment[s].first * ldo, ldo * sizeof *y);
}

static void attention_single(void **state) {
    static const struct attention_case cases[] = {
        {2, {0, 16, 33}, 1, 1, 3, 0, 0.7, 0},      {3, {0, 1, 3, 20}, 5, 1, 16, 0, 0.3, 0},
        {2, {0, 17, 18}, 6, 2, 40, 0, 0.2, 0},     {2, {0, 3, 20}, 3, 1, 64, 0, 0.125, 0},
        {2, {0, 12, 20}, 4, 2, 80, 0, 0.1, 0},     {2, {0, 20, 40}, 4, 4, 24, 5, 0.2, 0},
        {1, {0, 30}, 8, 1, 20, 0, 0.2, 0},         {5, {0, 2, 5, 18, 19, 36}, 6, 2, 16, 0, 0.2, 0},
        {4, {0, 1, 3, 4, 7}, 66, 2, 4, 0, 0.5, 0},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) check_single(&cases[i]);
}

/* ---- activations --------------------------------------------------------------------------- */

enum { ACT_T = 3, ACT_F = 7 };

static double plain_gelu(double x) {
    return 0.5 * x * (1 + tanh(sqrt(2 / 3.14159265358979323846) * (x + 0.044715 * x * x * x)));
}

static void plain_activation(const void *shape, const double *x, double *y) {
    enum bco_activation kind = *(const enum bco_activation *)shape;
    for (size_t t = 0; t < ACT_T; t++)
        for (size_t i = 0; i < ACT_F; i++) {
            const double *row = x + t * ACT_F * (kind == BCO_GELU ? 1 : 2);
            double up = row[i + (kind == BCO_GELU ? 0 : ACT_F)], gate = row[i];
            y[t * ACT_F + i] = kind == BCO_GELU         ? plain_gelu(up)
                               : kind == BCO_GELU_GATED ? plain_gelu(gate) * up
                                                        : gate / (1 + exp(-gate)) * up;
        }
}

static void activations(void **state) {
    (void)state;
    for (int k = BCO_SILU_GATED; k <= BCO_GELU; k++) {
        enum bco_activation kind = (enum bco_activation)k;
        float x[2 * ACT_T * ACT_F], y[ACT_T * ACT_F], dy[ACT_T * ACT_F];
        double same[2 * ACT_T * ACT_F], expected[ACT_T * ACT_F];
        size_t n = ACT_T * ACT_F * (kind == BCO_GELU ? 1 : 2);
        fill(x, same, n, 3, 0);
        fill(dy, NULL, ACT_T * ACT_F, 1, 0);
        ops->activation(&team, kind, ACT_T, ACT_F, x, y);
        plain_activation(&kind, same, expected);
        assert_close("activation", y, expected, ACT_T * ACT_F, 1e-6);
        ops->activation_backward(&team, kind, ACT_T, ACT_F, x, dy);
        assert_gradient("activation", plain_activation, &kind, same, 0, n, dy, ACT_T * ACT_F, x);
    }
}

/* ---- embedding, softmax ---------------------------------------------------------------------- */

enum { EMB_T = 5, EMB_C = 6, EMB_V = 4 };
static const int32_t ids[EMB_T] = {2, 0, 2, 3, 2};

static void plain_embedding(const void *shape, const double *table, double *y) {
    (void)shape;
    for (size_t t = 0; t < EMB_T; t++)
        for (size_t i = 0; i < EMB_C; i++) y[t * EMB_C + i] = 1.5 * table[(size_t)ids[t] * EMB_C + i];
}

static void embedding(void **state) {
    float table[EMB_V * EMB_C], y[EMB_T * EMB_C], twice[EMB_T * EMB_C], dy[EMB_T * EMB_C], dtable[EMB_V * EMB_C] = {0};
    double same[EMB_V * EMB_C], expected[EMB_T * EMB_C];
    (void)state;
    fill(table, same, EMB_V * EMB_C, 1, 0);
    fill(dy, NULL, EMB_T * EMB_C, 1, 0);
    ops->embedding(&team, EMB_T, EMB_C, ids, table, 1.5f, y, false);
    plain_embedding(NULL, same, expected);
    assert_close("embedding", y, expected, EMB_T * EMB_C, 1e-7);
    memcpy(twice, y, sizeof twice);
    ops->add(&team, EMB_T * EMB_C, 1, y, twice);
    for (int i = 0; i < EMB_T * EMB_C; i++) assert_true(twice[i] == 2 * y[i]);
    ops->embedding_backward(&team, EMB_T, EMB_C, ids, dy, 1.5f, dtable);
    assert_gradient("embedding", plain_embedding, NULL, same, 0, EMB_V * EMB_C, dy, EMB_T * EMB_C, dtable);
}

static const size_t softmax_v = 300;

static void plain_softmax(const void *shape, const double *logits, double *logp) {
    (void)shape;
    for (size_t t = 0; t < EMB_T; t++) {
        double sum = 0;
        for (size_t v = 0; v < softmax_v; v++) sum += exp(logits[t * softmax_v + v]);
        logp[t] = logits[t * softmax_v + (size_t)ids[t]] - log(sum);
    }
}

static void softmax(void **state) {
    static float logits[EMB_T * 300], kept[EMB_T * 300];
    static double same[EMB_T * 300];
    double logp[EMB_T], again[EMB_T], sums[EMB_T], expected[EMB_T], dlogp[EMB_T];
    float weights[EMB_T];
    size_t n = EMB_T * softmax_v;
    (void)state;
    fill(logits, same, n, 5, 0);
    fill(weights, dlogp, EMB_T, 1, 0);
    memcpy(kept, logits, sizeof kept);
    ops->softmax(&team, EMB_T, softmax_v, logits, ids, false, again, sums);
    ops->softmax(&team, EMB_T, softmax_v, kept, ids, true, logp, sums);
    assert_memory_equal(logp, again, sizeof logp);
    plain_softmax(NULL, same, expected);
    for (int t = 0; t < EMB_T; t++) assert_true(fabs(logp[t] - expected[t]) < 1e-6);
    ops->softmax_backward(&team, EMB_T, softmax_v, kept, ids, sums, dlogp);
    assert_gradient("softmax", plain_softmax, NULL, same, 0, n, weights, EMB_T, kept);
}

static void squares(void **state) {
    static float x[100001];
    struct bco_team one = {.threads = 1};
    double expected = 0;
    (void)state;
    fill(x, NULL, 100001, 1, 0);
    for (size_t i = 0; i < 100001; i++) expected += (double)x[i] * (double)x[i];
    double got = ops->sum_of_squares(&team, 100001, x);
    assert_true(fabs(got / expected - 1) < 1e-12);
    assert_true(got == ops->sum_of_squares(&one, 100001, x));
    assert_true(ops->sum_of_squares(&one, 0, x) == 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exponential),
        cmocka_unit_test(products),
        cmocka_unit_test(products_half),
        cmocka_unit_test(rows_hang_on_nothing_else),
        cmocka_unit_test(linear),
        cmocka_unit_test(norms),
        cmocka_unit_test(rope),
        cmocka_unit_test(attention),
        cmocka_unit_test(attention_continued),
        cmocka_unit_test(feed_forward_in_one_go),
        cmocka_unit_test(attention_single),
        cmocka_unit_test(activations),
        cmocka_unit_test(embedding),
        cmocka_unit_test(softmax),
        cmocka_unit_test(squares),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
