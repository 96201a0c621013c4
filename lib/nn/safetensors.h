/* Reading *.safetensors: mapped, and every number in the header checked before
 * it is used. A file is: 8 bytes of length (little-endian), so many bytes of JSON,
 * the tensors one behind the other without a gap. */
#ifndef BCO_NN_SAFETENSORS_H
#define BCO_NN_SAFETENSORS_H

#include <bco/error.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BCO_TENSOR_DIMS 8

struct bco_tensor {
    const char *name;
    const char *dtype; /* "F32", "F16", "BF16", ... as the header has it */
    size_t dims;
    size_t shape[BCO_TENSOR_DIMS];
    size_t count;     /* elements */
    const void *data; /* mapped; not aligned beyond a byte */
    size_t bytes;
    const char *file; /* path, for messages */
    bool mapped;      /* data lies in a mapped file */
};

struct bco_weights;

/* The tensors of the folder `dir`: model.safetensors, or the shards that
 * model.safetensors.index.json names, all inside the folder. Errors: BCO_EDATA for what is wrong
 * in it, a missing file too; BCO_ESYSTEM where the system refuses to read. */
enum bco_code bco_weights_open(struct bco_weights **weights, const char *dir, struct bco_error *err);
/* The same of one file. */
enum bco_code bco_weights_open_file(struct bco_weights **weights, const char *path, struct bco_error *err);
/* The same of `size` bytes in memory, which must stay; `path` is for messages. */
enum bco_code bco_weights_of_memory(struct bco_weights **weights, const void *bytes, size_t size, const char *path,
                                    struct bco_error *err);
void bco_weights_close(struct bco_weights *weights);

size_t bco_weights_count(const struct bco_weights *weights);
const struct bco_tensor *bco_weights_tensor(const struct bco_weights *weights, size_t i); /* sorted by name */
/* NULL: not there. A name that the header's metadata calls an alias of a tensor finds that tensor. */
const struct bco_tensor *bco_weights_find(const struct bco_weights *weights, const char *name);

/* Can bco_tensor_read read it: F32, F16, BF16. */
bool bco_tensor_readable(const struct bco_tensor *tensor);
/* Elements [first, first+count) as f32. false: one of them is NaN or infinite. */
bool bco_tensor_read(const struct bco_tensor *tensor, size_t first, size_t count, float *out);
/* It has been read: a mapped file's pages may leave memory. */
void bco_tensor_let_go(const struct bco_tensor *tensor);

#endif
