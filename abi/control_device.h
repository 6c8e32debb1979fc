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
 *   ENOTTY   there is no such request
 *
 * poll() gives POLLIN when PARAPET_VIRQ_DOMAIN has come since the last read()
 * of the open file, or since it was opened. read() of 8 bytes gives how many
 * of these have come since, as a uint64_t, and waits for none: it may be 0.
 * One such event may stand for several changes; domain_list says what there
 * is. So read first, look then, and poll.
 *
 * The kernel of the control domain shows the consoles of others
 * (abi/console.h), and keeps the last 64 KiB of each until its domain is gone:
 *
 *   PARAPET_IOC_SERVE    it shows that of a domain from now on; asked when the
 *                        domain has been built, before it runs
 *   PARAPET_IOC_CONSOLE  the open file becomes the console of the domain whose
 *                        id is the argument itself. read() gives what was kept
 *                        and then what comes, and 0 when the domain has ended;
 *                        write() types. While a file is open nothing of what
 *                        its console shows is lost to it: a domain whose
 *                        readers are far behind waits for them
 *   PARAPET_IOC_PASS_KEY of a file that is a console: until it is closed, the
 *                        key that opens this kernel's own prompt is input, as
 *                        all others, for who reads this domain's terminal
 *   PARAPET_IOC_BACKEND  ends or begins what serves other domains, of one kind:
 *                        for service, and for tests. What they write meanwhile
 *                        stays with them, and they wait
 *
 * It serves the disks of those of which PARAPET_IOC_SERVE has told:
 *
 *   PARAPET_IOC_BLK_ATTACH  a domain gets a disk: number index of its disks, of
 *                        the store with that name: a disk of the control
 *                        domain (vda), or memory (ram:64M). If the domain has
 *                        had another disk of this number, its kernel is asked
 *                        whether it takes this one
 *   PARAPET_IOC_BLK_DETACH  it is taken away, when what was asked of it is
 *                        done. What the domain asks then waits until it gets
 *                        the same disk again
 *   PARAPET_IOC_BLK_INFO  says what disk number nth of all is; ENOENT after the
 *                        last one
 *
 * Their errors are those of the hypercalls that the kernel makes for them, and
 *
 *   ENOENT   there is no such domain, store or disk, or nobody shows its
 *            console
 *   EEXIST   it is shown already, or has such a disk
 *   ENOMEM   the kernel has no memory for it
 *   EINVAL   there is no back-end of this kind; the store's size or another
 *            field cannot be
 *   EBUSY    it is so already; another domain has the store
 *   ETXTBSY  the domain uses the disk that had the number before, which is
 *            not this one: nothing is attached
 *   ENOSPC   the domain's bus has no slot left
 *   EROFS    the store cannot be written, and PARAPET_BLK_ATTACH_READONLY is
 *            not there
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

struct parapet_serve {
    uint32_t domain;
    uint32_t console_port; /* the domain's own, as in parapet_shared_page */
    uint32_t bus_port;     /* that, too */
    uint32_t reserved;
};

/* _IOW('P', 2, struct parapet_serve), _IO('P', 3) */
#define PARAPET_IOC_SERVE 0x40105002u
#define PARAPET_IOC_CONSOLE 0x5003u

#define PARAPET_BACKEND_CONSOLE 1u /* of all domains */
#define PARAPET_BACKEND_BLK 2u     /* the disks of all domains */

struct parapet_backend {
    uint32_t kind; /* PARAPET_BACKEND_* */
    uint32_t on;   /* 1: begin, 0: end */
};

/* _IOW('P', 4, struct parapet_backend) */
#define PARAPET_IOC_BACKEND 0x40085004u

/* _IO('P', 5) */
#define PARAPET_IOC_PASS_KEY 0x5005u

/* A store's name, with the zero after it. */
#define PARAPET_BLK_STORE_NAME 48u

#define PARAPET_BLK_ATTACH_MAX 26u       /* index: xvda to xvdz */
#define PARAPET_BLK_ATTACH_READONLY 0x1u /* the domain cannot write it */
/* Of parapet_blk_info alone: the domain does not take it, as it uses the disk
 * that had the number before. */
#define PARAPET_BLK_INFO_REFUSED 0x2u

struct parapet_blk_attach {
    uint32_t domain;
    uint32_t index;
    uint32_t flags;    /* PARAPET_BLK_ATTACH_READONLY or 0 */
    uint32_t reserved; /* 0 */
    char store[PARAPET_BLK_STORE_NAME];
};

struct parapet_blk_detach {
    uint32_t domain;
    uint32_t index;
};

struct parapet_blk_info {
    uint32_t nth; /* from 0; kernel: leaves it, and writes the others */
    uint32_t domain;
    uint32_t index;
    uint32_t state; /* of its back-end, enum parapet_bus_state */
    uint32_t flags; /* PARAPET_BLK_ATTACH_READONLY, _INFO_REFUSED */
    uint32_t nr_under_way;
    uint64_t nr_sectors;
    char store[PARAPET_BLK_STORE_NAME];
};

/* _IOW('P', 6, struct parapet_blk_attach), _IOW('P', 7, struct
 * parapet_blk_detach), _IOWR('P', 8, struct parapet_blk_info) */
#define PARAPET_IOC_BLK_ATTACH 0x40405006u
#define PARAPET_IOC_BLK_DETACH 0x40085007u
#define PARAPET_IOC_BLK_INFO 0xc0505008u

/* The most that one call's buffer may be: 512 of domain_populate's. */
#define PARAPET_CONTROL_MAX_BYTES 8192u

_Static_assert(sizeof(struct parapet_control_call) == 72 &&
                   offsetof(struct parapet_control_call, result) == 56 &&
                   (PARAPET_IOC_CALL >> 16 & 0x3fff) ==
                       sizeof(struct parapet_control_call),
               "parapet_control_call changed: this breaks the ABI");
_Static_assert(sizeof(struct parapet_serve) == 16 &&
                   sizeof(struct parapet_backend) == 8,
               "parapet_serve or parapet_backend changed: this breaks the ABI");
_Static_assert(sizeof(struct parapet_blk_attach) == 64 &&
                   sizeof(struct parapet_blk_detach) == 8 &&
                   sizeof(struct parapet_blk_info) == 80,
               "a structure of disks changed: this breaks the ABI");

#endif
