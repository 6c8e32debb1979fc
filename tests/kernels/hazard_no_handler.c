/* SPDX-License-Identifier: MIT
 *
 * Hazard: an exception that the guest has no handler for. It ends the domain,
 * and the report says which exception it was.
 *
 * Why: On the bare machine a fault without a handler is a triple fault: a
 * reset, with no word about it. Many a young kernel ends like this. A
 * hypervisor knows better what happened, so it has to say it: the exception,
 * its error code and address. Each kind has its own path to the report, and
 * any of them may as well loop, or bounce to address 0.
 *
 * VARIANT: divide expect=killed:"no handler.*exception 0"
 * VARIANT: debug expect=killed:"no handler.*exception 1"
 * VARIANT: breakpoint expect=killed:"no handler.*exception 3"
 * VARIANT: undefined expect=killed:"no handler.*exception 6"
 * VARIANT: protection expect=killed:"no handler.*exception 13, error 10"
 * VARIANT: page_fault expect=killed:"no handler.*page fault at 1234, error"
 * VARIANT: jump expect=killed:"no handler.*page fault at 1234"
 * VARIANT: refused expect=killed:"no handler.*exception 13"
 */
#include "abi/stubs.h"
#include "lib/macros.h"
#include "tests/kernels/lib/bootargs.h"
#include "tests/kernels/lib/test.h"
#include "tests/kernels/lib/trap.h"

MG_TEST(hazard_no_handler);

MG_SNIPPET(do_divide, "xor %ecx, %ecx; div %ecx");
MG_SNIPPET(do_debug, "pushfq; orq $0x100, (%rsp); popfq; nop");
MG_SNIPPET(do_breakpoint, "int3");
MG_SNIPPET(do_undefined, "ud2");
MG_SNIPPET(do_protection, "mov $0x10, %eax; mov %eax, %ds");
MG_SNIPPET(do_page_fault, "movb $0, 0x1234");
MG_SNIPPET(do_jump, "mov $0x1234, %eax; jmp *%rax");
/* A privileged instruction that no guest is allowed. */
MG_SNIPPET(do_refused, "lidt 0x1234");

static const struct {
    const char *name;
    void (*fn)(void *);
} deeds[] = {
    {"divide", do_divide},
    {"debug", do_debug},
    {"breakpoint", do_breakpoint},
    {"undefined", do_undefined},
    {"protection", do_protection},
    {"page_fault", do_page_fault},
    {"jump", do_jump},
    {"refused", do_refused},
};

void test_main(void)
{
    for (uint32_t v = 0; v < PARAPET_NR_TRAPS; v++)
        mg_trap_set(v, 0, 0);
    for (size_t i = 0; i < ARRAY_SIZE(deeds); i++) {
        if (!mg_variant(deeds[i].name))
            continue;
        mg_expect_kill();
        deeds[i].fn(NULL);
        mg_not_killed();
    }
    mg_error("no such variant: '%s'", mg_bootargs());
}
