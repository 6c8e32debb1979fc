/* SPDX-License-Identifier: MIT
 *
 * The two 8259 interrupt controllers of a PC, which who has an APIC has no use
 * for.
 */
#ifndef LIB_X86_PIC_H
#define LIB_X86_PIC_H

#include "lib/x86/port.h"

#define PIC1_MASK 0x21
#define PIC2_MASK 0xa1

static inline void pic_mask_all(void)
{
    outb(PIC1_MASK, 0xff);
    outb(PIC2_MASK, 0xff);
}

#endif
