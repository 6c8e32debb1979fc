/* SPDX-License-Identifier: MIT
 *
 * Segment bases by hypercall and by instruction, and what selectors a guest
 * can load. A base is only a number: one inside the hypervisor's range makes
 * the access fault, as an address in that range would.
 */
#include "abi/stubs.h"
#include "lib/macros.h"
#include "lib/x86/segment.h"
#include "tests/kernels/lib/clock.h"
#include "tests/kernels/lib/event.h"
#include "tests/kernels/lib/test.h"
#include "tests/kernels/lib/trap.h"
#include "tests/kernels/lib/vcpu.h"

MG_TEST(segments);

#define NON_CANONICAL 0x0000800000000000

MG_SNIPPET(do_wrfsbase, "wrfsbase %rdi");
MG_SNIPPET(do_wrgsbase, "wrgsbase %rdi");
MG_SNIPPET(do_read_fs, "mov %fs:0, %al");
MG_SNIPPET(do_read_gs, "mov %gs:0, %al");
MG_SNIPPET(do_write_gs, "movb $0, %gs:0");
MG_SNIPPET(load_ds, "mov %edi, %ds");
MG_SNIPPET(load_es, "mov %edi, %es");
MG_SNIPPET(load_fs, "mov %edi, %fs");
MG_SNIPPET(load_gs, "mov %edi, %gs");
MG_SNIPPET(load_ss, "mov %edi, %ss");

static const uint64_t bases[] = {
    0,
    1,
    0x7fffffffffff,
    PARAPET_HYPERVISOR_START,
    PARAPET_HYPERVISOR_END - 1,
    PARAPET_DIRECT_MAP,
    PARAPET_SHARED_BASE,
    ~0ul,
};

static void restore(void)
{
    MG_CHECK_EQ(hypercall_set_segment_base(PARAPET_SEGMENT_FS, 0), 0);
    MG_CHECK_EQ(
        hypercall_set_segment_base(PARAPET_SEGMENT_GS, PARAPET_VCPU_PAGE(0ul)),
        0);
}

static void test_hypercall(void)
{
    for (size_t i = 0; i < ARRAY_SIZE(bases); i++) {
        uint64_t base = bases[i];

        MG_CHECK_EQ(hypercall_set_segment_base(PARAPET_SEGMENT_FS, base), 0);
        MG_CHECK_EQ(read_fs_base(), base);
        MG_CHECK_EQ(hypercall_set_segment_base(PARAPET_SEGMENT_GS, base), 0);
        MG_CHECK_EQ(read_gs_base(), base);
        MG_CHECK_EQ(hypercall_set_segment_base(PARAPET_SEGMENT_GS_USER, ~base),
                    0);
        MG_CHECK_EQ(read_fs_base(), base);
        MG_CHECK_EQ(read_gs_base(), base);
    }
    restore();
}

static void test_refusals(void)
{
    static const uint64_t bad[] = {NON_CANONICAL, 0xffff7fffffffffff,
                                   0x0123456789abcdef, 1ul << 63};

    for (uint32_t s = PARAPET_SEGMENT_FS; s <= PARAPET_SEGMENT_GS_USER; s++) {
        for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
            MG_CHECK_EQ(hypercall_set_segment_base(s, bad[i]), -PARAPET_EINVAL);
    }
    MG_CHECK_EQ(hypercall_set_segment_base(3, 0), -PARAPET_EINVAL);
    MG_CHECK_EQ(hypercall_set_segment_base(~0u, 0), -PARAPET_EINVAL);
    MG_CHECK_EQ(read_fs_base(), 0);
    MG_CHECK_EQ(read_gs_base(), PARAPET_VCPU_PAGE(0ul));
}

/*
 * A non-canonical base by instruction is #GP; QEMU 7.2 takes it. Then the
 * hypervisor must be able to live with it, when it switches vCPUs as well.
 */
static void test_non_canonical_bases(void)
{
    static const uint64_t bad[] = {NON_CANONICAL, 0x0123456789abcdef};
    struct mg_fault fault;

    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        if (mg_try(do_wrfsbase, (void *)bad[i], &fault))
            MG_CHECK_EQ(fault.vector, MG_GP);
        if (mg_try(do_wrgsbase, (void *)bad[i], &fault))
            MG_CHECK_EQ(fault.vector, MG_GP);
        MG_CHECK_EQ(hypercall_set_timer(mg_clock_ns() + 1 * MG_MS), 0);
        MG_CHECK_EQ(hypercall_block(), 0);
        mg_cli();
        MG_CHECK_EQ(hypercall_yield(), 0);
        restore();
    }
}

/* Bases in the hypervisor's range, then accesses through them. */
static void test_hypervisor_bases(void)
{
    static const uint64_t forbidden[] = {PARAPET_HYPERVISOR_START + (1ul << 39),
                                         PARAPET_HYPERVISOR_START + (1ul << 40),
                                         PARAPET_HYPERVISOR_START + (2ul << 40),
                                         PARAPET_HYPERVISOR_END - 4096};

    for (size_t i = 0; i < ARRAY_SIZE(forbidden); i++) {
        void *base = (void *)forbidden[i];
        struct mg_fault fault;

        do_wrfsbase(base);
        do_wrgsbase(base);
        if (mg_expect_fault("read by fs", do_read_fs, NULL, MG_PF, &fault))
            MG_CHECK_EQ(fault.vaddr, base);
        if (mg_expect_fault("read by gs", do_read_gs, NULL, MG_PF, &fault))
            MG_CHECK_EQ(fault.vaddr, base);
        if (mg_expect_fault("write by gs", do_write_gs, NULL, MG_PF, &fault))
            MG_CHECK_EQ(fault.vaddr, base);
        MG_CHECK_EQ(read_gs_base(), base);
        MG_CHECK_EQ(hypercall_abi_version(), PARAPET_ABI_VERSION);
    }
    restore();
}

/* Null, the data segment, the code segment (it is readable); no other. */
static bool loadable(uint32_t selector)
{
    uint32_t segment = selector & ~3u;

    return segment == 0 || segment == (PARAPET_SS & ~3u) ||
           segment == (PARAPET_CS_USER & ~3u);
}

static void check_load(const char *name, void (*load)(void *),
                       uint32_t selector, bool allowed)
{
    struct mg_fault fault;
    bool faulted = mg_try(load, (void *)(uint64_t)selector, &fault);

    if (faulted == allowed)
        mg_failure("loading %s with %#x: expected %s, got %s", name, selector,
                   allowed ? "no fault" : "a fault",
                   faulted ? mg_trap_name(fault.vector) : "no fault");
    if (faulted && fault.frame.error != (selector & ~3u))
        mg_failure("loading %s with %#x: error code: expected %#x, got %#lx",
                   name, selector, selector & ~3u, fault.frame.error);
}

/* All that a table of 64 KiB could hold, global and local. */
static void test_selectors(void)
{
    for (uint32_t selector = 0; selector < 0x10000; selector++) {
        bool allowed = loadable(selector);

        /* Each of the four privilege bits only where it may matter. */
        if (selector > 0x100 && selector % 4 != 3)
            continue;
        check_load("ds", load_ds, selector, allowed);
        check_load("es", load_es, selector, allowed);
        check_load("fs", load_fs, selector, allowed);
        check_load("gs", load_gs, selector, allowed);
        check_load("ss", load_ss, selector, selector == PARAPET_SS);
    }
    load_ds((void *)0);
    load_es((void *)0);
    load_fs((void *)0);
    load_gs((void *)0);
    restore();
}

/*
 * lar, lsl, verr and verw work at any privilege. What they say of segments
 * that are not the guest's must be: nothing (ZF clear).
 */
static bool zf_after_lar(uint32_t selector)
{
    uint32_t rights = 0;
    bool found;

    __asm__ volatile("lar %2, %0"
                     : "+r"(rights), "=@ccz"(found)
                     : "r"(selector)
                     : "cc");
    return found;
}

static bool zf_after_lsl(uint32_t selector)
{
    uint32_t limit = 0;
    bool found;

    __asm__ volatile("lsl %2, %0"
                     : "+r"(limit), "=@ccz"(found)
                     : "r"(selector)
                     : "cc");
    return found;
}

static bool zf_after_verr(uint32_t selector)
{
    bool found;

    __asm__ volatile("verr %w1" : "=@ccz"(found) : "r"(selector) : "cc");
    return found;
}

static bool zf_after_verw(uint32_t selector)
{
    bool found;

    __asm__ volatile("verw %w1" : "=@ccz"(found) : "r"(selector) : "cc");
    return found;
}

static void test_descriptor_queries(void)
{
    for (uint32_t selector = 3; selector < 0x10000; selector += 4) {
        bool data = selector == PARAPET_SS;
        bool code = selector == PARAPET_CS_USER;
        bool as_wanted = zf_after_lar(selector) == (data || code) &&
                         zf_after_lsl(selector) == (data || code) &&
                         zf_after_verr(selector) == (data || code) &&
                         zf_after_verw(selector) == data;

        if (!as_wanted)
            mg_failure("lar, lsl, verr or verw is wrong about selector %#x",
                       selector);
    }
}

void test_main(void)
{
    test_hypercall();
    test_refusals();
    (void)mg_event_bind_virq(PARAPET_VIRQ_TIMER, NULL, NULL);
    test_non_canonical_bases();
    test_hypervisor_bases();
    test_selectors();
    test_descriptor_queries();
}
