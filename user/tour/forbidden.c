/* SPDX-License-Identifier: MIT
 *
 * What no program may do: privileged instructions, the kernel's memory, and,
 * under the hypervisor, hypercalls. Each is tried in a child.
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#include "user/tour/tour.h"

/* ---- instructions ---- */

#define INSTRUCTION(name, ...)                                                 \
    static void do_##name(void *unused)                                        \
    {                                                                          \
        (void)unused;                                                          \
        __asm__ volatile(__VA_ARGS__);                                         \
    }

INSTRUCTION(cli, "cli")
INSTRUCTION(sti, "sti")
INSTRUCTION(hlt, "hlt")
INSTRUCTION(in, "inb $0x60, %%al" : : : "rax")
INSTRUCTION(out, "outb %%al, $0xf4" : : "a"(0x2b))
INSTRUCTION(read_cr3, "mov %%cr3, %%rax" : : : "rax")
INSTRUCTION(write_cr0, "mov %0, %%cr0" : : "r"(0ul))
INSTRUCTION(rdmsr, "rdmsr" : : "c"(0xc0000102) : "rax", "rdx")
INSTRUCTION(wrmsr, "wrmsr" : : "c"(0xc0000082), "a"(0), "d"(0))
INSTRUCTION(swapgs, "swapgs")
INSTRUCTION(invlpg, "invlpg (%0)" : : "r"(0ul) : "memory")
INSTRUCTION(lgdt, "lgdt (%%rsp)" : : : "memory")
INSTRUCTION(load_ss, "mov %0, %%ss" : : "r"(0x10))
INSTRUCTION(int_80, "int $0x80" : : "a"(1))
INSTRUCTION(ud2, "ud2")
INSTRUCTION(int3, "int3")
INSTRUCTION(divide, "divl %1" : : "a"(1), "r"(0), "d"(0))
INSTRUCTION(single_step, "pushfq; orq $0x100, (%%rsp); popfq; nop; nop"
            :
            :
            : "memory", "cc")

static const struct {
    const char *name;
    void (*run)(void *unused);
    enum end end;
} instructions[] = {
    {"cli", do_cli, ENDED_SEGV},
    {"sti", do_sti, ENDED_SEGV},
    {"hlt", do_hlt, ENDED_SEGV},
    {"in", do_in, ENDED_SEGV},
    {"out", do_out, ENDED_SEGV},
    {"mov from cr3", do_read_cr3, ENDED_SEGV},
    {"mov to cr0", do_write_cr0, ENDED_SEGV},
    {"rdmsr", do_rdmsr, ENDED_SEGV},
    {"wrmsr", do_wrmsr, ENDED_SEGV},
    {"swapgs", do_swapgs, ENDED_SEGV},
    {"invlpg", do_invlpg, ENDED_SEGV},
    {"lgdt", do_lgdt, ENDED_SEGV},
    {"a stack segment of ring 0", do_load_ss, ENDED_SEGV},
    {"int $0x80", do_int_80, ENDED_SEGV},
    {"ud2", do_ud2, ENDED_ILL},
    {"int3", do_int3, ENDED_TRAP},
    {"division by zero", do_divide, ENDED_FPE},
    {"a single step", do_single_step, ENDED_TRAP},
};

static void try_instructions(void)
{
    char what[64];
    size_t i;

    for (i = 0; i < sizeof(instructions) / sizeof(instructions[0]); i++) {
        (void)snprintf(what, sizeof(what), "%s kills a child, and no more",
                       instructions[i].name);
        check(end_of_child(instructions[i].run, NULL) == instructions[i].end,
              what);
    }
}

/* ---- hypercalls ---- */

/* Numbers that Linux uses for what this kernel does not have, and that are
 * hypercalls: evtchn_bind_virq, mmu_pin, mmu_set_user_root. */
static void try_hypercalls(void)
{
    static const long numbers[] = {48, 66, 69};
    bool refused = true;
    size_t i;

    for (i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
        refused &= syscall(numbers[i], 0L, 0L, 0L) == -1 && errno == ENOSYS;
    check(refused, "the numbers of hypercalls are system calls here");
    /* Number 0 would be iret, which pops a frame. */
    check(syscall(0L, -1L, 0L, 0L) == -1 && errno == EBADF,
          "and so is 0: it is read()");
}

/* ---- the kernel's memory ---- */

static const uintptr_t places[] = {
    0xffffffff80100000, /* the kernel's code */
    0xffff880000100000, /* all memory, as the kernel sees it */
    0xffffff0000010000, /* what the kernel shares with the hypervisor */
    0xffff800000000000, /* the M2P, which user mode does not have */
    0xffff840000000000, /* the hypervisor: inside */
    0x00007ffffffff000, /* the page below the hole of addresses */
    0x8000000000000000, /* the hole */
};

static void read_at(void *place)
{
    (void)*(volatile char *)place;
}

static void write_at(void *place)
{
    *(volatile char *)place = 0;
}

static void jump_to(void *place)
{
    __asm__ volatile("jmp *%0" : : "r"(place));
}

/* What is pushed goes to the place itself. */
static void set_stack(void *place)
{
    __asm__ volatile("lea 8(%0), %%rsp; push $0" : : "r"(place) : "memory");
}

static void try_places(void)
{
    static const struct {
        const char *what;
        void (*run)(void *place);
    } ways[] = {
        {"reading the kernel's memory kills", read_at},
        {"writing it kills", write_at},
        {"a jump to it kills", jump_to},
        {"a stack in it kills", set_stack},
    };
    size_t way, i;

    for (way = 0; way < sizeof(ways) / sizeof(ways[0]); way++) {
        bool all = true;

        for (i = 0; i < sizeof(places) / sizeof(places[0]); i++)
            all &= end_of_child(ways[way].run, (void *)places[i]) == ENDED_SEGV;
        check(all, ways[way].what);
    }
}

/* ---- the kernel on our behalf ---- */

static bool is_fault(long result)
{
    return result == -1 && errno == EFAULT;
}

/* By syscall(), since the library might look at the memory itself. */
static void try_pointers(void)
{
    char *page = new_pages(2 * PAGE_SIZE);
    long clock = 228, write_number = 1, writev_number = 20;
    struct iovec parts[2];
    bool all = true;
    size_t i;

    for (i = 0; i < sizeof(places) / sizeof(places[0]); i++)
        all &= is_fault(syscall(write_number, 1L, places[i], 8L)) &&
               is_fault(syscall(clock, 1L, places[i])) &&
               is_fault(syscall(writev_number, 1L, places[i], 1L));
    check(all, "system calls refuse pointers to the kernel's memory");
    check(is_fault(syscall(write_number, 1L, -4L, 8L)),
          "and ranges that wrap around");
    check(mprotect(page, PAGE_SIZE, PROT_READ) == 0 &&
              is_fault(syscall(clock, 1L, page)),
          "and writing where the program may not");
    check(munmap(page + PAGE_SIZE, PAGE_SIZE) == 0 &&
              is_fault(syscall(write_number, 1L, page + PAGE_SIZE, 1L)),
          "and what is not mapped");
    parts[0].iov_base = (char *)(uintptr_t) "  (this much was written)\n";
    parts[0].iov_len = strlen(parts[0].iov_base);
    parts[1].iov_base = (void *)places[0];
    parts[1].iov_len = 1;
    check(syscall(writev_number, 1L, parts, 2L) == (long)parts[0].iov_len,
          "writev stops where a pointer is bad");
    (void)munmap(page, PAGE_SIZE);
}

/* Of a child, so that a broken kernel does not take all of the tour along. */
static void fresh_memory(void *seen)
{
    const char *memory = new_pages(64 * PAGE_SIZE);
    size_t i;

    (void)seen;
    for (i = 0; i < 64 * PAGE_SIZE; i++)
        if (memory[i] != 0)
            _exit(1);
}

static void leave_secret(void *unused)
{
    (void)unused;
    memset(new_pages(256 * PAGE_SIZE), 0x5a, 256 * PAGE_SIZE);
}

static void try_leftovers(void)
{
    check(end_of_child(leave_secret, NULL) == ENDED_0 &&
              end_of_child(fresh_memory, NULL) == ENDED_0,
          "new memory has nothing of another process in it");
}

void stop_forbidden(void)
{
    try_instructions();
    try_hypercalls();
    try_places();
    try_pointers();
    try_leftovers();
}
