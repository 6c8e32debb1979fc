/* SPDX-License-Identifier: MIT
 *
 * Hazard: a stack pointer from which a pushed frame would cross the edge of
 * the hypervisor, wrap, or fault. Exceptions, upcalls and iret with such an
 * rsp end the domain, each in its own variant; a hypercall, an emulated
 * instruction and an interrupt that pushes nothing are none of its business,
 * which the variant `harmless` checks.
 *
 * Why: The hypervisor writes to an address that the guest chose, in ring 0,
 * where the page tables stop it no more. A check of rsp alone is not enough:
 * the frame lies below it, and its last word may be on the other side of the
 * edge. XSA-215 was a check that was four words too short. So it is the whole
 * range that is checked, and each cause has a path of its own to that check.
 *
 * The variants' names are WHERE_CAUSE:
 *   above       the frame begins above the hypervisor's end and grows into it
 *   inside      all of it lies inside, in memory: the hypervisor has a
 *               mapping of all frames there
 *   start       it straddles the hypervisor's first byte
 *   below       it lies right below, where nothing is canonical
 *   zero        it wraps to the top of the address space
 *   canonical   rsp itself is not canonical
 *   readonly    the guest's own text
 *   unmapped    no memory
 *
 * VARIANT: harmless
 * VARIANT: above_exception expect=killed:"frame, exception 6"
 * VARIANT: above_event expect=killed:"stack for the event"
 * VARIANT: above_iret expect=killed:"no frame can be read"
 * VARIANT: inside_exception expect=killed:"frame, exception 6"
 * VARIANT: inside_event expect=killed:"stack for the event"
 * VARIANT: inside_iret expect=killed:"no frame can be read"
 * VARIANT: start_exception expect=killed:"frame, exception 6"
 * VARIANT: start_event expect=killed:"stack for the event"
 * VARIANT: start_iret expect=killed:"no frame can be read"
 * VARIANT: below_exception expect=killed:"frame, exception 6"
 * VARIANT: below_event expect=killed:"stack for the event"
 * VARIANT: below_iret expect=killed:"no frame can be read"
 * VARIANT: zero_exception expect=killed:"frame, exception 6"
 * VARIANT: zero_event expect=killed:"stack for the event"
 * VARIANT: zero_iret expect=killed:"no frame can be read"
 * VARIANT: canonical_exception expect=killed:"frame, exception 6"
 * VARIANT: canonical_event expect=killed:"stack for the event"
 * VARIANT: canonical_iret expect=killed:"no frame can be read"
 * VARIANT: readonly_exception expect=killed:"frame, exception 6"
 * VARIANT: readonly_event expect=killed:"stack for the event"
 * VARIANT: unmapped_exception expect=killed:"frame, exception 6"
 * VARIANT: unmapped_event expect=killed:"stack for the event"
 * VARIANT: unmapped_iret expect=killed:"no frame can be read"
 */
#include "abi/stubs.h"
#include "lib/macros.h"
#include "lib/string.h"
#include "tests/kernels/lib/bootargs.h"
#include "tests/kernels/lib/clock.h"
#include "tests/kernels/lib/event.h"
#include "tests/kernels/lib/test.h"
#include "tests/kernels/lib/trap.h"
#include "tests/kernels/lib/vcpu.h"

MG_TEST(hazard_frame_edge);

extern const unsigned char parapet_hypercall_page[];

struct place {
    const char *name;
    uint64_t rsp;
    uint64_t frame; /* where an iret finds its frame */
};

/* Rounded down to 16, a frame of 72 bytes goes below rsp. */
static const struct place places[] = {
    {"above", PARAPET_HYPERVISOR_END + 0x40, PARAPET_HYPERVISOR_END - 8},
    {"inside", PARAPET_HYPERVISOR_START + (1ul << 42) + 0x5000,
     PARAPET_HYPERVISOR_START + (1ul << 42) + 0x5000},
    {"start", PARAPET_HYPERVISOR_START + 0x20, PARAPET_HYPERVISOR_START - 0x20},
    {"below", PARAPET_HYPERVISOR_START, PARAPET_HYPERVISOR_START - 72},
    {"zero", 0, ~0ul - 39},
    {"canonical", 0x0123456789abcdef, 0x0123456789abcdef},
    {"readonly", (uint64_t)parapet_hypercall_page + 256, 0},
    {"unmapped", 0x500000, 0x500000},
};

uint64_t saved_rsp;

MG_SNIPPET(exception_at, "mov %rdi, %rsp; ud2");
MG_SNIPPET(iret_at, "mov %rdi, %rsp; xor %eax, %eax; syscall");
/* void event_at(rsp, port): send to ourselves with events on. */
void event_at(uint64_t rsp, uint64_t port);
__asm__(".pushsection .text\n"
        "event_at: mov %rdi, %rsp; mov %esi, %edi; mov $50, %eax; syscall\n"
        "ud2\n"
        ".popsection");
_Static_assert(PARAPET_HC_evtchn_send == 50, "event_at knows the number");

/* Returns the results of a hypercall and an emulated cli at this rsp. */
int64_t hypercall_at(uint64_t rsp);
__asm__(".pushsection .text\n"
        "hypercall_at: mov %rsp, saved_rsp; mov %rdi, %rsp\n"
        "mov $1, %eax; syscall; mov %rax, %rdx; cli\n"
        "xor %eax, %eax; cmp %rdi, %rsp; cmove %rdx, %rax\n"
        "mov saved_rsp, %rsp; ret\n"
        ".popsection");

/* Spins while timer interrupts come, for the hypervisor alone. */
void spin_at(uint64_t rsp, uint64_t rounds);
__asm__(".pushsection .text\n"
        "spin_at: mov %rsp, saved_rsp; mov %rdi, %rsp\n"
        "1: dec %rsi; jnz 1b\n"
        "mov saved_rsp, %rsp; ret\n"
        ".popsection");

static void test_harmless(void)
{
    uint32_t port = mg_event_bind_virq(PARAPET_VIRQ_TIMER, NULL, NULL);

    for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
        uint64_t rsp = places[i].rsp;

        MG_CHECK_EQ(hypercall_at(rsp), PARAPET_ABI_VERSION);
        MG_CHECK_EQ(hypercall_set_timer(mg_clock_ns() + 100 * MG_US), 0);
        /* The machine's timer may be late: it is another program's. */
        for (unsigned int turn = 0; turn < 1000; turn++) {
            spin_at(rsp, 5000000);
            if (mg_port_is_pending(port))
                break;
        }
        MG_CHECK(mg_port_is_pending(port));
        (void)mg_port_clear(port);
    }
}

static const struct place *find_place(const char *variant)
{
    for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
        size_t length = strlen(places[i].name);

        if (strncmp(variant, places[i].name, length) == 0 &&
            variant[length] == '_')
            return &places[i];
    }
    mg_error("no such variant: '%s'", variant);
}

void test_main(void)
{
    const struct place *place;
    const char *cause;

    if (mg_variant("harmless")) {
        test_harmless();
        return;
    }
    place = find_place(mg_bootargs());
    cause = strchr(mg_bootargs(), '_') + 1;
    mg_expect_kill();
    if (strcmp(cause, "exception") == 0) {
        exception_at((void *)place->rsp);
    } else if (strcmp(cause, "iret") == 0) {
        iret_at((void *)place->frame);
    } else {
        uint32_t port = mg_event_bind_ipi(0, NULL, NULL);

        mg_sti();
        event_at(place->rsp, port);
    }
    mg_not_killed();
}
