/* SPDX-License-Identifier: MIT
 *
 * Tells the hypervisor where exceptions and events go.
 */
#include "guest-kernel/x86/trap.h"
#include "abi/stubs.h"
#include "guest-kernel/privops/pv/pv.h"
#include "lib/macros.h"

/* The one callback for all events has the first stub after the exceptions. */
#define VECTOR_EVENT TRAP_NR_EXCEPTIONS

/* privops/pv/entry.S */
extern const char trap_stubs[], pv_syscall_entry[];

/* Those that an instruction of ours or of a program can raise. */
static const uint8_t vectors[] = {
    0, 1, 3, 4, 5, 6, 7, 10, 11, 12, 13, 14, 16, 17, 19,
};

static uint64_t stub(unsigned int vector)
{
    return (uint64_t)trap_stubs + vector * TRAP_STUB_SIZE;
}

void pv_traps_init(void)
{
    struct parapet_trap traps[ARRAY_SIZE(vectors)];
    unsigned int i;

    for (i = 0; i < ARRAY_SIZE(vectors); i++) {
        traps[i].vector = vectors[i];
        traps[i].flags = PARAPET_TRAP_MASK_EVENTS;
        traps[i].entry = stub(vectors[i]);
    }
    pv_check(hypercall_set_trap_table(traps, ARRAY_SIZE(traps)),
             "set_trap_table");
    pv_check(hypercall_set_callback(PARAPET_CALLBACK_EVENT, stub(VECTOR_EVENT)),
             "set_callback");
    pv_check(hypercall_set_callback(PARAPET_CALLBACK_SYSCALL,
                                    (uint64_t)pv_syscall_entry),
             "set_callback");
}
