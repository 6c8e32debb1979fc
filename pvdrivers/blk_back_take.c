/* SPDX-License-Identifier: MIT
 *
 * Requests as they stand in the ring: each word is read once, and believed
 * nothing. See blk_back.h.
 */
#include "pvdrivers/blk_back_parts.h"

#include "abi/errors.h"
#include "pvdrivers/error.h"

#define SECTORS_OF_PAGE (ENV_PAGE_SIZE / PARAPET_BLK_SECTOR)
/* What is read at once: all of a request of one segment. */
#define HEAD                                                                   \
    (offsetof(struct parapet_blk_request, segments) +                          \
     sizeof(struct parapet_blk_segment))

static const ring_word_t *list_of(const struct blk_back *back, uint32_t id)
{
    const uint32_t lists = PARAPET_BLK_REQUESTS / PARAPET_BLK_LIST_PAGES;
    const ring_word_t *page = back->loans[1 + id / lists].page;

    return page + id % lists * PARAPET_BLK_LIST;
}

/* One segment; how many sectors it has, 0 if it is none. */
static inline uint32_t read_segment(struct blk_back_request *request,
                                    unsigned int i, uint64_t word)
{
    uint32_t first = (uint16_t)(word >> 32);
    uint32_t nr = (uint32_t)(word >> 48);

    request->handles[i].handle = (uint32_t)word;
    request->segments[i].maddr = (uint64_t)first * PARAPET_BLK_SECTOR;
    request->segments[i].size = nr * PARAPET_BLK_SECTOR;
    return first + nr <= SECTORS_OF_PAGE ? nr : 0;
}

/* All segments; how many sectors, or 0. The first one's word has been read. */
static uint32_t read_segments(struct blk_back *back,
                              struct blk_back_request *request,
                              unsigned int nr_segments, uint64_t word)
{
    const volatile ring_word_t *from =
        (ring_word_t *)ring_back_slot(&back->ring, back->ring.taken - 1) +
        offsetof(struct parapet_blk_request, segments) / sizeof(*from);
    uint32_t sectors = read_segment(request, 0, word);
    bool all = sectors != 0;

    for (unsigned int i = 1; i < nr_segments; i++) {
        uint32_t nr;

        from++;
        if (i == PARAPET_BLK_INLINE)
            from = list_of(back, request->id);
        nr = read_segment(request, i, *from);
        all &= nr != 0;
        sectors += nr;
    }
    return all ? sectors : 0;
}

/* 0 or the error. nr: of sectors, not 0. */
static int check_range(const struct blk_disk *disk, uint64_t sector,
                       uint32_t nr)
{
    uint32_t block = disk->block_size / PARAPET_BLK_SECTOR;

    if (sector > disk->nr_sectors || nr > disk->nr_sectors - sector ||
        ((sector | nr) & (block - 1)) != 0)
        return -PARAPET_EINVAL;
    return 0;
}

static int check_transfer(struct blk_back *back,
                          struct blk_back_request *request,
                          const struct parapet_blk_request *head, uint64_t word)
{
    const struct blk_disk *disk = &back->store->disk;
    uint32_t sectors;

    if (head->nr_segments == 0 || head->nr_segments > PARAPET_BLK_SEGMENTS ||
        (head->nr_segments > PARAPET_BLK_INLINE &&
         head->id >= PARAPET_BLK_REQUESTS))
        return -PARAPET_EINVAL;
    if (head->operation == PARAPET_BLK_WRITE && disk->read_only)
        return -PV_EROFS;
    sectors = read_segments(back, request, head->nr_segments, word);
    request->store.request.nr_sectors = sectors;
    if (sectors == 0 || sectors > disk->most)
        return -PARAPET_EINVAL;
    return check_range(disk, head->sector, sectors);
}

static int check_discard(struct blk_back *back,
                         struct blk_back_request *request,
                         const struct parapet_blk_request *head, uint64_t nr)
{
    const struct blk_disk *disk = &back->store->disk;

    if (!disk->can_discard)
        return -PV_EOPNOTSUPP;
    if (disk->read_only)
        return -PV_EROFS;
    if (head->nr_segments != 0 || nr == 0 || nr > disk->max_discard)
        return -PARAPET_EINVAL;
    request->store.request.nr_sectors = (uint32_t)nr;
    return check_range(disk, head->sector, (uint32_t)nr);
}

/* word: what follows the head. */
static int check(struct blk_back *back, struct blk_back_request *request,
                 const struct parapet_blk_request *head, uint64_t word)
{
    request->store.request.nr_sectors = 0;
    switch (head->operation) {
    case PARAPET_BLK_READ:
    case PARAPET_BLK_WRITE:
        return check_transfer(back, request, head, word);
    case PARAPET_BLK_FLUSH:
        return head->nr_segments == 0 ? 0 : -PARAPET_EINVAL;
    case PARAPET_BLK_DISCARD:
        return check_discard(back, request, head, word);
    default:
        return -PV_EOPNOTSUPP;
    }
}

static void read_request(struct blk_back *back,
                         const struct parapet_blk_request *head)
{
    struct blk_back_request *request = back->free;
    struct blk_request *wish = &request->store.request;
    bool is_safe =
        head->operation == PARAPET_BLK_FLUSH && !back->store->disk.can_flush;
    int error;

    back->free = request->next;
    request->id = head->id;
    request->nr_held = 0;
    error = check(back, request, head, head->nr_sectors);
    if (error != 0 || is_safe) {
        blk_back_answer(back, request, error);
        return;
    }
    wish->operation = head->operation;
    wish->nr_segments = head->nr_segments;
    wish->sector = head->sector;
    request->nr_held = head->nr_segments;
    back->nr_held += head->nr_segments;
    blk_back_list_add(&back->to_begin, request);
}

/* There is a free request as long as the ring has one that is not answered. */
int blk_back_take(struct blk_back *back)
{
    struct parapet_blk_request head;
    int found = 0;

    for (unsigned int i = 0; i < PARAPET_BLK_REQUESTS; i++) {
        if (back->nr_held + PARAPET_BLK_SEGMENTS > BLK_BACK_HELD)
            return 0;
        found = ring_back_take(&back->ring, &head, HEAD);
        if (found != 1)
            break;
        back->listener.worked = true;
        read_request(back, &head);
    }
    return found < 0 ? found : 0;
}
