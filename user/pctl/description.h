/* SPDX-License-Identifier: MIT
 *
 * What a domain is to be: the keys of a description (docs/PCTL.md section 4),
 * with what each may say. It must not know where a value came from.
 */
#ifndef USER_PCTL_DESCRIPTION_H
#define USER_PCTL_DESCRIPTION_H

#include <stddef.h>
#include <stdint.h>

#include "abi/control_device.h"
#include "abi/domain.h"
#include "user/pctl/cfg.h"

#define DESCRIPTION_MAX_PATH 255
#define DESCRIPTION_MAX_EXTRA 1023 /* as in a boot bundle */

enum description_key {
#define DESCRIPTION_KEY(name, ...) DESCRIPTION_##name,
#include "user/pctl/description_keys.def"
    DESCRIPTION_NR_KEYS
#undef DESCRIPTION_KEY
};

struct description {
    char name[PARAPET_NAME_SIZE];
    char kernel[DESCRIPTION_MAX_PATH + 1];
    char ramdisk[DESCRIPTION_MAX_PATH + 1]; /* "": none */
    char extra[DESCRIPTION_MAX_EXTRA + 1];
    uint32_t memory; /* MiB, as maxmem */
    uint32_t maxmem; /* at least memory */
    uint32_t vcpus;
    uint32_t weight;
    uint32_t cap;
    uint32_t cpus[PARAPET_MAX_VCPUS]; /* of each vCPU: bit n for CPU n */
    uint32_t nr_cpus; /* of these that were said: 1 goes for all vCPUs */
    struct parapet_blk_attach disks[PARAPET_BLK_ATTACH_MAX]; /* domain is 0 */
    uint32_t nr_disks; /* each has another index */

    /* Of each key that was set: its line in the file, 0 if it has none. */
    bool is_set[DESCRIPTION_NR_KEYS];
    unsigned int lines[DESCRIPTION_NR_KEYS];
};

void description_init(struct description *d);

/* Sets a key: a cfg_set_t, context is a struct description. A file says a key
 * only once; what comes from no file counts in its place. */
int description_set(void *context, const char *key,
                    const struct cfg_value *value, char *why, size_t why_size);

/* When all is set: what one key leaves to another, and what must be there. 0,
 * or -PARAPET_EINVAL with *error. */
int description_finish(struct description *d, struct cfg_error *error);

#endif
