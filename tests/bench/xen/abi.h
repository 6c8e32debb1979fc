/* SPDX-License-Identifier: MIT
 *
 * What a 64-bit paravirtual guest of Xen 4.17 has to know, as far as the bench
 * needs it: our own words for the ABI that Xen publishes (its public headers
 * xen.h, arch-x86/xen.h, arch-x86/xen-x86_64.h, event_channel.h, sched.h,
 * grant_table.h, callback.h, physdev.h, elfnote.h). Usable from assembly for
 * its constants.
 *
 * A hypercall: `call page + 32 * number`, arguments in rdi rsi rdx r10 r8, the
 * result in rax. rcx and r11 are kept by the page's code; no other register is
 * changed on this version of Xen.
 */
#ifndef BENCH_XEN_ABI_H
#define BENCH_XEN_ABI_H

/* ---- hypercalls ---- */

#define XEN_SET_TRAP_TABLE 0
#define XEN_MMU_UPDATE 1
#define XEN_STACK_SWITCH 3
#define XEN_MULTICALL 13
#define XEN_UPDATE_VA_MAPPING 14
#define XEN_SET_TIMER 15
#define XEN_VERSION 17
#define XEN_CONSOLE_IO 18
#define XEN_GRANT_TABLE 20
#define XEN_VM_ASSIST 21
#define XEN_IRET 23
#define XEN_MMUEXT 26
#define XEN_SCHED 29
#define XEN_CALLBACK 30
#define XEN_EVENT_CHANNEL 32
#define XEN_PHYSDEV 33
/* Within the table, and never assigned. */
#define XEN_UNASSIGNED 63

/* Their first arguments: which operation. */
#define XEN_CONSOLE_WRITE 0
#define XEN_VM_ASSIST_ENABLE 0
#define XEN_SCHED_YIELD 0
#define XEN_SCHED_SHUTDOWN 2
#define XEN_CALLBACK_REGISTER 0
#define XEN_EVENT_SEND 4
#define XEN_EVENT_BIND_IPI 7
#define XEN_PHYSDEV_SET_IOPL 6
#define XEN_GRANT_MAP 0
#define XEN_GRANT_UNMAP 1
#define XEN_GRANT_SETUP 2
#define XEN_GRANT_COPY 5

/* ---- entering and leaving the guest ---- */

/* The flat selectors that each descriptor table of Xen's has. */
#define XEN_CS 0xe033
#define XEN_SS 0xe02b
/* A frame's cs with RPL 0 means kernel mode, with RPL 3 user mode. */
#define XEN_CS_KERNEL 0xe030

/*
 * What an exception or event pushes, and what iret takes:
 *
 *      pushed  rcx r11 [error code] rip cs rflags rsp ss
 *      taken   rax r11 rcx flags    rip cs rflags rsp ss
 *
 * The page's code for iret pushes rcx, r11 and rax itself. IF in rflags stands
 * for the event mask. With this flag, rcx and r11 are not restored:
 */
#define XEN_IRET_IN_SYSCALL 0x100
#define XEN_RFLAGS_IF 0x200

/* ---- memory ---- */

#define XEN_DOMAIN_SELF 0x7ff0

/* What update_va_mapping does besides. */
#define XEN_UVM_INVALIDATE 2

#define XEN_MMU_UPDATE_SIZE 16
#define XEN_MMUEXT_SIZE 24

/* Offsets in struct xen_grant_map and struct xen_grant_unmap. */
#define XEN_GRANT_MAP_STATUS 18
#define XEN_GRANT_MAP_HANDLE 20
#define XEN_GRANT_UNMAP_HANDLE 16
#define XEN_GRANT_MAP_SIZE 32
#define XEN_GRANT_UNMAP_SIZE 24

/* ---- shared memory ---- */

/* Offsets in struct xen_shared_info, which begins with the first vCPU's. */
#define XEN_VCPU_PENDING 0
#define XEN_VCPU_MASK 1
#define XEN_VCPU_SELECT 8
#define XEN_VCPU_CR2 16
#define XEN_VCPU_VERSION 32
#define XEN_VCPU_TSC_BASE 40
#define XEN_VCPU_SYSTEM_NS 48
#define XEN_VCPU_MULTIPLIER 56
#define XEN_VCPU_SHIFT 60
#define XEN_EVENTS_PENDING 0x800

/* Readable by every guest: the pseudo-physical number of a machine frame. */
#define XEN_MACHINE_TO_PHYS 0xffff800000000000

#ifndef __ASSEMBLY__

#include <stddef.h>
#include <stdint.h>

/* What is given to the guest's entry in rsi; domain 0's has no rings. */
struct xen_start_info {
    char magic[32];
    uint64_t nr_pages;
    uint64_t shared_info; /* machine address */
    uint32_t flags;
    uint64_t store_mfn;
    uint32_t store_port;
    uint64_t console[2];
    uint64_t pt_base; /* virtual address of the root */
    uint64_t nr_pt_frames;
    uint64_t mfn_list; /* virtual address; index is the pfn */
    uint64_t mod_start;
    uint64_t mod_len;
    char cmd_line[1024];
};
_Static_assert(offsetof(struct xen_start_info, pt_base) == 88, "Xen's ABI");
_Static_assert(offsetof(struct xen_start_info, cmd_line) == 128, "Xen's ABI");

struct xen_vcpu_info {
    uint8_t pending;
    uint8_t mask;
    uint64_t select;
    uint64_t cr2;
    uint64_t reserved;
    /* The clock: ns = system_ns + ((tsc - tsc_base) << shift) * mul / 2^32 */
    uint32_t version;
    uint32_t reserved2;
    uint64_t tsc_base;
    uint64_t system_ns;
    uint32_t multiplier;
    int8_t shift;
    uint8_t flags;
};
_Static_assert(
    offsetof(struct xen_vcpu_info, mask) == XEN_VCPU_MASK &&
        offsetof(struct xen_vcpu_info, select) == XEN_VCPU_SELECT &&
        offsetof(struct xen_vcpu_info, cr2) == XEN_VCPU_CR2 &&
        offsetof(struct xen_vcpu_info, version) == XEN_VCPU_VERSION &&
        offsetof(struct xen_vcpu_info, tsc_base) == XEN_VCPU_TSC_BASE &&
        offsetof(struct xen_vcpu_info, system_ns) == XEN_VCPU_SYSTEM_NS &&
        offsetof(struct xen_vcpu_info, multiplier) == XEN_VCPU_MULTIPLIER &&
        offsetof(struct xen_vcpu_info, shift) == XEN_VCPU_SHIFT &&
        sizeof(struct xen_vcpu_info) == 64,
    "Xen's ABI");

struct xen_shared_info {
    struct xen_vcpu_info vcpu[32];
    uint64_t events_pending[64];
    uint64_t events_masked[64];
    uint8_t rest[1024]; /* of the page; some of it is in use */
};
_Static_assert(offsetof(struct xen_shared_info, events_pending) ==
                       XEN_EVENTS_PENDING &&
                   sizeof(struct xen_shared_info) == 4096,
               "Xen's ABI");

/* ---- arguments in memory ---- */

/* The table ends with an address of 0. Software interrupts need dpl 3. */
struct xen_trap {
    uint8_t vector;
    uint8_t dpl;
    uint16_t cs;
    uint64_t rip;
};

#define XEN_CALLBACK_EVENT 0
#define XEN_CALLBACK_SYSCALL 2

struct xen_callback {
    uint16_t type;
    uint16_t flags;
    uint64_t rip;
};

struct xen_multicall {
    uint64_t number;
    uint64_t result;
    uint64_t args[6];
};

struct xen_event_bind_ipi {
    uint32_t vcpu;
    uint32_t port; /* out */
};

struct xen_set_iopl {
    uint32_t iopl;
};

struct xen_shutdown {
    uint32_t reason;
};
#define XEN_SHUTDOWN_CRASH 3

/* One update of a page table entry; the machine address's low bits are 0. */
struct xen_mmu_update {
    uint64_t pte_maddr;
    uint64_t value;
};

#define XEN_MMUEXT_PIN_L1 0
#define XEN_MMUEXT_PIN_L4 3
#define XEN_MMUEXT_UNPIN 4
#define XEN_MMUEXT_NEW_ROOT 5
#define XEN_MMUEXT_INVALIDATE 7
#define XEN_MMUEXT_NEW_USER_ROOT 15

struct xen_mmuext {
    uint32_t operation;
    uint64_t mfn_or_vaddr;
    uint64_t argument2;
};
_Static_assert(sizeof(struct xen_mmu_update) == XEN_MMU_UPDATE_SIZE &&
                   sizeof(struct xen_mmuext) == XEN_MMUEXT_SIZE,
               "Xen's ABI");

/* A write to a read-only mapped page table is emulated. */
#define XEN_ASSIST_WRITABLE_TABLES 2

#define XEN_GRANT_PERMIT 1
#define XEN_GRANT_FIRST_FREE 8
#define XEN_GRANT_MAP_DEVICE 1
#define XEN_GRANT_MAP_HOST 2
#define XEN_GRANT_COPY_SOURCE_REF 1

struct xen_grant_entry {
    uint16_t flags;
    uint16_t domain;
    uint32_t mfn;
};

struct xen_grant_setup {
    uint16_t domain;
    uint32_t nr_frames;
    int16_t status;       /* out */
    uint64_t *frame_list; /* out, nr_frames of them */
};

struct xen_grant_map {
    uint64_t vaddr;
    uint32_t flags;
    uint32_t ref;
    uint16_t domain;
    int16_t status;  /* out */
    uint32_t handle; /* out */
    uint64_t bus_address;
};

struct xen_grant_unmap {
    uint64_t vaddr;
    uint64_t bus_address;
    uint32_t handle;
    int16_t status; /* out */
};

struct xen_grant_copy_end {
    uint64_t ref_or_mfn;
    uint16_t domain;
    uint16_t offset;
};

struct xen_grant_copy {
    struct xen_grant_copy_end source, target;
    uint16_t size;
    uint16_t flags;
    int16_t status; /* out */
};
_Static_assert(
    sizeof(struct xen_grant_map) == XEN_GRANT_MAP_SIZE &&
        offsetof(struct xen_grant_map, status) == XEN_GRANT_MAP_STATUS &&
        offsetof(struct xen_grant_map, handle) == XEN_GRANT_MAP_HANDLE &&
        sizeof(struct xen_grant_unmap) == XEN_GRANT_UNMAP_SIZE &&
        offsetof(struct xen_grant_unmap, handle) == XEN_GRANT_UNMAP_HANDLE &&
        sizeof(struct xen_grant_copy) == 40,
    "Xen's ABI");

#endif

#endif
