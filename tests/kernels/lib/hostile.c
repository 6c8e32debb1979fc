/* SPDX-License-Identifier: MIT */
#include "tests/kernels/lib/hostile.h"

#include "abi/stubs.h"
#include "lib/macros.h"
#include "tests/kernels/lib/test.h"

#define TOP_OF_USER 0x0000800000000000
#define PAGE 4096

extern const unsigned char mg_text_end[], mg_image_end[];
extern const unsigned char parapet_hypercall_page[];

enum where {
    STARTS_AT, /* the object begins here */
    ENDS_AT,   /* the object ends right below */
    LAST_IN,   /* only its last bytes, so many as it is aligned to, lie above */
    FIRST_OUT, /* only its first ones lie below */
};

struct range {
    const char *name;
    enum where where;
    uint64_t vaddr;
};

/* The image's addresses are constants of the link, so these are too. */
static const struct range unreadable[] = {
    {"null", STARTS_AT, 0},
    {"user", STARTS_AT, 0x400000},
    {"top of user", ENDS_AT, TOP_OF_USER},
    {"user into non-canonical", LAST_IN, TOP_OF_USER},
    {"first non-canonical", STARTS_AT, TOP_OF_USER},
    {"middle of non-canonical", STARTS_AT, 0x0123456789abcdef},
    {"last non-canonical", ENDS_AT, PARAPET_HYPERVISOR_START},
    {"non-canonical into hypervisor", LAST_IN, PARAPET_HYPERVISOR_START},
    {"hypervisor's start", STARTS_AT, PARAPET_HYPERVISOR_START},
    {"hypervisor's second page", STARTS_AT, PARAPET_HYPERVISOR_START + PAGE},
    {"hypervisor's middle", STARTS_AT, PARAPET_HYPERVISOR_START + (1ul << 42)},
    {"hypervisor's end", ENDS_AT, PARAPET_HYPERVISOR_END},
    {"hypervisor into direct map", LAST_IN, PARAPET_HYPERVISOR_END},
    {"hypervisor's last byte", FIRST_OUT, PARAPET_HYPERVISOR_END},
    {"far beyond the memory", STARTS_AT, PARAPET_DIRECT_MAP + (1ul << 40)},
    {"below the shared page", ENDS_AT, PARAPET_SHARED_BASE},
    {"hole in the shared region", STARTS_AT, PARAPET_SHARED_BASE + 0xf000},
    {"guard page", ENDS_AT, PARAPET_START_STACK_TOP - PARAPET_START_STACK_SIZE},
    {"above the image's text", STARTS_AT, (uint64_t)mg_text_end},
    {"above the image", STARTS_AT, (uint64_t)mg_image_end},
    {"image into nothing", LAST_IN, (uint64_t)mg_image_end},
    {"image's last byte", FIRST_OUT, (uint64_t)mg_image_end},
    {"top of all", ENDS_AT, 0},
    {"over the top of all", FIRST_OUT, 0},
};

/* Readable, so hostile only to a call that writes. */
static const struct range unwritable[] = {
    {"device tree", STARTS_AT, PARAPET_DTB},
    {"counters", STARTS_AT, PARAPET_COUNTERS_PAGE(0)},
    {"text", STARTS_AT, (uint64_t)parapet_hypercall_page},
    {"read-only data", STARTS_AT, (uint64_t)unreadable},
};

static uint64_t place(const struct range *range, const struct mg_object *object)
{
    switch (range->where) {
    case ENDS_AT:
        return range->vaddr - object->size;
    case LAST_IN:
        return range->vaddr - object->size + object->alignment;
    case FIRST_OUT:
        return range->vaddr - object->alignment;
    default:
        return ALIGN_DOWN(range->vaddr, object->alignment);
    }
}

/* No object as small as its alignment lies across an edge. */
static bool is_whole(const struct range *range, const struct mg_object *object)
{
    return object->size == object->alignment &&
           (range->where == LAST_IN || range->where == FIRST_OUT);
}

static void check_all(const struct mg_object *object,
                      const struct range *ranges, size_t nr,
                      mg_pointer_call_t *call, void *data)
{
    for (size_t i = 0; i < nr; i++) {
        uint64_t vaddr = place(&ranges[i], object);
        int64_t result;

        if (is_whole(&ranges[i], object))
            continue;
        result = call(vaddr, data);
        if (result != -PARAPET_EFAULT)
            mg_failure("%s: pointer %#lx (%s): expected -EFAULT, got %ld",
                       object->call, vaddr, ranges[i].name, result);
    }
}

void mg_hostile_check(const struct mg_object *object, mg_pointer_call_t *call,
                      void *data)
{
    check_all(object, unreadable, ARRAY_SIZE(unreadable), call, data);
    if (object->access == MG_ACCESS_WRITE)
        check_all(object, unwritable, ARRAY_SIZE(unwritable), call, data);
}
