/* SPDX-License-Identifier: MIT
 *
 * The bench's own address space: two roots, both a copy of the kernel's with
 * two slots more. All tables below are the same ones.
 *
 *   slot 0     BENCH_USER_TEXT: the code of the loops in ring 3
 *   slot 384   the window: 512 pages, each of which maps one of two frames
 */
#include "guest-kernel/bench/native_memory.h"

#include "guest-kernel/bench/native.h"
#include "guest-kernel/bench/native_loops.h"
#include "guest-kernel/core/panic.h"
#include "guest-kernel/mm/layout.h"
#include "guest-kernel/x86/trap.h"
#include "lib/string.h"
#include "lib/x86/control.h"

#define NR_ENTRIES 512
#define WINDOW_SLOT 384
#define WINDOW ((char *)0xffffc00000000000)

#define PRESENT 0x1ul
#define WRITE 0x2ul
#define USER 0x4ul
#define ACCESSED_DIRTY 0x60ul
#define NX (1ul << 63)
#define PADDR 0x000ffffffffff000ul

typedef uint64_t table_t[NR_ENTRIES];

static _Alignas(PAGE_SIZE) table_t roots[2];
static _Alignas(PAGE_SIZE) table_t window_l3, window_l2, window_l1;
static _Alignas(PAGE_SIZE) table_t user_l3, user_l2, user_l1;
static _Alignas(PAGE_SIZE) char frames[2][PAGE_SIZE];
static uint64_t kernel_cr3;

static uint64_t entry(const void *object, uint64_t bits)
{
    return image_paddr(object) | bits | PRESENT;
}

static void make_window(void)
{
    unsigned int i;

    for (i = 0; i < NR_ENTRIES; i++)
        window_l1[i] = entry(frames[0], WRITE | NX);
    window_l2[0] = entry(window_l1, WRITE);
    window_l3[0] = entry(window_l2, WRITE);
}

static void make_user(void)
{
    const uint64_t page = BENCH_USER_TEXT >> PAGE_SHIFT;

    user_l1[page % NR_ENTRIES] = entry(bench_user_page, USER);
    user_l2[page / NR_ENTRIES] = entry(user_l1, WRITE | USER);
    user_l3[0] = entry(user_l2, WRITE | USER);
}

static void make_roots(void)
{
    unsigned int i;

    for (i = 0; i < 2; i++) {
        memcpy(roots[i], direct_map(kernel_cr3 & PADDR), sizeof(roots[i]));
        roots[i][WINDOW_SLOT] = entry(window_l3, WRITE);
        roots[i][0] = entry(user_l3, WRITE | USER);
    }
}

bool memory_prepare(void)
{
    unsigned int i;

    kernel_cr3 = read_cr3();
    make_window();
    make_user();
    make_roots();
    write_cr3(image_paddr(roots[0]));
    for (i = 0; i < 2; i++) {
        bench_values[i] = entry(frames[i], WRITE | NX);
        bench_roots[i] = image_paddr(roots[i]);
        bench_pages[i] = WINDOW + i * PAGE_SIZE;
    }
    bench_table = window_l1;
    bench_count = 1;
    return true;
}

bool memory_prepare_fault(void)
{
    bench_set_entry(TRAP_PAGE_FAULT, bench_map_page);
    (void)memory_prepare();
    window_l1[0] = 0;
    frames[0][0] = 0;
    return true;
}

bool memory_prepare_same_root(void)
{
    (void)memory_prepare();
    bench_roots[1] = bench_roots[0];
    return true;
}

#define PREPARE_BATCH(count)                                                   \
    bool memory_prepare_batch_##count(void)                                    \
    {                                                                          \
        (void)memory_prepare();                                                \
        bench_count = (count);                                                 \
        return true;                                                           \
    }
PREPARE_BATCH(1)
PREPARE_BATCH(2)
PREPARE_BATCH(4)
PREPARE_BATCH(8)
PREPARE_BATCH(16)
PREPARE_BATCH(32)
PREPARE_BATCH(64)
PREPARE_BATCH(128)
PREPARE_BATCH(256)
PREPARE_BATCH(512)

void memory_finish(void)
{
    write_cr3(kernel_cr3);
}

void memory_finish_entries(void)
{
    unsigned int i;

    memory_finish();
    for (i = 0; i < bench_count; i++) {
        if ((window_l1[i] & ~ACCESSED_DIRTY) != bench_values[1])
            panic("bench: entry %u is 0x%lx, not 0x%lx", i, window_l1[i],
                  bench_values[1]);
    }
}

void memory_finish_fault(void)
{
    memory_finish();
    if (window_l1[0] != 0 || frames[0][0] != 1)
        panic("bench: the page was not mapped, touched and unmapped");
}
