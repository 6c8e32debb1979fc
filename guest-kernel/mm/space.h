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

/* What may be done with an area; 0 is nothing. Writing or executing implies
 * reading: no page table can say otherwise. */
#define SPACE_READ 1u
#define SPACE_WRITE 2u
#define SPACE_EXEC 4u

struct space;

/* An empty space. NULL without memory. */
struct space *space_create(void);

/* Gives all its pages and tables back. If it is the current one, the kernel's
 * own becomes current first. NULL is ignored. */
void space_destroy(struct space *space);

/* A copy, for fork: same areas, pages shared until written. NULL without
 * memory. */
struct space *space_clone(struct space *space);

/*
 * Maps [start, start + size), both multiples of the page size. Its first
 * image_size bytes read as image, the rest as zero; image may be NULL when
 * image_size is 0. Pages are private copies, made when touched: the image must
 * stay as it is for as long as any space or clone maps it.
 *
 * 0; -PARAPET_EINVAL: empty, unaligned, not in user memory, unknown rights, or
 * an image larger than the area; -PARAPET_EEXIST: something is mapped there;
 * -PARAPET_ENOMEM.
 */
int space_map(struct space *space, uint64_t start, uint64_t size,
              unsigned int prot, const void *image, size_t image_size);

/* Unmaps what is mapped in the range, which may have holes. 0, -PARAPET_EINVAL
 * as above, or -PARAPET_ENOMEM (one area becomes two). */
int space_unmap(struct space *space, uint64_t start, uint64_t size);

/* Gives all areas of the range other rights; contents are kept. 0,
 * -PARAPET_EINVAL as above, or -PARAPET_ENOMEM, also when the range has a
 * hole. */
int space_protect(struct space *space, uint64_t start, uint64_t size,
                  unsigned int prot);

/* The start of the highest gap of size bytes (a multiple of the page size)
 * with a free page on either side; 0 when there is none. */
uint64_t space_find_gap(struct space *space, uint64_t size);

/*
 * A page fault at vaddr, with the CPU's error code. True: the access may be
 * tried again. False: it is not allowed, or there is no memory for it.
 */
bool space_fault(struct space *space, uint64_t vaddr, uint64_t error);

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

#endif
