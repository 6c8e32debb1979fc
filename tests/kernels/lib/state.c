/* SPDX-License-Identifier: MIT
 *
 * Each pair of functions says what it sets and reads. What no guest can set is
 * in one row, the constants.
 */
#include "tests/kernels/lib/state.h"

#include "lib/macros.h"
#include "lib/x86/control.h"
#include "lib/x86/debug.h"
#include "lib/x86/msr.h"
#include "lib/x86/rflags.h"
#include "tests/kernels/lib/trap.h"
#include "tests/kernels/lib/vcpu.h"

/* ---- the image of xsave: x87, SSE, AVX (APM 2, 11.5) ---- */

#define X87_REGISTERS 32
#define XMM_REGISTERS 160
#define YMM_HIGH 576
#define COMPONENTS 512

static uint8_t image[MG_STATE_SIZE] __attribute__((aligned(64)));

static void fill(size_t start, size_t size, uint64_t seed)
{
    for (size_t i = 0; i < size; i++)
        image[start + i] = (uint8_t)(seed * 37 + i);
}

static void set_image(uint64_t seed)
{
    const uint16_t control = seed % 2 ? 0x037f : 0x0f7f;
    const uint8_t tags = seed % 2 ? 0xff : 0x0f;
    const uint32_t mxcsr = seed % 2 ? 0x1f80 : 0x7fbf;
    const uint64_t components = 7;

    fill(XMM_REGISTERS, 256, seed);
    fill(YMM_HIGH, 256, seed + 1);
    for (size_t i = 0; i < 8; i++)
        fill(X87_REGISTERS + 16 * i, 10, seed + i);
    __builtin_memcpy(image, &control, sizeof(control));
    image[4] = tags;
    __builtin_memcpy(image + 24, &mxcsr, sizeof(mxcsr));
    __builtin_memcpy(image + COMPONENTS, &components, sizeof(components));
    __asm__ volatile("xrstor64 (%0)"
                     :
                     : "r"(image), "a"(UINT32_MAX), "d"(0)
                     : "memory");
}

static void get_image(uint8_t *bytes)
{
    __asm__ volatile("xsave64 (%0)"
                     :
                     : "r"(bytes), "a"(UINT32_MAX), "d"(0)
                     : "memory");
}

/* ---- the x87 unit's pointers to instruction and operand ---- */

static uint64_t operands[2];

MG_SNIPPET(x87_even, "nop; fldl (%rdi); fstp %st(0)");
MG_SNIPPET(x87_odd, "fldl (%rdi); fstp %st(0)");
/* An exception that is pending, never taken: xsave has the pointers then. */
MG_SNIPPET(x87_pending, "pushq $0x340; fldcw (%rsp); add $8, %rsp\n"
                        "fldl (%rdi); fdivl 8(%rdi); fnop");

void mg_state_reset_x87(void)
{
    __asm__ volatile("fninit");
}

static void set_pointers(uint64_t seed)
{
    mg_state_reset_x87();
    if (seed % 2)
        x87_odd(&operands[1]);
    else
        x87_even(&operands[0]);
}

/* With nothing done since the reset: they are 0. */
static void set_no_pointers(uint64_t seed)
{
    mg_state_reset_x87();
    if (seed % 2)
        x87_odd(&operands[1]);
}

static void set_pending(uint64_t seed)
{
    static double numbers[2] = {1};

    mg_state_reset_x87();
    if (seed % 2)
        (void)mg_try(x87_pending, numbers, NULL);
}

static void get_environment(uint8_t *bytes)
{
    uint32_t *words = (uint32_t *)(void *)bytes;

    __asm__ volatile("fnstenv (%0)" : : "r"(bytes) : "memory");
    /* Control, status and tags are in the image; here the pointers. */
    words[0] = words[1] = words[2] = 0;
}

/* ---- the rest ---- */

MG_SNIPPET(step, "pushfq; orq $0x100, (%rsp); popfq; nop\n"
                 "pushfq; andq $~0x100, (%rsp); popfq");

static bool stepped(struct mg_regs *regs)
{
    (void)regs;
    return true;
}

static void set_dr6(uint64_t seed)
{
    write_dr6(DR6_RESET);
    if (seed % 2) {
        mg_trap_hook(MG_DB, stepped);
        step(NULL);
    }
}

static void get_dr6(uint8_t *bytes)
{
    uint64_t value = read_dr6();

    __builtin_memcpy(bytes, &value, sizeof(value));
}

MG_SNIPPET(read_there, "mov (%rdi), %al");

static void set_fault(uint64_t seed)
{
    (void)mg_try(read_there, (void *)(seed << 12), NULL);
}

static void get_fault(uint8_t *bytes)
{
    uint64_t value = read_cr2();

    __builtin_memcpy(bytes, &value, sizeof(value));
}

static void set_user_gs(uint64_t seed)
{
    wrmsr(MSR_KERNEL_GS_BASE, (uint32_t)seed);
}

static void get_user_gs(uint8_t *bytes)
{
    uint64_t base = rdmsr(MSR_KERNEL_GS_BASE);

    __builtin_memcpy(bytes, &base, sizeof(base));
}

static void set_id_flag(uint64_t seed)
{
    __asm__ volatile("pushfq; andq %0, (%%rsp); orq %1, (%%rsp); popfq"
                     :
                     : "r"(~RFLAGS_ID), "r"(seed % 2 ? RFLAGS_ID : 0)
                     : "cc", "memory");
}

static void get_id_flag(uint8_t *bytes)
{
    uint64_t flags = read_rflags() & RFLAGS_ID;

    __builtin_memcpy(bytes, &flags, sizeof(flags));
}

/* ---- what cannot be set ---- */

static void set_nothing(uint64_t seed)
{
    (void)seed;
}

/* XCR0, TSC_AUX, and what can be read of the descriptors. */
static void get_constants(uint8_t *bytes)
{
    uint32_t *words = (uint32_t *)(void *)bytes;
    uint32_t high;

    __asm__("xgetbv" : "=a"(words[0]), "=d"(words[1]) : "c"(0));
    __asm__ volatile("rdtscp" : "=c"(words[2]), "=d"(high) : : "rax");
    words += 4;
    for (uint32_t selector = 0; selector < 0x60; selector += 4, words += 2)
        __asm__("lar %2, %0; lsl %2, %1"
                : "+r"(words[0]), "+r"(words[1])
                : "r"(selector | 3)
                : "cc");
}

const struct mg_state_row mg_state_rows[] = {
    {"x87, SSE and AVX registers", set_image, get_image, false},
    {"x87 pointers", set_pointers, get_environment, true},
    {"x87 pointers after a reset", set_no_pointers, get_environment, true},
    {"x87 pointers of an exception", set_pending, get_environment, true},
    {"dr6", set_dr6, get_dr6, false},
    {"the fault's address", set_fault, get_fault, false},
    {"the user's GS base", set_user_gs, get_user_gs, false},
    {"the ID flag", set_id_flag, get_id_flag, false},
    {"a constant", set_nothing, get_constants, false},
};
const size_t mg_nr_state_rows = ARRAY_SIZE(mg_state_rows);
