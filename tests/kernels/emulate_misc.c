/* SPDX-License-Identifier: MIT
 *
 * Trap and emulate: everything else that is privileged or sensitive. What is
 * emulated works, what is refused is a fault at the instruction, and nothing
 * tells where the hypervisor is.
 */
#include "abi/stubs.h"
#include "lib/macros.h"
#include "tests/kernels/lib/test.h"
#include "tests/kernels/lib/trap.h"
#include "tests/kernels/lib/vcpu.h"

MG_TEST(emulate_misc);

/* Room for what an instruction would store, or finds: zeros. */
static _Alignas(16) unsigned char memory[64];

/* Allowed: a cache or a translation is dropped, or a time is read. */
MG_SNIPPET(do_wbinvd, "wbinvd");
MG_SNIPPET(do_invd, "invd");
MG_SNIPPET(do_invlpg, "invlpg (%rdi)");
MG_SNIPPET(do_rdtsc, "rdtsc");
MG_SNIPPET(do_cpuid, "xor %eax, %eax; xor %ecx, %ecx; push %rbx; cpuid\n"
                     "pop %rbx");

/* The descriptor tables. */
MG_SNIPPET(do_lgdt, "lgdt (%rdi)");
MG_SNIPPET(do_lidt, "lidt (%rdi)");
MG_SNIPPET(do_lldt, "xor %eax, %eax; lldt %ax");
MG_SNIPPET(do_lldt_memory, "lldt (%rdi)");
MG_SNIPPET(do_ltr, "mov $0x30, %eax; ltr %ax");
/* Which UMIP keeps from telling. */
MG_SNIPPET(do_sgdt, "sgdt (%rdi)");
MG_SNIPPET(do_sidt, "sidt (%rdi)");
MG_SNIPPET(do_sldt, "sldt (%rdi)");
MG_SNIPPET(do_str, "str (%rdi)");
MG_SNIPPET(do_sldt_register, "sldt %eax");
MG_SNIPPET(do_str_register, "str %eax");

/* Returns and entries of a ring 0 that the guest is not in. */
MG_SNIPPET(do_swapgs, "swapgs");
MG_SNIPPET(do_sysret, "mov $1f, %rcx; mov $0x202, %r11d; sysretq; 1:");
MG_SNIPPET(do_int_0, ".byte 0xcd, 0");
MG_SNIPPET(do_int_2, ".byte 0xcd, 2");
MG_SNIPPET(do_int_14, ".byte 0xcd, 14");
MG_SNIPPET(do_int_240, ".byte 0xcd, 240");
MG_SNIPPET(do_int_255, ".byte 0xcd, 255");

/* Counters, waiting, and the virtualization of others. */
MG_SNIPPET(do_rdpmc, "xor %ecx, %ecx; rdpmc");
MG_SNIPPET(do_mwait, "xor %eax, %eax; xor %ecx, %ecx; mwait");
MG_SNIPPET(do_monitor, "xor %ecx, %ecx; xor %edx, %edx; mov %rdi, %rax\n"
                       "monitor");
MG_SNIPPET(do_vmmcall, ".byte 0x0f, 0x01, 0xd9");
MG_SNIPPET(do_vmcall, ".byte 0x0f, 0x01, 0xc1");
MG_SNIPPET(do_vmrun, "mov %rdi, %rax; .byte 0x0f, 0x01, 0xd8");
MG_SNIPPET(do_vmload, "mov %rdi, %rax; .byte 0x0f, 0x01, 0xda");
MG_SNIPPET(do_stgi, ".byte 0x0f, 0x01, 0xdc");
MG_SNIPPET(do_clgi, ".byte 0x0f, 0x01, 0xdd");
MG_SNIPPET(do_stac, "stac");
MG_SNIPPET(do_clac, "clac");
MG_SNIPPET(do_invpcid, "xor %eax, %eax; invpcid (%rdi), %rax");
MG_SNIPPET(do_xsaves, "mov $7, %eax; xor %edx, %edx; .byte 0x0f, 0xc7, 0x2f");
MG_SNIPPET(do_rsm, ".byte 0x0f, 0xaa");
MG_SNIPPET(do_ud1, ".byte 0x0f, 0xb9, 0xc0");

/* Debug registers. */
MG_SNIPPET(read_dr0, "mov %dr0, %rax");
MG_SNIPPET(read_dr6, "mov %dr6, %rax");
MG_SNIPPET(read_dr7, "mov %dr7, %rax");
MG_SNIPPET(write_dr0, "mov %rdi, %dr0");
MG_SNIPPET(write_dr3, "mov %rdi, %dr3");
MG_SNIPPET(write_dr6, "mov %rdi, %dr6");
MG_SNIPPET(write_dr7, "mov %rdi, %dr7");
MG_SNIPPET(one_step, "pushfq; orq $0x100, (%rsp); popfq; nop\n"
                     "pushfq; andq $~0x100, (%rsp); popfq");

struct deed {
    const char *name;
    void (*fn)(void *);
};

static const struct deed allowed[] = {{"wbinvd", do_wbinvd},
                                      {"invd", do_invd},
                                      {"rdtsc", do_rdtsc},
                                      {"cpuid", do_cpuid}};

static const struct deed refused[] = {
    {"lgdt", do_lgdt},
    {"lidt", do_lidt},
    {"lldt", do_lldt},
    {"lldt of memory", do_lldt_memory},
    {"ltr", do_ltr},
    {"sgdt", do_sgdt},
    {"sidt", do_sidt},
    {"sldt", do_sldt},
    {"str", do_str},
    {"sldt to a register", do_sldt_register},
    {"str to a register", do_str_register},
    {"swapgs", do_swapgs},
    {"sysret", do_sysret},
    {"int $0", do_int_0},
    {"int $2", do_int_2},
    {"int $14", do_int_14},
    {"int $240", do_int_240},
    {"int $255", do_int_255},
    {"rdpmc", do_rdpmc},
};

/* Depending on the CPU these are privileged, or do not exist. */
static const struct deed refused_or_undefined[] = {
    {"mwait", do_mwait},   {"monitor", do_monitor}, {"vmmcall", do_vmmcall},
    {"vmcall", do_vmcall}, {"vmrun", do_vmrun},     {"vmload", do_vmload},
    {"stgi", do_stgi},     {"clgi", do_clgi},       {"stac", do_stac},
    {"clac", do_clac},     {"invpcid", do_invpcid}, {"xsaves", do_xsaves},
    {"rsm", do_rsm},       {"ud1", do_ud1},
};

static void test_allowed(void)
{
    static const uint64_t pages[] = {0,
                                     0x400000,
                                     PARAPET_DIRECT_MAP,
                                     PARAPET_HYPERVISOR_START,
                                     0x0123456789abcdef,
                                     ~0ul};

    for (size_t i = 0; i < ARRAY_SIZE(allowed); i++)
        (void)mg_expect_no_fault(allowed[i].name, allowed[i].fn, NULL);
    for (size_t i = 0; i < ARRAY_SIZE(pages); i++)
        (void)mg_expect_no_fault("invlpg", do_invlpg, (void *)pages[i]);
}

static void test_refused(void)
{
    for (size_t i = 0; i < ARRAY_SIZE(refused); i++)
        (void)mg_expect_fault(refused[i].name, refused[i].fn, memory, MG_GP,
                              NULL);
    for (size_t i = 0; i < ARRAY_SIZE(refused_or_undefined); i++) {
        const struct deed *deed = &refused_or_undefined[i];
        struct mg_fault fault;

        if (!mg_try(deed->fn, memory, &fault))
            mg_failure("%s did not fault", deed->name);
        else if (fault.vector != MG_GP && fault.vector != MG_UD)
            mg_failure("%s: expected #GP or #UD, got %s", deed->name,
                       mg_trap_name(fault.vector));
    }
    /* Nothing was stored. */
    for (size_t i = 0; i < sizeof(memory); i++)
        MG_CHECK_EQ(memory[i], 0);
}

static bool go_on(struct mg_regs *regs)
{
    (void)regs;
    return true;
}

/* No breakpoint can be armed; dr6 tells of the last debug exception. */
static void test_debug_registers(void)
{
    const uint64_t dr7 = mg_call(read_dr7, NULL);

    MG_CHECK_EQ(dr7, 0x400);
    MG_CHECK_EQ(mg_call(read_dr0, NULL), 0);
    (void)mg_expect_fault("dr0", write_dr0, memory, MG_GP, NULL);
    (void)mg_expect_fault("dr3", write_dr3, (void *)PARAPET_HYPERVISOR_START,
                          MG_GP, NULL);
    (void)mg_expect_fault("dr7 armed", write_dr7, (void *)0x401ul, MG_GP, NULL);
    (void)mg_expect_fault("dr7, general detect", write_dr7, (void *)0x2400ul,
                          MG_GP, NULL);
    (void)mg_expect_no_fault("dr7 unchanged", write_dr7, (void *)dr7);
    (void)mg_expect_no_fault("dr6", write_dr6, NULL);
    MG_CHECK_EQ(mg_call(read_dr6, NULL) & 0xe00f, 0);
    mg_trap_hook(MG_DB, go_on);
    one_step(NULL);
    MG_CHECK_EQ(mg_call(read_dr6, NULL) & 0xe00f, 0x4000); /* BS */
    mg_trap_hook(MG_DB, NULL);
}

/*
 * A trapped instruction in the last byte of the text: the decoder finds
 * nothing after it. It is emulated, and the guest faults after it.
 */
extern const unsigned char mg_text_end[];

__asm__(".pushsection .last_text_page, \"ax\", @progbits\n"
        ".fill 4095, 1, 0x90\n"
        "last_cli: cli\n"
        ".popsection\n");
MG_SNIPPET(go_to_the_edge, "jmp last_cli");

static void test_edge(void)
{
    struct mg_fault fault;

    mg_vcpu_page()->event_mask = 0;
    if (!mg_expect_fault("cli at the edge", go_to_the_edge, NULL, MG_PF,
                         &fault))
        return;
    MG_CHECK_EQ(fault.vaddr, mg_text_end);
    MG_CHECK_EQ(fault.frame.rip, mg_text_end);
    MG_CHECK_EQ(fault.frame.rflags & PARAPET_RFLAGS_IF, 0);
    mg_cli();
}

void test_main(void)
{
    test_allowed();
    test_refused();
    test_debug_registers();
    test_edge();
    MG_CHECK_EQ(hypercall_abi_version(), PARAPET_ABI_VERSION);
}
