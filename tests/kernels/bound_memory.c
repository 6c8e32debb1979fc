/* SPDX-License-Identifier: MIT
 *
 * No memory hypercall keeps the CPU for longer than the ABI says, and no write
 * to a page table that is trapped. Each case here is as bad as a guest can make
 * it: entries that each change the type of a frame and need a flush, tables
 * that are let go while others are checked, lists with the longest way.
 *
 * BUNDLE: memory=64M
 * QEMU: icount=1
 */
#include "abi/exits.h"
#include "abi/stubs.h"
#include "lib/macros.h"
#include "lib/x86/tsc.h"
#include "tests/kernels/lib/bound.h"
#include "tests/kernels/lib/console.h"
#include "tests/kernels/lib/memory.h"
#include "tests/kernels/lib/vcpu.h"

MG_TEST(bound_memory);

#define NR 512u
#define W PARAPET_PTE_W
#define ALL (~0ul)

static struct parapet_pte_update updates[PARAPET_MAX_UPDATES];
static uint64_t *tables; /* NR pages, read-only from here on */
static uint64_t *page;

static uint64_t *table_at(uint64_t i)
{
    return tables + i % NR * MG_PTES;
}

/* A list to its end, each call of it noted. */
static void update(const char *name, uint64_t nr, uint64_t mask)
{
    const struct parapet_pte_update *at = updates;
    int64_t result;

    while ((result = MG_BOUNDED(name, hypercall_mmu_update(at, nr, mask))) ==
           -PARAPET_ERESTART) {
        at += mg_vcpu_page()->restart_done;
        nr -= mg_vcpu_page()->restart_done;
    }
    MG_DONE(result);
}

/* What other calls have left to be let go. */
static void release(const char *name)
{
    MG_DONE(MG_BOUNDED_ALL(name, hypercall_mmu_update(updates, 0, ALL)));
}

static void fill(uint64_t *table, const uint64_t *below, uint64_t step,
                 uint64_t bits)
{
    for (uint64_t i = 0; i < NR; i++)
        table[i] = below ? mg_pte(below + i * step, bits) : 0;
}

/* The pages of the tables: writable and filled alike, then read-only. */
static void refill(const uint64_t *below, uint64_t step, uint64_t bits)
{
    for (uint64_t i = 0; i < NR; i++) {
        MG_DONE(mg_set_writable(table_at(i), true));
        fill(table_at(i), below, step, bits);
        MG_DONE(mg_set_writable(table_at(i), false));
    }
}

static void list(const uint64_t *table, uint64_t nr, uint64_t shift,
                 uint64_t bits)
{
    for (uint64_t i = 0; i < nr; i++) {
        updates[i].pte = mg_entry_of(table, i % NR);
        updates[i].value = mg_pte(table_at(i + shift), bits);
    }
}

static void list_clear(const uint64_t *table)
{
    for (uint64_t i = 0; i < NR; i++) {
        updates[i].pte = mg_entry_of(table, i);
        updates[i].value = 0;
    }
}

/* ---- entries of upper levels ---- */

static void upper_entries(const char *entered, const char *moved,
                          const char *replaced)
{
    uint64_t *l2 = mg_table(NULL), *l2b = mg_table(NULL);

    MG_DONE(mg_pin(l2, PARAPET_TABLE_L2));
    MG_DONE(mg_pin(l2b, PARAPET_TABLE_L2));
    list(l2, NR / 2, 0, MG_TABLE);
    update(entered, NR / 2, ALL);
    /* Each is dropped for the last time just before it is entered again. */
    for (uint64_t i = 0; i < NR / 2; i++) {
        updates[2 * i].pte = mg_entry_of(l2, i);
        updates[2 * i].value = mg_pte(table_at(i + NR / 2), MG_TABLE);
        updates[2 * i + 1].pte = mg_entry_of(l2b, i);
        updates[2 * i + 1].value = mg_pte(table_at(i), MG_TABLE);
    }
    update(moved, NR, ALL);
    list(l2, NR / 2, NR / 2 + 1, MG_TABLE);
    update(replaced, NR / 2, ALL);
    list(l2, NR / 2, 3, MG_TABLE);
    update(replaced, NR / 2, W | PARAPET_PTE_P | PARAPET_PTE_ADDRESS);
    list_clear(l2);
    update(replaced, NR, ALL);
    MG_DONE(mg_unpin(l2));
    MG_DONE(mg_unpin(l2b));
    release("release");
}

/* Tables that others hold, too: the entry is all that changes. */
static void held_entries(void)
{
    uint64_t *l2 = mg_table(NULL), *other = mg_table(NULL);

    MG_DONE(mg_pin(l2, PARAPET_TABLE_L2));
    MG_DONE(mg_pin(other, PARAPET_TABLE_L2));
    list(other, NR, 0, MG_TABLE);
    update("upper entries, entered", NR, ALL);
    list(l2, NR, 0, MG_TABLE);
    update("upper entries, held", NR, ALL);
    list(l2, PARAPET_MAX_UPDATES, 1, MG_TABLE);
    update("upper entries, held, replaced", PARAPET_MAX_UPDATES, ALL);
    for (uint64_t i = 0; i < PARAPET_MAX_UPDATES; i++)
        updates[i].value = i / NR % 2 ? W : 0;
    update("upper entries, held, mask W", PARAPET_MAX_UPDATES, W);
    MG_DONE(mg_unpin(l2));
    MG_DONE(mg_unpin(other));
    release("release");
}

/* ---- entries of level 1 ---- */

static void l1_entries(void)
{
    uint64_t *l1 = mg_table(NULL), *other = mg_table(NULL);

    MG_DONE(mg_pin(l1, PARAPET_TABLE_L1));
    MG_DONE(mg_pin(other, PARAPET_TABLE_L1));
    for (uint64_t i = 0; i < PARAPET_MAX_UPDATES; i++) {
        updates[i].pte = mg_entry_of(l1, i % NR);
        updates[i].value = mg_pte(page, i / NR % 2 ? MG_READ : MG_WRITE);
    }
    update("level 1, whole entries", PARAPET_MAX_UPDATES, ALL);
    update("level 1, any mask", PARAPET_MAX_UPDATES, W | PARAPET_PTE_P);
    for (uint64_t i = 0; i < PARAPET_MAX_UPDATES; i++)
        updates[i].value = i / NR % 2 ? W : 0;
    update("level 1, mask W", PARAPET_MAX_UPDATES, W);
    for (uint64_t i = 0; i < PARAPET_MAX_UPDATES; i++) {
        updates[i].pte = mg_entry_of(i % 2 ? l1 : other, i / 2 % NR);
        updates[i].value = mg_pte(page, i / NR % 4 < 2 ? MG_READ : MG_WRITE);
    }
    update("level 1, two tables by turns", PARAPET_MAX_UPDATES, ALL);
    MG_DONE(mg_unpin(l1));
    MG_DONE(mg_unpin(other));
    release("release");
}

/* Their type is that of tables that nobody uses any more. */
static void retire_tables(void)
{
    for (uint64_t i = 0; i < NR; i++) {
        MG_DONE(mg_pin(table_at(i), PARAPET_TABLE_L1));
        MG_DONE(mg_unpin(table_at(i)));
    }
    release("release");
}

/*
 * Entry i makes frame i writable memory, and drops the reference to frame
 * i + 1, which so needs a flush of its own at the next entry.
 */
static void l1_changes(const char *name, uint64_t mask)
{
    uint64_t *l1 = mg_table(NULL);

    MG_DONE(mg_pin(l1, PARAPET_TABLE_L1));
    for (uint64_t i = 0; i < NR; i++)
        MG_DONE(
            mg_update(mg_entry_of(l1, i), mg_pte(table_at(i + 1), MG_READ)));
    retire_tables();
    list(l1, NR, 0, MG_WRITE);
    update(name, NR, mask);
    MG_DONE(mg_unpin(l1));
    release("release");
}

/* ---- pins ---- */

static void pin_alone(const char *pinned, const char *unpinned,
                      const uint64_t *table, uint32_t level)
{
    uint64_t mfn = mg_mfn_of(table);

    MG_DONE(MG_BOUNDED_ALL(pinned, hypercall_mmu_pin(mfn, level)));
    MG_DONE(MG_BOUNDED_ALL(unpinned, hypercall_mmu_unpin(mfn)));
    release("release");
}

#define PIN(name, table, level)                                                \
    pin_alone("pin, " name, "unpin, " name, table, level)

static void pins_of_level_1(void)
{
    uint64_t *l1 = mg_page();

    fill(l1, page, 0, MG_READ);
    MG_DONE(mg_set_writable(l1, false));
    PIN("level 1 of one page", l1, PARAPET_TABLE_L1);
    MG_DONE(mg_set_writable(l1, true));
    fill(l1, tables, MG_PTES, MG_WRITE);
    MG_DONE(mg_set_writable(l1, false));
    retire_tables();
    PIN("level 1 of changed types", l1, PARAPET_TABLE_L1);
    MG_DONE(mg_set_writable(l1, true));
    fill(l1, NULL, 0, 0);
    for (uint64_t i = 7; i < NR; i += 8)
        l1[i] = mg_pte(page, MG_READ);
    MG_DONE(mg_set_writable(l1, false));
    PIN("level 1, sparse", l1, PARAPET_TABLE_L1);
}

/* A tree of all levels, whose last table fails at its last entry. */
static void pins_that_fail(const uint64_t *l2, uint64_t *bad)
{
    uint64_t *l3 = mg_table_of(0, mg_pte(l2, MG_TABLE));
    uint64_t *l4 = mg_kernel_root();
    uint64_t nr_failures = 0;

    MG_DONE(mg_set_writable(l4, true));
    l4[0] = mg_pte(l3, MG_TABLE);
    MG_DONE(mg_set_writable(l4, false));
    MG_DONE(mg_set_writable(bad, true));
    bad[NR - 1] = mg_pte(page, MG_READ | 0x80);
    MG_DONE(mg_set_writable(bad, false));
    while (MG_BOUNDED_ALL("pin that fails",
                          hypercall_mmu_pin(mg_mfn_of(l4), PARAPET_TABLE_L4)) ==
               -PARAPET_EINVAL &&
           nr_failures < 2)
        nr_failures++;
    MG_CHECK_EQ(nr_failures, 2);
    release("release");
    MG_DONE(mg_set_writable(bad, true));
    bad[NR - 1] = 0;
    MG_DONE(mg_set_writable(bad, false));
    PIN("root", l4, PARAPET_TABLE_L4);
    MG_DONE(mg_set_writable(l4, true));
    fill(l4, NULL, 0, 0);
    for (uint64_t i = 0; i < NR / 2; i++)
        l4[i] = mg_pte(l3, MG_TABLE);
    MG_DONE(mg_set_writable(l4, false));
    PIN("user root", l4, PARAPET_TABLE_USER);
}

static void pins_of_trees(const char *pinned, const char *unpinned)
{
    uint64_t *l2 = mg_page();

    fill(l2, tables, MG_PTES, MG_TABLE);
    MG_DONE(mg_set_writable(l2, false));
    pin_alone(pinned, unpinned, l2, PARAPET_TABLE_L2);
    pins_that_fail(l2, table_at(NR - 1));
}

/* ---- frames that come and go ---- */

static void frames(void)
{
    static struct parapet_populate wanted[NR];
    static uint64_t mfns[NR];
    uint64_t *pages = mg_pages(NR);
    uint64_t done;
    int64_t result;

    for (uint64_t i = 0; i < NR; i++) {
        mfns[i] = mg_mfn_of(pages + i * MG_PTES);
        wanted[i].gfn = mg_gfn_of(pages + i * MG_PTES);
        MG_DONE(mg_set_va((uint64_t)(pages + i * MG_PTES), 0));
    }
    done = 0;
    while ((result = MG_BOUNDED("give back", hypercall_memory_give_back(
                                                 mfns + done, NR - done))) ==
           -PARAPET_ERESTART)
        done += mg_vcpu_page()->restart_done;
    MG_DONE(result);
    done = 0;
    while ((result = MG_BOUNDED("populate", hypercall_memory_populate(
                                                wanted + done, NR - done))) ==
           -PARAPET_ERESTART)
        done += mg_vcpu_page()->restart_done;
    MG_DONE(result);
    for (uint64_t i = 0; i < NR; i++) {
        *mg_p2m(wanted[i].gfn) = wanted[i].mfn;
        MG_DONE(mg_set_va((uint64_t)(pages + i * MG_PTES),
                          wanted[i].mfn * MG_PAGE_SIZE | MG_WRITE));
    }
}

/* ---- writes that trap ---- */

/* A store of its own kind, which the decoder has to look at longer. */
static void store(uint64_t *entry, uint64_t value)
{
    __asm__ volatile(
        ".byte 0x3e, 0x3e, 0x3e, 0x3e\n\t"
        "mov %[value], -0x12345678(%[base],%[index],8)"
        :
        : [value] "r"(value), [base] "r"(entry), [index] "r"(0x12345678ul / 8)
        : "memory");
}

/*
 * It may be trapped several times until it is done: the mean is noted, which
 * is no more than the longest.
 */
static void write(const char *name, uint64_t *entry, uint64_t value)
{
    const volatile uint64_t *traps =
        &mg_counters(0)->exits[PARAPET_EXIT_table_write];
    uint64_t before = *traps;
    uint64_t start = rdtsc();
    uint64_t ticks;

    store(entry, value);
    ticks = rdtsc() - start;
    if (MG_CHECK(*traps != before))
        mg_bound_note(name, ticks / (*traps - before));
}

static void trapped_writes(void)
{
    uint64_t *l2 = mg_table(NULL);

    MG_DONE(mg_pin(l2, PARAPET_TABLE_L2));
    for (uint64_t i = 0; i < NR; i++)
        write("trapped write, entered", l2 + i, mg_pte(table_at(i), MG_TABLE));
    for (uint64_t i = 0; i < NR; i++)
        write("trapped write, replaced", l2 + i,
              mg_pte(table_at(i + 1), MG_TABLE));
    for (uint64_t i = 0; i < NR; i++) {
        write("trapped write, removed", l2 + i, 0);
        MG_CHECK_EQ(l2[i], 0);
    }
    MG_DONE(mg_unpin(l2));
    release("release");
}

static void test_with(const char *what)
{
    mg_printf("tables: %s\n", what);
}

void test_main(void)
{
    page = mg_page();
    tables = mg_pages(NR);
    for (uint64_t i = 0; i < NR; i++)
        MG_DONE(mg_set_writable(table_at(i), false));
    l1_entries();
    l1_changes("level 1, changed types", ALL);
    l1_changes("level 1, changed types, any mask",
               PARAPET_PTE_P | W | PARAPET_PTE_ADDRESS | PARAPET_PTE_NX);
    pins_of_level_1();
    refill(NULL, 0, 0);
    test_with("empty");
    upper_entries("empty tables, entered", "empty tables, moved",
                  "empty tables, replaced");
    held_entries();
    trapped_writes();
    pins_of_trees("pin, tree of empty tables", "unpin, tree of empty tables");
    refill(page, 0, MG_READ);
    test_with("full");
    upper_entries("full tables, entered", "full tables, moved",
                  "full tables, replaced");
    trapped_writes();
    pins_of_trees("pin, tree of full tables", "unpin, tree of full tables");
    frames();
    mg_bound_report();
}
