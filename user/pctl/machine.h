/* SPDX-License-Identifier: MIT
 *
 * What pctl asks of the machine that it runs on: /dev/parapet (device.h), or a
 * test's. Errors are -errno, the C library's where no hypercall was made; the
 * numbers are the same.
 */
#ifndef USER_PCTL_MACHINE_H
#define USER_PCTL_MACHINE_H

#include <stdint.h>

#include "abi/control_device.h"

struct pctl_machine {
    /* Before the first of the others. 0 or -errno. */
    int (*open)(struct pctl_machine *m);

    /* Makes one hypercall: 0 when it was made, with what it said in the call;
     * else -errno. */
    int (*call)(struct pctl_machine *m, struct parapet_control_call *call);

    /* Has the kernel show the console of a domain that was just built, and
     * serve its bus. 0 or -errno. */
    int (*serve)(struct pctl_machine *m, const struct parapet_serve *serve);

    /* Begins or ends a kind of back-end. 0 or -errno. */
    int (*backend)(struct pctl_machine *m,
                   const struct parapet_backend *backend);

    /* A disk for a domain, or one less; and the one of which info says the
     * number. 0 or -errno. */
    int (*attach)(struct pctl_machine *m,
                  const struct parapet_blk_attach *attach);
    int (*detach)(struct pctl_machine *m,
                  const struct parapet_blk_detach *detach);
    int (*disk)(struct pctl_machine *m, struct parapet_blk_info *info);

    /* A descriptor that is open for a domain's console, or -errno. */
    int (*console)(struct pctl_machine *m, uint32_t domain);

    /* Until it is closed all keys of domain 0's terminal are for who reads
     * it. */
    void (*pass_key)(struct pctl_machine *m, int console);

    /*
     * Waits until a domain has changed since the last wait(), or since open();
     * at most so many milliseconds, -1 is for ever. Nothing is said of what
     * has: look, wait, and look again. 0 or -errno.
     */
    int (*wait)(struct pctl_machine *m, int milliseconds);

    /* Milliseconds since some time; it only rises. */
    uint64_t (*now)(struct pctl_machine *m);

    uint64_t done; /* of the last call, as in struct parapet_control_call */
    int fd;        /* device.c's */
};

#endif
