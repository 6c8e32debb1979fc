/* SPDX-License-Identifier: MIT
 *
 * Memory objects: pages by number, the contents of a file or of memory that
 * processes share. What address spaces map (mm/area.h) and what reads and
 * writes of files go to is the same pages, so there is no second copy to keep
 * in step. A page appears when it is first written or mapped for sharing; one
 * that is not there reads as zero.
 *
 * Counted. Not for interrupt handlers; the kernel is not preempted, so there
 * is no lock. A page has one reference (mm/user_page.h) from its object and
 * one from each mapping: it outlives a truncation while it is mapped.
 */
#ifndef GUEST_KERNEL_MM_OBJECT_H
#define GUEST_KERNEL_MM_OBJECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct object;

/* Numbers are below this. */
#define OBJECT_MAX_PAGES (1ul << 51)

/* Empty, with one reference. NULL without memory. */
struct object *object_create(void);
struct object *object_get(struct object *object);
/* NULL is ignored. */
void object_put(struct object *object);

/* The page with this number: NULL if it is not there and create is not set, or
 * there is no memory. A new one is zero. Not counted for the caller. */
void *object_page(struct object *object, uint64_t number, bool create);

/*
 * Where a file's contents end. Pages that begin there or later cannot be
 * mapped (SPACE_FAULT_BEYOND); others may call for them by number all the
 * same. Nowhere, at first.
 */
void object_set_size(struct object *object, uint64_t size);
uint64_t object_size(const struct object *object);

/* Pages from the number on go. */
void object_cut(struct object *object, uint64_t nr_pages);

/* How many pages are there: for st_blocks and statistics. */
uint64_t object_nr_pages(const struct object *object);

/* So much of memory is for all objects together, in pages; none is made beyond
 * that. Without limit at first. */
void object_set_limit(uint64_t nr_pages);
uint64_t object_limit(void);
bool object_is_full(void);

/* To and from kernel memory. object_write() returns how much was written:
 * less than size without memory. */
void object_read(struct object *object, uint64_t offset, void *to, size_t size);
size_t object_write(struct object *object, uint64_t offset, const void *from,
                    size_t size);

#endif
