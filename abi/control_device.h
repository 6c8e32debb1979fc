/* SPDX-License-Identifier: MIT
 *
 * /dev/parapet: what a program in the control domain and the guest kernel
 * agree on. The guest kernel has the node when its domain is privileged, and
 * makes one hypercall for each ioctl:
 *
 *   struct parapet_control_call call = {
 *       .number = PARAPET_HC_domain_info,
 *       .args = {id, (uint64_t)&info},
 *   };
 *   error = ioctl(fd, PARAPET_IOC_CALL, &call);
 *
 * It carries all calls with HC_CONTROL in abi/hypercalls.def, and
 * memory_audit. Arguments are as there; a buffer (in, out, inout) is an
 * address of the program's, which the kernel copies: it must be readable, and
 * writable for out and inout, before anything is done.
 *
 * ioctl gives 0 when the hypercall was made, and what that said is in result:
 * -errno too (abi/errors.def). On -ERESTART the program goes on as abi/stubs.h
 * shows, with done for restart_done; the kernel may say so, too, when it has
 * made a call of many elements with the first of them. Else it gives -1,
 * nothing was done, and errno is
 *
 *   EINVAL   the device does not carry the number
 *   EFAULT   the call or its buffer is not the program's memory
 *   E2BIG    the buffer is larger than PARAPET_CONTROL_MAX_BYTES
 *   ENOTTY   another request than PARAPET_IOC_CALL
 *
 * poll() gives POLLIN when PARAPET_VIRQ_DOMAIN has come since the last read()
 * of the open file, or since it was opened. read() of 8 bytes gives how many
 * of these have come since, as a uint64_t, and waits for none: it may be 0.
 * One such event may stand for several changes; domain_list says what there
 * is. So read first, look then, and poll.
 */
#ifndef ABI_CONTROL_DEVICE_H
#define ABI_CONTROL_DEVICE_H

#include <stddef.h>
#include <stdint.h>

struct parapet_control_call {
    uint64_t number;  /* PARAPET_HC_*; kernel: leaves it, as the arguments */
    uint64_t args[6]; /* those that the call does not have: any */
    int64_t result;   /* kernel writes */
    uint64_t done;    /* kernel writes: restart_done, after -ERESTART, or after
                         an error that ended a call of several elements */
};

/* _IOWR('P', 1, struct parapet_control_call), by Linux's rule. */
#define PARAPET_IOC_CALL 0xc0485001u

/* The most that one call's buffer may be: 512 of domain_populate's. */
#define PARAPET_CONTROL_MAX_BYTES 8192u

_Static_assert(sizeof(struct parapet_control_call) == 72 &&
                   offsetof(struct parapet_control_call, result) == 56 &&
                   (PARAPET_IOC_CALL >> 16 & 0x3fff) ==
                       sizeof(struct parapet_control_call),
               "parapet_control_call changed: this breaks the ABI");

#endif
