/* SPDX-License-Identifier: MIT
 *
 * Users and groups: all processes are user 0 of group 0, and stay that.
 */
#include "guest-kernel/errno.h"
#include "guest-kernel/proc/syscall.h"

#define NR_CAPABILITIES 41 /* that Linux 6.1 knows */

/* 0 is what it is, -1 says not to change it; else nobody may. */
static int64_t change(const uint64_t *ids, unsigned int nr)
{
    unsigned int i;

    for (i = 0; i < nr; i++)
        if ((uint32_t)ids[i] != 0 && (uint32_t)ids[i] != UINT32_MAX)
            return -EPERM;
    return 0;
}

/* Whatever is asked for is 0, or was: setfsuid(2) returns that. */
int64_t sys_getuid(struct process *self, const uint64_t *args)
{
    (void)self;
    (void)args;
    return 0;
}

int64_t sys_setuid(struct process *self, const uint64_t *args)
{
    (void)self;
    return (uint32_t)args[0] == UINT32_MAX ? -EINVAL : change(args, 1);
}

int64_t sys_setreuid(struct process *self, const uint64_t *args)
{
    (void)self;
    return change(args, 2);
}

int64_t sys_setresuid(struct process *self, const uint64_t *args)
{
    (void)self;
    return change(args, 3);
}

int64_t sys_getresuid(struct process *self, const uint64_t *args)
{
    const uint32_t id = 0;
    unsigned int i;

    for (i = 0; i < 3; i++)
        if (!space_copy_out(self->space, args[i], &id, sizeof(id)))
            return -EFAULT;
    return 0;
}

#define GROUPS_MAX 65536u

/* None, or group 0: there is no other. args: how many, the list */
int64_t sys_setgroups(struct process *self, const uint64_t *args)
{
    uint64_t i;
    uint32_t id;

    if (args[0] > GROUPS_MAX)
        return -EINVAL;
    for (i = 0; i < args[0]; i++) {
        if (!space_copy_in(self->space, &id, args[1] + i * sizeof(id),
                           sizeof(id)))
            return -EFAULT;
        if (id != 0)
            return -EPERM;
    }
    return 0;
}

#define CAPABILITY_VERSION 0x20080522u

struct capability_header {
    uint32_t version;
    uint32_t pid;
};

struct capability_data {
    uint32_t effective;
    uint32_t permitted;
    uint32_t inheritable;
};

/* User 0 has all. args: header, where the sets go */
int64_t sys_capget(struct process *self, const uint64_t *args)
{
    const uint64_t all = (1ul << NR_CAPABILITIES) - 1;
    const struct capability_data data[2] = {
        {(uint32_t)all, (uint32_t)all, 0},
        {(uint32_t)(all >> 32), (uint32_t)(all >> 32), 0},
    };
    struct capability_header header;

    if (!space_copy_in(self->space, &header, args[0], sizeof(header)))
        return -EFAULT;
    if (header.version != CAPABILITY_VERSION) {
        header.version = CAPABILITY_VERSION;
        if (!space_copy_out(self->space, args[0], &header, sizeof(header)))
            return -EFAULT;
        return args[1] != 0 ? -EINVAL : 0;
    }
    if (header.pid != 0 && process_find(header.pid) == NULL)
        return -ESRCH;
    return user_put(self, args[1], data, sizeof(data));
}
