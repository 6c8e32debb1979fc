/* SPDX-License-Identifier: MIT
 *
 * Trap and emulate: a guest has no ports. Every in and out, of any size and
 * form, to any port, is a protection fault at the instruction; so are the
 * ports of the machine's own console and debug exit, which would be seen.
 */
#include "abi/stubs.h"
#include "lib/macros.h"
#include "tests/kernels/lib/test.h"
#include "tests/kernels/lib/trap.h"

MG_TEST(emulate_io);

char io_buffer[16];

/* The port is in arg; al is what the debug exit would take for success. */
#define PORT "mov %edi, %edx; mov $0x2a, %eax\n"
#define STRING "mov %edi, %edx; lea io_buffer, %rsi; mov %rsi, %rdi\n"

MG_SNIPPET(out8, PORT "outb %al, %dx");
MG_SNIPPET(out16, PORT "outw %ax, %dx");
MG_SNIPPET(out32, PORT "outl %eax, %dx");
MG_SNIPPET(in8, PORT "inb %dx, %al");
MG_SNIPPET(in16, PORT "inw %dx, %ax");
MG_SNIPPET(in32, PORT "inl %dx, %eax");
MG_SNIPPET(outs8, STRING "outsb");
MG_SNIPPET(ins8, STRING "insb");
MG_SNIPPET(rep_outs, STRING "mov $4, %ecx; rep outsl");
MG_SNIPPET(rep_ins, STRING "mov $4, %ecx; rep insl");
MG_SNIPPET(out_immediate, "mov $0x2a, %eax; outb %al, $0xf4");
MG_SNIPPET(in_immediate, "inb $0x60, %al");

static const struct {
    const char *name;
    void (*fn)(void *);
} forms[] = {{"outb", out8},
             {"outw", out16},
             {"outl", out32},
             {"inb", in8},
             {"inw", in16},
             {"inl", in32},
             {"outsb", outs8},
             {"insb", ins8},
             {"rep outsl", rep_outs},
             {"rep insl", rep_ins},
             {"outb imm", out_immediate},
             {"inb imm", in_immediate}};

static const uint64_t ports[] = {0,     0x20,  0x40,  0x60,  0x70,  0x80,
                                 0xf4,  0x3f8, 0x402, 0x510, 0x511, 0x604,
                                 0xcf8, 0xcfc, 0xcf9, 0xffff};

void test_main(void)
{
    for (size_t form = 0; form < ARRAY_SIZE(forms); form++) {
        for (size_t i = 0; i < ARRAY_SIZE(ports); i++) {
            struct mg_fault fault;

            if (mg_expect_fault(forms[form].name, forms[form].fn,
                                (void *)ports[i], MG_GP, &fault))
                MG_CHECK_EQ(fault.frame.error, 0);
        }
    }
    for (size_t i = 0; i < sizeof(io_buffer); i++)
        MG_CHECK_EQ(io_buffer[i], 0);
}
