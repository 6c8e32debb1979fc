/* SPDX-License-Identifier: MIT
 *
 * What the parts of disks share. Each works on the device that was named, and
 * leaves anything on it.
 */
#ifndef USER_DISKS_DISKS_H
#define USER_DISKS_DISKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One thing that is to be so. Only a failure is printed, by these words. */
void check(bool passed, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* check(got == expected), and says what came, with errno's words for -1. */
void check_is(long got, long expected, const char *what);

/* check() that a call, which returned `result`, failed with this errno. */
void check_error(long result, int expected, const char *what);

#define PAGE 4096ul
#define SECTOR 512ul

/* The device's name, and its size in bytes. */
extern const char *device;
extern uint64_t device_size;

/* Opens it. Ends the program when that fails. */
int open_device(int flags);

/* New memory, aligned to a page, writable. */
void *new_pages(size_t size);

/* The same numbers in every run. */
uint32_t random_below(uint32_t limit);
void fill_random(void *to, size_t size);

/* A figure of /proc/meminfo. */
long meminfo_kib(const char *name);

void test_transfers(void); /* read, write, lseek against a flat array */
void test_requests(void);  /* many at once, and what is wrong with one */
void test_endings(void);   /* what goes while requests are under way */
void test_memory(void);    /* what is kept, and goes when memory is short */
void test_direct(void);    /* O_DIRECT */
void test_ioctls(void);
void test_partitions(void);

#endif
