/* SPDX-License-Identifier: MIT
 *
 * Memory: pages that appear when they are touched, and the rights of pages.
 */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "user/tour/tour.h"

/* More than the machine or domain has. */
#define HUGE_SIZE (4ul << 30)
#define STRIDE (32ul << 20)
#define DEEP_SIZE (4ul << 20)

static void write_byte(void *where)
{
    *(volatile char *)where = 1;
}

static void read_byte(void *where)
{
    (void)*(volatile char *)where;
}

static void call(void *where)
{
    void (*function)(void);

    memcpy(&function, &where, sizeof(function));
    function();
}

/* Reading first: a page that was only read is still to be written to. */
static void demand_paging(void)
{
    uint8_t *memory = new_pages(HUGE_SIZE);
    bool zero = true, kept = true;
    size_t at;

    for (at = 0; at < HUGE_SIZE; at += STRIDE)
        zero &= memory[at] == 0 && memory[at + PAGE_SIZE - 1] == 0;
    for (at = 0; at < HUGE_SIZE; at += STRIDE)
        memory[at + 1] = (uint8_t)(at / STRIDE + 1);
    for (at = 0; at < HUGE_SIZE; at += STRIDE)
        kept &= memory[at + 1] == (uint8_t)(at / STRIDE + 1) && memory[at] == 0;
    check(zero, "4 GiB of memory, all zero");
    check(kept, "128 pages all over it keep what is written");
    check(munmap(memory, HUGE_SIZE) == 0, "it is given back");
    check(end_of_child(read_byte, memory) == ENDED_SEGV,
          "and is not there any more");
}

/* All pages of a piece, so that page tables fill up and empty. */
static void every_page(void)
{
    const size_t size = 16ul << 20;
    uint64_t *memory = new_pages(size);
    size_t i, step = PAGE_SIZE / sizeof(*memory);
    bool kept = true;

    for (i = 0; i < size / sizeof(*memory); i += step)
        memory[i] = i;
    for (i = 0; i < size / sizeof(*memory); i += step)
        kept &= memory[i] == i;
    check(kept, "4096 pages in a row keep what is written");
    /* The middle, so that one area becomes two. */
    check(munmap(memory + 2 * step, 4 * PAGE_SIZE) == 0, "a hole in them");
    check(end_of_child(write_byte, memory + 3 * step) == ENDED_SEGV,
          "writing into the hole kills");
    check(memory[step] == step && memory[6 * step] == 6 * step,
          "what is around it stays");
    check(munmap(memory, size) == 0, "all of it is given back, hole and all");
}

static void rights(void)
{
    char *page = new_pages(PAGE_SIZE);

    strcpy(page, "kept");
    check(mprotect(page, PAGE_SIZE, PROT_READ) == 0, "mprotect: read only");
    check(strcmp(page, "kept") == 0, "it can still be read");
    check(end_of_child(write_byte, page) == ENDED_SEGV,
          "writing kills the child, and only the child");
    check(mprotect(page, PAGE_SIZE, PROT_NONE) == 0 &&
              end_of_child(read_byte, page) == ENDED_SEGV,
          "mprotect: nothing; reading kills");
    check(mprotect(page, PAGE_SIZE, PROT_READ | PROT_WRITE) == 0 &&
              strcmp(page, "kept") == 0,
          "and back: the contents are still there");
    page[0] = (char)0xc3; /* ret */
    check(end_of_child(call, page) == ENDED_SEGV, "data is not executed");
    check(mprotect(page, PAGE_SIZE, PROT_READ | PROT_EXEC) == 0 &&
              end_of_child(call, page) == ENDED_0,
          "unless mprotect has made it code");
    (void)munmap(page, PAGE_SIZE);
}

static void own_image(void)
{
    static char data[3 * PAGE_SIZE] = "data";
    static char bss[3 * PAGE_SIZE];
    static const char constant[] = "constant";

    check(strcmp(data, "data") == 0 && data[sizeof(data) - 1] == 0 &&
              bss[0] == 0 && bss[sizeof(bss) - 1] == 0,
          "the program's data is as linked, the rest zero");
    check(end_of_child(write_byte, (void *)(uintptr_t)constant) == ENDED_SEGV &&
              strcmp(constant, "constant") == 0,
          "constants cannot be written");
    check(end_of_child(write_byte, (void *)(uintptr_t)own_image) == ENDED_SEGV,
          "code cannot be written");
    check(end_of_child(read_byte, NULL) == ENDED_SEGV, "nothing is at 0");
}

/* By the system call itself: the library keeps the heap for itself. */
static char *heap_end(char *wanted)
{
    return (char *)syscall(SYS_brk, wanted);
}

static void heap(void)
{
    char *before = heap_end(NULL), *end = before + 3 * PAGE_SIZE;

    check(heap_end(end) == end && end[-1] == 0, "the heap grows");
    end[-1] = 1;
    check(heap_end(before) == before &&
              end_of_child(read_byte, end - 1) == ENDED_SEGV,
          "and shrinks");
    check(heap_end((char *)0xffffffff80000000) == before,
          "but not to where the kernel is");
}

static void library(void)
{
    char *blocks[64];
    bool kept = true;
    size_t i;

    for (i = 0; i < 64; i++) {
        blocks[i] = malloc((i + 1) * 3000);
        kept &= blocks[i] != NULL;
        if (blocks[i] != NULL)
            memset(blocks[i], (int)i, (i + 1) * 3000);
    }
    for (i = 0; i < 64; i++) {
        kept &= blocks[i] != NULL && blocks[i][0] == (char)i &&
                blocks[i][(i + 1) * 3000 - 1] == (char)i;
        free(blocks[i]);
    }
    check(kept, "the library's malloc works on top of that");
}

/* How deep it gets is told by the argument: no compiler can unroll that. */
static __attribute__((noinline)) unsigned int deep(volatile char *above,
                                                   size_t left)
{
    volatile char room[1024];

    room[0] = above[0];
    if (left < sizeof(room))
        return (unsigned int)room[0];
    return deep(room, left - sizeof(room)) + (unsigned int)(room[0] == 1);
}

static void overflow_stack(void *unused)
{
    char start = 1;

    (void)unused;
    (void)deep(&start, SIZE_MAX);
}

static void stack(void)
{
    char start = 1;

    check(deep(&start, DEEP_SIZE) == DEEP_SIZE / 1024 + 1,
          "a stack 4 MiB deep");
    check(end_of_child(overflow_stack, NULL) == ENDED_SEGV,
          "one without end kills");
}

static bool fails_with(int error, const void *result)
{
    return result == MAP_FAILED && errno == error;
}

static void bad_requests(void)
{
    const int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED;
    char *page = new_pages(PAGE_SIZE);

    check(fails_with(EINVAL, mmap(NULL, 0, PROT_READ,
                                  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)),
          "mmap of nothing is refused");
    check(mmap((void *)0xffffffff80000000, PAGE_SIZE, PROT_READ, flags, -1,
               0) == MAP_FAILED,
          "mmap where the kernel is, is refused");
    check(mmap((void *)0x7ffffffff000, PAGE_SIZE, PROT_READ, flags, -1, 0) ==
              MAP_FAILED,
          "mmap of the last page below is refused");
    check(munmap(page + 1, PAGE_SIZE) == -1 && errno == EINVAL,
          "munmap of an odd address is refused");
    *page = 7;
    check(mmap(page, PAGE_SIZE, PROT_READ, flags, -1, 0) == page && *page == 0,
          "mmap over a page replaces it");
    check(mprotect(page, 1ul << 60, PROT_READ) == -1 && errno == ENOMEM,
          "mprotect of what is not there is refused");
    (void)munmap(page, PAGE_SIZE);
}

void stop_memory(void)
{
    own_image();
    demand_paging();
    every_page();
    rights();
    heap();
    library();
    stack();
    bad_requests();
}
