#include "text/room.h"

#include "base/mem.h"

#include <pthread.h>

struct bco_rooms {
    pthread_mutex_t lock;
    struct bco_room *first;
};

struct bco_rooms *bco_rooms_new(void) {
    struct bco_rooms *rooms = bco_calloc(1, sizeof *rooms);
    if (rooms && pthread_mutex_init(&rooms->lock, NULL)) {
        free(rooms);
        return NULL;
    }
    return rooms;
}

static void free_room(struct bco_room *room) {
    bco_buf_free(&room->text);
    bco_buf_free(&room->scratch);
    free(room->cuts.cuts);
    free(room->inner.cuts);
    bco_splitter_room_free(&room->split);
    bco_bpe_room_free(&room->bpe);
    free(room);
}

void bco_rooms_free(struct bco_rooms *rooms) {
    if (!rooms) return;
    while (rooms->first) {
        struct bco_room *room = rooms->first;
        rooms->first = room->next;
        free_room(room);
    }
    pthread_mutex_destroy(&rooms->lock);
    free(rooms);
}

struct bco_room *bco_rooms_take(struct bco_rooms *rooms) {
    pthread_mutex_lock(&rooms->lock);
    struct bco_room *room = rooms->first;
    if (room) rooms->first = room->next;
    pthread_mutex_unlock(&rooms->lock);
    return room ? room : bco_calloc(1, sizeof *room);
}

void bco_rooms_give(struct bco_rooms *rooms, struct bco_room *room) {
    pthread_mutex_lock(&rooms->lock);
    room->next = rooms->first;
    rooms->first = room;
    pthread_mutex_unlock(&rooms->lock);
}
