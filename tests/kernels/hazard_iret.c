/* SPDX-License-Identifier: MIT
 *
 * Hazard: an iret whose frame would lead anywhere but into the guest. What
 * the hypervisor does not accept ends the domain with the reason.
 *
 * Why: The frame of an iret is the guest's memory, and the guest kernel's cs
 * has ring 0 in it: its low bits are the ABI's mode bit. Were it loaded as it
 * stands, the guest would be the hypervisor. So a cs is never loaded from a
 * frame: the two values that the ABI knows choose what is, and all others end
 * the domain.
 *
 * VARIANT: cs_null expect=killed:"iret: cs is"
 * VARIANT: cs_hypervisor expect=killed:"iret: cs is"
 * VARIANT: cs_data expect=killed:"iret: cs is"
 * VARIANT: cs_unknown expect=killed:"iret: cs is"
 * VARIANT: cs_wide expect=killed:"iret: cs is"
 * VARIANT: user_without_root expect=killed:"iret: .*user"
 * VARIANT: rip_without_handler expect=killed:"no handler.*exception 13"
 */
#include "abi/stubs.h"
#include "lib/macros.h"
#include "tests/kernels/lib/bootargs.h"
#include "tests/kernels/lib/test.h"
#include "tests/kernels/lib/trap.h"

MG_TEST(hazard_iret);

MG_SNIPPET(landing, "ud2");
MG_SNIPPET(iret_with, "mov %rdi, %rsp; jmp parapet_hypercall_page");

static _Alignas(16) unsigned char stack[4096];

static const struct {
    const char *name;
    uint64_t cs, rip; /* rip 0: the landing */
} frames[] = {
    {"cs_null", 0, 0},
    {"cs_hypervisor", 0x08, 0},
    {"cs_data", PARAPET_SS, 0},
    {"cs_unknown", 0x33, 0},
    {"cs_wide", 0x100000000 + PARAPET_CS_KERNEL, 0},
    {"user_without_root", PARAPET_CS_USER, 0},
    {"rip_without_handler", PARAPET_CS_KERNEL, 0x0000800000000000},
};

static void go(uint64_t cs, uint64_t rip)
{
    struct parapet_frame frame = {
        .rip = rip ? rip : (uint64_t)landing,
        .cs = cs,
        .rflags = 2,
        .rsp = (uint64_t)(stack + sizeof(stack)),
        .ss = PARAPET_SS,
    };

    /* A bad rip is a protection fault there: iret.c has it with a handler. */
    mg_trap_set(MG_GP, 0, 0);
    mg_expect_kill();
    iret_with(&frame);
    mg_not_killed();
}

void test_main(void)
{
    for (size_t i = 0; i < ARRAY_SIZE(frames); i++) {
        if (mg_variant(frames[i].name))
            go(frames[i].cs, frames[i].rip);
    }
    mg_error("no such variant: '%s'", mg_bootargs());
}
