/* SPDX-License-Identifier: MIT
 *
 * Sets of files to wait for (epoll(7)): level-triggered always; EPOLLET is
 * taken and has no effect, so a program is told more often than it asked for,
 * and never too seldom. EPOLLONESHOT works. A set can hold no other set.
 *
 * An item is a descriptor and the file behind it. Once the descriptor has been
 * closed or refers to another file, the item is gone, even if the file is still
 * open by another descriptor (Linux keeps it then).
 */
#ifndef GUEST_KERNEL_PROC_EPOLL_H
#define GUEST_KERNEL_PROC_EPOLL_H

#include <stdint.h>

#include "guest-kernel/fs/file.h"

/* struct epoll_event; Linux's layout on x86-64. */
struct epoll_event {
    uint32_t events; /* POLL bits, and: */
    uint64_t data;
} __attribute__((packed));

_Static_assert(sizeof(struct epoll_event) == 12, "the layout is Linux's");

#define EPOLLEXCLUSIVE (1u << 28)
#define EPOLLWAKEUP (1u << 29)
#define EPOLLONESHOT (1u << 30)
#define EPOLLET (1u << 31)

/* An empty set. */
int64_t epoll_create(struct file **opened);

enum {
    EPOLL_CTL_ADD = 1,
    EPOLL_CTL_DEL = 2,
    EPOLL_CTL_MOD = 3,
};

/* epoll_ctl(2), for a descriptor of the current process. event is not looked
 * at for EPOLL_CTL_DEL. */
int64_t epoll_change(struct file *set, uint64_t operation, uint64_t fd,
                     const struct epoll_event *event);

/* Puts what is ready now, at most max: how many, or -EFAULT. Those that were
 * put are last in the next turn. */
int64_t epoll_collect(struct file *set, struct io *to, uint64_t max);

/* Whether the file is such a set. */
bool file_is_epoll(const struct file *file);

#endif
