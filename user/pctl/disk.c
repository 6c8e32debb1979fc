/* SPDX-License-Identifier: MIT
 *
 * One pass over the parts between the commas. One without a key takes the first
 * place that has none yet; an empty one takes it, too, and says nothing.
 */
#include "user/pctl/disk.h"

#include <stdbool.h>
#include <string.h>

#include "abi/errors.h"
#include "lib/builder/refuse.h"
#include "lib/macros.h"

#define RAM "ram:"
#define DEVICES "/dev/"
#define MAX_PART 63 /* characters */

enum place { TARGET, FORMAT, VDEV, ACCESS, NR_PLACES };

static const char *const keys[NR_PLACES] = {"target", "format", "vdev",
                                            "access"};

struct reader {
    struct parapet_blk_attach *disk;
    bool is_taken[NR_PLACES];
    char *why;
    size_t size;
};

/* ---- the places ---- */

static bool begins(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

/* Digits, and K, M or G. */
static bool is_size(const char *text)
{
    size_t digits = strspn(text, "0123456789");

    return digits > 0 && text[digits] != '\0' &&
           strchr("KMG", text[digits]) != NULL && text[digits + 1] == '\0';
}

static int bad_target(struct reader *r, const char *text)
{
    return refuse(r->why, r->size,
                  "expected a disk of this domain, as phy:/dev/vda, or memory, "
                  "as ram:8M; got \"%s\"",
                  text);
}

/* A disk's or a partition's file. */
static bool is_device(const char *text)
{
    return begins(text, DEVICES) && text[strlen(DEVICES)] != '\0' &&
           strchr(text + strlen(DEVICES), '/') == NULL;
}

/* With phy: or raw: before it, or ram:, there is no place for the format. */
static int set_target(struct reader *r, const char *text)
{
    bool has_prefix = begins(text, "phy:") || begins(text, "raw:");
    const char *store = text + (has_prefix ? strlen("phy:") : 0);
    bool is_ram = !has_prefix && begins(store, RAM);

    if (!is_ram && !is_device(store))
        return bad_target(r, text);
    if (is_ram && !is_size(store + strlen(RAM)))
        return refuse(r->why, r->size,
                      "expected a size with K, M or G, as ram:8M; got \"%s\"",
                      text);
    if (strlen(store) >= sizeof(r->disk->store))
        return bad_target(r, text);
    memcpy(r->disk->store, store, strlen(store));
    r->is_taken[FORMAT] = r->is_taken[FORMAT] || has_prefix || is_ram;
    return 0;
}

static int set_format(struct reader *r, const char *text)
{
    if (text[0] == '\0' || strcmp(text, "raw") == 0)
        return 0;
    return refuse(r->why, r->size,
                  "expected the format raw after a disk, or phy: before it, "
                  "as phy:/dev/vda,xvda,w; got \"%s\"",
                  text);
}

static int set_name(struct reader *r, const char *text)
{
    if (text[0] == '\0')
        return 0;
    r->disk->index = disk_index(text);
    if (r->disk->index != DISK_ANY_INDEX)
        return 0;
    return refuse(r->why, r->size,
                  "expected a name from xvda to xvdz, got \"%s\"", text);
}

/* Whether it says how the disk may be used, and what. */
static bool is_access(const char *text, uint32_t *flags)
{
    *flags = text[0] == 'r' && text[1] != 'w' ? PARAPET_BLK_ATTACH_READONLY : 0;
    return strcmp(text, "r") == 0 || strcmp(text, "ro") == 0 ||
           strcmp(text, "w") == 0 || strcmp(text, "rw") == 0;
}

static int set_access(struct reader *r, const char *text)
{
    if (text[0] == '\0' || is_access(text, &r->disk->flags))
        return 0;
    return refuse(r->why, r->size, "expected r, ro, w or rw; got \"%s\"", text);
}

static int set(struct reader *r, enum place place, const char *text)
{
    static int (*const setters[NR_PLACES])(
        struct reader * r, const char *text) = {set_target, set_format,
                                                set_name, set_access};

    if (r->is_taken[place])
        return refuse(r->why, r->size, "%s: it is there already, got \"%s\"",
                      keys[place], text);
    r->is_taken[place] = true;
    return setters[place](r, text);
}

/* ---- the parts ---- */

/* The first place that is free. A name may be left out before an access, which
 * is never one. */
static int set_next(struct reader *r, const char *text)
{
    enum place place = TARGET;
    uint32_t flags;

    while (place < NR_PLACES && r->is_taken[place])
        place++;
    if (place == VDEV && !r->is_taken[ACCESS] && is_access(text, &flags))
        place = ACCESS;
    if (place == NR_PLACES)
        return refuse(r->why, r->size,
                      "expected no more than a target, format, vdev and "
                      "access; got \"%s\"",
                      text);
    return set(r, place, text);
}

static int set_part(struct reader *r, const char *part)
{
    size_t length = strcspn(part, "=");

    if (part[length] == '\0')
        return set_next(r, part);
    for (unsigned int i = 0; i < NR_PLACES; i++)
        if (length == strlen(keys[i]) && strncmp(part, keys[i], length) == 0)
            return set(r, (enum place)i, part + length + 1);
    return refuse(r->why, r->size,
                  "expected target=, format=, vdev= or access=; got \"%s\"",
                  part);
}

/* Takes the next part, without blanks around it; false: it is too long. */
static bool take_part(const char **text, char part[MAX_PART + 1])
{
    size_t length;

    *text += strspn(*text, " \t");
    length = strcspn(*text, ",");
    if (length > MAX_PART)
        return false;
    memcpy(part, *text, length);
    *text += length + ((*text)[length] == ',');
    while (length > 0 && (part[length - 1] == ' ' || part[length - 1] == '\t'))
        length--;
    part[length] = '\0';
    return true;
}

int disk_read(const char *text, struct parapet_blk_attach *disk, char *why,
              size_t size)
{
    struct reader r = {.disk = disk, .why = why, .size = size};
    char part[MAX_PART + 1];
    int result = 0;

    *disk = (struct parapet_blk_attach){.index = DISK_ANY_INDEX};
    while (result == 0 && *text != '\0')
        if (take_part(&text, part))
            result = set_part(&r, part);
        else
            result = refuse(why, size,
                            "expected at most %u characters between commas, "
                            "got \"%s\"",
                            MAX_PART, text);
    if (result == 0 && !r.is_taken[TARGET])
        return bad_target(&r, "");
    return result;
}

uint32_t disk_index(const char *name)
{
    if (!begins(name, "xvd") || name[3] < 'a' || name[3] > 'z' ||
        name[4] != '\0')
        return DISK_ANY_INDEX;
    return (uint32_t)(name[3] - 'a');
}
