#include "text/arena.h"

#include "base/mem.h"

#include <stdint.h>
#include <string.h>

enum { BLOCK_SIZE = 1 << 16, ALIGNMENT = 16 };

struct bco_arena_block {
    struct bco_arena_block *next;
    size_t size, used;
};

static const size_t header = (sizeof(struct bco_arena_block) + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;

static struct bco_arena_block *new_block(struct bco_arena *arena, size_t size) {
    size_t room = size > BLOCK_SIZE ? size : BLOCK_SIZE;
    if (room > arena->limit || arena->used > arena->limit - room) return NULL;
    struct bco_arena_block *block = bco_malloc(header + room, 1);
    if (!block) {
        arena->failed = true;
        return NULL;
    }
    *block = (struct bco_arena_block){.next = arena->blocks, .size = room};
    arena->blocks = block;
    arena->used += room;
    return block;
}

void *bco_arena_get(struct bco_arena *arena, size_t size) {
    struct bco_arena_block *block = arena->blocks;
    if (size > SIZE_MAX / 2) return NULL;
    size = (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    if (!block || block->size - block->used < size) block = new_block(arena, size);
    if (!block) return NULL;
    void *memory = (char *)block + header + block->used;
    block->used += size;
    return memory;
}

void *bco_arena_array(struct bco_arena *arena, size_t count, size_t size) {
    size_t bytes;
    return bco_size_mul(count, size, &bytes) ? bco_arena_get(arena, bytes) : NULL;
}

char *bco_arena_copy(struct bco_arena *arena, const char *text, size_t length) {
    char *copy = length < SIZE_MAX ? bco_arena_get(arena, length + 1) : NULL;
    if (!copy) return NULL;
    if (length) memcpy(copy, text, length);
    copy[length] = '\0';
    return copy;
}

void bco_arena_free(struct bco_arena *arena) {
    while (arena->blocks) {
        struct bco_arena_block *next = arena->blocks->next;
        free(arena->blocks);
        arena->blocks = next;
    }
    arena->used = 0;
}
