/* SPDX-License-Identifier: MIT */
#include "tests/kernels/lib/random.h"

#include "lib/macros.h"
#include "lib/string.h"
#include "lib/x86/tsc.h"
#include "tests/kernels/lib/bootargs.h"
#include "tests/kernels/lib/console.h"

void mg_random_init(struct mg_random *random, uint64_t seed)
{
    random->state = mg_argument("seed", seed);
    if (random->state == 0)
        random->state = 1;
    mg_printf("random seed %#lx\n", random->state);
}

uint64_t mg_random_seed(void)
{
    return rdtsc();
}

uint64_t mg_random_next(struct mg_random *random)
{
    uint64_t x = random->state;

    x ^= x >> 12;
    x ^= x << 25;
    x ^= x >> 27;
    random->state = x;
    return x * 0x2545f4914f6cdd1d;
}

uint64_t mg_random_below(struct mg_random *random, uint64_t limit)
{
    return mg_random_next(random) % limit;
}

void mg_random_fill(struct mg_random *random, void *buffer, size_t size)
{
    unsigned char *bytes = buffer;

    while (size > 0) {
        uint64_t word = mg_random_next(random);
        size_t part = MIN(size, sizeof(word));

        memcpy(bytes, &word, part);
        bytes += part;
        size -= part;
    }
}
