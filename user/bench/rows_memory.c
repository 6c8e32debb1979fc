/* SPDX-License-Identifier: MIT
 *
 * Mappings of a file, the faults of their pages, and memory itself.
 */
#include "user/bench/bench.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define PAGE_SIZE 4096ul

/* As lmbench's lat_mmap: the first tenth, a byte in each 16 KiB. */
#define MMAP_TOUCHED (SCRATCH_SIZE / 10)
#define MMAP_STRIDE (16 * 1024ul)

#define NR_FAULTS 64ul
#define FAULTS_SIZE (NR_FAULTS * PAGE_SIZE)
/* Odd, so that by this step all pages have their turn, never two neighbours
 * one after the other. */
#define FAULTS_STEP 27ul

#define COPY_SIZE (256 * 1024ul)

static int file;
static char *from, *to;

void make_scratch_file(void)
{
    char page[PAGE_SIZE];
    size_t done;

    file = open(SCRATCH_FILE, O_RDWR | O_CREAT, 0644);
    if (file < 0)
        fail(SCRATCH_FILE);
    if (lseek(file, 0, SEEK_END) < (off_t)SCRATCH_SIZE) {
        memset(page, 1, sizeof(page));
        (void)lseek(file, 0, SEEK_SET);
        for (done = 0; done < SCRATCH_SIZE; done += PAGE_SIZE)
            if (write(file, page, PAGE_SIZE) != (ssize_t)PAGE_SIZE)
                fail(SCRATCH_FILE);
    }
    (void)close(file);
}

static void open_scratch_file(void)
{
    make_scratch_file();
    file = open(SCRATCH_FILE, O_RDWR);
    if (file < 0)
        fail(SCRATCH_FILE);
}

static void close_scratch_file(void)
{
    (void)close(file);
}

void *new_pages(size_t size)
{
    void *address = mmap(NULL, size, PROT_READ | PROT_WRITE,
                         MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (address == MAP_FAILED)
        fail("mmap");
    return memset(address, 3, size);
}

void free_pages(volatile void *address, size_t size)
{
    if (munmap((void *)(uintptr_t)address, size) != 0)
        fail("munmap");
}

static volatile char *map(size_t size, int rights)
{
    void *address = mmap(NULL, size, rights, MAP_SHARED, file, 0);

    if (address == MAP_FAILED)
        fail("mmap");
    return address;
}

static void mmap_loop(uint64_t iterations)
{
    volatile char *address;
    size_t at;

    while (iterations-- > 0) {
        address = map(SCRATCH_SIZE, PROT_READ | PROT_WRITE);
        for (at = 0; at < MMAP_TOUCHED; at += MMAP_STRIDE)
            address[at] = 2;
        free_pages(address, SCRATCH_SIZE);
    }
}

static void fault_loop(uint64_t iterations)
{
    volatile char *address;
    size_t i;

    while (iterations-- > 0) {
        address = map(FAULTS_SIZE, PROT_READ);
        for (i = 0; i < NR_FAULTS; i++)
            (void)address[i * FAULTS_STEP % NR_FAULTS * PAGE_SIZE];
        free_pages(address, FAULTS_SIZE);
    }
}

static void no_fault_loop(uint64_t iterations)
{
    while (iterations-- > 0)
        free_pages(map(FAULTS_SIZE, PROT_READ), FAULTS_SIZE);
}

/* ---- memory itself ---- */

static void prepare_copy(void)
{
    from = new_pages(COPY_SIZE);
    to = new_pages(COPY_SIZE);
}

static void copy_loop(uint64_t iterations)
{
    while (iterations-- > 0) {
        memcpy(to, from, COPY_SIZE);
        __asm__ volatile("" : : : "memory");
    }
}

/* So that no fork of a later row has to copy them. */
static void finish_copy(void)
{
    free_pages(from, COPY_SIZE);
    free_pages(to, COPY_SIZE);
}

const struct row memory_rows[] = {
    {.name = "lat_mmap",
     .prepare = open_scratch_file,
     .loop = mmap_loop,
     .finish = close_scratch_file,
     .iterations = 50,
     .per_iteration = 1},
    {.name = "lat_pagefault",
     .prepare = open_scratch_file,
     .loop = fault_loop,
     .baseline = no_fault_loop,
     .finish = close_scratch_file,
     .iterations = 20,
     .per_iteration = NR_FAULTS},
    {.name = "bw_mem",
     .prepare = prepare_copy,
     .loop = copy_loop,
     .finish = finish_copy,
     .iterations = 4,
     .per_iteration = 1,
     .bytes = COPY_SIZE},
    {.name = NULL},
};
