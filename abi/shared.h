/* SPDX-License-Identifier: MIT
 *
 * Everything that lies in memory which guest and hypervisor both see: the
 * upcall frame, the trap table, the vCPU page, the domain's shared page with
 * the clock, the counters and the multicall entry. Who writes what, and in
 * which order, stands at each field.
 */
#ifndef ABI_SHARED_H
#define ABI_SHARED_H

#include <stddef.h>
#include <stdint.h>

#include "abi/abi.h"

/*
 * What the hypervisor pushes when it enters the guest kernel, and what the
 * iret hypercall pops: rsp points at rax. On the way in rsp is aligned down
 * to 16 before the push (of the interrupted stack when the guest kernel was
 * interrupted, else of the vCPU page's kernel_stack). On the way out ss and
 * error are ignored, cs must be PARAPET_CS_KERNEL or PARAPET_CS_USER, and of
 * rflags the bits IOPL, NT, VM, VIF and VIP are cleared.
 */
struct parapet_frame {
    uint64_t rax;
    uint64_t rcx;
    uint64_t r11;
    uint64_t error; /* hardware's error code, 0 where there is none; of a page
                       fault, bit 2 (user) tells the mode and not the CPL */
    uint64_t rip;
    uint64_t cs;     /* mode bit: PARAPET_CS_KERNEL or PARAPET_CS_USER */
    uint64_t rflags; /* bit 9: the virtual interrupt flag */
    uint64_t rsp;
    uint64_t ss;
};

/* set_trap_table: one exception handler. */
struct parapet_trap {
    uint32_t vector; /* below PARAPET_NR_TRAPS */
    uint32_t flags;  /* PARAPET_TRAP_MASK_EVENTS or 0 */
    uint64_t entry;  /* guest virtual address; 0 removes the handler */
};

/* Enter the handler with event delivery masked (an interrupt gate). */
#define PARAPET_TRAP_MASK_EVENTS 1

/*
 * One page for each vCPU, at PARAPET_VCPU_PAGE(vcpu). In guest kernel mode
 * GS points here, so that cli is `movb $1, %gs:PARAPET_VCPU_EVENT_MASK`.
 * To enable events: clear event_mask, then look at event_pending; if it is
 * set, call hypercall_event_check(). The hypervisor reads event_mask and
 * writes event_pending only while it runs this vCPU's CPU or with an atomic
 * operation, so no fence is needed on one vCPU.
 */
struct parapet_vcpu_page {
    uint8_t event_mask;    /* guest writes; the hypervisor sets it on upcalls */
    uint8_t event_pending; /* hypervisor sets; the guest clears it, and then
                              reads event_select */
    uint8_t reserved0[6];
    uint64_t self;         /* this page's guest virtual address */
    uint64_t event_select; /* bit n: word n of event_pending[] has news; set
                              atomically by the hypervisor, and taken with an
                              atomic exchange by the guest */
    uint64_t fault_vaddr;  /* hypervisor writes before a page-fault upcall */
    uint64_t kernel_stack; /* guest writes: rsp for entries from user mode */
    uint64_t restart_done; /* hypervisor writes when it returns -ERESTART */
    uint32_t vcpu_id;      /* hypervisor writes once */
    uint32_t reserved1[3];
    uint64_t guest[8];     /* the guest kernel's own per-CPU words */
    uint64_t failed_entry; /* hypervisor writes: the machine address of the
                              page-table entry for which a memory hypercall
                              failed; 0 when it was none */
    uint64_t user_gs;      /* hypervisor writes when it leaves user mode for the
                              guest kernel: the base of GS that user mode had */
    uint64_t stolen_ns;    /* hypervisor writes before this vCPU runs: for how
                              long it could have run in all, and did not */
    uint64_t reserved2[5];
};

/*
 * Time without an exit. Read seq until it is even, read the fields, read seq
 * again; if it changed, start over.
 *   monotonic ns = ns_base + (((tsc - tsc_base) * multiplier) >> 32)
 *                  (the product has 128 bits)
 *   wall clock ns since 1970 = monotonic + wall_offset_ns
 * all modulo 2^64. Each field may change at any time, as the hypervisor learns
 * more: monotonic never goes back by that.
 */
struct parapet_clock {
    uint32_t seq;        /* odd while the hypervisor writes */
    uint32_t generation; /* changes when the domain was suspended */
    uint64_t tsc_base;
    uint64_t ns_base;
    uint64_t multiplier; /* nanoseconds per tick, 32.32 fixed point */
    uint64_t wall_offset_ns;
    uint64_t tsc_hz; /* for information */
};

/*
 * One page for each domain, at PARAPET_SHARED_PAGE. Port p is bit p % 64 of
 * word p / 64. The hypervisor sets a pending bit; if the port is not masked
 * it then sets the word's bit in event_select of the bound vCPU, and then
 * event_pending there. The guest clears pending bits atomically.
 */
struct parapet_shared_page {
    uint64_t event_pending[PARAPET_NR_PORTS / 64];
    uint64_t event_mask[PARAPET_NR_PORTS / 64]; /* guest writes; 1 = masked */
    struct parapet_clock clock;
    /* The start of day; not kept up to date later. */
    uint64_t nr_gfns;   /* entries of the P2M; all mapped in the direct map */
    uint64_t root_gfn;  /* the kernel root that the hypervisor made */
    uint64_t start_gfn; /* from here up: shared pages, tables and the like;
                           below: the memory that the device tree tells */
    /* What the control domain asks for: PARAPET_VIRQ_REQUEST is raised after
       the hypervisor has written one of them. The guest may clear request when
       it has begun. */
    uint64_t memory_target; /* frames that it is to have; 0: as it likes */
    uint32_t request;       /* PARAPET_REQUEST_*, or 0 */
    uint32_t reserved;
    /* The start of day, too; all 0 when the control domain serves nothing. What
       is lent to it as PARAPET_GRANT_BUS and PARAPET_GRANT_CONSOLE, and the
       domain's ports that it binds. */
    uint64_t bus_gfn;     /* abi/bus.h */
    uint64_t console_gfn; /* for the bytes of the console */
    uint32_t bus_port;
    uint32_t console_port;
};

/* One page for each vCPU, read-only for the guest: how often it exited. */
struct parapet_counters {
    uint64_t hypercalls[PARAPET_NR_HYPERCALLS]; /* by number */
    uint64_t unknown_hypercalls; /* numbers at or above PARAPET_NR_HYPERCALLS */
    uint64_t exits[PARAPET_NR_EXITS]; /* by abi/exits.def; [hypercall] stays 0:
                                         the sum of hypercalls[] says it */
};

/*
 * Read-only for the guest, one for each vCPU: how long the hypervisor took, in
 * ticks of the time stamp counter, from a sample of one exit in
 * PARAPET_LATENCY_INTERVAL. Bucket 0 counts what took less than 64 ticks,
 * bucket b what took less than 64 << b, and the last one all the rest. The few
 * instructions of the entry and exit code are not in it.
 */
struct parapet_latency {
    uint32_t hypercalls[PARAPET_NR_HYPERCALLS][PARAPET_NR_LATENCY_BUCKETS];
    uint32_t exits[PARAPET_NR_EXITS][PARAPET_NR_LATENCY_BUCKETS];
};

#define PARAPET_LATENCY_INTERVAL 64

/* multicall: one call and, afterwards, its result. */
struct parapet_multicall_entry {
    uint64_t number;
    uint64_t args[6];
    int64_t result;
};

#define PARAPET_ASSERT_OFFSET(type, field, offset)                             \
    _Static_assert(offsetof(struct type, field) == (offset),                   \
                   #type "." #field " moved: this breaks the ABI")
#define PARAPET_ASSERT_SIZE(type, size)                                        \
    _Static_assert(sizeof(struct type) == (size),                              \
                   #type " changed its size: this breaks the ABI")

PARAPET_ASSERT_OFFSET(parapet_frame, rax, PARAPET_FRAME_RAX);
PARAPET_ASSERT_OFFSET(parapet_frame, rcx, PARAPET_FRAME_RCX);
PARAPET_ASSERT_OFFSET(parapet_frame, r11, PARAPET_FRAME_R11);
PARAPET_ASSERT_OFFSET(parapet_frame, error, PARAPET_FRAME_ERROR);
PARAPET_ASSERT_OFFSET(parapet_frame, rip, PARAPET_FRAME_RIP);
PARAPET_ASSERT_OFFSET(parapet_frame, cs, PARAPET_FRAME_CS);
PARAPET_ASSERT_OFFSET(parapet_frame, rflags, PARAPET_FRAME_RFLAGS);
PARAPET_ASSERT_OFFSET(parapet_frame, rsp, PARAPET_FRAME_RSP);
PARAPET_ASSERT_OFFSET(parapet_frame, ss, PARAPET_FRAME_SS);
PARAPET_ASSERT_SIZE(parapet_frame, PARAPET_FRAME_SIZE);
PARAPET_ASSERT_OFFSET(parapet_trap, flags, 4);
PARAPET_ASSERT_OFFSET(parapet_trap, entry, 8);
PARAPET_ASSERT_SIZE(parapet_trap, 16);
PARAPET_ASSERT_OFFSET(parapet_vcpu_page, event_mask, PARAPET_VCPU_EVENT_MASK);
PARAPET_ASSERT_OFFSET(parapet_vcpu_page, event_pending,
                      PARAPET_VCPU_EVENT_PENDING);
PARAPET_ASSERT_OFFSET(parapet_vcpu_page, self, PARAPET_VCPU_SELF);
PARAPET_ASSERT_OFFSET(parapet_vcpu_page, event_select,
                      PARAPET_VCPU_EVENT_SELECT);
PARAPET_ASSERT_OFFSET(parapet_vcpu_page, fault_vaddr, PARAPET_VCPU_FAULT_VADDR);
PARAPET_ASSERT_OFFSET(parapet_vcpu_page, kernel_stack,
                      PARAPET_VCPU_KERNEL_STACK);
PARAPET_ASSERT_OFFSET(parapet_vcpu_page, restart_done,
                      PARAPET_VCPU_RESTART_DONE);
PARAPET_ASSERT_OFFSET(parapet_vcpu_page, vcpu_id, PARAPET_VCPU_ID);
PARAPET_ASSERT_OFFSET(parapet_vcpu_page, guest, PARAPET_VCPU_GUEST);
PARAPET_ASSERT_OFFSET(parapet_vcpu_page, failed_entry,
                      PARAPET_VCPU_FAILED_ENTRY);
PARAPET_ASSERT_OFFSET(parapet_vcpu_page, user_gs, PARAPET_VCPU_USER_GS);
PARAPET_ASSERT_OFFSET(parapet_vcpu_page, stolen_ns, 144);
PARAPET_ASSERT_SIZE(parapet_vcpu_page, 192);
PARAPET_ASSERT_OFFSET(parapet_clock, generation, 4);
PARAPET_ASSERT_OFFSET(parapet_clock, tsc_base, 8);
PARAPET_ASSERT_OFFSET(parapet_clock, ns_base, 16);
PARAPET_ASSERT_OFFSET(parapet_clock, multiplier, 24);
PARAPET_ASSERT_OFFSET(parapet_clock, wall_offset_ns, 32);
PARAPET_ASSERT_SIZE(parapet_clock, 48);
PARAPET_ASSERT_OFFSET(parapet_shared_page, event_mask, 512);
PARAPET_ASSERT_OFFSET(parapet_shared_page, clock, 1024);
PARAPET_ASSERT_OFFSET(parapet_shared_page, nr_gfns, 1072);
PARAPET_ASSERT_OFFSET(parapet_shared_page, root_gfn, 1080);
PARAPET_ASSERT_OFFSET(parapet_shared_page, start_gfn, 1088);
PARAPET_ASSERT_OFFSET(parapet_shared_page, memory_target, 1096);
PARAPET_ASSERT_OFFSET(parapet_shared_page, request, 1104);
PARAPET_ASSERT_OFFSET(parapet_shared_page, bus_gfn, 1112);
PARAPET_ASSERT_OFFSET(parapet_shared_page, console_gfn, 1120);
PARAPET_ASSERT_OFFSET(parapet_shared_page, bus_port, 1128);
PARAPET_ASSERT_OFFSET(parapet_shared_page, console_port, 1132);
PARAPET_ASSERT_SIZE(parapet_shared_page, 1136);
PARAPET_ASSERT_OFFSET(parapet_counters, unknown_hypercalls, 2048);
PARAPET_ASSERT_OFFSET(parapet_counters, exits, 2056);
PARAPET_ASSERT_SIZE(parapet_counters, 2568);
PARAPET_ASSERT_OFFSET(parapet_latency, exits, 16384);
PARAPET_ASSERT_SIZE(parapet_latency, 20480);
PARAPET_ASSERT_OFFSET(parapet_multicall_entry, args, 8);
PARAPET_ASSERT_OFFSET(parapet_multicall_entry, result, 56);
PARAPET_ASSERT_SIZE(parapet_multicall_entry, 64);

#endif
