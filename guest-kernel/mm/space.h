/* SPDX-License-Identifier: MIT
 *
 * Address spaces: what user mode sees below SPACE_USER_END. A space is a list
 * of areas, which say what may be accessed, and page tables, in which pages
 * appear when they are first touched (demand paging). A clone shares all its
 * pages until one side writes (copy on write).
 *
 *   0000000000001000  SPACE_USER_START
 *   00007ffffffff000  SPACE_USER_END: the last page of the half is left out,
 *                     so that no instruction ends where addresses end
 *
 * Interrupts may be enabled; not for interrupt handlers. A space has one user
 * at a time (its process), several spaces may be used at once. Memory that
 * runs out fails the call, and leaves the space as it was unless said
 * otherwise.
 */
#ifndef GUEST_KERNEL_MM_SPACE_H
#define GUEST_KERNEL_MM_SPACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SPACE_USER_START 0x1000ul
#define SPACE_USER_END 0x7ffffffff000ul

/* Areas of a space, each of which may map the same page once. More would make
 * looking for one slow. */
#define SPACE_MAX_AREAS 4096

/* What may be done with an area; 0 is nothing. Writing or executing implies
 * reading: no page table can say otherwise. */
#define SPACE_READ 1u
#define SPACE_WRITE 2u
#define SPACE_EXEC 4u

struct list_node;
struct object;
struct space;

/* An empty space with one reference. NULL without memory. */
struct space *space_create(void);

/* One more user of it: vfork(2). */
struct space *space_get(struct space *space);

/* With the last reference, gives all its pages and tables back. If it is the
 * current one then, the kernel's own becomes current first. NULL is ignored. */
void space_put(struct space *space);

/* A copy, for fork: same areas, pages shared until written. NULL without
 * memory. */
struct space *space_clone(struct space *space);

/*
 * What is mapped: size bytes of the object from offset (a multiple of the page
 * size) on, and zero after them. If it is shared, writes go to the object and
 * size does not count; else written pages are the space's own copies.
 */
struct space_source {
    struct object *object;
    uint64_t offset;
    uint64_t size;
    bool shared;
    bool read_only; /* shared, and not to be made writable */
};

/*
 * Maps [start, start + size), both multiples of the page size: what source
 * says, or zero pages if it is NULL. Takes a reference of the object for each
 * area. Pages come when they are touched.
 *
 * 0; -EINVAL: empty, unaligned, not in user memory or unknown rights;
 * -EEXIST: something is mapped there; -ENOMEM, also when there
 * are too many areas.
 */
int space_map(struct space *space, uint64_t start, uint64_t size,
              unsigned int prot, const struct space_source *source);

/*
 * Maps pages of the range now, in as few changes as possible: for execve(2),
 * whose program will touch most of them. One call for all of a program is
 * best. What a file has is mapped as it is; pages that are writable or zero
 * are made, but not many. A hint: it may do less.
 */
void space_populate(struct space *space, uint64_t start, uint64_t size);

/*
 * mremap(2): what is in [start, start + size), all of one area or a part of
 * it, is in [to, to + new_size) afterwards, and goes on there as the area
 * would. to is start, or a place where nothing is mapped; new_size is not less
 * than size. 0; -EINVAL; -ENOMEM; -EFAULT: not one
 * area; -EEXIST: something is there.
 */
int space_move(struct space *space, uint64_t start, uint64_t size, uint64_t to,
               uint64_t new_size);

/* The pages of private areas in the range go, and read as at first; those of
 * shared ones are the object's: madvise(2), MADV_DONTNEED. 0 or
 * -EINVAL. */
int space_forget(struct space *space, uint64_t start, uint64_t size);

/* Unmaps what is mapped in the range, which may have holes. 0, -EINVAL
 * as above, or -ENOMEM (one area becomes two). */
int space_unmap(struct space *space, uint64_t start, uint64_t size);

/* Gives all areas of the range other rights; contents are kept. 0,
 * -EINVAL as above, or -ENOMEM, also when the range has a
 * hole. */
int space_protect(struct space *space, uint64_t start, uint64_t size,
                  unsigned int prot);

/* Whether nothing in the range is read_only (struct space_source). */
bool space_may_write(struct space *space, uint64_t start, uint64_t size);

/* Whether areas cover the range without a hole. */
bool space_is_mapped(struct space *space, uint64_t start, uint64_t size);

/* Whether the page at vaddr is there already, and needs no page fault. */
bool space_has_page(struct space *space, uint64_t vaddr);

/* The start of the highest gap of size bytes (a multiple of the page size)
 * with a free page on either side; 0 when there is none. */
uint64_t space_find_gap(struct space *space, uint64_t size);

enum space_fault {
    SPACE_FAULT_DONE,      /* the access may be tried again */
    SPACE_FAULT_UNMAPPED,  /* nothing is mapped there */
    SPACE_FAULT_FORBIDDEN, /* what is mapped there does not allow it */
    SPACE_FAULT_NO_MEMORY,
    SPACE_FAULT_BEYOND, /* beyond the end of the file that is mapped */
};

/* A page fault at vaddr, with the CPU's error code. */
enum space_fault space_fault(struct space *space, uint64_t vaddr,
                             uint64_t error);

/* Makes it the current one: what user mode sees from now on. NULL: the
 * kernel's own, without user memory. Also with interrupts disabled. */
void space_switch(struct space *space);

/*
 * From and to user memory, by way of the tables and the direct map, so that a
 * bad address is no fault. False: some of it is not readable (or writable), or
 * there is no memory; then a part may have been copied.
 */
bool space_copy_in(struct space *space, void *to, uint64_t from, size_t size);
bool space_copy_out(struct space *space, uint64_t to, const void *from,
                    size_t size);

/* At most nr pages from the one on that has vaddr, to be read or written: each
 * with one more count (mm/user_page.h), which the caller drops. So they stay,
 * whatever becomes of the space. How many: fewer as above. */
unsigned int space_pin(struct space *space, uint64_t vaddr, unsigned int nr,
                       bool write, void **pages);

/* A string with its zero: its length without; -EFAULT as above;
 * -E2BIG: it does not fit. */
int64_t space_copy_string(struct space *space, char *to, uint64_t from,
                          size_t size);

/* What tells a word of user memory from all others, and is the same in each
 * space that shares it: an object and an offset, or the space itself and the
 * address. False: nothing is mapped there. */
struct space_key {
    const void *owner;
    uint64_t offset;
};
bool space_key(struct space *space, uint64_t vaddr, struct space_key *key);

/* For /proc. */
struct space_statistics {
    uint64_t nr_pages;      /* mapped now */
    uint64_t nr_area_pages; /* of areas */
};
void space_get_statistics(struct space *space, struct space_statistics *out);

/* For /proc/PID/maps: the area after *at, NULL the first, where *at moves.
 * False past the last. Meanwhile the space is not to change. */
struct space_area {
    uint64_t start;
    uint64_t end;
    unsigned int prot;
    uint64_t offset;
    bool shared;
    bool has_object;
};
bool space_next_area(const struct space *space, const struct list_node **at,
                     struct space_area *out);

#endif
