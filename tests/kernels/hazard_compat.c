/* SPDX-License-Identifier: MIT
 *
 * Hazard: compatibility mode, from which `syscall` enters at CSTAR with the
 * guest's stack. No 32-bit code descriptor exists, so no far transfer leads
 * there: every selector but the guest's own code faults. sysenter faults too.
 *
 * Why: In compatibility mode `syscall` does not go to LSTAR but to CSTAR, in
 * ring 0 and with the guest's rsp. A hypervisor has to have an entry there
 * that is as careful as the other one, or see to it that nobody comes. We
 * leave the 32-bit descriptors out; what this test shows is that no far
 * transfer gets around that: one selector that was overlooked would be enough.
 */
#include "abi/stubs.h"
#include "lib/macros.h"
#include "tests/kernels/lib/test.h"
#include "tests/kernels/lib/trap.h"

MG_TEST(hazard_compat);

/* Far transfers to `landed` with the selector in arg. */
MG_SNIPPET(far_return, "push %rdi; lea landed(%rip), %rax; push %rax; lretq\n"
                       "landed:");
MG_SNIPPET(far_jump, "mov %edi, far_pointer+8; .byte 0x48; ljmp *far_pointer\n"
                     ".globl far_landed\n"
                     "far_landed:");
MG_SNIPPET(far_call,
           "mov %edi, call_pointer+8; .byte 0x48; lcall *call_pointer\n"
           "jmp 1f\n"
           ".globl call_landed\n"
           "call_landed: lretq\n"
           "1:");
MG_SNIPPET(native_iret, "mov %rsp, %rax; push $0x23; push %rax; pushfq\n"
                        "push %rdi; push $1f; iretq\n"
                        "1:");
MG_SNIPPET(do_sysenter, "sysenter");
MG_SNIPPET(do_sysexit, ".byte 0x0f, 0x35");
/* `ljmp ptr16:32` and `lcall ptr16:32` do not exist in 64-bit mode. */
MG_SNIPPET(direct_far_jump, ".byte 0xea, 0, 0, 0, 0, 0x2b, 0");
MG_SNIPPET(direct_far_call, ".byte 0x9a, 0, 0, 0, 0, 0x2b, 0");

struct far_pointer {
    uint64_t offset;
    uint32_t selector;
} __attribute__((packed));

extern const unsigned char far_landed[], call_landed[];
struct far_pointer far_pointer, call_pointer;

/*
 * QEMU 7.2 reads and writes the stack of a far transfer at CPL 3 as if it
 * were the supervisor, and SMAP makes that a page fault: nothing of what
 * comes after can be seen there. (hazard_far_stack.c does it where SMAP does
 * not: at a page of the supervisor's.)
 */
static const struct {
    const char *name;
    void (*fn)(void *);
    bool uses_stack;
} transfers[] = {{"far jump", far_jump, false},
                 {"far return", far_return, true},
                 {"far call", far_call, true},
                 {"native iretq", native_iret, true}};

static bool is_emulator_fault(size_t way, const struct mg_fault *fault)
{
    return transfers[way].uses_stack && fault->vector == MG_PF &&
           fault->vaddr - fault->frame.rsp + 64 < 128;
}

/*
 * The guest's own segment works with the privilege level 3. (A far jump or
 * call to it may name any level.)
 */
static bool is_own_code(uint32_t selector)
{
    return (selector & ~3u) == (PARAPET_CS_USER & ~3u);
}

static void check(size_t way, uint32_t selector)
{
    struct mg_fault fault;

    if (!mg_try(transfers[way].fn, (void *)(uint64_t)selector, &fault)) {
        if (!is_own_code(selector))
            mg_failure("%s to selector %#x did not fault", transfers[way].name,
                       selector);
        return;
    }
    if (is_emulator_fault(way, &fault))
        return;
    if (fault.vector != MG_GP || fault.frame.error != (selector & ~3u))
        mg_failure(
            "%s to selector %#x: expected #GP, error %#x, got %s, error %#lx",
            transfers[way].name, selector, selector & ~3u,
            mg_trap_name(fault.vector), fault.frame.error);
    if (selector == PARAPET_CS_USER)
        mg_failure("%s to the guest's own code faulted", transfers[way].name);
}

static void test_selectors(void)
{
    far_pointer.offset = (uint64_t)far_landed;
    call_pointer.offset = (uint64_t)call_landed;
    for (uint32_t selector = 0; selector < 0x10000; selector++) {
        /* Beyond any table that might exist, level 3 alone will do. */
        if (selector > 0x200 && selector % 4 != 3)
            continue;
        for (size_t way = 0; way < ARRAY_SIZE(transfers); way++)
            check(way, selector);
    }
}

/* Which of the two exceptions it is depends on the maker of the CPU. */
static void test_refused(const char *name, void (*fn)(void *))
{
    struct mg_fault fault;

    if (!mg_try(fn, NULL, &fault))
        mg_failure("%s did not fault", name);
    else if (fault.vector != MG_GP && fault.vector != MG_UD)
        mg_failure("%s: expected #GP or #UD, got %s", name,
                   mg_trap_name(fault.vector));
}

void test_main(void)
{
    test_selectors();
    test_refused("sysenter", do_sysenter);
    test_refused("sysexit", do_sysexit);
    (void)mg_expect_fault("direct far jump", direct_far_jump, NULL, MG_UD,
                          NULL);
    (void)mg_expect_fault("direct far call", direct_far_call, NULL, MG_UD,
                          NULL);
    MG_CHECK_EQ(hypercall_abi_version(), PARAPET_ABI_VERSION);
}
