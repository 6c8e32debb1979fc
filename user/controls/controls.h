/* SPDX-License-Identifier: MIT
 *
 * What the files of controls share.
 */
#ifndef USER_CONTROLS_CONTROLS_H
#define USER_CONTROLS_CONTROLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi/control_device.h"
#include "abi/domain.h"
#include "abi/hypercall.h"

#define PAGE_SIZE 4096ul

/* One thing that is to be so. Only a failure is printed, by these words. */
void check(bool passed, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* check(got == expected), and says what came. */
void check_is(int64_t got, int64_t expected, const char *what);

/* The device, open for reading and writing: the program's own, or one more. */
extern int device;
int open_device(void);

/* ioctl(PARAPET_IOC_CALL): 0, or the errno. */
int try_call(struct parapet_control_call *call);

/* The result of a hypercall that the device must carry; again while it is
 * -ERESTART, with the same arguments. Those that are missing are 0. */
int64_t call_device(uint64_t number, const uint64_t args[6]);
#define CALL(name, ...)                                                        \
    call_device(PARAPET_HC_##name, (const uint64_t[6]){__VA_ARGS__})
#define ADDRESS(object) ((uint64_t)(uintptr_t)(object))

/* New memory of whole pages, with rights as of mmap(2), and a page after it
 * where nothing is mapped. Ends the program when there is none. */
void *new_pages(size_t size, int rights);

struct parapet_machine_info machine_info(void);

/* What domain_create is to make: a small domain with the name. */
struct parapet_domain_create small_domain(const char *name);

/* Makes such a domain, which lends domain 0 the page of a console. Its id, or
 * what domain_create says. */
int64_t console_domain(const char *name);

void test_calls(void);    /* what each kind of call answers */
void test_hostile(void);  /* numbers, addresses and counts */
void test_consoles(void); /* what else it must refuse */
void test_changes(void);  /* poll and read */
void test_random(uint64_t seed, uint64_t nr_calls);

#endif
