/* SPDX-License-Identifier: MIT
 *
 * Tests of address spaces with memory objects in them: private and shared, and
 * areas that move.
 */
#include "guest-kernel/errno.h"
#include "guest-kernel/mm/layout.h"
#include "guest-kernel/mm/object.h"
#include "guest-kernel/monitor/selftest.h"

#define RW SELFTEST_RW
#define store selftest_store
#define load selftest_load

#define HERE 0x400000ul
#define THERE 0x7ffffffff000ul - NR_PAGES *PAGE_SIZE
#define NR_PAGES 6ul
#define SIZE (NR_PAGES * PAGE_SIZE)

/* Page n begins with n + 1. */
static struct object *numbered_pages(void)
{
    struct object *object = object_create();
    uint64_t number, word;

    for (number = 0; object != NULL && number < NR_PAGES; number++) {
        word = number + 1;
        if (object_write(object, number * PAGE_SIZE, &word, sizeof(word)) <
            sizeof(word)) {
            object_put(object);
            return NULL;
        }
    }
    return object;
}

static uint64_t first_word(struct object *object, uint64_t number)
{
    uint64_t word;

    object_read(object, number * PAGE_SIZE, &word, sizeof(word));
    return word;
}

/* Of two pages and a word of a third; the rest is zero. */
static const char *private_pages(struct space *space, struct object *object)
{
    const struct space_source source = {
        .object = object, .offset = PAGE_SIZE, .size = 2 * PAGE_SIZE + 4};
    uint64_t before = selftest_nr_free();

    if (space_map(space, HERE, SIZE, RW, &source) != 0)
        return "an object was not mapped";
    space_populate(space, HERE, PAGE_SIZE);
    if (load(space, HERE) != 2 || load(space, HERE + PAGE_SIZE) != 3 ||
        load(space, HERE + 2 * PAGE_SIZE) != 4 ||
        load(space, HERE + 2 * PAGE_SIZE + 8) != 0 ||
        load(space, HERE + 3 * PAGE_SIZE) != 0)
        return "an object does not read as it should";
    if (before - selftest_nr_free() > 8)
        return "what is only read was copied";
    if (!store(space, HERE, 20) || !store(space, HERE + PAGE_SIZE, 30) ||
        load(space, HERE) != 20 || first_word(object, 1) != 2 ||
        first_word(object, 2) != 3)
        return "a private page is not the space's own";
    if (space_forget(space, HERE, SIZE) != 0 || load(space, HERE) != 2)
        return "what was written has not been forgotten";
    return NULL;
}

static const char *shared_pages(struct space *space, struct object *object)
{
    const struct space_source source = {.object = object, .shared = true};
    struct space *clone;
    const char *error = NULL;

    if (space_map(space, THERE, SIZE, RW, &source) != 0)
        return "an object was not mapped to be shared";
    if (load(space, THERE) != 1 || !store(space, THERE, 10) ||
        first_word(object, 0) != 10)
        return "a shared page is not the object's";
    clone = space_clone(space);
    if (clone == NULL)
        return "no memory for a clone";
    if (!store(clone, THERE, 11) || load(space, THERE) != 11 ||
        !store(space, THERE + PAGE_SIZE, 12) ||
        load(clone, THERE + PAGE_SIZE) != 12)
        error = "a shared page is not shared with the clone";
    space_put(clone);
    if (space_protect(space, THERE, SIZE, SPACE_READ) != 0 ||
        store(space, THERE, 13) || space_protect(space, THERE, SIZE, RW) != 0 ||
        !store(space, THERE, 14) || first_word(object, 0) != 14)
        error = "a shared page has not come back";
    return error;
}

/* The first page and the rest of the area at HERE change places. */
static const char *moves(struct space *space, struct object *object)
{
    const uint64_t to = HERE + 2 * SIZE;

    if (!store(space, HERE, 100) || !store(space, HERE + 4 * PAGE_SIZE, 500))
        return "a page could not be written";
    if (space_move(space, HERE, SIZE, HERE + PAGE_SIZE, SIZE) != -EEXIST ||
        space_move(space, HERE, SIZE + PAGE_SIZE, to, SIZE + PAGE_SIZE) !=
            -EFAULT ||
        space_move(space, HERE, SIZE, to, SIZE - PAGE_SIZE) != -EINVAL)
        return "an impossible move was made";
    if (space_move(space, HERE, SIZE, HERE, 2 * SIZE) != 0 ||
        space_move(space, HERE, PAGE_SIZE, to, PAGE_SIZE) != 0 ||
        space_move(space, HERE + PAGE_SIZE, 2 * SIZE - PAGE_SIZE, 2 * HERE,
                   2 * SIZE) != 0)
        return "an area was not moved";
    if (load(space, HERE) != ~0ul || load(space, HERE + PAGE_SIZE) != ~0ul ||
        load(space, to) != 100 || load(space, 2 * HERE) != 3 ||
        load(space, 2 * HERE + 3 * PAGE_SIZE) != 500 ||
        load(space, 2 * HERE + 2 * SIZE - PAGE_SIZE) != 0)
        return "what has moved does not read as it should";
    return first_word(object, 2) == 3 ? NULL : "a move has changed an object";
}

/* The second page has the file's last byte. */
static const char *file_end(struct space *space, struct object *object)
{
    const struct space_source source = {.object = object, .shared = true};
    const uint64_t at = 4 * HERE;

    object_set_size(object, PAGE_SIZE + 1);
    if (space_map(space, at, SIZE, RW, &source) != 0)
        return "a file was not mapped";
    space_populate(space, at, SIZE);
    if (!store(space, at + PAGE_SIZE, 1) ||
        space_fault(space, at + 2 * PAGE_SIZE, 0) != SPACE_FAULT_BEYOND ||
        space_has_page(space, at + 2 * PAGE_SIZE))
        return "a file does not end where it should";
    return NULL;
}

static const char *objects(struct space *space)
{
    struct object *object = numbered_pages();
    const char *error;

    if (object == NULL)
        return "no memory for an object";
    error = private_pages(space, object);
    if (error == NULL)
        error = shared_pages(space, object);
    if (error == NULL)
        error = moves(space, object);
    if (error == NULL)
        error = file_end(space, object);
    object_put(object);
    return error;
}

const char *selftest_space_objects(void)
{
    return selftest_in_space(objects);
}
