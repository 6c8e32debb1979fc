/* SPDX-License-Identifier: MIT
 *
 * The setups and views that rows.def names. A setup does what a kernel would
 * do by instructions that are sensitive themselves; where they fault, it had
 * no effect, and that is part of what the probe shows.
 */
#ifndef PROBE_VIEWS_H
#define PROBE_VIEWS_H

#include "tests/probe/probe.h"

#define setup_nothing NULL
probe_setup_t setup_irq_on;          /* and interrupts off is how rows start */
probe_setup_t setup_timer;           /* interrupts on, and one comes */
probe_setup_t setup_monitor;         /* the same, and monitor was executed */
probe_setup_t setup_uart_scratch;    /* 0x5a in the UART's scratch register */
probe_setup_t setup_in_cr0;          /* `in` = the register's value */
probe_setup_t setup_in_cr3;          /* the same */
probe_setup_t setup_in_cr4;          /* the same */
probe_setup_t setup_in_lstar;        /* the same */
probe_setup_t setup_task_switched;   /* cr0.TS set */
probe_setup_t setup_no_osxsave;      /* cr4.OSXSAVE clear */
probe_setup_t setup_protection_keys; /* cr4.PKE set */
probe_setup_t setup_memory_gdt;      /* `memory` = the table's limit, base */
probe_setup_t setup_memory_idt;      /* the same */
probe_setup_t setup_task_available;  /* the task state segment not busy */
probe_setup_t setup_bases;           /* FS 0x1000, GS 0x2000, other GS 0x3000 */
probe_setup_t setup_processor_id;    /* TSC_AUX = 0x1234 */
probe_setup_t setup_entry_syscall;   /* the kernel's own entry */
probe_setup_t setup_entry_sysenter;  /* the same */
probe_setup_t setup_svm;             /* EFER.SVME set */

extern const struct probe_view view_nothing;
extern const struct probe_view view_value; /* rax */
extern const struct probe_view view_irq;   /* as the environment says */
extern const struct probe_view view_if;    /* rax as rflags */
extern const struct probe_view view_iopl;  /* the same */
extern const struct probe_view view_ac;    /* the same */
extern const struct probe_view view_ring;  /* where the deed ended */
extern const struct probe_view view_rpl;   /* rax as a selector */
extern const struct probe_view view_woken; /* whether a timer tick came */
extern const struct probe_view view_entry; /* whether it was reached */
extern const struct probe_view view_rights;
extern const struct probe_view view_found;
extern const struct probe_view view_limit; /* `memory`, by sgdt or sidt */
extern const struct probe_view view_advances;
extern const struct probe_view view_osxsave;
extern const struct probe_view view_arrived;

/* These ask the machine afterwards, by env_attempt(). */
extern const struct probe_view view_ts;
extern const struct probe_view view_cr2;
extern const struct probe_view view_pce;
extern const struct probe_view view_cr8;
extern const struct probe_view view_dr0;
extern const struct probe_view view_dr7;
extern const struct probe_view view_fs_base;
extern const struct probe_view view_gs_base;

#endif
