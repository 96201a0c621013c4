#include "align/store_check.h"

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* LMDB trusts its file: a page with a wrong offset makes it touch memory that is
 * not there. So the pages are walked once, with plain reads, by the layout of
 * LMDB 0.9 (data version 1), whose numbers are the machine's own:
 *   page   number 8, pad 2, flags 2, lower 2, upper 2, then one offset of 2 for each node
 *   node   low 2, high 2, flags 2, key size 2, then the key and what it leads to
 *   meta   page header 16, magic 4, version 4, address 8, map size 8, two trees of 48, last page 8, txn 8
 *   tree   page size 4, flags 2, depth 2, page counts 24, entries 8, root 8 */
enum { HEADER = 16, NODE = 8, BRANCH = 1, LEAF = 2, OVERFLOW = 4, BIG = 1, MAX_DEPTH = 32, MAX_PAGE = 1 << 16 };
enum { META_TREES = HEADER + 24, TREE = 48, TREE_DEPTH = 6, TREE_ROOT = 40, META_LAST = META_TREES + 2 * TREE };
enum { META_TXN = META_LAST + 8, META_SIZE = META_TXN + 8, FREE = 0, MAIN = 1 };

struct walk {
    int fd;
    size_t page_size;
    uint64_t last;    /* the last page in use */
    uint64_t visited; /* pages so far: more than there are means a circle */
    int tree;         /* FREE or MAIN */
};

static uint16_t u16(const unsigned char *p) {
    uint16_t x;
    memcpy(&x, p, sizeof x);
    return x;
}

static uint64_t u64(const unsigned char *p) {
    uint64_t x;
    memcpy(&x, p, sizeof x);
    return x;
}

static bool read_at(int fd, void *to, size_t size, uint64_t offset) {
    return pread(fd, to, size, (off_t)offset) == (ssize_t)size;
}

static bool page_size_is_sound(uint32_t size) {
    return size >= 256 && size <= MAX_PAGE && (size & (size - 1)) == 0;
}

bool bco_store_check_head(int fd) {
    unsigned char meta[META_SIZE];
    uint32_t size, second;
    if (!read_at(fd, meta, sizeof meta, 0)) return true;
    memcpy(&size, meta + META_TREES, sizeof size);
    if (!page_size_is_sound(size)) return false;
    if (!read_at(fd, meta, sizeof meta, size)) return true;
    memcpy(&second, meta + META_TREES, sizeof second);
    return second == size;
}

/* The pages that are free, as a list: its length, then page numbers, falling. */
static bool free_list_is_sound(const struct walk *w, const unsigned char *list, size_t size) {
    if (size < 8 || u64(list) > size / 8 - 1) return false;
    uint64_t count = u64(list), above = w->last + 1;
    for (uint64_t i = 1; i <= count; i++) {
        uint64_t page = u64(list + 8 * i);
        if (page < 2 || page >= above) return false;
        above = page;
    }
    return true;
}

/* A free list too long for its page: `size` bytes from page `number` on. */
static bool big_list_is_sound(struct walk *w, uint64_t number, size_t size) {
    unsigned char head[HEADER + 8], entry[8];
    uint32_t pages;
    if (number < 2 || number > w->last || size < 8 || size % 8) return false;
    uint64_t start = number * w->page_size, needed = (HEADER + size + w->page_size - 1) / w->page_size;
    if (!read_at(w->fd, head, sizeof head, start)) return false;
    memcpy(&pages, head + 12, sizeof pages);
    if (u64(head) != number || u16(head + 10) != OVERFLOW || pages != needed || w->last - number < needed - 1)
        return false;
    uint64_t count = u64(head + HEADER), above = w->last + 1;
    if (count > size / 8 - 1) return false;
    for (uint64_t i = 1; i <= count; i++) {
        if (!read_at(w->fd, entry, sizeof entry, start + HEADER + 8 * i)) return false;
        if (u64(entry) < 2 || u64(entry) >= above) return false;
        above = u64(entry);
    }
    return true;
}

/* The bytes the node takes in its page; 0: it is not sound. `room`: from the node to the page's end. */
static size_t leaf_node_size(struct walk *w, const unsigned char *node, size_t room) {
    size_t data = (size_t)u16(node) | (size_t)u16(node + 2) << 16, key = u16(node + 6), flags = u16(node + 4);
    size_t stored = flags == BIG ? 8 : data;
    if ((flags != 0 && flags != BIG) || key > room - NODE || stored > room - NODE - key) return 0;
    const unsigned char *value = node + NODE + key;
    bool sound = w->tree == MAIN ? flags == 0 && key > 0
                 : flags == BIG  ? key == 8 && big_list_is_sound(w, u64(value), data)
                                 : key == 8 && free_list_is_sound(w, value, data);
    return sound ? (NODE + key + stored + 1) & ~(size_t)1 : 0;
}

static bool tree_is_sound(struct walk *w, uint64_t number, int depth);

static size_t branch_node_size(struct walk *w, const unsigned char *node, size_t room, int depth) {
    uint64_t child = (uint64_t)u16(node) | (uint64_t)u16(node + 2) << 16 | (uint64_t)u16(node + 4) << 32;
    size_t key = u16(node + 6);
    if (key > room - NODE || depth < 2 || !tree_is_sound(w, child, depth - 1)) return 0;
    return (NODE + key + 1) & ~(size_t)1;
}

/* Nodes fill the page from `upper` to its end without a gap. */
static bool page_is_sound(struct walk *w, const unsigned char *page, int depth) {
    size_t lower = u16(page + 12), upper = u16(page + 14), used = 0;
    bool branch = u16(page + 10) == BRANCH;
    if ((!branch && u16(page + 10) != LEAF) || branch != (depth > 1)) return false;
    if (lower < HEADER + 2 || lower % 2 || upper < lower || upper > w->page_size) return false;
    if (branch && w->tree == MAIN && lower < HEADER + 4) return false;
    for (size_t i = HEADER; i < lower; i += 2) {
        size_t at = u16(page + i), room = w->page_size - at;
        if (at % 2 || at < upper || at + NODE > w->page_size) return false;
        size_t size = branch ? branch_node_size(w, page + at, room, depth) : leaf_node_size(w, page + at, room);
        if (size == 0) return false;
        used += size;
    }
    return used == w->page_size - upper;
}

static bool tree_is_sound(struct walk *w, uint64_t number, int depth) {
    if (number < 2 || number > w->last || w->visited++ > w->last) return false;
    unsigned char *page = malloc(w->page_size);
    bool sound = page && read_at(w->fd, page, w->page_size, number * w->page_size) && u64(page) == number &&
                 page_is_sound(w, page, depth);
    free(page);
    return sound;
}

static bool meta_is_sound(struct walk *w, const unsigned char *meta) {
    w->last = u64(meta + META_LAST);
    for (w->tree = FREE; w->tree <= MAIN; w->tree++) {
        const unsigned char *tree = meta + META_TREES + w->tree * TREE;
        uint64_t root = u64(tree + TREE_ROOT);
        int depth = u16(tree + TREE_DEPTH);
        if (root == UINT64_MAX && depth == 0) continue;
        if (depth < 1 || depth > MAX_DEPTH || !tree_is_sound(w, root, depth)) return false;
    }
    return true;
}

const char *bco_store_check_pages(MDB_env *env, MDB_txn *txn) {
    unsigned char meta[META_SIZE];
    struct walk w = {0};
    MDB_stat stat;
    if (mdb_env_get_fd(env, &w.fd) != 0 || mdb_env_stat(env, &stat) != 0) return "it cannot be read";
    w.page_size = stat.ms_psize;
    for (int i = 0; i < 2; i++)
        if (read_at(w.fd, meta, sizeof meta, i * w.page_size) && u64(meta + META_TXN) == mdb_txn_id(txn))
            return meta_is_sound(&w, meta) ? NULL : "a page does not hold what it should";
    return NULL;
}
