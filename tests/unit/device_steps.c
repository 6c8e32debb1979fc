/* SPDX-License-Identifier: MIT */
#include "tests/unit/device_steps.h"

#include <stdio.h>
#include <string.h>

#include "abi/errors.h"
#include "hypervisor/mm/device_page.h"
#include "tests/unit/memory_model_state.h"

#define DEVICE 0xfeb00ul /* the page of one */
/* As a guest would have written it. */
#define VALUE                                                                  \
    (frame_paddr(DEVICE) | PARAPET_PTE_P | PARAPET_PTE_W |                     \
     PARAPET_PTE_UNCACHED | PARAPET_PTE_NX | PARAPET_PTE_FOREIGN)

static struct mapping {
    mfn_t table;
    unsigned int slot;
} mappings[MMU_DOMAINS][MAX_DEVICE_MAPS];
static unsigned int nr_mappings[MMU_DOMAINS];

void device_steps_reset(void)
{
    memset(nr_mappings, 0, sizeof(nr_mappings));
    (void)device_page_add(DEVICE);
}

void device_steps_look(void)
{
    for (unsigned int d = 0; d < MMU_DOMAINS; d++) {
        for (unsigned int i = 0; i < nr_mappings[d]; i++)
            model_refer(FROM_DEVICE, mappings[d][i].slot, mappings[d][i].table,
                        TYPE_L1);
    }
}

/* MAX_DEVICE_MAPS: there is none. */
static unsigned int find(unsigned int domain, mfn_t table, unsigned int index)
{
    for (unsigned int i = 0; i < nr_mappings[domain]; i++) {
        if (mappings[domain][i].table == table &&
            model_slots[mappings[domain][i].slot] == index)
            return i;
    }
    return MAX_DEVICE_MAPS;
}

bool device_steps_may_have(unsigned int domain, mfn_t table, unsigned int index,
                           uint64_t entry)
{
    return (entry & PARAPET_PTE_ADDRESS) == frame_paddr(DEVICE) &&
           find(domain, table, index) != MAX_DEVICE_MAPS;
}

void device_steps_tables(unsigned int domain, void (*found)(mfn_t table))
{
    for (unsigned int i = 0; i < nr_mappings[domain]; i++)
        found(mappings[domain][i].table);
}

/* ---- what has to come of it ---- */

static int expect_map(unsigned int domain, mfn_t table, unsigned int slot)
{
    if (nr_mappings[domain] == MAX_DEVICE_MAPS)
        return -PARAPET_ENOSPC;
    if (!model_is_owned(domain, table))
        return -PARAPET_EPERM;
    if (model_type_in_use(table) != TYPE_L1)
        return -PARAPET_ENOENT;
    if (model.frames[table].values[slot] != 0)
        return -PARAPET_EBUSY;
    mappings[domain][nr_mappings[domain]++] = (struct mapping){table, slot};
    model_refer(FROM_DEVICE, slot, table, TYPE_L1);
    model.frames[table].values[slot] = VALUE;
    return 0;
}

static int expect_unmap(unsigned int domain, mfn_t table, unsigned int slot)
{
    unsigned int i = find(domain, table, model_slots[slot]);

    if (i == MAX_DEVICE_MAPS)
        return -PARAPET_ENOENT;
    mappings[domain][i] = mappings[domain][--nr_mappings[domain]];
    model.frames[table].values[slot] = 0;
    model_drop(FROM_DEVICE, slot, table);
    return 0;
}

/* ---- the calls ---- */

static struct memory_owner *release(unsigned int domain)
{
    struct memory_owner *m;

    do {
        m = mmu_begin(domain, WORK_CALL);
    } while (!table_release(m));
    return m;
}

/* Mostly a frame that wants to be a table of level 1 (memory_steps.c). */
static mfn_t choose_table(unsigned int domain, uint8_t byte)
{
    mfn_t mfn = mmu_mfn(domain, 7 + byte % 3);

    if (byte >= 0xd0 || mfn == MFN_NONE)
        mfn = mmu_mfn(domain, byte % STEPS_SECOND);
    if (byte >= 0xf8 || mfn == MFN_NONE)
        mfn = byte % MMU_FRAMES;
    return mfn;
}

const char *device_steps_step(const uint8_t bytes[STEP_SIZE],
                              struct step_counts *counts, char *text,
                              size_t size)
{
    unsigned int domain = bytes[0] >= 0xd0;
    unsigned int slot = bytes[2] % (bytes[2] < 0xc0 ? 5 : MODEL_SLOTS);
    mfn_t table = choose_table(domain, bytes[1]);
    bool maps = bytes[3] % 3 != 0;
    uint64_t pte = table_entry_paddr(table, model_slots[slot]);
    int wanted, error;

    snprintf(text, size, "device %s: domain %u, table %lx, index %u",
             maps ? "map" : "unmap", domain, table, model_slots[slot]);
    (void)release(domain);
    model_look(domain);
    wanted = maps ? expect_map(domain, table, slot)
                  : expect_unmap(domain, table, slot);
    error = maps ? device_page_map(mmu_begin(domain, WORK_CALL), pte, DEVICE)
                 : device_page_unmap(mmu_begin(domain, WORK_CALL), pte);
    (void)release(domain);
    if (error != wanted)
        return "another result than the model's";
    *(error  ? &counts->failures
      : maps ? &counts->mapped
             : &counts->dropped) += 1;
    return model_compare();
}
