/* SPDX-License-Identifier: MIT
 *
 * What ends a domain on the way out of user mode, and that domain only: its
 * neighbour comes to its own end. The variants' names are CAUSE_WHERE: how
 * user mode is left, and what kernel_stack points to then.
 *
 *   none         no entry is registered, or no user root
 *   hypervisor   all of it would lie inside the hypervisor, in memory: there it
 *                has a mapping of all frames
 *   above        it begins above the hypervisor's end and grows into it
 *   start        it straddles the hypervisor's first byte
 *   zero         it wraps to the top of the address space
 *   canonical    the pointer is not canonical
 *   unmapped     no memory
 *   readonly     the guest's own text
 *   table        a page table of its own: no frame may be pushed there
 *
 * BUNDLE: memory=16M
 * QEMU: partner=partners/witness
 * VARIANT: syscall_none expect=killed:"no entry is registered"
 * VARIANT: syscall_hypervisor expect=killed:"stack for the system call"
 * VARIANT: syscall_above expect=killed:"stack for the system call"
 * VARIANT: syscall_start expect=killed:"stack for the system call"
 * VARIANT: syscall_zero expect=killed:"stack for the system call"
 * VARIANT: syscall_canonical expect=killed:"stack for the system call"
 * VARIANT: syscall_unmapped expect=killed:"stack for the system call"
 * VARIANT: syscall_readonly expect=killed:"stack for the system call"
 * VARIANT: syscall_table expect=killed:"stack for the system call"
 * VARIANT: exception_none expect=killed:"no handler is registered"
 * VARIANT: exception_hypervisor expect=killed:"frame, exception 6"
 * VARIANT: exception_above expect=killed:"frame, exception 6"
 * VARIANT: exception_canonical expect=killed:"frame, exception 6"
 * VARIANT: exception_table expect=killed:"frame, exception 6"
 * VARIANT: fault_hypervisor expect=killed:"page fault at ffff88"
 * VARIANT: fault_table expect=killed:"page fault at ffff88"
 * VARIANT: event_hypervisor expect=killed:"stack for the event"
 * VARIANT: event_above expect=killed:"stack for the event"
 * VARIANT: event_canonical expect=killed:"stack for the event"
 * VARIANT: event_table expect=killed:"stack for the event"
 * VARIANT: iret_none expect=killed:"iret: .*user"
 */
#include "abi/stubs.h"
#include "lib/macros.h"
#include "lib/string.h"
#include "tests/kernels/lib/bootargs.h"
#include "tests/kernels/lib/event.h"
#include "tests/kernels/lib/memory.h"
#include "tests/kernels/lib/test.h"
#include "tests/kernels/lib/trap.h"
#include "tests/kernels/lib/user.h"
#include "tests/kernels/lib/vcpu.h"

MG_TEST(user_kill);

MG_SNIPPET(do_syscall, "syscall");
MG_SNIPPET(do_ud2, "ud2");
MG_SNIPPET(do_load, "mov (%rdi), %rax");
MG_SNIPPET(do_spin, "1: jmp 1b");

extern const unsigned char parapet_hypercall_page[];

static const struct {
    const char *name;
    uint64_t stack;
} places[] = {
    {"hypervisor", PARAPET_HYPERVISOR_START + (1ul << 42) + 0x5000},
    {"above", PARAPET_HYPERVISOR_END + 0x40},
    {"start", PARAPET_HYPERVISOR_START + 0x20},
    {"zero", 0},
    {"canonical", 0x0123456789abcdef},
    {"unmapped", 0x500000000},
    {"readonly", (uint64_t)parapet_hypercall_page + 256},
};

static uint64_t find_stack(const char *where)
{
    if (strcmp(where, "table") == 0)
        return (uint64_t)mg_user_init()->l2 + MG_PAGE_SIZE;
    for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
        if (strcmp(where, places[i].name) == 0)
            return places[i].stack;
    }
    mg_error("no such variant: '%s'", mg_bootargs());
}

static void go(void (*fn)(void *), uint64_t rdi)
{
    struct mg_fault fault;

    mg_expect_kill();
    mg_user_run(fn, rdi, PARAPET_RFLAGS_IF, &fault);
    mg_failure("user mode ended with %s", mg_trap_name(fault.vector));
    mg_not_killed();
}

/* With a good stack. */
static void go_without(const char *cause)
{
    if (strcmp(cause, "syscall") == 0) {
        MG_DONE(hypercall_set_callback(PARAPET_CALLBACK_SYSCALL, 0));
        go(do_syscall, 0);
    } else if (strcmp(cause, "exception") == 0) {
        mg_trap_set(MG_UD, 0, 0);
        go(do_ud2, 0);
    } else {
        MG_DONE(hypercall_mmu_set_user_root(0));
        go(do_syscall, 0);
    }
}

void test_main(void)
{
    char cause[16] = "";
    const char *where = strchr(mg_bootargs(), '_');

    if (!where || where - mg_bootargs() >= (int64_t)sizeof(cause))
        mg_error("no such variant: '%s'", mg_bootargs());
    memcpy(cause, mg_bootargs(), (size_t)(where++ - mg_bootargs()));
    (void)mg_user_init();
    if (strcmp(where, "none") == 0)
        go_without(cause);
    mg_vcpu_page()->kernel_stack = find_stack(where);
    if (strcmp(cause, "syscall") == 0) {
        go(do_syscall, 0);
    } else if (strcmp(cause, "exception") == 0) {
        go(do_ud2, 0);
    } else if (strcmp(cause, "fault") == 0) {
        go(do_load, PARAPET_DIRECT_MAP);
    } else {
        MG_DONE(hypercall_evtchn_send(mg_event_bind_ipi(0, NULL, NULL)));
        go(do_spin, 0);
    }
}
