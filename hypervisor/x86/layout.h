/* SPDX-License-Identifier: MIT
 *
 * Where the hypervisor lives, in physical and in virtual memory. Used from C,
 * assembly and the linker script, so: plain numbers only.
 *
 *   slot  virtual address    what
 *   256   ffff800000000000   machine-to-physical table (mm/m2p.h)
 *   258   ffff810000000000   the image: physical memory from 0, first GiB
 *         ffff810040000000   per-CPU blocks, PERCPU_SIZE each, with guards
 *   260   ffff820000000000   device registers, uncached
 *   264   ffff840000000000   all RAM, writable, no-execute, up to 4 TiB
 *
 * The per-CPU blocks are near the image because the per-CPU system call stub
 * jumps into it with a 32-bit displacement.
 */
#ifndef HYPERVISOR_X86_LAYOUT_H
#define HYPERVISOR_X86_LAYOUT_H

#define HV_LOAD_PADDR 0x200000
#define IMAGE_BASE 0xffff810000000000
#define PERCPU_BASE 0xffff810040000000
#define MMIO_BASE 0xffff820000000000
/* The unit tests have it where a program can have memory. */
#ifndef DIRECT_BASE
#define DIRECT_BASE 0xffff840000000000
#endif
#define DIRECT_SIZE 0x40000000000

/* The real-mode page from which the other CPUs start. */
#define TRAMPOLINE_PADDR 0x8000

#define MAX_CPUS 32

/*
 * One per-CPU block. Every stack of a CPU lies in its block, so that any rsp,
 * rounded down to PERCPU_SIZE, finds struct cpu_info.
 *
 *   00000  system call stubs (read-only, executable; nothing else in the page)
 *   01000  guard
 *   02000  NMI stack           04000  guard
 *   05000  double fault stack  07000  guard
 *   08000  machine check stack 0a000  guard
 *   0b000  debug stack         0d000  guard
 *   1a000  guard
 *   1b000  main stack; at its top the registers of the guest
 *   1f000  struct cpu_info
 */
#define PERCPU_SIZE 0x20000
#define PERCPU_STUBS 0x0
#define PERCPU_NMI_STACK 0x2000
#define PERCPU_DF_STACK 0x5000
#define PERCPU_MC_STACK 0x8000
#define PERCPU_DB_STACK 0xb000
#define PERCPU_IST_SIZE 0x2000
#define PERCPU_STACK 0x1b000
#define PERCPU_STACK_SIZE 0x4000
#define PERCPU_INFO 0x1f000

/* Selectors; those of the guest are constants of the ABI. */
#define HV_CS 0x08
#define HV_SS 0x10
#define HV_TSS 0x30
/* sysretq loads cs from this + 16 and ss from this + 8 (APM 2, 6.1.1). */
#define STAR_SYSRET 0x1b

/* Interrupt vectors. Those of the I/O APIC's pins are in a row. */
#define VECTOR_PIN 0x20
#define VECTOR_UART 0x24
#define VECTOR_CMOS 0x28
#define VECTOR_TIMER 0xf0
#define VECTOR_KICK 0xf1
#define VECTOR_FLUSH 0xf2
#define VECTOR_SPURIOUS 0xff

#endif
