/* SPDX-License-Identifier: MIT
 *
 * The iret hypercall with frames it accepts: it restores all of the frame,
 * and of rflags only what belongs to the guest. What it refuses ends the
 * domain: hazard_iret.c.
 */
#include "abi/stubs.h"
#include "lib/macros.h"
#include "lib/x86/rflags.h"
#include "tests/kernels/lib/event.h"
#include "tests/kernels/lib/hostile.h"
#include "tests/kernels/lib/random.h"
#include "tests/kernels/lib/test.h"
#include "tests/kernels/lib/trap.h"
#include "tests/kernels/lib/vcpu.h"

MG_TEST(iret);

#define DROPPED (RFLAGS_IOPL | RFLAGS_NT | RFLAGS_VM | RFLAGS_VIF | RFLAGS_VIP)

/* Lands here: the exception shows every register that iret restores. It is a
 * trap, since for a fault a CPU pushes RF as 1, whatever it was (SDM volume 3,
 * section 18.3.1.1; QEMU does so from version 10 on). */
MG_SNIPPET(landing, "int3");
/* void iret_with(frame) */
MG_SNIPPET(iret_with, "mov %rdi, %rsp; jmp parapet_hypercall_page");

static struct mg_random numbers;
static _Alignas(16) unsigned char stack[4096];

static struct parapet_frame good_frame(void)
{
    struct parapet_frame frame = {
        .rip = (uint64_t)landing,
        .cs = PARAPET_CS_KERNEL,
        .rflags = RFLAGS_ALWAYS,
        .rsp = (uint64_t)(stack + sizeof(stack)),
        .ss = PARAPET_SS,
    };

    return frame;
}

/* Goes to the landing with this frame and returns what was seen there. */
static struct parapet_frame go(struct parapet_frame *frame)
{
    struct mg_fault fault = {0};

    (void)mg_expect_fault("iret", iret_with, frame, MG_BP, &fault);
    fault.frame.rip -= 1; /* of the landing, not after it */
    return fault.frame;
}

static void test_registers(void)
{
    for (int round = 0; round < 1000; round++) {
        struct parapet_frame frame = good_frame(), seen;

        frame.rax = mg_random_next(&numbers);
        frame.rcx = mg_random_next(&numbers);
        frame.r11 = mg_random_next(&numbers);
        /* error and ss are ignored on the way out. */
        frame.error = mg_random_next(&numbers);
        frame.ss = mg_random_next(&numbers);
        frame.rflags |= mg_random_next(&numbers) & (RFLAGS_STATUS | RFLAGS_DF);
        frame.rsp -= mg_random_below(&numbers, 1024);
        seen = go(&frame);
        MG_CHECK_EQ(seen.rax, frame.rax);
        MG_CHECK_EQ(seen.rcx, frame.rcx);
        MG_CHECK_EQ(seen.r11, frame.r11);
        MG_CHECK_EQ(seen.rflags, frame.rflags);
        MG_CHECK_EQ(seen.rsp, frame.rsp);
        MG_CHECK_EQ(seen.rip, landing);
        MG_CHECK_EQ(seen.ss, PARAPET_SS);
        MG_CHECK_EQ(seen.cs, PARAPET_CS_KERNEL);
    }
}

static void test_flags(void)
{
    static const uint64_t kept[] = {0, PARAPET_RFLAGS_IF, RFLAGS_AC, RFLAGS_ID,
                                    PARAPET_RFLAGS_IF | RFLAGS_AC | RFLAGS_ID};

    for (size_t i = 0; i < ARRAY_SIZE(kept); i++) {
        struct parapet_frame frame = good_frame(), seen;

        frame.rflags |= kept[i] | DROPPED;
        seen = go(&frame);
        MG_CHECK_EQ(seen.rflags, kept[i] | RFLAGS_ALWAYS);
    }
}

/*
 * The same when the iret unmasks events and one is pending: the hypervisor
 * takes another path then, and the upcall comes at the landing.
 */
static uint64_t interrupted_rflags, interrupted_rip;

static void look_at_upcall(struct mg_regs *regs)
{
    interrupted_rflags = regs->frame.rflags;
    interrupted_rip = regs->frame.rip;
}

static void test_flags_with_event(void)
{
    struct parapet_frame frame = good_frame(), seen;
    uint32_t port = mg_event_bind_ipi(0, NULL, NULL);
    const uint64_t kept = PARAPET_RFLAGS_IF | RFLAGS_AC | RFLAGS_ID;

    mg_event_hook(look_at_upcall);
    MG_CHECK_EQ(hypercall_evtchn_send(port), 0);
    frame.rflags |= kept | DROPPED;
    frame.rax = 0x1234;
    seen = go(&frame);
    MG_CHECK_EQ(interrupted_rflags, kept | RFLAGS_ALWAYS);
    MG_CHECK_EQ(interrupted_rip, landing);
    MG_CHECK_EQ(seen.rflags, kept | RFLAGS_ALWAYS);
    MG_CHECK_EQ(seen.rax, 0x1234);
    MG_CHECK(!mg_port_is_pending(port));
    mg_event_hook(NULL);
    mg_event_close(port);
}

/* High bits and the bit that is always set do no harm whatever they are. */
static void test_reserved_flags(void)
{
    struct parapet_frame frame = good_frame(), seen;

    frame.rflags = 0xffffffffffc08028;
    seen = go(&frame);
    MG_CHECK_EQ(seen.rflags, RFLAGS_ALWAYS);
}

/* The virtual interrupt flag follows the frame's. */
MG_SNIPPET(iret_here,
           "mov %rsp, %rax; push $0x23; push %rax; push (%rdi)\n"
           "push $0x28; push $1f; sub $32, %rsp; jmp parapet_hypercall_page\n"
           "1:");

static void test_interrupt_flag(void)
{
    static const uint64_t rflags[] = {PARAPET_RFLAGS_IF, 0};

    for (size_t i = 0; i < ARRAY_SIZE(rflags); i++) {
        uint64_t value = rflags[i];

        for (uint8_t mask = 0; mask < 2; mask++) {
            mg_vcpu_page()->event_mask = mask;
            iret_here(&value);
            MG_CHECK_EQ(mg_vcpu_page()->event_mask, value ? 0 : 1);
        }
    }
    mg_vcpu_page()->event_mask = 1;
}

/* A frame that touches both ends of what is mapped, and an odd one. */
static void test_places(void)
{
    unsigned char *end = mg_edge_page + sizeof(mg_edge_page);
    struct parapet_frame *last = (struct parapet_frame *)(void *)end - 1;
    struct parapet_frame *odd =
        (struct parapet_frame *)(void *)(mg_edge_page + 1);

    *last = good_frame();
    last->rax = 0x1234;
    MG_CHECK_EQ(go(last).rax, 0x1234);
    __builtin_memcpy(odd, last, sizeof(*odd));
    MG_CHECK_EQ(go(odd).rax, 0x1234);
}

/* Canonical targets that hold nothing fault in the guest, at the target. */
static void test_targets(void)
{
    static const uint64_t targets[] = {0, 0x400000, PARAPET_HYPERVISOR_START,
                                       PARAPET_HYPERVISOR_END - 1,
                                       PARAPET_DIRECT_MAP};

    for (size_t i = 0; i < ARRAY_SIZE(targets); i++) {
        struct parapet_frame frame = good_frame();
        struct mg_fault fault;

        frame.rip = targets[i];
        if (!mg_expect_fault("iret to nothing", iret_with, &frame, MG_PF,
                             &fault))
            continue;
        MG_CHECK_EQ(fault.frame.rip, targets[i]);
        MG_CHECK_EQ(fault.vaddr, targets[i]);
        MG_CHECK(fault.frame.error & MG_PF_FETCH);
    }
}

/* What is not canonical is a protection fault, at the target as well. */
static void test_non_canonical(void)
{
    static const uint64_t targets[] = {0x0000800000000000, 0xffff7fffffffffff,
                                       0x0123456789abcdef, 1ul << 63};

    for (size_t i = 0; i < ARRAY_SIZE(targets); i++) {
        struct parapet_frame frame = good_frame();
        struct mg_fault fault;

        frame.rip = targets[i];
        if (mg_expect_fault("iret to a non-canonical rip", iret_with, &frame,
                            MG_GP, &fault))
            MG_CHECK_EQ(fault.frame.rip, targets[i]);
    }
}

void test_main(void)
{
    mg_random_init(&numbers, 0x1e70001);
    test_registers();
    test_flags();
    test_flags_with_event();
    test_reserved_flags();
    test_interrupt_flag();
    test_places();
    test_targets();
    test_non_canonical();
}
