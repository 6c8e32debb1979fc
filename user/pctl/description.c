/* SPDX-License-Identifier: MIT */
#include "user/pctl/description.h"

#include <string.h>

#include "abi/errors.h"
#include "lib/builder/refuse.h"
#include "lib/macros.h"
#include "user/pctl/disk.h"

enum kind { TEXT, NUMBER, CPUS, DISKS, NONE };

static const struct key {
    const char *name;
    const char *what;
    enum kind kind;
    uint32_t low;
    uint32_t high;
} keys[] = {
#define DESCRIPTION_KEY(name, kind, low, high, what)                           \
    {#name, what, kind, low, high},
#include "user/pctl/description_keys.def"
#undef DESCRIPTION_KEY
};

#define MAX_KEYS_TEXT 160

#define DEFAULT_MEMORY 64 /* MiB */
#define ALL_CPUS UINT32_MAX

void description_init(struct description *d)
{
    *d = (struct description){.memory = DEFAULT_MEMORY,
                              .vcpus = 1,
                              .weight = PARAPET_DEFAULT_WEIGHT,
                              .cpus = {ALL_CPUS},
                              .nr_cpus = 1};
}

/* ---- the kinds ---- */

static char *text_of(struct description *d, enum description_key key)
{
    switch (key) {
    case DESCRIPTION_name:
        return d->name;
    case DESCRIPTION_kernel:
        return d->kernel;
    case DESCRIPTION_ramdisk:
        return d->ramdisk;
    default:
        return d->extra;
    }
}

static uint32_t *number_of(struct description *d, enum description_key key)
{
    switch (key) {
    case DESCRIPTION_memory:
        return &d->memory;
    case DESCRIPTION_maxmem:
        return &d->maxmem;
    case DESCRIPTION_vcpus:
        return &d->vcpus;
    case DESCRIPTION_weight:
        return &d->weight;
    default:
        return &d->cap;
    }
}

/* What is there instead of what was expected. */
static int got(const struct key *key, const struct cfg_value *value, char *why,
               size_t size)
{
    if (value->is_list)
        return refuse(why, size, "%s: expected %s, got a list", key->name,
                      key->what);
    return refuse(why, size, "%s: expected %s, got \"%s\"", key->name,
                  key->what, value->items[0]);
}

static int set_text(struct description *d, const struct key *key,
                    const struct cfg_value *value, char *why, size_t size)
{
    size_t length;

    if (value->is_list)
        return got(key, value, why, size);
    length = strlen(value->items[0]);
    if (length < key->low || length > key->high)
        return refuse(why, size, "%s: expected %u to %u characters, got %lu",
                      key->name, key->low, key->high, (unsigned long)length);
    memcpy(text_of(d, (enum description_key)(key - keys)), value->items[0],
           length + 1);
    return 0;
}

/* Takes digits off the front of *text; false when there are none, or when it
 * is no number of 32 bits. */
static bool take_number(const char **text, uint32_t *number)
{
    const char *start = *text;
    uint64_t n = 0;

    for (; **text >= '0' && **text <= '9'; (*text)++)
        if ((n = 10 * n + (uint64_t)(**text - '0')) > UINT32_MAX)
            return false;
    *number = (uint32_t)n;
    return *text != start;
}

static int set_number(struct description *d, const struct key *key,
                      const struct cfg_value *value, char *why, size_t size)
{
    const char *text = value->items[0];
    uint32_t number;

    if (value->is_list || !take_number(&text, &number) || *text)
        return got(key, value, why, size);
    if (number < key->low || number > key->high)
        return refuse(why, size, "%s: expected %u to %u, got %u", key->name,
                      key->low, key->high, number);
    *number_of(d, (enum description_key)(key - keys)) = number;
    return 0;
}

/* "4" or "0-3", the bits from low to high. */
static bool take_range(const char **text, uint32_t highest, uint32_t *mask)
{
    uint32_t first, last;

    if (!take_number(text, &first))
        return false;
    last = first;
    if (**text == '-') {
        (*text)++;
        if (!take_number(text, &last))
            return false;
    }
    if (first > last || last > highest)
        return false;
    *mask = (uint32_t)((UINT64_C(2) << last) - (UINT64_C(1) << first));
    return true;
}

/* Ranges with commas between them, as xl has them; what comes after ^ is taken
 * out again. */
static bool read_cpus(const char *text, uint32_t highest, uint32_t *cpus)
{
    uint32_t mask;
    bool out;

    for (*cpus = 0;; text++) {
        out = *text == '^';
        text += out;
        if (strncmp(text, "all", 3) == 0) {
            mask = ALL_CPUS;
            text += 3;
        } else if (!take_range(&text, highest, &mask)) {
            return false;
        }
        *cpus = out ? *cpus & ~mask : *cpus | mask;
        if (*text != ',')
            return *text == '\0' && *cpus != 0;
    }
}

static int set_cpus(struct description *d, const struct key *key,
                    const struct cfg_value *value, char *why, size_t size)
{
    if (value->nr_items == 0 || value->nr_items > PARAPET_MAX_VCPUS)
        return refuse(why, size, "%s: expected 1 to %u items, got %u",
                      key->name, PARAPET_MAX_VCPUS, value->nr_items);
    for (uint32_t i = 0; i < value->nr_items; i++)
        if (!read_cpus(value->items[i], key->high, &d->cpus[i]))
            return refuse(why, size, "%s: expected %s, got \"%s\"", key->name,
                          key->what, value->items[i]);
    d->nr_cpus = value->nr_items;
    return 0;
}

static bool has_disk(const struct description *d, uint32_t index)
{
    for (uint32_t i = 0; i < d->nr_disks; i++)
        if (d->disks[i].index == index)
            return true;
    return false;
}

static int add_disk(struct description *d, const char *text, char *why,
                    size_t size)
{
    struct parapet_blk_attach disk;
    char wrong[CFG_MAX_WHY];

    if (disk_read(text, &disk, wrong, sizeof(wrong)))
        return refuse(why, size, "disk: %s", wrong);
    if (disk.index == DISK_ANY_INDEX)
        return refuse(why, size,
                      "disk: expected a name for it in the domain, as "
                      "phy:/dev/vda,xvda,w; got \"%s\"",
                      text);
    if (has_disk(d, disk.index))
        return refuse(why, size, "disk: xvd%c is there already, got \"%s\"",
                      disk_letter(disk.index), text);
    d->disks[d->nr_disks++] = disk;
    return 0;
}

/* An empty text is none, so that a command line can take them away. */
static int set_disks(struct description *d, const struct cfg_value *value,
                     char *why, size_t size)
{
    int result = 0;

    d->nr_disks = 0;
    if (!value->is_list && value->items[0][0] == '\0')
        return 0;
    for (uint32_t i = 0; i < value->nr_items && result == 0; i++)
        result = add_disk(d, value->items[i], why, size);
    return result;
}

/* ---- a key ---- */

static const struct key *find(const char *name)
{
    for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
        if (strcmp(keys[i].name, name) == 0)
            return &keys[i];
    return NULL;
}

/* Those that a domain can have, with commas. */
static int unknown(const char *name, char *why, size_t size)
{
    char known[MAX_KEYS_TEXT] = "";

    for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
        if (keys[i].kind != NONE) {
            if (i > 0)
                strcat(known, ", ");
            strcat(known, keys[i].name);
        }
    return refuse(why, size, "expected one of %s; got \"%s\"", known, name);
}

_Static_assert(ARRAY_SIZE(keys) <= MAX_KEYS_TEXT / 10,
               "unknown() has room for them, with a comma after each");

static int set(struct description *d, const struct key *key,
               const struct cfg_value *value, char *why, size_t size)
{
    switch (key->kind) {
    case TEXT:
        return set_text(d, key, value, why, size);
    case NUMBER:
        return set_number(d, key, value, why, size);
    case CPUS:
        return set_cpus(d, key, value, why, size);
    case DISKS:
        return set_disks(d, value, why, size);
    case NONE:
        break;
    }
    if (value->is_list && value->nr_items == 0)
        return 0;
    return refuse(why, size, "%s: domains have no %s yet: take the line out",
                  key->name, key->what);
}

int description_set(void *context, const char *name,
                    const struct cfg_value *value, char *why, size_t why_size)
{
    struct description *d = context;
    const struct key *key = find(name);
    size_t n;

    if (!key)
        return unknown(name, why, why_size);
    n = (size_t)(key - keys);
    if (d->is_set[n] && value->line)
        return refuse(why, why_size, "%s: it is there already, in line %u",
                      name, d->lines[n]);
    d->is_set[n] = true;
    d->lines[n] = value->line;
    return set(d, key, value, why, why_size);
}

/* ---- all of them ---- */

#define WRONG(key, ...)                                                        \
    (error->line = d->lines[DESCRIPTION_##key],                                \
     refuse(error->why, sizeof(error->why), #key ": " __VA_ARGS__))

/* As in struct parapet_domain_create; and no number, so that it is no id. */
static int finish_name(const struct description *d, struct cfg_error *error)
{
    bool digits = true;

    if (!d->name[0])
        return WRONG(name, "expected a name, as name=demo");
    for (const char *p = d->name; *p; p++) {
        if (*p <= ' ' || *p > '~')
            return WRONG(name, "expected letters, digits and signs; got \"%s\"",
                         d->name);
        digits = digits && *p >= '0' && *p <= '9';
    }
    if (digits)
        return WRONG(name,
                     "expected more than digits, which would be an id; "
                     "got \"%s\"",
                     d->name);
    return 0;
}

int description_finish(struct description *d, struct cfg_error *error)
{
    int result = finish_name(d, error);

    if (result)
        return result;
    if (!d->kernel[0])
        return WRONG(kernel, "expected a file, as kernel = \"/boot/guest-pv."
                             "elf\"; got none");
    if (!d->is_set[DESCRIPTION_maxmem])
        d->maxmem = d->memory;
    if (d->maxmem < d->memory)
        return WRONG(maxmem, "expected at least memory, which is %u; got %u",
                     d->memory, d->maxmem);
    if (d->cap > 100 * d->vcpus)
        return WRONG(cap, "expected at most %u for %u vCPUs, got %u",
                     100 * d->vcpus, d->vcpus, d->cap);
    if (d->nr_cpus > 1 && d->nr_cpus != d->vcpus)
        return WRONG(cpus, "expected 1 or %u items, one for each vCPU; got %u",
                     d->vcpus, d->nr_cpus);
    return 0;
}
