/* SPDX-License-Identifier: MIT
 *
 * Owns the guest's trap table.
 */
#include "tests/bench/xen/upcall.h"

#include "tests/bench/xen/console.h"
#include "tests/bench/xen/hypercall.h"

#define NR_VECTORS 32
#define ENTRY_SIZE 16
#define FRAME_WORDS 9
#define CALLBACK_MASKS_EVENTS 1

/* entry.S */
extern const char trap_entries[NR_VECTORS][ENTRY_SIZE];
_Noreturn void trap_unexpected(const uint64_t *frame);

/* One more: the table's end. */
static struct xen_trap traps[NR_VECTORS + 1];

static void fill(void)
{
    for (unsigned int vector = 0; vector < NR_VECTORS; vector++)
        traps[vector] = (struct xen_trap){
            .vector = (uint8_t)vector,
            .dpl = 3,
            .cs = XEN_CS,
            .rip = (uint64_t)trap_entries[vector],
        };
}

static void submit(void)
{
    REQUIRE(xen_hypercall1(XEN_SET_TRAP_TABLE, traps) == 0);
}

void upcall_reset(void)
{
    fill();
    submit();
}

void upcall_set_trap(uint8_t vector, upcall_entry_t *entry)
{
    upcall_set_traps(vector, entry, vector, entry);
}

void upcall_set_traps(uint8_t vector1, upcall_entry_t *entry1, uint8_t vector2,
                      upcall_entry_t *entry2)
{
    fill();
    traps[vector1].rip = (uint64_t)entry1;
    traps[vector2].rip = (uint64_t)entry2;
    submit();
}

void upcall_set_callback(uint16_t type, upcall_entry_t *entry)
{
    struct xen_callback callback = {
        .type = type, .flags = CALLBACK_MASKS_EVENTS, .rip = (uint64_t)entry};

    REQUIRE(xen_hypercall2(XEN_CALLBACK, XEN_CALLBACK_REGISTER, &callback) ==
            0);
}

/* frame: the vector, rcx, r11, and as many words of what else is there. */
void trap_unexpected(const uint64_t *frame)
{
    print("trap %lu, stack:", frame[0]);
    for (unsigned int i = 3; i < FRAME_WORDS; i++)
        print(" %016lx", frame[i]);
    print("\n");
    fail("a trap that no row expects\n");
}
