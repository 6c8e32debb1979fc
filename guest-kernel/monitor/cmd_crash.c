/* SPDX-License-Identifier: MIT
 *
 * The kernel does what a broken kernel might do, on purpose: to see what the
 * report says, and what the hypervisor makes of it.
 */
#include "guest-kernel/core/kprintf.h"
#include "guest-kernel/core/panic.h"
#include "guest-kernel/monitor/commands.h"
#include "lib/macros.h"
#include "lib/string.h"

/* Volatile, so that the compiler sees neither where it leads nor that. */
static uint32_t *volatile bad_pointer;
static const uint32_t read_only = 1;

static void crash_null(void)
{
    *(volatile uint32_t *)bad_pointer = 1;
}

static void crash_readonly(void)
{
    bad_pointer = (uint32_t *)(uint64_t)&read_only;
    *(volatile uint32_t *)bad_pointer = 2;
}

static void crash_divide(void)
{
    uint32_t eax = 1, edx = 0;

    __asm__ volatile("divl %2" : "+a"(eax), "+d"(edx) : "r"(0));
}

static void crash_ud2(void)
{
    __asm__ volatile("ud2");
}

/* A non-canonical address (APM 2, section 1.1.3). */
static void crash_gp(void)
{
    bad_pointer = (uint32_t *)0x8000000000000000;
    *(volatile uint32_t *)bad_pointer = 1;
}

static __attribute__((noinline)) uint64_t recurse(uint64_t depth)
{
    volatile char room[256];

    room[0] = (char)depth;
    if (depth == UINT64_MAX)
        return 0;
    return recurse(depth + 1) + (uint64_t)room[0];
}

static void crash_stack(void)
{
    kprintf("%lu\n", recurse(0));
}

static void crash_panic(void)
{
    panic("as you asked");
}

static void crash_garbage_jump(void)
{
    bad_pointer = (uint32_t *)0x123456789000;
    ((void (*)(void))(uint64_t)bad_pointer)();
}

static const struct {
    const char *name;
    const char *brief;
    void (*function)(void);
} kinds[] = {
    {"null", "write to address 0", crash_null},
    {"readonly", "write to read-only data", crash_readonly},
    {"divide", "divide by zero", crash_divide},
    {"ud2", "execute an invalid opcode", crash_ud2},
    {"gp", "write to a non-canonical address", crash_gp},
    {"stack", "recurse without end", crash_stack},
    {"panic", "find a broken invariant", crash_panic},
    {"garbage-jump", "jump to where nothing is", crash_garbage_jump},
};

void cmd_crash(unsigned int nr_args, char **args)
{
    unsigned int i;

    for (i = 0; nr_args == 2 && i < ARRAY_SIZE(kinds); i++)
        if (strcmp(kinds[i].name, args[1]) == 0)
            kinds[i].function();
    if (nr_args == 2)
        kprintf("crash: %s: unknown kind\n", args[1]);
    for (i = 0; i < ARRAY_SIZE(kinds); i++)
        kprintf("  %-14s %s\n", kinds[i].name, kinds[i].brief);
}
