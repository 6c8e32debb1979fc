/* SPDX-License-Identifier: MIT
 *
 * The interrupt descriptor table: one for all CPUs.
 */
#ifndef HYPERVISOR_X86_IDT_H
#define HYPERVISOR_X86_IDT_H

/* Numbers of the interrupt stacks in the task state segment, from 1. */
#define IST_NMI 1
#define IST_DF 2
#define IST_MC 3
#define IST_DB 4

/* The code for each vector, 16 bytes apart: engine/entry.S provides it. */
extern char entry_stubs[];
extern char meter_stubs[]; /* the same, timed (core/meter.h) */

/* Fills the table; before percpu_load() of any CPU the IST fields are off. */
void idt_init(void);

/* From now on the entries note when they began: meter=on (core/meter.h). */
void idt_use_meter(void);

/* From now on NMI, #DF, #MC and #DB have stacks of their own. */
void idt_use_ist(void);

/* Loads the table into the calling CPU. */
void idt_load(void);

/*
 * Loads another one, in which every exception leads to one place and an NMI to
 * another, until idt_load(). On the boot CPU, with interrupts off.
 */
void idt_load_trial(const char *exception, const char *nmi);

#endif
