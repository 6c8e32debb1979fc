/* SPDX-License-Identifier: MIT
 *
 * A program's first stack:
 *
 *   EXEC_STACK_TOP   16 random bytes, the platform's name, the program's path,
 *                    the strings of the environment, and of the arguments
 *                    auxiliary vector: pairs, the last one zero
 *                    environment: pointers, and a zero
 *                    arguments: pointers, and a zero
 *        rsp ->      number of arguments
 *                    ... room, made when touched ...
 *                    EXEC_STACK_GUARD bytes that may not be accessed
 *
 * The strings go up in one piece, and so do the words.
 */
#include "guest-kernel/proc/exec_stack.h"

#include "guest-kernel/errno.h"
#include "guest-kernel/fs/random.h"
#include "guest-kernel/mm/layout.h"
#include "guest-kernel/mm/slab.h"
#include "lib/macros.h"
#include "lib/string.h"
#include "lib/x86/cpuid.h"

#define EXEC_STACK_GUARD 0x100000ul
#define RANDOM_SIZE 16
#define TICKS_PER_SECOND 100 /* of times(2) */

static const char platform[] = "x86_64";

/* Types of the auxiliary vector (getauxval(3)). */
enum {
    AT_NULL = 0,
    AT_PHDR = 3,
    AT_PHENT = 4,
    AT_PHNUM = 5,
    AT_PAGESZ = 6,
    AT_BASE = 7,
    AT_FLAGS = 8,
    AT_ENTRY = 9,
    AT_UID = 11,
    AT_EUID = 12,
    AT_GID = 13,
    AT_EGID = 14,
    AT_PLATFORM = 15,
    AT_HWCAP = 16,
    AT_CLKTCK = 17,
    AT_SECURE = 23,
    AT_RANDOM = 25,
    AT_HWCAP2 = 26,
    AT_EXECFN = 31,
};

#define NR_PAIRS 19

/* Where things are, from the top down. */
struct layout {
    uint64_t random;
    uint64_t platform;
    uint64_t path;
    uint64_t environment;
    uint64_t args;
};

static struct layout lay_out(const char *path, const struct exec_strings *args,
                             const struct exec_strings *environment)
{
    struct layout at;

    at.random = EXEC_STACK_TOP - RANDOM_SIZE;
    at.platform = at.random - sizeof(platform);
    at.path = at.platform - (strlen(path) + 1);
    at.environment = at.path - environment->size;
    at.args = at.environment - args->size;
    return at;
}

/* ---- the strings ---- */

/* All but the arguments' and the environment's. */
static bool put_strings(struct space *space, const struct layout *at,
                        const char *path, const struct exec_strings *args,
                        const struct exec_strings *environment)
{
    uint8_t random[RANDOM_SIZE];

    random_bytes(random, sizeof(random));
    return space_copy_out(space, at->random, random, sizeof(random)) &&
           space_copy_out(space, at->platform, platform, sizeof(platform)) &&
           space_copy_out(space, at->path, path, strlen(path) + 1) &&
           space_copy_out(space, at->environment, environment->text,
                          environment->size) &&
           space_copy_out(space, at->args, args->text, args->size);
}

/* ---- the words ---- */

/* A pointer to each string, the first being at vaddr, and a zero. */
static uint64_t *point_to_each(uint64_t *word, uint64_t vaddr,
                               const struct exec_strings *strings)
{
    const char *text = strings->text;
    unsigned int i;

    for (i = 0; i < strings->nr; i++) {
        *word++ = vaddr + (uint64_t)(text - strings->text);
        text += strlen(text) + 1;
    }
    *word++ = 0;
    return word;
}

static void put_auxiliary(uint64_t *word, const struct elf_program *program,
                          const struct layout *at)
{
    const uint64_t pairs[NR_PAIRS][2] = {
        {AT_PHDR, program->headers_vaddr},
        {AT_PHENT, program->header_size},
        {AT_PHNUM, program->nr_headers},
        {AT_PAGESZ, PAGE_SIZE},
        {AT_BASE, 0},
        {AT_FLAGS, 0},
        {AT_ENTRY, program->entry},
        {AT_UID, 0},
        {AT_EUID, 0},
        {AT_GID, 0},
        {AT_EGID, 0},
        {AT_PLATFORM, at->platform},
        {AT_HWCAP, cpuid(CPUID_FEATURES, 0).edx},
        {AT_CLKTCK, TICKS_PER_SECOND},
        {AT_SECURE, 0},
        {AT_RANDOM, at->random},
        {AT_HWCAP2, 0},
        {AT_EXECFN, at->path},
        {AT_NULL, 0},
    };

    memcpy(word, pairs, sizeof(pairs));
}

/* Returns rsp, a multiple of 16; 0 without memory. */
static uint64_t put_words(struct space *space,
                          const struct elf_program *program,
                          const struct layout *at,
                          const struct exec_strings *args,
                          const struct exec_strings *environment)
{
    uint64_t nr = 1 + (args->nr + 1ul) + (environment->nr + 1ul) + 2 * NR_PAIRS;
    uint64_t size = nr * sizeof(uint64_t);
    uint64_t rsp = ALIGN_DOWN(at->args - size, 16ul);
    uint64_t *words = kmalloc(size), *word = words;
    bool done;

    if (words == NULL)
        return 0;
    *word++ = args->nr;
    word = point_to_each(word, at->args, args);
    word = point_to_each(word, at->environment, environment);
    put_auxiliary(word, program, at);
    done = space_copy_out(space, rsp, words, size);
    kfree(words);
    return done ? rsp : 0;
}

/* ---- all of it ---- */

static bool map_stack(struct space *space)
{
    const uint64_t low = EXEC_STACK_TOP - EXEC_STACK_SIZE;

    return space_map(space, low, EXEC_STACK_SIZE, SPACE_READ | SPACE_WRITE,
                     NULL) == 0 &&
           space_map(space, low - EXEC_STACK_GUARD, EXEC_STACK_GUARD, 0,
                     NULL) == 0;
}

/* Arguments and environment may have a quarter of the stack, as in Linux. */
static bool is_too_big(const struct exec_strings *args,
                       const struct exec_strings *environment)
{
    return args->size + environment->size +
               ((uint64_t)args->nr + environment->nr) * sizeof(uint64_t) >
           EXEC_STACK_SIZE / 4;
}

int64_t exec_stack_fill(struct exec_image *image,
                        const struct elf_program *program, const char *path,
                        const struct exec_strings *args,
                        const struct exec_strings *environment)
{
    struct layout at = lay_out(path, args, environment);
    uint64_t rsp;

    if (is_too_big(args, environment))
        return -E2BIG;
    if (!map_stack(image->space))
        return -ENOMEM;
    space_populate(image->space, EXEC_STACK_TOP - 4 * PAGE_SIZE, 4 * PAGE_SIZE);
    if (!put_strings(image->space, &at, path, args, environment))
        return -ENOMEM;
    rsp = put_words(image->space, program, &at, args, environment);
    if (rsp == 0)
        return -ENOMEM;
    image->start.frame.rsp = rsp;
    image->args_start = at.args;
    image->args_end = at.environment;
    image->environment_end = at.path;
    return 0;
}
