/* SPDX-License-Identifier: MIT
 *
 * Hazard: faults without end. A guest may take as many as it likes, from one
 * place and nested; only its own time is lost, and the witness beside it on
 * the same CPU gets its share.
 *
 * Why: A fault costs the guest nothing and the hypervisor an entry, a look at
 * the instruction, and a frame. XSA-156 was a storm of faults that never came
 * back to the scheduler, and so hung the CPU. Here each of them goes back to
 * ring 3, where the timer may interrupt; and nothing is kept of a nested one
 * but its frame, on the guest's own stack, which is what runs out.
 *
 * QEMU: smp=1 partner=partners/witness
 */
#include "abi/exits.h"
#include "abi/stubs.h"
#include "tests/kernels/lib/test.h"
#include "tests/kernels/lib/trap.h"
#include "tests/kernels/lib/vcpu.h"

MG_TEST(hazard_fault_storm);

#define FAULTS 200000
#define NESTED 50

MG_SNIPPET(do_ud2, "ud2; mov $0x5afe, %eax");
MG_SNIPPET(do_read, "mov (%rdi), %al; mov $0x5afe, %eax");

static uint64_t nr_faults;
static uint64_t depth;

/* Returns to the same instruction until there were enough, then skips it. */
static bool again(struct mg_regs *regs)
{
    if (++nr_faults % FAULTS == 0)
        regs->frame.rip += 2;
    return true;
}

static void test_storm(uint64_t vector, void (*fn)(void *))
{
    nr_faults = 0;
    mg_trap_hook(vector, again);
    MG_CHECK_EQ(mg_call(fn, (void *)0x1000), 0x5afe);
    mg_trap_hook(vector, NULL);
    MG_CHECK_EQ(nr_faults, FAULTS);
}

/* Faults inside the handler, each deeper on the same stack. */
static bool nest(struct mg_regs *regs)
{
    if (++depth < NESTED)
        do_ud2(NULL);
    regs->frame.rip += 2;
    return true;
}

void test_main(void)
{
    test_storm(MG_UD, do_ud2);
    test_storm(MG_PF, do_read);
    mg_trap_hook(MG_UD, nest);
    do_ud2(NULL);
    MG_CHECK_EQ(depth, NESTED);
    MG_CHECK(mg_counters(0)->exits[PARAPET_EXIT_page_fault] >= FAULTS);
}
