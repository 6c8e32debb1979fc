/* SPDX-License-Identifier: MIT */
#include "tests/unit/mmu.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hypervisor/base/log.h"
#include "hypervisor/base/panic.h"
#include "tests/unit/direct_map.h"

#define CHECK(condition)                                                       \
    do {                                                                       \
        if (!(condition))                                                      \
            panic("%s:%d: %s", __FILE__, __LINE__, #condition);                \
    } while (0)

struct memory_owner mmu_domains[MMU_DOMAINS];

char mmu_log[MMU_LOG_SIZE];

static uint64_t m2p_entries[MMU_FRAMES];
uint64_t *m2p = m2p_entries;

size_t mmu_nr_free;

static mfn_t hypervisors_root;

/* ---- what the sources want of the rest of the hypervisor ---- */

mfn_t paging_root(void)
{
    return hypervisors_root;
}

_Noreturn void panic(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    abort();
}

void log_line(enum log_level level, const char *format, ...)
{
    size_t length = strlen(mmu_log);
    char line[200];
    va_list arguments;

    (void)level;
    va_start(arguments, format);
    vsnprintf(line, sizeof(line), format, arguments);
    va_end(arguments);
    fprintf(stderr, "%s\n", line);
    snprintf(mmu_log + length, MMU_LOG_SIZE - length, "%s\n", line);
}

/* ---- the machine ---- */

/* Some memory in a row; the frame with number 0 is not used. */
static void create_frames(void)
{
    static const struct memory_range ram = {0, MMU_FRAMES * PAGE_SIZE};
    static const struct memory_range reserved = {0, PAGE_SIZE};
    static bool mapped;

    if (!mapped) {
        direct_map_reset();
        direct_map_add(ram.start, ram.end);
        mapped = true;
    }
    memset(paddr_to_vaddr(0), 0, ram.end);
    CHECK(frame_init(&ram, 1, &reserved, 1));
    CHECK(type_init(MMU_FRAMES));
    for (unsigned int i = 0; i < MMU_FRAMES; i++)
        m2p_entries[i] = PARAPET_NO_GFN;
}

/* Slots that can be told from each other, and from an empty one. */
static void create_root(void)
{
    hypervisors_root = frame_alloc_zeroed();
    for (unsigned int i = 0; i < HV_NR_SLOTS; i++)
        table_entries(hypervisors_root)[HV_FIRST_SLOT + i] =
            frame_paddr(hypervisors_root + i) | PTE_P | PTE_W;
}

void mmu_create_domain(unsigned int domain, unsigned int id,
                       unsigned int nr_frames)
{
    struct memory_owner *m = &mmu_domains[domain];

    type_owner_init(m, id);
    m->nr_gfns = MMU_MAX_GFNS;
    m->max_frames = MMU_MAX_GFNS;
    for (unsigned int cpu = 0; cpu < MMU_CPUS; cpu++) {
        if (mmu_cpu_domain(cpu) == domain)
            m->tlb_cpus |= 1ul << cpu;
    }
    for (unsigned int gfn = 0; gfn < nr_frames; gfn++) {
        mfn_t mfn = frame_alloc_zeroed();

        CHECK(mfn != MFN_NONE);
        type_give(m, mfn, gfn);
    }
}

void mmu_end_domain(unsigned int domain)
{
    type_owner_init(&mmu_domains[domain], MMU_NO_ID + domain);
    mmu_domains[domain].grants.closed = true;
}

void mmu_create(unsigned int nr_first, unsigned int nr_second)
{
    mmu_tlb_reset();
    create_frames();
    create_root();
    mmu_nr_free = frame_nr_free();
    mmu_create_domain(0, MMU_FIRST_ID, nr_first);
    mmu_create_domain(1, MMU_SECOND_ID, nr_second);
}

mfn_t mmu_mfn(unsigned int domain, uint64_t gfn)
{
    for (mfn_t mfn = 0; mfn < MMU_FRAMES; mfn++) {
        if ((frame_state(frame_info(mfn)) & STATE_OWNER) ==
                mmu_domains[domain].owner &&
            m2p[mfn] == gfn)
            return mfn;
    }
    return MFN_NONE;
}

bool mmu_is_l1(unsigned int domain, mfn_t mfn)
{
    uint64_t state;

    if (mfn >= MMU_FRAMES)
        return false;
    state = frame_state(frame_info(mfn));
    return (state & STATE_OWNER) == mmu_domains[domain].owner &&
           state_type(state) == TYPE_L1 && (state & STATE_VALID);
}

mfn_t mmu_free_mfn(void)
{
    mfn_t mfn = frame_alloc_zeroed();

    frame_free(mfn);
    return mfn;
}

static struct memory_owner *find_owner(unsigned int id)
{
    for (unsigned int d = 0; d < MMU_DOMAINS; d++) {
        if (mmu_domains[d].owner == (uint64_t)id << STATE_OWNER_SHIFT)
            return &mmu_domains[d];
    }
    return NULL;
}

uint64_t mmu_audit_machine(void)
{
    return audit_machine(find_owner);
}

struct memory_owner *mmu_begin(unsigned int domain, uint32_t work)
{
    struct memory_owner *m = &mmu_domains[domain];

    m->work = work;
    m->failed_entry = 0;
    return m;
}
