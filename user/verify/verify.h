/* SPDX-License-Identifier: MIT
 *
 * What is written where. Write number 1, 2, 3 and so on of a seed goes to
 * sectors that follow from seed and number alone, its generation is its number,
 * and every sector says which one it is and of which write. So whoever knows
 * that the writes up to a number are safe can say of each sector how old its
 * contents may be at most, in another program and after another boot.
 */
#ifndef USER_VERIFY_VERIFY_H
#define USER_VERIFY_VERIFY_H

#include <stdbool.h>
#include <stdint.h>

#define SECTOR 512u
#define MAX_SECTORS 256u /* of a request: 128 KiB */

/* The first sectors of the device, at most. */
#define AREA_MAX 32768u

struct range {
    uint32_t first;
    uint32_t nr;
};

struct area {
    uint64_t seed;
    uint32_t most; /* sectors of a write */
    uint32_t nr_sectors;
};

/* Where a write of the area goes. */
struct range write_range(const struct area *area, uint32_t generation);

void fill_sector(const struct area *area, void *to, uint32_t number,
                 uint32_t generation);

/* The generation of a whole sector; 0: it is of no write of this seed to this
 * place. */
uint32_t sector_generation(const struct area *area, const void *from,
                           uint32_t number);

/* A number that follows from these. */
uint64_t mix(uint64_t seed, uint64_t number);

/* Says what is wrong, and ends the program. */
_Noreturn void fail(const char *format, ...)
    __attribute__((format(printf, 1, 2)));

/* run.c: writes, reads and flushes, `depth` at once, until nr_writes are done.
 */
void run(const struct area *area, int fd, unsigned int depth,
         uint32_t nr_writes);

/* check.c: all writes up to this one are safe: no sector is older. */
void check(const struct area *area, int fd, uint32_t generation);

#endif
