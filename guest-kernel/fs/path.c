/* SPDX-License-Identifier: MIT
 *
 * The walk along a path. One that meets a symbolic link takes a buffer of
 * PATH_MAX bytes for what the link leads to, since text and rest together are
 * less than that; the kernel's stack has no place for it:
 *
 *   path:    a / link / b / c          at "link", whose text is "../x":
 *                     ^^^^^^^ rest
 *   buffer:  ../x / b / c              the new rest
 */
#include "guest-kernel/fs/path.h"

#include "guest-kernel/errno.h"
#include "guest-kernel/mm/slab.h"
#include "lib/string.h"

struct walk {
    struct inode *root; /* where ".." ends */
    struct inode *at;   /* a reference */
    const char *rest;   /* size bytes are left to go */
    size_t size;
    char *buffer;             /* NULL until there is a link; kfree() */
    unsigned int nr_links;    /* that were followed */
    bool follow;              /* a link at the end, too */
    struct path_place *place; /* NULL: nobody asks */
};

static struct inode *system_root;

struct inode *path_root(void)
{
    return system_root;
}

void path_set_root(struct inode *root)
{
    system_root = root;
}

static struct inode *current_root(void)
{
    struct inode *root = process_root();

    return root != NULL ? root : path_root();
}

/* Takes over the reference of `to`. */
static void step_to(struct walk *walk, struct inode *to)
{
    struct inode *old = walk->at;

    if (to->mounted != NULL) {
        walk->at = inode_get(to->mounted);
        inode_put(to);
    } else {
        walk->at = to;
    }
    inode_put(old);
}

/* What "dir/.." is. *parent gets a reference. */
static int64_t parent_of(struct inode *dir, struct inode **parent)
{
    struct inode *up = dir->parent;

    if (up != NULL && up->mounted == dir)
        up = up->parent;
    if (up == NULL)
        return dir->ops->lookup(dir, "..", 2, parent);
    *parent = inode_get(up);
    return 0;
}

static int64_t step_up(struct walk *walk)
{
    struct inode *parent;
    int64_t result;

    if (walk->at == walk->root || walk->at == path_root())
        return 0;
    result = parent_of(walk->at, &parent);
    if (result == 0)
        step_to(walk, parent);
    return result;
}

/* The link's text goes in front of the rest. */
static int64_t expand(struct walk *walk, struct inode *link)
{
    size_t room = PATH_MAX - walk->size;
    char *tail;
    int64_t size;

    if (walk->buffer == NULL)
        walk->buffer = kmalloc(PATH_MAX);
    if (walk->buffer == NULL)
        return -ENOMEM;
    tail = walk->buffer + room;
    memmove(tail, walk->rest, walk->size);
    size = link->ops->read_link(link, walk->buffer, room);
    if (size < 0)
        return size;
    if (size == 0)
        return -ENOENT;
    if ((size_t)size == room)
        return -ENAMETOOLONG;
    memmove(walk->buffer + size, tail, walk->size);
    walk->rest = walk->buffer;
    walk->size += (size_t)size;
    if (walk->buffer[0] == '/')
        step_to(walk, inode_get(walk->root));
    return 0;
}

/* Takes over the reference of the link. */
static int64_t follow(struct walk *walk, struct inode *link)
{
    struct inode *target;
    int64_t result;

    if (++walk->nr_links > PATH_MAX_LINKS) {
        result = -ELOOP;
    } else if (link->ops->follow != NULL) {
        result = link->ops->follow(link, &target);
        if (result == 0)
            step_to(walk, target);
    } else {
        result = expand(walk, link);
    }
    inode_put(link);
    return result;
}

/* There is no such name. If nothing but slashes is after it, it can be made.
 */
static void note_place(const struct walk *walk, const char *name, size_t size)
{
    size_t i;

    for (i = 0; i < walk->size; i++)
        if (walk->rest[i] != '/')
            return;
    walk->place->dir = inode_get(walk->at);
    memcpy(walk->place->name, name, size);
    walk->place->size = size;
    walk->place->has_slash = walk->size > 0;
}

/* Into what the current directory has under this name; the rest is behind
 * it. */
static int64_t step_down(struct walk *walk, const char *name, size_t size)
{
    struct inode *found;
    int64_t result;

    if (size > NAME_MAX)
        return -ENAMETOOLONG;
    result = walk->at->ops->lookup(walk->at, name, size, &found);
    if (result == -ENOENT && walk->place != NULL)
        note_place(walk, name, size);
    if (result != 0)
        return result;
    if (inode_is(found, MODE_LINK) && (walk->size > 0 || walk->follow))
        return follow(walk, found);
    step_to(walk, found);
    return 0;
}

static int64_t step(struct walk *walk, const char *name, size_t size)
{
    if (!inode_is(walk->at, MODE_DIR))
        return -ENOTDIR;
    if (size == 1 && name[0] == '.')
        return 0;
    if (size == 2 && name[0] == '.' && name[1] == '.')
        return step_up(walk);
    return step_down(walk, name, size);
}

/* Goes on until nothing is left, also of the links that are met. Trailing
 * slashes ask for a directory. */
static int64_t walk_all(struct walk *walk)
{
    const char *name;
    bool slash = false;
    int64_t result;

    for (;;) {
        for (; walk->size > 0 && *walk->rest == '/'; walk->size--) {
            walk->rest++;
            slash = true;
        }
        if (walk->size == 0)
            break;
        name = walk->rest;
        for (; walk->size > 0 && *walk->rest != '/'; walk->size--)
            walk->rest++;
        slash = false;
        result = step(walk, name, (size_t)(walk->rest - name));
        if (result != 0)
            return result;
    }
    return slash && !inode_is(walk->at, MODE_DIR) ? -ENOTDIR : 0;
}

static int64_t find(struct inode *from, const char *path, size_t size,
                    bool follow_last, struct inode **found,
                    struct path_place *place)
{
    struct walk walk = {
        .root = current_root(),
        .rest = path,
        .size = size,
        .follow = follow_last,
        .place = place,
    };
    int64_t result;

    if (from == NULL || (size > 0 && path[0] == '/'))
        from = walk.root;
    walk.at = inode_get(from);
    result = walk_all(&walk);
    kfree(walk.buffer);
    if (result == 0)
        *found = walk.at;
    else
        inode_put(walk.at);
    return result;
}

int64_t path_find_or_place(struct inode *from, const char *path,
                           bool follow_last, struct inode **found,
                           struct path_place *place)
{
    size_t size = strnlen(path, PATH_MAX);

    if (place != NULL)
        place->dir = NULL;
    if (size == 0)
        return -ENOENT;
    if (size == PATH_MAX)
        return -ENAMETOOLONG;
    return find(from, path, size, follow_last, found, place);
}

int64_t path_find(struct inode *from, const char *path, bool follow_last,
                  struct inode **found)
{
    return path_find_or_place(from, path, follow_last, found, NULL);
}

static bool is_dots(const char *name, size_t size)
{
    return name[0] == '.' && (size == 1 || (size == 2 && name[1] == '.'));
}

int64_t path_find_dir(struct inode *from, const char *path, struct inode **dir,
                      const char **name, size_t *size)
{
    size_t end = strnlen(path, PATH_MAX), start;
    int64_t result;

    if (end == 0)
        return -ENOENT;
    if (end == PATH_MAX)
        return -ENAMETOOLONG;
    while (end > 0 && path[end - 1] == '/')
        end--;
    for (start = end; start > 0 && path[start - 1] != '/';)
        start--;
    *name = path + start;
    *size = end - start;
    if (*size > NAME_MAX)
        return -ENAMETOOLONG;
    result = find(from, path, start, true, dir, NULL);
    if (result != 0)
        return result;
    if (!inode_is(*dir, MODE_DIR))
        result = -ENOTDIR;
    else if (*size == 0 || is_dots(*name, *size))
        result = -EEXIST;
    if (result != 0)
        inode_put(*dir);
    return result;
}

int64_t path_mount(const char *path, struct inode *root)
{
    struct inode *dir;
    int64_t result;

    if (root == NULL)
        return -ENOMEM;
    result = path_find(NULL, path, true, &dir);
    if (result != 0) {
        inode_put(root);
        return result;
    }
    root->parent = dir; /* whose reference is kept */
    dir->mounted = root;
    return 0;
}

/* ---- from a directory to its path ---- */

struct name_search {
    uint64_t number;
    char *start; /* where the name begins; what is before is free */
    size_t room;
    bool found;
};

static bool compare(void *context, const char *name, size_t size,
                    uint64_t number, uint32_t type, uint64_t cookie)
{
    struct name_search *search = context;

    (void)type;
    (void)cookie;
    if (number != search->number)
        return true;
    search->found = true;
    if (size + 1 >= search->room) {
        search->room = 0;
        return false;
    }
    search->room -= size + 1;
    search->start -= size;
    memcpy(search->start, name, size);
    *--search->start = '/';
    return false;
}

/* Puts "/name" of the directory, which is in parent, in front of what is there.
 */
static int64_t prepend(const struct inode *dir, struct inode *parent,
                       struct name_search *search)
{
    int64_t result;

    search->number = dir->number;
    search->found = false;
    result = parent->ops->list(parent, 0, compare, search);
    if (result != 0)
        return result;
    if (!search->found)
        return -ENOENT;
    return search->room > 0 ? 0 : -ERANGE;
}

/* A mounted root has the name of what it covers. */
static struct inode *covered(struct inode *dir)
{
    struct inode *up = dir->parent;

    return up != NULL && up->mounted == dir ? up : dir;
}

/* Takes over the reference of at. */
static int64_t prepend_all(struct inode *at, struct name_search *search)
{
    const struct inode *root = current_root();
    struct inode *parent;
    int64_t result = 0;

    while (result == 0 && at != root && at != path_root()) {
        result = parent_of(at, &parent);
        if (result != 0)
            break;
        result = prepend(covered(at), parent, search);
        inode_put(at);
        at = parent;
    }
    inode_put(at);
    return result;
}

int64_t path_of(struct inode *dir, char *buffer, size_t size)
{
    struct name_search search;
    size_t length;
    int64_t result;

    if (size < 2)
        return -ERANGE;
    search.start = buffer + size - 1;
    search.room = size; /* one too many: it stays above 0 unless it is over */
    *search.start = '\0';
    result = prepend_all(inode_get(dir), &search);
    if (result != 0)
        return result;
    if (*search.start == '\0')
        *--search.start = '/';
    length = (size_t)(buffer + size - search.start);
    memmove(buffer, search.start, length);
    return (int64_t)length;
}
