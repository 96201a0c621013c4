/* Products are cut into tiles, so that a few primitives of oneDNN serve batches
 * of any length, and a row's sums do not depend on the rows beside it. Operands are rounded and laid out by us;
 * oneDNN runs one tile in one thread at a time. */
#include "nn/bf16.h"
#include "base/fail.h"
#include "base/mem.h"

#include <bco/model.h>

#ifdef BCO_ONEDNN
#include "nn/bf16_pack.h"

#include <dnnl.h>
#include <omp.h>
#include <stdlib.h>
#include <string.h>

enum {
    TILE_ROWS = 32,
    TILE_COLUMNS = 512, /* but where oneDNN may write whole rows of the result itself */
    STEP = 16,          /* a last tile has a multiple of it */
};
#define A_ELEMENTS ((size_t)4 << 20) /* of packed operands */
#define B_ELEMENTS ((size_t)2 << 20)
#define WORK_PER_THREAD ((size_t)1 << 21)

/* A primitive for tiles of one size, c[m,n] = a[m,k] b[k,n], added to what c has where `add`. */
struct kernel {
    size_t m, n, k;
    bool add;
    dnnl_primitive_t primitive;
    const dnnl_memory_desc_t *a, *b, *c, *scratch; /* the primitive's own */
};

/* A thread's own. */
struct place {
    dnnl_stream_t stream;
    float *c; /* [TILE_ROWS, TILE_COLUMNS] */
    uint16_t *room;
    char *scratch;
};

struct bco_bf16 {
    dnnl_engine_t engine;
    struct kernel **kernels; /* each a piece of its own: they stay where they are */
    size_t kernel_count, kernel_capacity;
    uint16_t *a, *b;
    struct place *places;
    int threads;
    size_t scratch_size;
    bool failed;
};

/* ---- primitives -------------------------------------------------------------- */

static bool make_descriptor(struct kernel *kernel, dnnl_engine_t engine, const dnnl_primitive_attr_t attributes) {
    const dnnl_dims_t a = {(dnnl_dim_t)kernel->m, (dnnl_dim_t)kernel->k};
    const dnnl_dims_t b = {(dnnl_dim_t)kernel->k, (dnnl_dim_t)kernel->n};
    const dnnl_dims_t c = {(dnnl_dim_t)kernel->m, (dnnl_dim_t)kernel->n};
    dnnl_memory_desc_t ma, mb, mc;
    dnnl_matmul_desc_t matmul;
    dnnl_primitive_desc_t descriptor;
    if (dnnl_memory_desc_init_by_tag(&ma, 2, a, dnnl_bf16, dnnl_ab) ||
        dnnl_memory_desc_init_by_tag(&mb, 2, b, dnnl_bf16, dnnl_BA16a64b2a) ||
        dnnl_memory_desc_init_by_tag(&mc, 2, c, dnnl_f32, dnnl_ab) ||
        dnnl_matmul_desc_init(&matmul, &ma, &mb, NULL, &mc) ||
        dnnl_primitive_desc_create(&descriptor, &matmul, attributes, engine, NULL))
        return false;
    bool made = dnnl_primitive_create(&kernel->primitive, descriptor) == dnnl_success;
    dnnl_primitive_desc_destroy(descriptor);
    return made;
}

static bool add_to_result(dnnl_primitive_attr_t attributes) {
    dnnl_post_ops_t steps;
    if (dnnl_post_ops_create(&steps)) return false;
    bool good = !dnnl_post_ops_append_sum(steps, 1) && !dnnl_primitive_attr_set_post_ops(attributes, steps);
    dnnl_post_ops_destroy(steps);
    return good;
}

/* One that runs in the calling thread, whatever OpenMP would give it, with scratch memory of ours. */
static bool make_primitive(struct kernel *kernel, dnnl_engine_t engine) {
    dnnl_primitive_attr_t attributes;
    const_dnnl_primitive_desc_t made = NULL;
    if (dnnl_primitive_attr_create(&attributes)) return false;
    int threads = omp_get_max_threads();
    omp_set_num_threads(1);
    bool good = !dnnl_primitive_attr_set_scratchpad_mode(attributes, dnnl_scratchpad_mode_user) &&
                (!kernel->add || add_to_result(attributes)) && make_descriptor(kernel, engine, attributes);
    omp_set_num_threads(threads);
    dnnl_primitive_attr_destroy(attributes);
    if (!good) return false;
    dnnl_primitive_get_primitive_desc(kernel->primitive, &made);
    kernel->a = dnnl_primitive_desc_query_md(made, dnnl_query_src_md, 0);
    kernel->b = dnnl_primitive_desc_query_md(made, dnnl_query_weights_md, 0);
    kernel->c = dnnl_primitive_desc_query_md(made, dnnl_query_dst_md, 0);
    kernel->scratch = dnnl_primitive_desc_query_md(made, dnnl_query_scratchpad_md, 0);
    return true;
}

static bool reserve_scratch(struct bco_bf16 *bf16, size_t size) {
    if (size <= bf16->scratch_size) return true;
    bf16->scratch_size = 0;
    for (int i = 0; i < bf16->threads; i++) {
        free(bf16->places[i].scratch);
        bf16->places[i].scratch = bco_malloc_aligned(size, 1);
        if (!bf16->places[i].scratch) return false;
    }
    bf16->scratch_size = size;
    return true;
}

static struct kernel *new_kernel(struct bco_bf16 *bf16, size_t m, size_t n, size_t k, bool add) {
    struct kernel *kernel = bco_calloc(1, sizeof *kernel);
    if (!kernel) return NULL;
    *kernel = (struct kernel){.m = m, .n = n, .k = k, .add = add};
    if (bco_grow((void **)&bf16->kernels, &bf16->kernel_capacity, bf16->kernel_count + 1, sizeof kernel) &&
        make_primitive(kernel, bf16->engine)) {
        bf16->kernels[bf16->kernel_count++] = kernel;
        return kernel;
    }
    free(kernel);
    return NULL;
}

/* NULL: out of memory. Not to be called by two threads. */
static const struct kernel *find_kernel(struct bco_bf16 *bf16, size_t m, size_t n, size_t k, bool add) {
    for (size_t i = 0; i < bf16->kernel_count; i++) {
        const struct kernel *kernel = bf16->kernels[i];
        if (kernel->m == m && kernel->n == n && kernel->k == k && kernel->add == add) return kernel;
    }
    struct kernel *kernel = new_kernel(bf16, m, n, k, add);
    if (!kernel || !reserve_scratch(bf16, dnnl_memory_desc_get_size(kernel->scratch))) return NULL;
    return kernel;
}

static bool run_kernel(const struct bco_bf16 *bf16, const struct kernel *kernel, const struct place *place,
                       const uint16_t *a, const uint16_t *b, float *c) {
    dnnl_memory_t ma = NULL, mb = NULL, mc = NULL, ms = NULL;
    bool good = !dnnl_memory_create(&ma, kernel->a, bf16->engine, (void *)a) &&
                !dnnl_memory_create(&mb, kernel->b, bf16->engine, (void *)b) &&
                !dnnl_memory_create(&mc, kernel->c, bf16->engine, c) &&
                !dnnl_memory_create(&ms, kernel->scratch, bf16->engine, place->scratch);
    if (good) {
        const dnnl_exec_arg_t arguments[] = {
            {DNNL_ARG_SRC, ma}, {DNNL_ARG_WEIGHTS, mb}, {DNNL_ARG_DST, mc}, {DNNL_ARG_SCRATCHPAD, ms}};
        good = !dnnl_primitive_execute(kernel->primitive, place->stream, 4, arguments);
    }
    dnnl_memory_destroy(ma);
    dnnl_memory_destroy(mb);
    dnnl_memory_destroy(mc);
    dnnl_memory_destroy(ms);
    return good;
}

/* ---- opening ----------------------------------------------------------------- */

const char *bco_bf16_missing(void) {
    switch (dnnl_get_effective_cpu_isa()) {
    case dnnl_cpu_isa_avx512_core_bf16:
    case dnnl_cpu_isa_avx512_core_amx: return NULL;
    default: return "this processor has no products of bf16";
    }
}

static bool open_place(struct bco_bf16 *bf16, struct place *place) {
    place->c = bco_malloc_aligned(TILE_ROWS * TILE_COLUMNS, sizeof *place->c);
    place->room = bco_malloc_aligned(BCO_PACK_ROOM, sizeof *place->room);
    return place->c && place->room && !dnnl_stream_create(&place->stream, bf16->engine, dnnl_stream_default_flags);
}

enum bco_code bco_bf16_open(struct bco_bf16 **bf16, int threads, struct bco_error *err) {
    *bf16 = NULL;
    if (bco_bf16_missing()) return bco_fail(err, BCO_EUSAGE, "%s", bco_bf16_missing());
    struct bco_bf16 *b = bco_calloc(1, sizeof *b);
    if (!b) return bco_fail_memory(err);
    b->threads = threads;
    b->places = bco_calloc((size_t)threads, sizeof *b->places);
    b->a = bco_malloc_huge(A_ELEMENTS, sizeof *b->a);
    b->b = bco_malloc_huge(B_ELEMENTS, sizeof *b->b);
    bool good = b->places && b->a && b->b && !dnnl_engine_create(&b->engine, dnnl_cpu, 0);
    for (int i = 0; good && i < threads; i++) good = open_place(b, &b->places[i]);
    if (good && find_kernel(b, TILE_ROWS, TILE_COLUMNS, BCO_BLOCK, false)) {
        *bf16 = b;
        return BCO_OK;
    }
    bco_bf16_close(b);
    return bco_fail_memory(err);
}

void bco_bf16_close(struct bco_bf16 *bf16) {
    if (!bf16) return;
    for (size_t i = 0; i < bf16->kernel_count; i++) {
        dnnl_primitive_destroy(bf16->kernels[i]->primitive);
        free(bf16->kernels[i]);
    }
    for (int i = 0; bf16->places && i < bf16->threads; i++) {
        free(bf16->places[i].c);
        free(bf16->places[i].room);
        free(bf16->places[i].scratch);
        if (bf16->places[i].stream) dnnl_stream_destroy(bf16->places[i].stream);
    }
    if (bf16->engine) dnnl_engine_destroy(bf16->engine);
    free(bf16->kernels);
    free(bf16->places);
    free(bf16->a);
    free(bf16->b);
    free(bf16);
}

size_t bco_bf16_bytes(int threads) {
    return (A_ELEMENTS + B_ELEMENTS) * sizeof(uint16_t) +
           (size_t)threads * (TILE_ROWS * TILE_COLUMNS * sizeof(float) + BCO_PACK_ROOM * sizeof(uint16_t));
}

bool bco_bf16_failed(struct bco_bf16 *bf16) {
    bool failed = bf16 && bf16->failed;
    if (bf16) bf16->failed = false;
    return failed;
}

/* ---- products ---------------------------------------------------------------- */

/* A part of a product whose operands fit into the packed ones. */
struct part {
    struct bco_bf16 *bf16;
    const struct bco_matmul *product;
    struct bco_source_matrix a, b;
    size_t m0, n0; /* where it begins in the result */
    size_t m, n, k;
    size_t stride; /* k, padded */
    bool pack_a;
    float beta;
    const struct kernel *kernel[2][2]; /* of whole and last rows, whole and last columns */
    const struct kernel *direct;       /* of whole rows of the result, one behind the other in place; or NULL */
};

static size_t pad(size_t count, size_t step) {
    return (count + step - 1) / step * step;
}

static bool find_kernels(struct part *p) {
    bool direct = p->product->ldc == p->n && p->n % BCO_PANEL == 0 && p->m >= TILE_ROWS;
    p->direct = direct ? find_kernel(p->bf16, TILE_ROWS, p->n, p->stride, p->beta != 0) : NULL;
    if (direct && !p->direct) return false;
    for (int i = 0; i < 2; i++)
        for (int j = 0; j < 2; j++) {
            size_t m = i ? pad(p->m % TILE_ROWS, STEP) : TILE_ROWS;
            size_t n = j ? pad(p->n % TILE_COLUMNS, STEP) : TILE_COLUMNS;
            bool needed = (i ? m > 0 : !direct && p->m >= TILE_ROWS) && (j ? n > 0 : p->n >= TILE_COLUMNS);
            p->kernel[i][j] = needed ? find_kernel(p->bf16, m, n, p->stride, false) : NULL;
            if (needed && !p->kernel[i][j]) return false;
        }
    return true;
}

/* c = beta c + what the tile holds. */
static void store_tile(const struct part *p, size_t row, size_t rows, size_t column, size_t columns, const float *tile,
                       size_t ld) {
    for (size_t i = 0; i < rows; i++) {
        float *c = p->product->c + (p->m0 + row + i) * p->product->ldc + p->n0 + column;
        if (p->beta == 0)
            memcpy(c, tile + i * ld, columns * sizeof *c);
        else
            for (size_t j = 0; j < columns; j++) c[j] += tile[i * ld + j];
    }
}

static size_t bands_of(const struct part *p) {
    return p->direct ? p->m / TILE_ROWS : 0;
}

/* The band of TILE_ROWS rows that begins at `row`. */
static bool run_band(const struct part *p, size_t row) {
    return run_kernel(p->bf16, p->direct, &p->bf16->places[omp_get_thread_num()], p->bf16->a + row * p->stride,
                      p->bf16->b, p->product->c + (p->m0 + row) * p->n);
}

/* Of the rows that are not in bands. */
static bool run_tile(const struct part *p, size_t tile) {
    size_t bands = bands_of(p), rows_of_tiles = (p->m + TILE_ROWS - 1) / TILE_ROWS - bands;
    size_t row = (bands + tile % rows_of_tiles) * TILE_ROWS, column = tile / rows_of_tiles * TILE_COLUMNS;
    size_t rows = p->m - row < TILE_ROWS ? p->m - row : TILE_ROWS;
    size_t columns = p->n - column < TILE_COLUMNS ? p->n - column : TILE_COLUMNS;
    const struct place *place = &p->bf16->places[omp_get_thread_num()];
    const struct kernel *kernel = p->kernel[rows < TILE_ROWS][columns < TILE_COLUMNS];
    bool good =
        run_kernel(p->bf16, kernel, place, p->bf16->a + row * p->stride, p->bf16->b + column * p->stride, place->c);
    if (good) store_tile(p, row, rows, column, columns, place->c, kernel->n);
    return good;
}

/* Operands are read by whole rows, wherever they go: the processor fetches these ahead. */
static size_t a_pieces(const struct part *p) {
    if (!p->pack_a) return 0;
    return p->product->transpose_a ? p->stride / BCO_BLOCK : (p->m + TILE_ROWS - 1) / TILE_ROWS;
}

static void pack_a(const struct part *p, size_t i) {
    size_t rows = pad(p->m, STEP), row = i * TILE_ROWS;
    uint16_t *out = p->bf16->a;
    if (p->product->transpose_a)
        bco_pack_turned_rows(&p->a, i * BCO_BLOCK, p->m0, rows, p->stride, out,
                             p->bf16->places[omp_get_thread_num()].room);
    else
        bco_pack_rows(&p->a, p->m0 + row, rows - row < TILE_ROWS ? rows - row : TILE_ROWS, p->stride,
                      out + row * p->stride);
}

static size_t b_pieces(const struct part *p) {
    return p->product->transpose_b ? (p->n + BCO_PANEL - 1) / BCO_PANEL : p->stride / BCO_BLOCK;
}

static void pack_b(const struct part *p, size_t i) {
    uint16_t *room = p->bf16->places[omp_get_thread_num()].room, *out = p->bf16->b;
    if (p->product->transpose_b)
        bco_pack_turned_panel(&p->b, p->n0 + i * BCO_PANEL, p->stride, out + i * BCO_PANEL * p->stride, room);
    else
        bco_pack_panels(&p->b, i * BCO_BLOCK, p->n0, p->n, p->stride, out, room);
}

static void run_part(const struct bco_team *team, struct part *p) {
    size_t pieces_of_a = a_pieces(p), pieces_of_b = b_pieces(p);
    size_t worth = p->m * p->n / 16 * p->k / (WORK_PER_THREAD / 16) + 1;
    int threads = worth < (size_t)team->threads ? (int)worth : team->threads;
    bool good = true;
    if (!find_kernels(p)) {
        p->bf16->failed = true;
        return;
    }
    size_t bands = bands_of(p);
    size_t tiles = ((p->m + TILE_ROWS - 1) / TILE_ROWS - bands) * ((p->n + TILE_COLUMNS - 1) / TILE_COLUMNS);
#pragma omp parallel num_threads(threads) reduction(&& : good)
    {
#pragma omp for schedule(dynamic) nowait
        for (size_t i = 0; i < pieces_of_b; i++) pack_b(p, i);
#pragma omp for schedule(dynamic)
        for (size_t i = 0; i < pieces_of_a; i++) pack_a(p, i);
#pragma omp for schedule(dynamic) nowait
        for (size_t i = 0; i < bands; i++) good = run_band(p, i * TILE_ROWS) && good;
#pragma omp for schedule(dynamic)
        for (size_t i = 0; i < tiles; i++) good = run_tile(p, i) && good;
    }
    if (!good) p->bf16->failed = true;
}

/* The operands' rows or columns that the sum over [k0, k0+k) needs. */
static struct bco_source_matrix slice(const float *at, struct bco_half half, size_t ld, bool by_k, size_t k0, size_t k,
                                      size_t other, float factor) {
    size_t skip = by_k ? k0 * ld : k0;
    struct bco_source_matrix s = {.ld = ld, .rows = by_k ? k : other, .columns = by_k ? other : k, .factor = factor};
    if (half.bits)
        s.half = (struct bco_half){half.bits + skip, half.bf16};
    else
        s.at = at + skip;
    return s;
}

static void run_slice(const struct bco_team *team, const struct bco_matmul *p, size_t k0, size_t k) {
    struct part part = {.bf16 = team->bf16, .product = p, .k = k, .stride = pad(k, BCO_BLOCK)};
    part.a = slice(p->a, (struct bco_half){0}, p->lda, p->transpose_a, k0, k, p->m, p->alpha);
    part.b = slice(p->b, p->b_half, p->ldb, !p->transpose_b, k0, k, p->n, 1);
    part.beta = k0 ? 1 : p->beta;
    size_t columns = B_ELEMENTS / part.stride / TILE_COLUMNS * TILE_COLUMNS;
    size_t rows = A_ELEMENTS / part.stride / TILE_ROWS * TILE_ROWS;
    for (part.n0 = 0; part.n0 < p->n; part.n0 += columns) {
        part.n = p->n - part.n0 < columns ? p->n - part.n0 : columns;
        for (part.m0 = 0; part.m0 < p->m; part.m0 += rows) {
            part.m = p->m - part.m0 < rows ? p->m - part.m0 : rows;
            part.pack_a = part.n0 == 0 || p->m > rows;
            run_part(team, &part);
        }
    }
}

void bco_bf16_matmul(const struct bco_team *team, const struct bco_matmul *p) {
    for (size_t k0 = 0; k0 < p->k; k0 += BCO_DEPTH)
        run_slice(team, p, k0, p->k - k0 < BCO_DEPTH ? p->k - k0 : BCO_DEPTH);
}

#else

const char *bco_bf16_missing(void) {
    return "libbco was built without oneDNN";
}

enum bco_code bco_bf16_open(struct bco_bf16 **bf16, int threads, struct bco_error *err) {
    (void)threads;
    *bf16 = NULL;
    return bco_fail(err, BCO_EUSAGE, "%s", bco_bf16_missing());
}

void bco_bf16_close(struct bco_bf16 *bf16) {
    (void)bf16;
}

size_t bco_bf16_bytes(int threads) {
    (void)threads;
    return 0;
}

void bco_bf16_matmul(const struct bco_team *team, const struct bco_matmul *product) {
    (void)team;
    (void)product;
}

bool bco_bf16_failed(struct bco_bf16 *bf16) {
    (void)bf16;
    return false;
}

#endif
