/* SPDX-License-Identifier: MIT
 *
 * Owns the tables of ports' words, and which numbers are taken.
 */
#include "hypervisor/core/port.h"

#include "abi/errors.h"
#include "hypervisor/mm/frame.h"

/* In the place of tables that are not made. */
static const uint64_t no_table[PORTS_IN_TABLE] __attribute__((aligned(64)));

_Static_assert(sizeof(no_table) == PAGE_SIZE, "a table is a frame");

void ports_init(struct ports *ports)
{
    for (uint32_t i = 0; i < NR_PORT_TABLES; i++)
        ports->tables[i] = (uint64_t *)no_table;
    bitmap_set(ports->used, 0); /* port 0 is no port */
}

static int make_table(uint64_t **table)
{
    mfn_t mfn;

    if (*table != no_table)
        return 0;
    mfn = frame_alloc_zeroed();
    if (mfn == MFN_NONE)
        return -PARAPET_ENOMEM;
    __atomic_store_n(table, (uint64_t *)frame_vaddr(mfn), __ATOMIC_RELEASE);
    return 0;
}

int64_t port_take(struct ports *ports)
{
    size_t port = bitmap_find_zero(ports->used, PARAPET_NR_PORTS, 0);
    int result;

    if (port == PARAPET_NR_PORTS)
        return -PARAPET_ENOSPC;
    result = make_table(&ports->tables[port / PORTS_IN_TABLE]);
    if (result != 0)
        return result;
    bitmap_set(ports->used, port);
    return (int64_t)port;
}

void port_set(struct ports *ports, uint32_t port, uint64_t word)
{
    uint64_t *table = ports->tables[port / PORTS_IN_TABLE];

    __atomic_store_n(&table[port % PORTS_IN_TABLE], word, __ATOMIC_SEQ_CST);
}

void port_drop(struct ports *ports, uint32_t port)
{
    port_set(ports, port, 0);
    bitmap_clear(ports->used, port);
}

uint32_t port_first(const struct ports *ports)
{
    return (uint32_t)bitmap_find_set(ports->used, PARAPET_NR_PORTS, 1);
}

void ports_free(struct ports *ports)
{
    for (uint32_t i = 0; i < NR_PORT_TABLES; i++) {
        if (ports->tables[i] != no_table)
            frame_free(frame_of(ports->tables[i]));
        ports->tables[i] = (uint64_t *)no_table;
    }
}
