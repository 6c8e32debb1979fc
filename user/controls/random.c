/* SPDX-License-Identifier: MIT
 *
 * Random calls: right ones with something wrong in them, for the most part.
 * Whatever becomes of them, the kernel lives, and when the domains that have
 * come of them are gone, the machine has its memory back.
 */
#include "user/controls/controls.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "abi/errors.h"
#include "abi/memory.h"

#define NR_PAGES 4ul
#define ALL_CPUS 0xffffffffu

static uint64_t state;
static uint64_t first_id, last_id; /* of domains that were made; 0: none */
static char *pages; /* where buffers are; nothing is mapped after them */

/* Sebastiano Vigna's splitmix64. */
static uint64_t next(void)
{
    uint64_t value = state += 0x9e3779b97f4a7c15;

    value = (value ^ value >> 30) * 0xbf58476d1ce4e5b9;
    value = (value ^ value >> 27) * 0x94d049bb133111eb;
    return value ^ value >> 31;
}

static uint64_t below(uint64_t limit)
{
    return next() % limit;
}

/* One that there is, or any number. */
static uint64_t some_domain(void)
{
    struct parapet_domain_info infos[PARAPET_MAX_INFOS];
    int64_t nr = CALL(domain_list, 0, ADDRESS(infos), PARAPET_MAX_INFOS);

    if (below(10) == 0 || nr <= 0)
        return next();
    return infos[below((uint64_t)nr)].id;
}

/* In the pages, now and then across their end, and with something there that
 * a call may find of use. */
static uint64_t some_buffer(void)
{
    struct parapet_domain_create params = small_domain("random");
    struct parapet_populate frames[4];
    char *place = pages + below(NR_PAGES) * PAGE_SIZE + below(64) * 8;
    size_t i;

    snprintf(params.name, sizeof(params.name), "random%u", (unsigned)below(8));
    if (below(4) == 0)
        ((unsigned char *)&params)[below(sizeof(params))] ^= 1u << below(8);
    for (i = 0; i < 4; i++)
        frames[i] = (struct parapet_populate){.gfn = below(1030)};
    if (below(2) == 0)
        memcpy(place, &params, sizeof(params));
    else
        memcpy(place, frames, sizeof(frames));
    return ADDRESS(below(20) == 0 ? pages + NR_PAGES * PAGE_SIZE - 8 : place);
}

static uint64_t some_number(void)
{
    switch (below(4)) {
    case 0:
        return below(5);
    case 1:
        return below(2000);
    case 2:
        return 1ull << below(64);
    default:
        return next();
    }
}

static const struct line {
    unsigned int number, flags;
    char types[6][6];
} lines[] = {
#define TYPE(n, type, arg) [(n)-1] = #type,
#define PARAPET_HYPERCALL(nr, name, flags, errors, brief, ...)                 \
    {nr, flags, {PARAPET_ARGS(TYPE, ##__VA_ARGS__)}},
#include "abi/hypercalls.def"
#undef PARAPET_HYPERCALL
};

static const struct line *some_line(void)
{
    const struct line *line;

    do
        line = &lines[below(sizeof(lines) / sizeof(lines[0]))];
    while (!(line->flags & HC_CONTROL));
    return line;
}

/* A result that no hypercall may have is the kernel's fault. */
static void some_call(void)
{
    const struct line *line = some_line();
    struct parapet_control_call call = {.number = line->number};
    bool is_buffer;
    size_t i;

    for (i = 0; i < 6; i++) {
        is_buffer = strstr("in out inout", line->types[i]) != NULL;
        call.args[i] = is_buffer && line->types[i][0] ? some_buffer()
                       : i == 0                       ? some_domain()
                                                      : some_number();
    }
    /* A domain 0 with next to no time would take long for the rest; one with
     * another limit gives its own memory back meanwhile. */
    if (call.args[0] == 0 && (line->number == PARAPET_HC_domain_schedule ||
                              line->number == PARAPET_HC_domain_limits))
        return;
    (void)try_call(&call);
    if (line->number == PARAPET_HC_domain_create && call.result > 0) {
        last_id = (uint64_t)call.result;
        first_id = first_id == 0 ? last_id : first_id;
    }
    check(call.result >= -PARAPET_ENOTCONN, "hypercall %u gives %lld",
          line->number, (long long)call.result);
}

/* All that were made, and what domain 0 has asked for itself. One that was
 * half destroyed by a call is in no list any more. */
static void clear(void)
{
    static const char name[PARAPET_NAME_SIZE] = "dom0";
    uint64_t id;
    int64_t result;

    for (id = first_id; id != 0 && id <= last_id; id++) {
        result = CALL(domain_destroy, id);
        check(result == 0 || result == -PARAPET_ENOENT,
              "domain_destroy gives %lld", (long long)result);
    }
    check_is(CALL(domain_rename, 0, ADDRESS(name)), 0, "domain_rename");
    check_is(CALL(vcpu_affinity, 0, 0, ALL_CPUS), 0, "vcpu_affinity");
}

void test_random(uint64_t seed, uint64_t nr_calls)
{
    uint64_t i, free_frames = machine_info().free_frames;

    state = seed;
    pages = new_pages(NR_PAGES * PAGE_SIZE, PROT_READ | PROT_WRITE);
    for (i = 0; i < nr_calls; i++)
        some_call();
    clear();
    check_is((int64_t)machine_info().free_frames, (int64_t)free_frames,
             "free frames after random calls");
}
