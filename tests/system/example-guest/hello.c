/* SPDX-License-Identifier: MIT
 *
 * A whole guest in one C file: it says hello, with the hypervisor's ABI
 * version and the time since the domain began to run, and powers off. It uses
 * nothing of Parapet but the headers in abi/. Copy this directory anywhere,
 * then:
 *
 *   make PARAPET=/path/to/parapet
 *   make -C /path/to/parapet run GUEST=$PWD/hello.elf
 *
 * What a guest needs: the note (PARAPET_DEFINE_NOTE), segments of its own for
 * code, constants and data (guest.lds), and an entry. The entry is an ordinary
 * C function: rdi holds the device tree's address and rsp a stack. There is
 * no assembly, and no privileged instruction; the flags in the Makefile say
 * why each of them is there.
 */
#include <stddef.h>
#include <stdint.h>

#include "abi/abi.h"
#include "abi/shared.h"
#include "abi/stubs.h"

PARAPET_DEFINE_NOTE;

_Noreturn void guest_main(const void *device_tree);

static void print(const char *text)
{
    uint64_t length = 0;

    while (text[length])
        length++;
    (void)HYPERCALL_RESTARTED(hypercall_console_write(text, length));
}

static void print_number(uint64_t number)
{
    char digits[21];
    size_t at = sizeof(digits) - 1;

    digits[at] = 0;
    do {
        digits[--at] = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    print(&digits[at]);
}

/* Monotonic nanoseconds, without leaving the guest: see abi/shared.h. */
static uint64_t clock_ns(void)
{
    const struct parapet_shared_page *shared =
        (const struct parapet_shared_page *)PARAPET_SHARED_PAGE;
    const volatile struct parapet_clock *clock = &shared->clock;
    unsigned __int128 ticks;
    uint32_t seq;
    uint64_t ns;

    do {
        seq = clock->seq;
        ticks = __builtin_ia32_rdtsc() - clock->tsc_base;
        ns = clock->ns_base + (uint64_t)((ticks * clock->multiplier) >> 32);
    } while (seq % 2 != 0 || seq != clock->seq);
    return ns;
}

_Noreturn void guest_main(const void *device_tree)
{
    uint64_t version = (uint64_t)hypercall_abi_version();

    print("hello from a guest in one C file\n");
    print("the hypervisor's ABI is ");
    print_number(version >> 16);
    print(".");
    print_number(version & 0xffff);
    print("; the clock is at ");
    print_number(clock_ns() / 1000);
    print(" microseconds\n");
    if (device_tree == (const void *)PARAPET_DTB)
        print("the device tree is where it should be\n");
    for (;;)
        (void)hypercall_shutdown(PARAPET_SHUTDOWN_POWEROFF);
}
