/* SPDX-License-Identifier: MIT
 *
 * The policies by name, and which one is in use: fair when the boot line says
 * nothing.
 */
#include "hypervisor/sched/policy.h"

#include "lib/macros.h"
#include "lib/string.h"

#define POLICY(name) extern const struct sched_policy name;
#include "hypervisor/sched/policies.def"
#undef POLICY

static const struct {
    const char *name;
    const struct sched_policy *policy;
} policies[] = {
#define POLICY(name) {#name, &name},
#include "hypervisor/sched/policies.def"
#undef POLICY
};

const char sched_or_policies[] =
#define POLICY(name) " or " #name
#include "hypervisor/sched/policies.def"
#undef POLICY
    ;

const struct sched_policy *sched_policy = &fair;

const char *sched_policy_name(size_t n)
{
    return n < ARRAY_SIZE(policies) ? policies[n].name : NULL;
}

bool sched_set_policy(const char *name)
{
    for (size_t i = 0; i < ARRAY_SIZE(policies); i++) {
        if (strcmp(policies[i].name, name) == 0) {
            sched_policy = policies[i].policy;
            return true;
        }
    }
    return false;
}
