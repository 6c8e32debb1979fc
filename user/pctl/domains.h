/* SPDX-License-Identifier: MIT
 *
 * The domains that there are, by id or by name.
 */
#ifndef USER_PCTL_DOMAINS_H
#define USER_PCTL_DOMAINS_H

#include "abi/domain.h"
#include "user/pctl/json.h"
#include "user/pctl/pctl.h"

struct domains {
    struct parapet_domain_info *infos; /* by rising id */
    size_t nr;
};

/* All of them. The status of pctl; domains_free() whatever that is. */
int domains_read(struct pctl *p, struct domains *domains);
void domains_free(struct domains *domains);

/* The one with this id or name: the status of pctl, which has been told when
 * there is none. Digits alone are an id. */
int domains_find(struct pctl *p, const char *text,
                 struct parapet_domain_info *info);

/* Those that the arguments name, or all when there are none. */
int domains_named(struct pctl *p, int nr, char **args, struct domains *domains);

/* For each argument: finds the domain and does something with it. All are
 * done, whatever comes of one. The status of the first that failed. */
int domains_each(struct pctl *p, int nr, char **args,
                 int (*what)(struct pctl *p,
                             const struct parapet_domain_info *info));

/* "running", or how it has ended, for a person. */
const char *domains_state(const struct parapet_domain_info *info);

/* The same for scripts: "state", and "end", which is null if it has not. */
void domains_state_json(struct json *j, const struct parapet_domain_info *info);

/* Bytes of a frame, and whole MiB in so many frames. */
#define DOMAINS_FRAME UINT64_C(4096)
#define DOMAINS_MIB_FRAMES UINT64_C(256)
static inline uint64_t domains_mib(uint64_t frames)
{
    return frames / DOMAINS_MIB_FRAMES;
}

/* The frames that it has above its memory: tables, shared pages and the like.
 */
static inline uint64_t domains_above(const struct parapet_domain_info *info)
{
    return info->shared_gfn < info->nr_gfns ? info->nr_gfns - info->shared_gfn
                                            : 0;
}

/* Their bytes. A guest may say any number: what is too large is the largest. */
static inline uint64_t domains_bytes(uint64_t frames)
{
    return frames > UINT64_MAX / DOMAINS_FRAME ? UINT64_MAX
                                               : frames * DOMAINS_FRAME;
}

#endif
