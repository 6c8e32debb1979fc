/* SPDX-License-Identifier: MIT
 *
 * The local APIC: where its registers are, their offsets and their bits (APM 2,
 * chapter 16).
 */
#ifndef LIB_X86_LAPIC_H
#define LIB_X86_LAPIC_H

#define LAPIC_PADDR 0xfee00000ul

#define LAPIC_ID 0x20
#define LAPIC_TASK_PRIORITY 0x80
#define LAPIC_END_OF_INTERRUPT 0xb0
#define LAPIC_SPURIOUS 0xf0
#define LAPIC_ICR_LOW 0x300
#define LAPIC_ICR_HIGH 0x310
#define LAPIC_LVT_TIMER 0x320
#define LAPIC_LVT_LINT0 0x350
#define LAPIC_LVT_LINT1 0x360
#define LAPIC_LVT_ERROR 0x370
#define LAPIC_TIMER_INITIAL 0x380
#define LAPIC_TIMER_CURRENT 0x390
#define LAPIC_TIMER_DIVIDE 0x3e0

#define LAPIC_SPURIOUS_ENABLE 0x100u
#define LAPIC_LVT_NMI 0x400u
#define LAPIC_LVT_MASKED 0x10000u
#define LAPIC_LVT_PERIODIC 0x20000u
#define LAPIC_ICR_NMI 0x400u
#define LAPIC_ICR_INIT 0x500u
#define LAPIC_ICR_STARTUP 0x600u
#define LAPIC_ICR_PENDING 0x1000u
#define LAPIC_ICR_ASSERT 0x4000u
#define LAPIC_ICR_ALL_BUT_SELF 0xc0000u
#define LAPIC_DIVIDE_BY_16 0x3u
#define LAPIC_DIVIDE_BY_1 0xbu

#endif
