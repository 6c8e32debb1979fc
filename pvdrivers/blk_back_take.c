/* SPDX-License-Identifier: MIT
 *
 * Requests as they stand in the ring: each word is read once, and believed
 * nothing. See blk_back.h.
 */
#include "pvdrivers/blk_back_parts.h"

#include "abi/errors.h"
#include "pvdrivers/error.h"

#define SECTORS_OF_PAGE BLK_BACK_SECTORS_OF_PAGE

/* All parts; how many sectors, or 0 if one of them is none. A long request has
 * whole pages, but for its ends. */
static uint32_t count_sectors(const uint8_t *parts, unsigned int nr_parts)
{
    uint32_t sectors = 0, odd = 0;
    unsigned int i = 0;

    while (i < nr_parts) {
        uint32_t nr = PARAPET_BLK_PART_NR(parts[i]);
        uint32_t end = PARAPET_BLK_PART_FIRST(parts[i]) + nr;

        if (i % 8 == 0 && nr_parts - i >= 8 && blk_back_are_whole(parts + i)) {
            sectors += 8 * SECTORS_OF_PAGE;
            i += 8;
            continue;
        }
        odd |= (nr - 1) | (SECTORS_OF_PAGE - end);
        sectors += nr;
        i++;
    }
    /* Each was below 0, or none was. */
    return odd >> 31 ? 0 : sectors;
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

static int check_transfer(const struct blk_disk *disk, struct blk_request *wish,
                          const struct parapet_blk_request *said)
{
    if (said->nr_parts == 0 || said->nr_parts > PARAPET_BLK_PARTS)
        return -PARAPET_EINVAL;
    if (said->operation == PARAPET_BLK_WRITE && disk->read_only)
        return -PV_EROFS;
    wish->nr_sectors = count_sectors(said->parts, said->nr_parts);
    if (wish->nr_sectors == 0 || wish->nr_sectors > disk->most)
        return -PARAPET_EINVAL;
    return check_range(disk, said->sector, wish->nr_sectors);
}

static int check_discard(const struct blk_disk *disk, struct blk_request *wish,
                         const struct parapet_blk_request *said)
{
    if (!disk->can_discard)
        return -PV_EOPNOTSUPP;
    if (disk->read_only)
        return -PV_EROFS;
    if (said->nr_parts != 0 || said->nr_sectors == 0 ||
        said->nr_sectors > disk->max_discard)
        return -PARAPET_EINVAL;
    wish->nr_sectors = said->nr_sectors;
    return check_range(disk, said->sector, wish->nr_sectors);
}

static int check(const struct blk_disk *disk, struct blk_request *wish,
                 const struct parapet_blk_request *said)
{
    wish->nr_sectors = 0;
    switch (said->operation) {
    case PARAPET_BLK_READ:
    case PARAPET_BLK_WRITE:
        return check_transfer(disk, wish, said);
    case PARAPET_BLK_FLUSH:
        return said->nr_parts == 0 ? 0 : -PARAPET_EINVAL;
    case PARAPET_BLK_DISCARD:
        return check_discard(disk, wish, said);
    default:
        return -PV_EOPNOTSUPP;
    }
}

/* said: this domain's copy, of which parts that are not said are anything. */
static void take_request(struct blk_back *back,
                         const struct parapet_blk_request *said)
{
    const struct blk_disk *disk = &back->store->disk;
    struct blk_back_request *request = back->free;
    struct blk_request *wish = &request->store.request;
    int error = check(disk, wish, said);

    back->free = request->next;
    request->id = said->id;
    request->nr_held = 0;
    if (error != 0 ||
        (said->operation == PARAPET_BLK_FLUSH && !disk->can_flush)) {
        blk_back_answer(back, request, error);
        return;
    }
    wish->operation = said->operation;
    wish->nr_segments = said->nr_parts;
    wish->sector = said->sector;
    request->ref = said->ref;
    request->nr_held = said->nr_parts;
    back->nr_held += said->nr_parts;
    if (said->nr_parts <= BLK_SHORT_PARTS)
        __builtin_memcpy(request->parts, said->parts, BLK_SHORT_PARTS);
    else
        __builtin_memcpy(request->parts, said->parts, sizeof(said->parts));
    blk_back_list_add(&back->to_begin, request);
}

/* The slot is the back-end's until its response is put. */
static void read_rest(const struct blk_back *back,
                      struct parapet_blk_request *said)
{
    const uint8_t *slot = ring_back_slot(&back->ring, back->ring.taken - 1);

    ring_page_read((uint8_t *)said + BLK_SHORT, slot + BLK_SHORT,
                   sizeof(*said) - BLK_SHORT);
}

/* There is a free request as long as the ring has one that is not answered. */
int blk_back_take(struct blk_back *back)
{
    struct parapet_blk_request said;
    int found = 0;

    for (unsigned int i = 0; i < PARAPET_BLK_REQUESTS; i++) {
        if (back->nr_held + PARAPET_BLK_PARTS > BLK_BACK_HELD)
            return 0;
        found = ring_back_take(&back->ring, &said, BLK_SHORT);
        if (found != 1)
            break;
        if (said.nr_parts > BLK_SHORT_PARTS)
            read_rest(back, &said);
        back->listener.worked = true;
        take_request(back, &said);
    }
    return found < 0 ? found : 0;
}
