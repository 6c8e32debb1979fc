/* SPDX-License-Identifier: MIT
 *
 * Pages of devices: the control domain maps those that the device tree names,
 * and nothing else of the machine. Such an entry is like one that maps another
 * domain's frame: nothing but device_unmap takes it away or changes it, its
 * table stays a table, and the audit knows it. With no disk there is none.
 *
 * BUNDLE: vcpus=2
 * QEMU: privileged=1 once=1
 *
 * VARIANT: disks disk="driver=null-co" disk="driver=null-co"
 * VARIANT: none
 */
#include "abi/stubs.h"
#include "lib/macros.h"
#include "lib/string.h"
#include "tests/kernels/lib/bootargs.h"
#include "tests/kernels/lib/grant.h"
#include "tests/kernels/lib/memory.h"
#include "tests/kernels/lib/test.h"
#include "tests/kernels/lib/trap.h"
#include "tests/kernels/lib/user.h"
#include "tests/kernels/lib/vcpu.h"
#include "tests/kernels/lib/virtio.h"

MG_TEST(device_map);

#define INDEX 3     /* of the entry in the window */
#define NR_MAPS 16u /* MAX_DEVICE_MAPS in hypervisor/mm/device_state.h */
#define W PARAPET_PTE_W

MG_SNIPPET(load, "mov (%rdi), %eax");
MG_SNIPPET(store_word, "movq $1, (%rdi)");
MG_SNIPPET(jump, "jmp *%rdi");

static struct mg_window window;
static struct mg_virtio disks[2];
static uint64_t *page;

static uint64_t vaddr_at(uint64_t index)
{
    return (uint64_t)mg_window_at(&window, index);
}

static int64_t map(uint64_t vaddr, uint64_t maddr)
{
    return HYPERCALL_RESTARTED(hypercall_device_map(vaddr, maddr));
}

static int64_t unmap(uint64_t vaddr)
{
    return HYPERCALL_RESTARTED(hypercall_device_unmap(vaddr));
}

static uint64_t device_page(void)
{
    return disks[0].paddr & PARAPET_PTE_ADDRESS;
}

/* ---- what cannot be mapped ---- */

static void test_pages_that_are_no_devices(void)
{
    const uint64_t maddrs[] = {
        0,
        0x1000,
        0xb8000,
        mg_mfn_of(page) * MG_PAGE_SIZE, /* the domain's own */
        mg_mfn_of(window.l1) * MG_PAGE_SIZE,
        0x200000,   /* the hypervisor */
        0xfec00000, /* I/O APIC */
        0xfed00000, /* HPET */
        0xfee00000, /* local APIC */
        0xfeb00000 - MG_PAGE_SIZE,
        0xfeb01000, /* after the transports */
        0xfff00000, /* the firmware */
        1ul << 52,
        ~0ul & ~(MG_PAGE_SIZE - 1),
    };

    for (size_t i = 0; i < ARRAY_SIZE(maddrs); i++)
        MG_REFUSED(map(vaddr_at(INDEX), maddrs[i]), EPERM);
    MG_CHECK_EQ(window.l1[INDEX], 0);
}

static void test_bad_arguments(void)
{
    uint64_t own = device_page();

    MG_REFUSED(map(vaddr_at(INDEX) + 8, own), EINVAL);
    MG_REFUSED(map(PARAPET_M2P, own), EINVAL);
    MG_REFUSED(map(PARAPET_HYPERVISOR_END - MG_PAGE_SIZE, own), EINVAL);
    MG_REFUSED(map(1ul << 47, own), EINVAL);
    MG_REFUSED(map(vaddr_at(INDEX), own + 1), EPERM);
    MG_REFUSED(map(vaddr_at(INDEX), own + 512), EPERM);
    MG_REFUSED(map(vaddr_at(INDEX), own | 1ul << 63), EPERM);
    /* No table is there. */
    MG_REFUSED(map(window.vaddr + (1ul << 38), own), ENOENT);
    MG_REFUSED(unmap(window.vaddr + (1ul << 38)), ENOENT);
    MG_REFUSED(unmap(vaddr_at(INDEX)), ENOENT);
    MG_REFUSED(unmap(vaddr_at(INDEX) + 8), EINVAL);
    MG_REFUSED(unmap(PARAPET_M2P), EINVAL);
}

/* The entry must be empty; what is in it stays. */
static void test_entries_in_use(void)
{
    uint64_t pte = mg_window_pte(&window, INDEX);
    const uint64_t entries[] = {mg_pte(page, MG_READ), mg_pte(page, MG_WRITE),
                                PARAPET_PTE_SOFT};

    for (size_t i = 0; i < ARRAY_SIZE(entries); i++) {
        uint64_t before;

        MG_DONE(mg_update(pte, entries[i]));
        before = mg_read_entry(pte);
        MG_REFUSED(map(vaddr_at(INDEX), device_page()), EBUSY);
        MG_REFUSED(unmap(vaddr_at(INDEX)), ENOENT);
        MG_CHECK_EQ(mg_read_entry(pte), before);
        MG_DONE(mg_update(pte, 0));
    }
    /* The image's own, in the kernel's half. */
    MG_REFUSED(map((uint64_t)page, device_page()), EBUSY);
    MG_REFUSED(unmap((uint64_t)page), ENOENT);
}

/* ---- what a mapping is ---- */

static volatile uint32_t *registers_of(unsigned int disk)
{
    return (volatile uint32_t *)(vaddr_at(INDEX) +
                                 disks[disk].paddr % MG_PAGE_SIZE);
}

static void test_registers(void)
{
    const uint64_t bits = PARAPET_PTE_P | W | PARAPET_PTE_U |
                          PARAPET_PTE_UNCACHED | PARAPET_PTE_KERNEL |
                          PARAPET_PTE_FOREIGN | PARAPET_PTE_NX;
    uint64_t entry;
    struct mg_fault fault;

    mg_audit();
    for (unsigned int i = 0; i < ARRAY_SIZE(disks); i++) {
        MG_CHECK_EQ(registers_of(i)[VIRTIO_MAGIC / 4], VIRTIO_MAGIC_VALUE);
        MG_CHECK_EQ(registers_of(i)[VIRTIO_DEVICE_ID / 4], VIRTIO_ID_BLOCK);
        registers_of(i)[VIRTIO_STATUS / 4] = 1;
        MG_CHECK_EQ(registers_of(i)[VIRTIO_STATUS / 4], 1);
        registers_of(i)[VIRTIO_STATUS / 4] = 0;
    }
    entry = window.l1[INDEX];
    MG_CHECK_EQ(entry & ~(uint64_t)(PARAPET_PTE_A | PARAPET_PTE_D),
                device_page() | bits);
    (void)mg_expect_fault("a call of a device", jump, (void *)vaddr_at(INDEX),
                          MG_PF, &fault);
    MG_CHECK_EQ(fault.frame.error, MG_PF_PRESENT | MG_PF_FETCH);
}

static void expect_busy(const char *what, int64_t result, uint64_t before)
{
    const uint64_t cpus = PARAPET_PTE_A | PARAPET_PTE_D;

    if (result != -PARAPET_EBUSY)
        mg_failure("%s: expected -EBUSY, got %ld", what, result);
    if ((window.l1[INDEX] ^ before) & ~cpus)
        mg_failure("%s: the entry was %#lx, and is %#lx", what, before,
                   window.l1[INDEX]);
}

/* By each way by which an entry changes. */
static void test_changes(void)
{
    uint64_t pte = mg_window_pte(&window, INDEX), before = window.l1[INDEX];
    const uint64_t values[] = {0, mg_pte(page, MG_READ), mg_pte(page, MG_WRITE),
                               PARAPET_PTE_SOFT, before};
    const uint64_t masks[] = {~0ul,
                              W,
                              PARAPET_PTE_UNCACHED,
                              PARAPET_PTE_NX,
                              PARAPET_PTE_ADDRESS,
                              PARAPET_PTE_FOREIGN};

    for (size_t v = 0; v < ARRAY_SIZE(values); v++) {
        for (size_t m = 0; m < ARRAY_SIZE(masks); m++)
            expect_busy("mmu_update",
                        mg_update_masked(pte, values[v], masks[m]), before);
        expect_busy("mmu_update_va", mg_set_va(vaddr_at(INDEX), values[v]),
                    before);
    }
    expect_busy("device_map", map(vaddr_at(INDEX), device_page()), before);
    (void)mg_expect_fault("a store into the entry", store_word,
                          window.l1 + INDEX, MG_PF, NULL);
    mg_audit();
}

/* What it says cannot be written elsewhere, nor pinned. */
static void test_copies(void)
{
    const uint64_t entry = window.l1[INDEX];
    const uint64_t own = device_page();
    uint64_t other = mg_window_pte(&window, INDEX + 1);
    uint64_t mfn = own / MG_PAGE_SIZE;

    MG_REFUSED(mg_update(other, entry), EINVAL);
    MG_REFUSED(mg_update(other, own | MG_READ), EPERM);
    MG_REFUSED(mg_update(other, own | MG_WRITE), EPERM);
    MG_REFUSED(mg_set_va(vaddr_at(INDEX + 1), own | MG_READ), EPERM);
    MG_REFUSED(mg_update(other, mg_pte(page, MG_READ) | PARAPET_PTE_UNCACHED),
               EINVAL);
    MG_REFUSED(mg_pin(mg_table_of(9, entry), PARAPET_TABLE_L1), EINVAL);
    MG_REFUSED(mg_pin(mg_table_of(9, own | MG_READ), PARAPET_TABLE_L1), EPERM);
    for (uint32_t type = PARAPET_TABLE_L1; type <= PARAPET_TABLE_USER; type++)
        MG_REFUSED(hypercall_mmu_pin(mfn, type), EPERM);
    MG_REFUSED(hypercall_mmu_set_kernel_root(mfn), EPERM);
    MG_REFUSED(hypercall_memory_give_back(&mfn, 1), EPERM);
    mg_grant_lend_mfn(9, 0, mfn, 0); /* to itself */
    MG_CHECK_EQ(mg_grant_hold(0, 9, 0, NULL, NULL), -PARAPET_EPERM);
    MG_CHECK(mg_grant_take_back(9));
}

/* The table stays one, whoever lets it go, until the last entry has gone. */
static void test_table(void)
{
    uint64_t above = mg_walk(mg_start_root(), window.vaddr, 2);
    uint64_t mfn = mg_mfn_of(window.l1), before = window.l1[INDEX];

    MG_DONE(mg_update(above, 0));
    (void)mg_expect_fault("no table is above it", load, (void *)vaddr_at(INDEX),
                          MG_PF, NULL);
    MG_CHECK_EQ(unmap(vaddr_at(INDEX)), -PARAPET_ENOENT);
    MG_CHECK_EQ(mg_set_writable(window.l1, true), -PARAPET_EBUSY);
    MG_CHECK_EQ(hypercall_memory_give_back(&mfn, 1), -PARAPET_EBUSY);
    for (uint32_t type = PARAPET_TABLE_L2; type <= PARAPET_TABLE_USER; type++)
        MG_CHECK_EQ(mg_pin(window.l1, type), -PARAPET_EBUSY);
    MG_CHECK_EQ(mg_unpin(window.l1), -PARAPET_ENOENT);
    MG_DONE(mg_pin(window.l1, PARAPET_TABLE_L1));
    MG_DONE(mg_unpin(window.l1));
    expect_busy("an update", mg_update(mg_window_pte(&window, INDEX), 0),
                before);
    MG_DONE(mg_update(above, mg_pte(window.l1, MG_TABLE)));
    mg_audit();
    MG_CHECK_EQ(registers_of(0)[VIRTIO_MAGIC / 4], VIRTIO_MAGIC_VALUE);
}

/* No CPU translates by it on return, this one least of all. */
static void test_unmap(void)
{
    MG_DONE(unmap(vaddr_at(INDEX)));
    MG_CHECK_EQ(window.l1[INDEX], 0);
    (void)mg_expect_fault("a load of what is unmapped", load,
                          (void *)vaddr_at(INDEX), MG_PF, NULL);
    MG_REFUSED(unmap(vaddr_at(INDEX)), ENOENT);
    MG_DONE(mg_update(mg_window_pte(&window, INDEX), mg_pte(page, MG_WRITE)));
    MG_DONE(mg_update(mg_window_pte(&window, INDEX), 0));
    mg_audit();
}

/* In several places, but not in any number; and unmapped in another order. */
static void test_many(void)
{
    for (unsigned int i = 0; i < NR_MAPS; i++)
        MG_DONE(map(vaddr_at(i), device_page()));
    MG_REFUSED(map(vaddr_at(NR_MAPS), device_page()), ENOSPC);
    for (unsigned int i = 0; i < NR_MAPS; i++) {
        unsigned int at = i * 5 % NR_MAPS;

        MG_CHECK_EQ(*(volatile uint32_t *)(vaddr_at(at) +
                                           disks[0].paddr % MG_PAGE_SIZE),
                    VIRTIO_MAGIC_VALUE);
        MG_DONE(unmap(vaddr_at(at)));
        mg_audit();
    }
}

/* The last count of a table is the entry's: then it is a page as any other. */
static void test_table_let_go(void)
{
    struct mg_window other = mg_window_make();
    uint64_t above = mg_walk(mg_start_root(), other.vaddr, 2);

    MG_DONE(map(other.vaddr, device_page()));
    MG_DONE(mg_pin(other.l1, PARAPET_TABLE_L1));
    MG_DONE(mg_update(above, 0));
    MG_DONE(mg_unpin(other.l1));
    MG_CHECK_EQ(mg_set_writable(other.l1, true), -PARAPET_EBUSY);
    MG_DONE(mg_update(above, mg_pte(other.l1, MG_TABLE)));
    MG_DONE(unmap(other.vaddr));
    MG_DONE(mg_update(above, 0));
    MG_DONE(mg_set_writable(other.l1, true));
    mg_audit();
}

void test_main(void)
{
    window = mg_window_make();
    page = mg_page();
    for (unsigned int i = 0; i < ARRAY_SIZE(disks); i++)
        MG_CHECK_EQ(mg_virtio_find(i, &disks[i]), mg_variant("disks"));
    MG_CHECK(!mg_virtio_find(ARRAY_SIZE(disks), &(struct mg_virtio){.irq = 0}));
    test_pages_that_are_no_devices();
    if (mg_variant("none")) {
        MG_REFUSED(map(vaddr_at(INDEX), 0xfeb00000), EPERM);
        return;
    }
    MG_CHECK_EQ(disks[0].paddr, 0xfeb00000);
    MG_CHECK_EQ(disks[1].paddr, 0xfeb00200);
    test_bad_arguments();
    test_entries_in_use();
    MG_DONE(map(vaddr_at(INDEX), device_page()));
    test_registers();
    test_changes();
    test_copies();
    test_table();
    test_unmap();
    test_many();
    test_table_let_go();
    /* What is mapped yet goes with the domain, and its audit finds nothing. */
    MG_DONE(map(vaddr_at(INDEX), device_page()));
}
