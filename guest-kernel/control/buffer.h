/* SPDX-License-Identifier: MIT
 *
 * Which hypercalls /dev/parapet carries, and which argument of each is a
 * buffer, of how many bytes. Knows abi/ alone.
 */
#ifndef GUEST_KERNEL_CONTROL_BUFFER_H
#define GUEST_KERNEL_CONTROL_BUFFER_H

#include <stdbool.h>
#include <stddef.h>

#include "abi/control_device.h"

struct control_buffer {
    unsigned int arg; /* args[arg] is its address */
    bool is_there;    /* the call has one, of 0 bytes or more */
    size_t size;      /* at most PARAPET_CONTROL_MAX_BYTES */
    bool is_out;      /* the hypervisor writes to it */
    /* So many elements, of args[count_arg], the call is to be made with, and
     * size is theirs; 0: with all. The program goes on with the rest, as after
     * any -ERESTART. */
    uint64_t nr_at_once;
    unsigned int count_arg;
};

/*
 * What the call's arguments say. 0; -EINVAL: no such call, or one that the
 * device does not carry; -E2BIG: the buffer is too large.
 */
int64_t control_buffer_of(const struct parapet_control_call *call,
                          struct control_buffer *buffer);

#endif
