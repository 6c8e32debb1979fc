/* SPDX-License-Identifier: MIT
 *
 * The disks that domain 0 serves, and how a domain gets one.
 */
#ifndef USER_PCTL_DISKS_H
#define USER_PCTL_DISKS_H

#include "user/pctl/disk.h"
#include "user/pctl/json.h"
#include "user/pctl/pctl.h"

struct disks {
    struct parapet_blk_info *infos; /* by domain, and then by index */
    size_t nr;
};

/* All of them. The status of pctl; disks_free() whatever that is. */
int disks_read(struct pctl *p, struct disks *disks);
void disks_free(struct disks *disks);

/* Gives a disk to a domain, which is called who: the status of pctl. */
int disks_attach(struct pctl *p, const char *who,
                 const struct parapet_blk_attach *disk);

/* What its back-end does, for a person and for scripts. */
const char *disks_state(const struct parapet_blk_info *info);

/* Its store as disk_read() takes it: these two together. */
const char *disks_prefix(const struct parapet_blk_info *info);
const char *disks_store(const struct parapet_blk_info *info);

/* Its members, of an object that has begun. */
void disks_json(struct json *j, const struct parapet_blk_info *info);

#endif
