#include "nn/bf16_pack.h"
#include "nn/kernels.h"

/* To nearest, ties to even; NaN stays one. */
BCO_INLINE uint16_t narrow(float x) {
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    uint32_t rounded = (bits + 0x7FFFu + (bits >> 16 & 1u)) >> 16;
    return (uint16_t)((bits & 0x7FFFFFFFu) > 0x7F800000u ? bits >> 16 | 0x40u : rounded);
}

BCO_CLONES static void narrow_row(const float *from, float factor, size_t n, uint16_t *to) {
    for (size_t i = 0; i < n; i++) to[i] = narrow(from[i] * factor);
}

/* Elements [first, first+count) of a row, and zeros up to `width`. */
static void read_row(const struct bco_source_matrix *s, size_t row, size_t first, size_t count, size_t width,
                     uint16_t *to) {
    size_t at = row * s->ld + first;
    float wide[BCO_PANEL];
    if (s->at)
        narrow_row(s->at + at, s->factor, count, to);
    else if (s->half.bf16 && s->factor == 1)
        memcpy(to, s->half.bits + at, count * sizeof *to);
    else
        for (size_t i = 0; i < count; i += BCO_PANEL) {
            size_t n = count - i < BCO_PANEL ? count - i : BCO_PANEL;
            bco_widen(s->half, at + i, n, wide);
            narrow_row(wide, s->factor, n, to + i);
        }
    memset(to + count, 0, (width - count) * sizeof *to);
}

static size_t within(size_t first, size_t count, size_t end) {
    if (first >= end) return 0;
    return end - first < count ? end - first : count;
}

/* to[j][i] = from[i][j]: 16 x 16 pairs; the distances between rows are in pairs. */
BCO_CLONES static void turn(const uint16_t *from, size_t ldf, uint16_t *to, size_t ldt) {
    for (size_t j = 0; j < 16; j++)
        for (size_t i = 0; i < 16; i++) {
            uint32_t pair;
            memcpy(&pair, from + 2 * (i * ldf + j), sizeof pair);
            memcpy(to + 2 * (j * ldt + i), &pair, sizeof pair);
        }
}

BCO_CLONES static void interleave(const uint16_t *even, const uint16_t *odd, size_t n, uint16_t *to) {
    for (size_t i = 0; i < n; i++) {
        to[2 * i] = even[i];
        to[2 * i + 1] = odd[i];
    }
}

/* Two rows of f32: an even one's elements in the low halves. */
BCO_CLONES static void narrow_pairs(const float *restrict even, const float *restrict odd, float factor, size_t n,
                                    uint16_t *restrict to) {
    for (size_t i = 0; i < n; i++) {
        uint32_t pair = (uint32_t)narrow(odd[i] * factor) << 16 | narrow(even[i] * factor);
        memcpy(to + 2 * i, &pair, sizeof pair);
    }
}

enum { WIDTH = 512 }; /* columns turned at a time */

/* Rows row and row+1 of the source, which may be beyond it, as pairs: [width, 2], width up to WIDTH. */
static void read_pairs(const struct bco_source_matrix *s, size_t row, size_t first, size_t width, uint16_t *room,
                       uint16_t *to) {
    size_t count = within(first, width, s->columns), at = row * s->ld + first;
    if (s->at && row + 1 < s->rows) {
        narrow_pairs(s->at + at, s->at + at + s->ld, s->factor, count, to);
        memset(to + 2 * count, 0, 2 * (width - count) * sizeof *to);
        return;
    }
    for (size_t i = 0; i < 2; i++) {
        if (row + i < s->rows)
            read_row(s, row + i, first, count, width, room + i * width);
        else
            memset(room + i * width, 0, width * sizeof *room);
    }
    interleave(room, room + width, width, to);
}

void bco_pack_turned_rows(const struct bco_source_matrix *a, size_t k, size_t first, size_t count, size_t stride,
                          uint16_t *out, uint16_t *room) {
    uint16_t *pairs = room + 2 * WIDTH;
    for (size_t n = 0; n < count; n += WIDTH) {
        size_t width = count - n < WIDTH ? count - n : WIDTH;
        for (size_t i = 0; i < BCO_BLOCK / 2; i++)
            read_pairs(a, k + 2 * i, first + n, width, room, pairs + 2 * i * WIDTH);
        for (size_t m = 0; m < width; m += 16) turn(pairs + 2 * m, WIDTH, out + (n + m) * stride + k, stride / 2);
    }
}

void bco_pack_rows(const struct bco_source_matrix *a, size_t first, size_t count, size_t stride, uint16_t *out) {
    for (size_t m = 0; m < count; m++) {
        if (first + m < a->rows)
            read_row(a, first + m, 0, a->columns, stride, out + m * stride);
        else
            memset(out + m * stride, 0, stride * sizeof *out);
    }
}

void bco_pack_panels(const struct bco_source_matrix *b, size_t k, size_t first, size_t count, size_t stride,
                     uint16_t *out, uint16_t *room) {
    for (size_t row = k; row < k + BCO_BLOCK; row += 2)
        for (size_t n = 0; n < count; n += BCO_PANEL)
            read_pairs(b, row, first + n, BCO_PANEL, room, out + n * stride + row * BCO_PANEL);
}

/* 16 rows of the source at a time become 16 columns: whole rows, which the processor fetches ahead. */
void bco_pack_turned_panel(const struct bco_source_matrix *b, size_t first, size_t stride, uint16_t *out,
                           uint16_t *room) {
    for (size_t n = 0; n < BCO_PANEL; n += 16) {
        for (size_t i = 0; i < 16; i++) {
            if (first + n + i < b->rows)
                read_row(b, first + n + i, 0, b->columns, stride, room + i * stride);
            else
                memset(room + i * stride, 0, stride * sizeof *room);
        }
        for (size_t k = 0; k < stride; k += BCO_BLOCK)
            turn(room + k, stride / 2, out + k * BCO_PANEL + 2 * n, BCO_PANEL);
    }
}
