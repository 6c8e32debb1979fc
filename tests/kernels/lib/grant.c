/* SPDX-License-Identifier: MIT
 *
 * Owns the windows: they have the second slot of the start root.
 */
#include "tests/kernels/lib/grant.h"

#include "tests/kernels/lib/test.h"
#include "tests/kernels/lib/vcpu.h"

#define WINDOWS (UINT64_C(1) << 39)
#define WINDOW_SIZE (UINT64_C(2) << 20)
#define MAX_TRIES 1000

/* ---- what this domain lends ---- */

static volatile uint64_t *word_of(uint32_t ref)
{
    return (volatile uint64_t *)mg_grant_entry(ref);
}

uint64_t mg_grant_read(uint32_t ref)
{
    return *word_of(ref);
}

void mg_grant_write(uint32_t ref, uint64_t word)
{
    __atomic_store_n(word_of(ref), word, __ATOMIC_SEQ_CST);
}

void mg_grant_lend_mfn(uint32_t ref, uint32_t domain, uint64_t mfn,
                       uint32_t flags)
{
    mg_grant_entry(ref)->frame = mfn;
    mg_grant_write(ref, mg_grant_word(domain, PARAPET_GRANT_LEND | flags));
}

void mg_grant_lend(uint32_t ref, uint32_t domain, const volatile void *page,
                   uint32_t flags)
{
    mg_grant_lend_mfn(ref, domain, mg_mfn_of(page), flags);
}

bool mg_grant_take_back(uint32_t ref)
{
    uint64_t word = mg_grant_read(ref);

    return !(word & (PARAPET_GRANT_READING | PARAPET_GRANT_WRITING)) &&
           __atomic_compare_exchange_n(word_of(ref), &word, 0, false,
                                       __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
}

struct parapet_grant_status mg_grant_status(uint32_t ref)
{
    struct parapet_grant_status status = {.nr_frames = 0};
    int64_t result = hypercall_grant_status(ref, &status);

    if (result)
        mg_error("grant_status of reference %u: %ld", ref, result);
    return status;
}

/* ---- what others lend to it ---- */

/* The lender is just changing something; it may need this CPU for that. */
#define TRIED(call, status)                                                    \
    __extension__({                                                            \
        int64_t tried_result = -PARAPET_EAGAIN;                                \
        for (int i = 0; i < MAX_TRIES && tried_result == -PARAPET_EAGAIN;      \
             i++) {                                                            \
            if (i > 0)                                                         \
                (void)hypercall_yield();                                       \
            tried_result = HYPERCALL_RESTARTED(call);                          \
            if (tried_result == 0)                                             \
                tried_result = (status);                                       \
        }                                                                      \
        tried_result;                                                          \
    })

int64_t mg_grant_map(uint32_t domain, uint32_t ref, uint64_t pte, uint64_t bits,
                     uint32_t *handle)
{
    struct parapet_grant_map element = {
        .domain = domain, .ref = ref, .pte = pte, .bits = bits};
    int64_t result = TRIED(hypercall_grant_map(&element, 1), element.status);

    if (result == 0 && handle)
        *handle = element.handle;
    return result;
}

int64_t mg_grant_unmap(uint32_t handle)
{
    struct parapet_grant_unmap element = {.handle = handle};

    return TRIED(hypercall_grant_unmap(&element, 1), element.status);
}

int64_t mg_grant_hold(uint32_t domain, uint32_t ref, uint32_t flags,
                      uint32_t *handle, uint64_t *maddr)
{
    struct parapet_grant_hold element = {
        .domain = domain, .ref = ref, .flags = flags};
    int64_t result = TRIED(hypercall_grant_hold(&element, 1), element.status);

    if (result == 0 && handle)
        *handle = element.handle;
    if (result == 0 && maddr)
        *maddr = element.maddr;
    return result;
}

int64_t mg_grant_release(uint32_t handle)
{
    struct parapet_grant_unmap element = {.handle = handle};

    return TRIED(hypercall_grant_release(&element, 1), element.status);
}

int64_t mg_grant_copy(struct parapet_grant_end source,
                      struct parapet_grant_end dest, uint32_t length)
{
    struct parapet_grant_copy element = {
        .source = source, .dest = dest, .length = length};

    return TRIED(hypercall_grant_copy(&element, 1), element.status);
}

struct parapet_grant_end mg_grant_lent(uint32_t domain, uint32_t ref,
                                       uint64_t offset)
{
    return (struct parapet_grant_end){domain, ref, offset};
}

struct parapet_grant_end mg_grant_own(const volatile void *place)
{
    uint64_t maddr =
        mg_mfn_of(place) * MG_PAGE_SIZE + (uint64_t)place % MG_PAGE_SIZE;

    return (struct parapet_grant_end){PARAPET_DOMAIN_SELF, 0, maddr};
}

/* ---- a place for mappings ---- */

struct mg_window mg_window_make(void)
{
    static uint64_t *l2, nr;
    struct mg_window window = {mg_table(NULL), WINDOWS + nr * WINDOW_SIZE};
    int64_t result = 0;

    if (nr == MG_PTES)
        mg_error("a test has more than %d windows", MG_PTES);
    if (!l2) {
        l2 = mg_table(NULL);
        result =
            mg_update(mg_entry_of(mg_start_root(), mg_index(WINDOWS, 4)),
                      mg_pte(mg_table_of(0, mg_pte(l2, MG_TABLE)), MG_TABLE));
    }
    if (result == 0)
        result = mg_update(mg_entry_of(l2, nr), mg_pte(window.l1, MG_TABLE));
    if (result)
        mg_error("a window: %ld", result);
    nr++;
    return window;
}
