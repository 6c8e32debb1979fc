/* SPDX-License-Identifier: MIT
 *
 * Exceptions as the guest kernel sees them: vector, error code, fault
 * address, the frame, the other registers, and the mask flag of a handler.
 */
#include "abi/stubs.h"
#include "lib/macros.h"
#include "tests/kernels/lib/test.h"
#include "tests/kernels/lib/trap.h"
#include "tests/kernels/lib/vcpu.h"

MG_TEST(traps);

#define NON_CANONICAL 0x0123456789abcdef
#define UNMAPPED 0x400000

MG_SNIPPET(do_int3, "int3");
MG_SNIPPET(do_int_3, ".byte 0xcd, 3");
MG_SNIPPET(do_ud2, "ud2");
MG_SNIPPET(do_divide, "div %rdi");
MG_SNIPPET(do_read, "mov (%rdi), %al");
MG_SNIPPET(do_write, "movb $0, (%rdi)");
MG_SNIPPET(do_jump, "jmp *%rdi");
MG_SNIPPET(do_load_ds, "mov %edi, %ds");
MG_SNIPPET(do_int_80, "int $0x80");
MG_SNIPPET(do_int_4, "int $4");
MG_SNIPPET(do_rdpmc, "rdpmc");

extern const unsigned char mg_text_end[];
static unsigned char data[16];

struct fault_case {
    const char *name;
    void (*fn)(void *);
    uint64_t arg;
    uint64_t vector;
    uint64_t error;
    /* Where rip points: 0 at the instruction, else so many bytes further;
       or at arg itself when JUMPED. */
    uint64_t rip_offset;
};

#define JUMPED (~0ul)
/* The user bit of an error code tells the guest's mode, not the CPL. */
static const struct fault_case cases[] = {
    {"int3", do_int3, 0, MG_BP, 0, 1},
    {"int $3", do_int_3, 0, MG_BP, 0, 2},
    {"ud2", do_ud2, 0, MG_UD, 0, 0},
    {"divide by zero", do_divide, 0, MG_DE, 0, 0},
    {"read of nothing", do_read, UNMAPPED, MG_PF, 0, 0},
    {"read of null", do_read, 0, MG_PF, 0, 0},
    {"read above text", do_read, (uint64_t)mg_text_end, MG_PF, 0, 0},
    {"write to nothing", do_write, UNMAPPED, MG_PF, MG_PF_WRITE, 0},
    {"write to text", do_write, (uint64_t)do_int3, MG_PF,
     MG_PF_WRITE | MG_PF_PRESENT, 0},
    {"write to read-only data", do_write, (uint64_t)mg_test_name, MG_PF,
     MG_PF_WRITE | MG_PF_PRESENT, 0},
    {"jump to nothing", do_jump, UNMAPPED, MG_PF, MG_PF_FETCH, JUMPED},
    {"jump to data", do_jump, (uint64_t)data, MG_PF,
     MG_PF_FETCH | MG_PF_PRESENT, JUMPED},
    {"non-canonical read", do_read, NON_CANONICAL, MG_GP, 0, 0},
    {"unknown selector", do_load_ds, 0x73, MG_GP, 0x70, 0},
    {"rdpmc", do_rdpmc, 0, MG_GP, 0, 0},
};

static void check_case(const struct fault_case *c)
{
    struct mg_fault fault;
    uint64_t rip =
        c->rip_offset == JUMPED ? c->arg : (uint64_t)c->fn + c->rip_offset;

    if (!mg_expect_fault(c->name, c->fn, (void *)c->arg, c->vector, &fault))
        return;
    if (fault.frame.error != c->error)
        mg_failure("%s: error code: expected %#lx, got %#lx", c->name, c->error,
                   fault.frame.error);
    if (fault.frame.rip != rip)
        mg_failure("%s: rip: expected %#lx, got %#lx", c->name, rip,
                   fault.frame.rip);
    if (c->vector == MG_PF && fault.vaddr != c->arg)
        mg_failure("%s: fault_vaddr: expected %#lx, got %#lx", c->name, c->arg,
                   fault.vaddr);
}

/*
 * int n of a gate that is not the guest's is #GP at the instruction. (The
 * error code is not compared: QEMU 7.2 gives 16*n+2 where the manuals say
 * 8*n+2.)
 */
static void check_int_n(const char *name, void (*fn)(void *))
{
    struct mg_fault fault;

    if (mg_expect_fault(name, fn, NULL, MG_GP, &fault))
        MG_CHECK_EQ(fault.frame.rip, fn);
}

/*
 * Known values in every register, CF and ZF set, then int3; the hook looks,
 * changes them all, and the code after int3 stores what it got.
 */
#define R(n) (0x1111111111111111 * (n))
#define NR_REGS 15
uint64_t registers_after[NR_REGS];
void int3_with_registers(void);
extern const unsigned char int3_with_registers_return[];

__asm__(".pushsection .text\n"
        "int3_with_registers:\n"
        "  push %rbx; push %rbp; push %r12; push %r13; push %r14; push %r15\n"
        "  movabs $0x1111111111111111, %rax; lea (%rax,%rax), %rbx\n"
        "  lea (%rax,%rbx), %rcx; lea (%rax,%rcx), %rdx\n"
        "  lea (%rax,%rdx), %rsi; lea (%rax,%rsi), %rdi\n"
        "  lea (%rax,%rdi), %rbp; lea (%rax,%rbp), %r8\n"
        "  lea (%rax,%r8), %r9; lea (%rax,%r9), %r10\n"
        "  lea (%rax,%r10), %r11; lea (%rax,%r11), %r12\n"
        "  lea (%rax,%r12), %r13; lea (%rax,%r13), %r14\n"
        "  lea (%rax,%r14), %r15\n"
        "  cmp %eax, %eax; stc\n" /* ZF, PF, CF */
        "  int3\n"
        "int3_with_registers_return:\n"
        "  mov %rax, registers_after\n"
        "  mov %rbx, registers_after+8\n"
        "  mov %rcx, registers_after+16\n"
        "  mov %rdx, registers_after+24\n"
        "  mov %rsi, registers_after+32\n"
        "  mov %rdi, registers_after+40\n"
        "  mov %rbp, registers_after+48\n"
        "  mov %r8, registers_after+56\n"
        "  mov %r9, registers_after+64\n"
        "  mov %r10, registers_after+72\n"
        "  mov %r11, registers_after+80\n"
        "  mov %r12, registers_after+88\n"
        "  mov %r13, registers_after+96\n"
        "  mov %r14, registers_after+104\n"
        "  mov %r15, registers_after+112\n"
        "  pop %r15; pop %r14; pop %r13; pop %r12; pop %rbp; pop %rbx\n"
        "  ret\n"
        ".popsection\n");

/* The registers in the order of the routine above. */
static uint64_t *register_of(struct mg_regs *regs, unsigned int index)
{
    uint64_t *const order[NR_REGS] = {
        &regs->frame.rax, &regs->rbx, &regs->frame.rcx, &regs->rdx, &regs->rsi,
        &regs->rdi,       &regs->rbp, &regs->r8,        &regs->r9,  &regs->r10,
        &regs->frame.r11, &regs->r12, &regs->r13,       &regs->r14, &regs->r15,
    };

    return order[index];
}

static bool look_at_frame(struct mg_regs *regs)
{
    const struct parapet_frame *frame = &regs->frame;

    MG_CHECK_EQ(frame->rip, int3_with_registers_return);
    MG_CHECK_EQ(frame->cs, PARAPET_CS_KERNEL);
    MG_CHECK_EQ(frame->ss, PARAPET_SS);
    MG_CHECK_EQ(frame->error, 0);
    /* Aligned down to 16, then the frame: the pushes of the routine matter. */
    MG_CHECK_EQ(ALIGN_DOWN(frame->rsp, 16), frame + 1);
    /* CF, PF, ZF and nothing else; events are off; bit 1 is always set. */
    MG_CHECK_EQ(frame->rflags, 0x47);
    for (unsigned int i = 0; i < NR_REGS; i++) {
        MG_CHECK_EQ(*register_of(regs, i), R((uint64_t)i + 1));
        *register_of(regs, i) = R(15 - (uint64_t)i);
    }
    return true;
}

static void test_registers(void)
{
    mg_trap_hook(MG_BP, look_at_frame);
    int3_with_registers();
    mg_trap_hook(MG_BP, NULL);
    for (uint64_t i = 0; i < NR_REGS; i++)
        MG_CHECK_EQ(registers_after[i], R(15 - i));
}

/* event_mask in the handler and the virtual flag in the frame. */
static void check_masking(uint32_t flags, uint8_t before)
{
    bool masks = flags & PARAPET_TRAP_MASK_EVENTS;
    struct mg_fault fault;

    mg_trap_set(MG_UD, flags, mg_trap_entry(MG_UD));
    mg_vcpu_page()->event_mask = before;
    (void)mg_expect_fault("ud2", do_ud2, NULL, MG_UD, &fault);
    MG_CHECK_EQ(fault.event_mask, masks ? 1 : before);
    MG_CHECK_EQ(fault.frame.rflags & PARAPET_RFLAGS_IF,
                before ? 0 : PARAPET_RFLAGS_IF);
    MG_CHECK_EQ(mg_vcpu_page()->event_mask, before);
    mg_vcpu_page()->event_mask = 1;
}

static void test_masking(void)
{
    static const uint32_t flags[] = {0, PARAPET_TRAP_MASK_EVENTS};

    for (size_t i = 0; i < ARRAY_SIZE(flags); i++) {
        check_masking(flags[i], 0);
        check_masking(flags[i], 1);
    }
}

void test_main(void)
{
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        check_case(&cases[i]);
    check_int_n("int $0x80", do_int_80);
    check_int_n("int $4", do_int_4);
    test_registers();
    test_masking();
}
