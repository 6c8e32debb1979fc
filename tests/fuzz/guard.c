/* SPDX-License-Identifier: MIT
 *
 * See guard.h.
 *
 *   | GUARD_ROOM, read and write                    | a page, no access |
 *   | poisoned          | input | poisoned, below 8 |                   |
 */
#include "tests/fuzz/guard.h"

#include <sanitizer/asan_interface.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define PAGE_SIZE 4096

static unsigned char *make_room(void)
{
    void *room = mmap(NULL, GUARD_ROOM + PAGE_SIZE, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (room == MAP_FAILED ||
        mprotect((unsigned char *)room + GUARD_ROOM, PAGE_SIZE, PROT_NONE) != 0)
        abort();
    return room;
}

void *guard_copy(const void *data, size_t size)
{
    static unsigned char *room;
    unsigned char *place;

    if (size > GUARD_ROOM)
        abort();
    if (!room)
        room = make_room();
    place = room + (GUARD_ROOM - size) / 8 * 8;
    ASAN_POISON_MEMORY_REGION(room, GUARD_ROOM);
    ASAN_UNPOISON_MEMORY_REGION(place, size);
    if (size > 0)
        memcpy(place, data, size);
    return place;
}
