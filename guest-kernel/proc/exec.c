/* SPDX-License-Identifier: MIT
 *
 * Starting a program (System V ABI for x86-64, section 3.4.1). Its stack:
 *
 *   EXEC_STACK_TOP   the strings, 16 random bytes
 *                    auxiliary vector: pairs, the last one zero
 *                    environment: pointers, and a zero
 *                    arguments: pointers, and a zero
 *        rsp ->      number of arguments
 *                    ... room, made when touched ...
 *                    EXEC_STACK_GUARD bytes that may not be accessed
 */
#include "guest-kernel/proc/exec.h"

#include "abi/abi.h"
#include "guest-kernel/fs/ramdisk.h"
#include "guest-kernel/mm/layout.h"
#include "guest-kernel/mm/slab.h"
#include "guest-kernel/proc/elf.h"
#include "guest-kernel/proc/errno.h"
#include "guest-kernel/proc/process.h"
#include "guest-kernel/x86/cpuid.h"
#include "lib/macros.h"
#include "lib/string.h"

#define EXEC_STACK_TOP SPACE_USER_END
#define EXEC_STACK_SIZE 0x800000ul
#define EXEC_STACK_GUARD 0x100000ul

#define EXEC_MAX_ARGS 64
#define NR_RANDOM 2 /* words */

/* Types of the auxiliary vector (getauxval(3)). */
enum {
    AT_NULL = 0,
    AT_PHDR = 3,
    AT_PHENT = 4,
    AT_PHNUM = 5,
    AT_PAGESZ = 6,
    AT_ENTRY = 9,
    AT_UID = 11,
    AT_EUID = 12,
    AT_GID = 13,
    AT_EGID = 14,
    AT_HWCAP = 16,
    AT_SECURE = 23,
    AT_RANDOM = 25,
    AT_EXECFN = 31,
};

/* A stack that is being filled, from its top down. */
struct user_stack {
    struct space *space;
    uint64_t rsp;
    bool failed;
};

/* Returns where it is. */
static uint64_t push(struct user_stack *stack, const void *bytes, size_t size)
{
    if (size > stack->rsp - (EXEC_STACK_TOP - EXEC_STACK_SIZE)) {
        stack->failed = true;
        return 0;
    }
    stack->rsp -= size;
    if (!space_copy_out(stack->space, stack->rsp, bytes, size))
        stack->failed = true;
    return stack->rsp;
}

static uint64_t push_string(struct user_stack *stack, const char *text)
{
    return push(stack, text, strlen(text) + 1);
}

/* Different at each start, but no secret: there is no source of randomness. */
static uint64_t push_random(struct user_stack *stack)
{
    uint64_t words[NR_RANDOM], seed = privops_wall_ns();
    unsigned int i;

    for (i = 0; i < NR_RANDOM; i++) {
        /* splitmix64 */
        words[i] = seed += 0x9e3779b97f4a7c15;
        words[i] = (words[i] ^ words[i] >> 30) * 0xbf58476d1ce4e5b9;
        words[i] = (words[i] ^ words[i] >> 27) * 0x94d049bb133111eb;
        words[i] ^= words[i] >> 31;
    }
    return push(stack, words, sizeof(words));
}

static void push_auxiliary(struct user_stack *stack,
                           const struct elf_program *program, uint64_t path,
                           uint64_t random)
{
    const uint64_t pairs[][2] = {
        {AT_PHDR, program->headers_vaddr},
        {AT_PHENT, program->header_size},
        {AT_PHNUM, program->nr_headers},
        {AT_PAGESZ, PAGE_SIZE},
        {AT_ENTRY, program->entry},
        {AT_UID, 0},
        {AT_EUID, 0},
        {AT_GID, 0},
        {AT_EGID, 0},
        {AT_SECURE, 0},
        {AT_HWCAP, cpuid(CPUID_FEATURES, 0).edx},
        {AT_RANDOM, random},
        {AT_EXECFN, path},
        {AT_NULL, 0},
    };

    (void)push(stack, pairs, sizeof(pairs));
}

/* The count, the arguments and a zero; the environment, which is empty. */
static void push_arguments(struct user_stack *stack, unsigned int nr_args,
                           const uint64_t *args)
{
    uint64_t words[EXEC_MAX_ARGS + 3] = {nr_args};

    memcpy(words + 1, args, nr_args * sizeof(args[0]));
    (void)push(stack, words, (nr_args + 3) * sizeof(words[0]));
}

/* The program expects rsp to be a multiple of 16. Returns it, 0 on failure. */
static uint64_t fill_stack(struct space *space,
                           const struct elf_program *program, const char *path,
                           unsigned int nr_args, char *const *args)
{
    struct user_stack stack = {space, EXEC_STACK_TOP, false};
    uint64_t vaddrs[EXEC_MAX_ARGS], path_vaddr, random_vaddr;
    unsigned int i;

    path_vaddr = push_string(&stack, path);
    for (i = 0; i < nr_args; i++)
        vaddrs[i] = push_string(&stack, args[i]);
    random_vaddr = push_random(&stack);
    /* Below come the pairs of the vector and nr_args + 3 words. */
    stack.rsp = ALIGN_DOWN(stack.rsp, 16);
    if (nr_args % 2 == 0)
        stack.rsp -= 8;
    push_auxiliary(&stack, program, path_vaddr, random_vaddr);
    push_arguments(&stack, nr_args, vaddrs);
    return stack.failed ? 0 : stack.rsp;
}

static int64_t map_program(struct space *space,
                           const struct elf_program *program)
{
    const struct elf_segment *segment;
    int64_t result = 0;
    unsigned int i;

    for (i = 0; i < program->nr_segments && result == 0; i++) {
        segment = &program->segments[i];
        result = space_map(space, segment->start, segment->size, segment->prot,
                           segment->image_size > 0 ? segment->image : NULL,
                           segment->image_size);
    }
    if (result == 0)
        result = space_map(space, EXEC_STACK_TOP - EXEC_STACK_SIZE,
                           EXEC_STACK_SIZE, SPACE_READ | SPACE_WRITE, NULL, 0);
    if (result == 0)
        result = space_map(space,
                           EXEC_STACK_TOP - EXEC_STACK_SIZE - EXEC_STACK_GUARD,
                           EXEC_STACK_GUARD, 0, NULL, 0);
    return result;
}

/* All other registers are zero. */
static void set_start(struct process *process, uint64_t rip, uint64_t rsp)
{
    struct parapet_frame *frame = &process->start.frame;

    frame->rip = rip;
    frame->cs = PARAPET_CS_USER;
    frame->rflags = PARAPET_RFLAGS_IF;
    frame->rsp = rsp;
    frame->ss = PARAPET_SS;
}

static int64_t load(struct process *process, const struct elf_program *program,
                    const char *path, unsigned int nr_args, char *const *args,
                    const char **why)
{
    int64_t result = map_program(process->space, program);
    uint64_t rsp;

    *why = "its memory cannot be mapped";
    if (result != 0)
        return result;
    *why = "too many arguments, or out of memory";
    if (nr_args > EXEC_MAX_ARGS)
        return -E2BIG;
    rsp = fill_stack(process->space, program, path, nr_args, args);
    if (rsp == 0)
        return -E2BIG;
    process->heap_start = program->end;
    process->heap_end = program->end;
    set_start(process, program->entry, rsp);
    return 0;
}

int64_t exec_load(struct process *process, const char *path,
                  unsigned int nr_args, char *const *args, const char **why)
{
    struct elf_program *program;
    struct cpio_entry entry;
    int64_t result = -ENOEXEC;

    *why = "no such file";
    if (!ramdisk_find(path, &entry) || !cpio_is_file(&entry))
        return -ENOENT;
    *why = "out of memory";
    program = kmalloc(sizeof(*program));
    if (program == NULL)
        return -ENOMEM;
    *why = elf_read(entry.data, entry.size, program);
    if (*why == NULL)
        result = load(process, program, path, nr_args, args, why);
    kfree(program);
    return result;
}
