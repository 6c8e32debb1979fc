/* SPDX-License-Identifier: MIT
 *
 * The constants of the ABI: version, selectors, the virtual address map, and
 * the limits. Usable from C and from assembly. docs/ABI.md is the prose.
 */
#ifndef ABI_ABI_H
#define ABI_ABI_H

/*
 * The version is major << 16 | minor. The hypervisor refuses a guest whose
 * major differs from its own or whose minor is above its own.
 */
#define PARAPET_ABI_MAJOR 0
#define PARAPET_ABI_MINOR 8
#define PARAPET_ABI_VERSION ((PARAPET_ABI_MAJOR << 16) | PARAPET_ABI_MINOR)

/*
 * Selectors. A guest loads no descriptor table. Kernel and user both run at
 * CPL 3; in a parapet_frame the RPL of cs is the mode bit: 0 is guest
 * kernel, 3 is guest user.
 */
#define PARAPET_SS 0x23
#define PARAPET_CS_KERNEL 0x28
#define PARAPET_CS_USER 0x2b

/*
 * The guest's view of virtual memory.
 *
 *   0000000000000000  guest user
 *   ffff800000000000  hypervisor, PML4 slots 256..271: never accessible but
 *                     for the M2P at its start (abi/memory.h)
 *   ffff880000000000  the guest's memory, gfn 0 upward, no-execute, writable
 *                     but for its page tables and what is read-only below
 *   ffffff0000000000  pages shared with the hypervisor (below)
 *   ffffff4000000000  the P2M (abi/memory.h), writable
 *   ffffff8000000000  the guest kernel's image: each PT_LOAD at its p_vaddr
 *                     with its p_flags, backed by the frames of p_paddr
 *   fffffffffffff000  nothing: the end of no range is zero
 */
#define PARAPET_HYPERVISOR_START 0xffff800000000000
#define PARAPET_HYPERVISOR_END 0xffff880000000000
#define PARAPET_DIRECT_MAP 0xffff880000000000
#define PARAPET_SHARED_BASE 0xffffff0000000000
#define PARAPET_KERNEL_START 0xffffff8000000000
#define PARAPET_KERNEL_END 0xfffffffffffff000

/* The shared region: one page each unless said otherwise. */
#define PARAPET_SHARED_PAGE PARAPET_SHARED_BASE
#define PARAPET_VCPU_PAGE(vcpu) (PARAPET_SHARED_BASE + 0x10000 + (vcpu)*0x1000)
#define PARAPET_COUNTERS_PAGE(vcpu)                                            \
    (PARAPET_SHARED_BASE + 0x50000 + (vcpu)*0x1000)
/* Each vCPU's struct parapet_latency, read-only, in slots of 32 KiB. */
#define PARAPET_LATENCY(vcpu) (PARAPET_SHARED_BASE + 0x300000 + (vcpu)*0x8000)
/* The device tree, read-only, at most PARAPET_DTB_MAX bytes. */
#define PARAPET_DTB (PARAPET_SHARED_BASE + 0x100000)
#define PARAPET_DTB_MAX 0x10000
/* The first frame of the table of what the domain lends (abi/grant.h). */
#define PARAPET_GRANT_TABLE (PARAPET_SHARED_BASE + 0x180000)
/*
 * vCPU 0 starts with rsp eight below the top of this stack; the page below
 * the stack is never mapped.
 */
#define PARAPET_START_STACK_TOP (PARAPET_SHARED_BASE + 0x208000)
#define PARAPET_START_STACK_SIZE 0x8000

#define PARAPET_MAX_VCPUS 32
#define PARAPET_NR_HYPERCALLS 256
#define PARAPET_NR_EXITS 64
#define PARAPET_NR_LATENCY_BUCKETS 16
#define PARAPET_NR_PORTS 4096
#define PARAPET_NR_TRAPS 32
#define PARAPET_MAX_MULTICALL 4096
/* The first number of the range that coursework may use. */
#define PARAPET_COURSEWORK 224

/* RFLAGS bit 9 of a frame is the virtual interrupt flag. */
#define PARAPET_RFLAGS_IF 0x200

/* set_callback: which one. */
#define PARAPET_CALLBACK_EVENT 0
#define PARAPET_CALLBACK_SYSCALL 1

/* set_segment_base: which one. */
#define PARAPET_SEGMENT_FS 0
#define PARAPET_SEGMENT_GS 1
#define PARAPET_SEGMENT_GS_USER 2

/* evtchn_bind_virq: the virtual IRQs. */
#define PARAPET_VIRQ_TIMER 0
#define PARAPET_VIRQ_CONSOLE 1
#define PARAPET_VIRQ_DOMAIN 2  /* a domain came, changed, or is gone */
#define PARAPET_VIRQ_REQUEST 3 /* the shared page has a request */
#define PARAPET_NR_VIRQS 16

/* Why a domain has ended; shutdown takes the first three. */
#define PARAPET_SHUTDOWN_POWEROFF 0
#define PARAPET_SHUTDOWN_REBOOT 1
#define PARAPET_SHUTDOWN_CRASH 2
#define PARAPET_SHUTDOWN_DESTROYED 3

/* What the control domain asks of another (parapet_shared_page.request). */
#define PARAPET_REQUEST_POWEROFF 1
#define PARAPET_REQUEST_REBOOT 2
#define PARAPET_REQUEST_SUSPEND 3

/* Offsets into struct parapet_vcpu_page, for assembly. */
#define PARAPET_VCPU_EVENT_MASK 0
#define PARAPET_VCPU_EVENT_PENDING 1
#define PARAPET_VCPU_SELF 8
#define PARAPET_VCPU_EVENT_SELECT 16
#define PARAPET_VCPU_FAULT_VADDR 24
#define PARAPET_VCPU_KERNEL_STACK 32
#define PARAPET_VCPU_RESTART_DONE 40
#define PARAPET_VCPU_ID 48
#define PARAPET_VCPU_GUEST 64
#define PARAPET_VCPU_FAILED_ENTRY 128
#define PARAPET_VCPU_USER_GS 136

/* Offsets into struct parapet_frame, for assembly. */
#define PARAPET_FRAME_RAX 0
#define PARAPET_FRAME_RCX 8
#define PARAPET_FRAME_R11 16
#define PARAPET_FRAME_ERROR 24
#define PARAPET_FRAME_RIP 32
#define PARAPET_FRAME_CS 40
#define PARAPET_FRAME_RFLAGS 48
#define PARAPET_FRAME_RSP 56
#define PARAPET_FRAME_SS 64
#define PARAPET_FRAME_SIZE 72

#endif
