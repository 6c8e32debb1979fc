/* SPDX-License-Identifier: MIT
 *
 * User mode as its guest kernel sees it: what leads out of it, with which
 * frame, and that nothing of the kernel's or the hypervisor's can be reached
 * from there. Events are in user_events.c, what ends the domain in user_kill.c.
 */
#include "abi/exits.h"
#include "abi/stubs.h"
#include "lib/macros.h"
#include "lib/x86/rflags.h"
#include "tests/kernels/lib/memory.h"
#include "tests/kernels/lib/trap.h"
#include "tests/kernels/lib/user.h"
#include "tests/kernels/lib/vcpu.h"

MG_TEST(user_mode);

extern unsigned char parapet_hypercall_page[];

static const struct mg_user_space *space;

MG_SNIPPET(do_syscall, "syscall");
MG_SNIPPET(do_load, "mov (%rdi), %rax; syscall");
MG_SNIPPET(do_store, "movb $0x5a, (%rdi); syscall");
MG_SNIPPET(do_jump, "jmp *%rdi");
MG_SNIPPET(do_nop, "nop; syscall");

static struct parapet_frame user_frame(uint64_t rip)
{
    return (struct parapet_frame){.rip = rip,
                                  .cs = PARAPET_CS_USER,
                                  .rsp = MG_USER_STACK_TOP,
                                  .ss = PARAPET_SS};
}

/* ---- system calls ---- */

static uint64_t nr_hypercalls_but_iret(void)
{
    uint64_t sum = mg_counters(0)->unknown_hypercalls;

    for (int i = 1; i < PARAPET_NR_HYPERCALLS; i++)
        sum += mg_counters(0)->hypercalls[i];
    return sum;
}

static void expect_system_call(uint64_t rip, uint64_t rax, uint64_t seen_rax,
                               uint64_t seen_rip)
{
    struct parapet_frame frame = user_frame(rip);
    struct mg_fault seen;

    frame.rax = rax;
    frame.rsp -= rax % 64;
    mg_user_enter(&frame, rax, &seen);
    MG_CHECK_EQ(seen.vector, MG_SYSCALL);
    MG_CHECK_EQ(seen.frame.rax, seen_rax);
    MG_CHECK_EQ(seen.frame.rip, seen_rip);
    MG_CHECK_EQ(seen.frame.rcx, seen_rip);
    MG_CHECK_EQ(seen.frame.cs, PARAPET_CS_USER);
    MG_CHECK_EQ(seen.frame.rsp, frame.rsp);
    MG_CHECK_EQ(seen.frame.error, 0);
    MG_CHECK_EQ(seen.event_mask, 1);
    MG_CHECK_EQ(seen.frame.r11 & ~RFLAGS_IF, RFLAGS_ALWAYS);
}

/* Every number of a hypercall, and others; by the instruction and the page. */
static void test_numbers(void)
{
    static const uint64_t huge[] = {
        256,       257,  0x7fffffff, 1ul << 32,
        1ul << 63, ~0ul, ~0ul - 255, 1ul << 8 | 1ul << 40};
    uint64_t hypercalls = nr_hypercalls_but_iret();
    uint64_t irets = mg_counters(0)->hypercalls[PARAPET_HC_iret];
    uint64_t system_calls = mg_counters(0)->exits[PARAPET_EXIT_system_call];
    uint64_t rip = mg_user_address(do_syscall), nr = 0;

    for (uint64_t n = 0; n < PARAPET_NR_HYPERCALLS; n++, nr++)
        expect_system_call(rip, n, n, rip + 2);
    for (size_t i = 0; i < ARRAY_SIZE(huge); i++, nr++)
        expect_system_call(rip, huge[i], huge[i], rip + 2);
    MG_CHECK_EQ(nr_hypercalls_but_iret(), hypercalls);
    /* One to go there, and one of the runtime's after it. */
    MG_CHECK_EQ(mg_counters(0)->hypercalls[PARAPET_HC_iret], irets + 2 * nr);
    MG_CHECK_EQ(mg_counters(0)->exits[PARAPET_EXIT_system_call],
                system_calls + nr);
}

static void test_hypercall_page(void)
{
    uint64_t hypercalls = nr_hypercalls_but_iret();

    for (uint64_t n = 1; n < PARAPET_NR_HYPERCALLS; n++) {
        struct parapet_frame frame =
            user_frame(MG_USER_TEXT + n * PARAPET_HYPERCALL_ENTRY_SIZE);
        struct mg_fault seen;

        mg_user_enter(&frame, 0, &seen);
        MG_CHECK_EQ(seen.vector, MG_SYSCALL);
        MG_CHECK_EQ(seen.frame.rax, n);
    }
    MG_CHECK_EQ(nr_hypercalls_but_iret(), hypercalls);
}

/* There and back a thousand times: rax is the kernel's, all else is kept. */
MG_SNIPPET(do_round_trips,
           "mov $1000, %ebx; xor %r12, %r12\n"
           "mov $0x1515151515151515, %r15; mov %r15, %r8\n"
           "1: mov %rbx, %rax; mov %r15, %rdi; syscall\n"
           "add %rax, %r12; cmp %r15, %rdi; jne 2f; cmp %r15, %r8; jne 2f\n"
           "dec %ebx; jnz 1b\n"
           "mov %r12, %rax; int3\n"
           "2: ud2");

static bool triple(struct mg_regs *regs)
{
    if (regs->frame.rax > 1000)
        return false;
    MG_CHECK_EQ(regs->rbx, regs->frame.rax);
    MG_CHECK_EQ(regs->r15, 0x1515151515151515);
    MG_CHECK_EQ(regs->rdi, 0x1515151515151515);
    regs->frame.rax *= 3;
    return true;
}

static void test_round_trips(void)
{
    struct mg_fault seen;

    mg_trap_hook(MG_SYSCALL, triple);
    (void)mg_user_expect("round trips", do_round_trips, 0, MG_BP, &seen);
    mg_trap_hook(MG_SYSCALL, NULL);
    MG_CHECK_EQ(seen.frame.rax, 3 * 1000 * 1001 / 2);
}

/* ---- what is out of reach ---- */

static void expect_out_of_reach(uint64_t vaddr)
{
    const struct {
        void (*fn)(void *);
        uint64_t error;
    } ways[] = {{do_load, MG_PF_USER},
                {do_store, MG_PF_USER | MG_PF_WRITE},
                {do_jump, MG_PF_USER | MG_PF_FETCH}};
    struct mg_fault seen;

    for (size_t i = 0; i < ARRAY_SIZE(ways); i++) {
        if (!mg_user_expect("out of reach", ways[i].fn, vaddr, MG_PF, &seen))
            mg_failure("the access that failed was ways[%zu], to %#lx", i,
                       vaddr);
        MG_CHECK_EQ(seen.frame.error & ~(uint64_t)MG_PF_PRESENT, ways[i].error);
        MG_CHECK_EQ(seen.vaddr, vaddr);
    }
}

static void test_out_of_reach(void)
{
    const uint64_t vaddrs[] = {
        0,
        MG_USER_DATA + MG_USER_PAGES * MG_PAGE_SIZE,
        0x00007ffffffff000,
        PARAPET_M2P,
        PARAPET_M2P + 8 * mg_mfn_of(space->data),
        PARAPET_HYPERVISOR_START + (1ul << 39),
        PARAPET_HYPERVISOR_START + (8ul << 39),
        PARAPET_HYPERVISOR_END - 8,
        PARAPET_DIRECT_MAP,
        (uint64_t)space->data,
        (uint64_t)space->root,
        PARAPET_SHARED_PAGE,
        PARAPET_VCPU_PAGE(0ul),
        PARAPET_COUNTERS_PAGE(0ul),
        PARAPET_DTB,
        PARAPET_P2M,
        (uint64_t)parapet_hypercall_page,
        (uint64_t)&space,
        ~0ul - 7,
    };

    for (size_t i = 0; i < ARRAY_SIZE(vaddrs); i++)
        expect_out_of_reach(vaddrs[i]);
    /* And what is its own is not. */
    (void)mg_user_expect("load", do_load, MG_USER_DATA, MG_SYSCALL, NULL);
    (void)mg_user_expect("store", do_store, MG_USER_DATA, MG_SYSCALL, NULL);
    MG_CHECK_EQ(space->data[0], 0x5a);
    space->data[0] = 0;
}

/*
 * What is below its root is the user's, whatever the user bit says further
 * down: tables may be below a kernel root, too, where the bit means as little.
 */
static void test_user_bit(void)
{
    const uint64_t entries[] = {
        mg_walk(space->root, MG_USER_DATA, 1),
        mg_walk(space->root, MG_USER_DATA, 2),
        mg_walk(space->root, MG_USER_DATA, 3),
    };

    for (size_t i = 0; i < ARRAY_SIZE(entries); i++) {
        MG_DONE(mg_update_masked(entries[i], 0, PARAPET_PTE_U));
        MG_CHECK(mg_read_entry(entries[i]) & PARAPET_PTE_KERNEL);
        MG_DONE(hypercall_mmu_flush(PARAPET_FLUSH_ALL));
        (void)mg_user_expect("load", do_load, MG_USER_DATA, MG_SYSCALL, NULL);
        (void)mg_user_expect("store", do_store, MG_USER_DATA, MG_SYSCALL, NULL);
        MG_CHECK_EQ(space->data[0], 0x5a);
        space->data[0] = 0;
    }
    for (size_t i = 0; i < ARRAY_SIZE(entries); i++)
        MG_DONE(mg_update_masked(entries[i], PARAPET_PTE_U, PARAPET_PTE_U));
    /* Only in the root is it asked for. */
    MG_REFUSED(mg_update_masked(mg_walk(space->root, MG_USER_DATA, 4), 0,
                                PARAPET_PTE_U),
               EINVAL);
}

MG_SNIPPET(do_cli, "cli");
MG_SNIPPET(do_sti, "sti");
MG_SNIPPET(do_hlt, "hlt");
MG_SNIPPET(do_in, "in $0x60, %al");
MG_SNIPPET(do_out, "out %al, $0x80");
MG_SNIPPET(read_cr0, "mov %cr0, %rax");
MG_SNIPPET(read_cr2, "mov %cr2, %rax");
MG_SNIPPET(read_cr3, "mov %cr3, %rax");
MG_SNIPPET(write_cr3, "mov %rdi, %cr3");
MG_SNIPPET(read_dr7, "mov %dr7, %rax");
MG_SNIPPET(do_clts, "clts");
MG_SNIPPET(do_rdmsr, "mov $0xc0000100, %ecx; rdmsr");
MG_SNIPPET(do_wrmsr, "mov $0xc0000100, %ecx; wrmsr");
MG_SNIPPET(do_invlpg, "invlpg (%rdi)");
MG_SNIPPET(do_invd, "invd; syscall");
MG_SNIPPET(do_wbinvd, "wbinvd; syscall");
MG_SNIPPET(do_swapgs, "swapgs");
MG_SNIPPET(do_lgdt, "lgdt (%rdi)");
MG_SNIPPET(do_sidt, "sidt (%rdi)");
MG_SNIPPET(do_int80, "int $0x80");
MG_SNIPPET(do_ud2, "ud2");
MG_SNIPPET(do_int3, "int3");
MG_SNIPPET(do_divide, "xor %ecx, %ecx; div %ecx");

/* QEMU from version 10 on takes these for a nop in ring 3, too. */
static void test_cache_instruction(const char *name, void (*fn)(void *))
{
    struct mg_fault seen;

    mg_user_run(fn, MG_USER_DATA, 0, &seen);
    MG_CHECK_EQ(seen.frame.cs, PARAPET_CS_USER);
    if (seen.vector != MG_GP && seen.vector != MG_SYSCALL)
        mg_failure("%s: expected #GP or nothing, got %s", name,
                   mg_trap_name(seen.vector));
}

/* None is emulated: that is for the kernel. */
static void test_instructions(void)
{
    static const struct {
        const char *name;
        void (*fn)(void *);
        uint64_t vector;
    } instructions[] = {
        {"cli", do_cli, MG_GP},
        {"sti", do_sti, MG_GP},
        {"hlt", do_hlt, MG_GP},
        {"in", do_in, MG_GP},
        {"out", do_out, MG_GP},
        {"mov from cr0", read_cr0, MG_GP},
        {"mov from cr2", read_cr2, MG_GP},
        {"mov from cr3", read_cr3, MG_GP},
        {"mov to cr3", write_cr3, MG_GP},
        {"mov from dr7", read_dr7, MG_GP},
        {"clts", do_clts, MG_GP},
        {"rdmsr", do_rdmsr, MG_GP},
        {"wrmsr", do_wrmsr, MG_GP},
        {"invlpg", do_invlpg, MG_GP},
        {"swapgs", do_swapgs, MG_GP},
        {"lgdt", do_lgdt, MG_GP},
        {"sidt", do_sidt, MG_GP},
        {"int $0x80", do_int80, MG_GP},
        {"ud2", do_ud2, MG_UD},
        {"int3", do_int3, MG_BP},
        {"a division by zero", do_divide, MG_DE},
    };
    uint64_t emulated = mg_counters(0)->exits[PARAPET_EXIT_emulated];

    for (size_t i = 0; i < ARRAY_SIZE(instructions); i++)
        (void)mg_user_expect(instructions[i].name, instructions[i].fn,
                             MG_USER_DATA, instructions[i].vector, NULL);
    test_cache_instruction("invd", do_invd);
    test_cache_instruction("wbinvd", do_wbinvd);
    MG_CHECK_EQ(mg_counters(0)->exits[PARAPET_EXIT_emulated], emulated);
    MG_CHECK_EQ(mg_vcpu_page()->event_mask, 1);
}

/* ---- segment bases ---- */

MG_SNIPPET(do_bases, "mov %gs:0, %rax; xor %fs:8, %rax; syscall");
MG_SNIPPET(do_wrbases, "wrgsbase %rdi; wrfsbase %rdi; syscall");
MG_SNIPPET(do_rdgsbase, "rdgsbase %rax; syscall");
MG_SNIPPET(kernel_gs, "mov %gs:8, %rax"); /* self */

static uint64_t seen_self;

static bool look_at_gs(struct mg_regs *regs)
{
    (void)regs;
    seen_self = mg_call(kernel_gs, NULL);
    return false;
}

static void test_bases(void)
{
    uint64_t gs = MG_USER_DATA + 0x100, fs = MG_USER_DATA + 0x200;
    struct mg_fault seen;

    space->data[0x100 / 8] = 0x1111;
    space->data[0x208 / 8] = 0x2222;
    MG_DONE(hypercall_set_segment_base(PARAPET_SEGMENT_GS_USER, gs));
    MG_DONE(hypercall_set_segment_base(PARAPET_SEGMENT_FS, fs));
    mg_trap_hook(MG_SYSCALL, look_at_gs);
    for (int round = 0; round < 3; round++) {
        seen_self = 0;
        (void)mg_user_expect("bases", do_bases, 0, MG_SYSCALL, &seen);
        MG_CHECK_EQ(seen.frame.rax, 0x3333);
        MG_CHECK_EQ(seen_self, PARAPET_VCPU_PAGE(0ul));
    }
    /* Those that user mode sets are kept for it, and only for it. */
    (void)mg_user_expect("wrgsbase", do_wrbases, 0x123456, MG_SYSCALL, NULL);
    MG_CHECK_EQ(seen_self, PARAPET_VCPU_PAGE(0ul));
    (void)mg_user_expect("rdgsbase", do_rdgsbase, 0, MG_SYSCALL, &seen);
    MG_CHECK_EQ(seen.frame.rax, 0x123456);
    MG_CHECK_EQ(mg_vcpu_page()->user_gs, 0x123456);
    mg_vcpu_page()->user_gs = 0;
    (void)mg_user_expect("ud2", do_ud2, 0, MG_UD, NULL);
    MG_CHECK_EQ(mg_vcpu_page()->user_gs, 0x123456);
    MG_CHECK_EQ(mg_call(kernel_gs, NULL), PARAPET_VCPU_PAGE(0ul));
    (void)mg_user_expect("rdgsbase", do_rdgsbase, 0, MG_SYSCALL, &seen);
    MG_CHECK_EQ(seen.frame.rax, 0x123456);
    mg_trap_hook(MG_SYSCALL, NULL);
    MG_DONE(hypercall_set_segment_base(PARAPET_SEGMENT_FS, 0));
}

/* ---- frames ---- */

static void test_wild_rip(void)
{
    static const uint64_t not_canonical[] = {
        0x0000800000000000, 0xffff7fffffffffff, 0x0123456789abcdef, 1ul << 63};
    static const uint64_t no_code[] = {0,
                                       0x00007ffffffff000,
                                       PARAPET_HYPERVISOR_START,
                                       PARAPET_HYPERVISOR_END - 1,
                                       PARAPET_DIRECT_MAP,
                                       PARAPET_VCPU_PAGE(0ul),
                                       ~0ul,
                                       MG_USER_DATA /* no-execute */};
    struct parapet_frame frame;
    struct mg_fault seen;

    for (size_t i = 0; i < ARRAY_SIZE(not_canonical); i++) {
        frame = user_frame(not_canonical[i]);
        mg_user_enter(&frame, 0, &seen);
        MG_CHECK_EQ(seen.vector, MG_GP);
        MG_CHECK_EQ(seen.frame.rip, not_canonical[i]);
        MG_CHECK_EQ(seen.frame.cs, PARAPET_CS_USER);
    }
    for (size_t i = 0; i < ARRAY_SIZE(no_code); i++) {
        frame = user_frame(no_code[i]);
        mg_user_enter(&frame, 0, &seen);
        MG_CHECK_EQ(seen.vector, MG_PF);
        MG_CHECK_EQ(seen.frame.rip, no_code[i]);
        MG_CHECK_EQ(seen.frame.cs, PARAPET_CS_USER);
        MG_CHECK_EQ(seen.frame.error & (MG_PF_USER | MG_PF_FETCH),
                    MG_PF_USER | MG_PF_FETCH);
    }
}

/* Its rsp is nobody's business: entries from user mode have another stack. */
static void test_wild_rsp(void)
{
    static const uint64_t stacks[] = {0,
                                      8,
                                      0x0000800000000000,
                                      0x0123456789abcdef,
                                      PARAPET_HYPERVISOR_START,
                                      PARAPET_HYPERVISOR_START + (1ul << 40),
                                      PARAPET_HYPERVISOR_END + 0x40,
                                      ~0ul};
    static void (*const ends[])(void *) = {do_syscall, do_ud2, do_cli};
    static const uint64_t vectors[] = {MG_SYSCALL, MG_UD, MG_GP};

    for (size_t i = 0; i < ARRAY_SIZE(stacks); i++) {
        for (size_t e = 0; e < ARRAY_SIZE(ends); e++) {
            struct parapet_frame frame = user_frame(mg_user_address(ends[e]));
            struct mg_fault seen;

            frame.rsp = stacks[i];
            mg_user_enter(&frame, 0, &seen);
            MG_CHECK_EQ(seen.vector, vectors[e]);
            MG_CHECK_EQ(seen.frame.rsp, stacks[i]);
        }
    }
}

/* rflags of a frame: single steps are user mode's own. */
static void test_flags(void)
{
    struct parapet_frame frame = user_frame(mg_user_address(do_nop));
    struct mg_fault seen;

    frame.rflags = RFLAGS_TF;
    mg_user_enter(&frame, 0, &seen);
    MG_CHECK_EQ(seen.vector, MG_DB);
    MG_CHECK_EQ(seen.frame.rip, frame.rip + 1);
    MG_CHECK_EQ(seen.frame.cs, PARAPET_CS_USER);
    /* IOPL, NT, VM, VIF and VIP are not to be had. */
    frame.rflags = 3ul << 12 | 1ul << 14 | 1ul << 17 | 3ul << 19 | 0xcd5;
    mg_user_enter(&frame, 0, &seen);
    MG_CHECK_EQ(seen.vector, MG_SYSCALL);
    MG_CHECK_EQ(seen.frame.rflags,
                RFLAGS_STATUS | RFLAGS_DF | RFLAGS_ALWAYS | RFLAGS_IF);
}

/* ---- two roots ---- */

/* One address, two pages: each mode sees its own, however often they change. */
static void test_two_views(void)
{
    const uint64_t vaddr = 7ul << 39;
    uint64_t *kernel = mg_page(), *user = mg_page();
    uint64_t *pages[2] = {kernel, user}, *l3[2];
    struct mg_fault seen;

    for (int i = 0; i < 2; i++) {
        uint64_t *l1 = mg_table_of(0, mg_pte(pages[i], MG_USER));
        uint64_t *l2 = mg_table_of(0, mg_pte(l1, MG_TABLE));

        l3[i] = mg_table_of(0, mg_pte(l2, MG_TABLE));
        pages[i][0] = 100 + (uint64_t)i;
    }
    MG_DONE(
        mg_update(mg_entry_of(mg_start_root(), 7), mg_pte(l3[0], MG_TABLE)));
    MG_DONE(mg_update(mg_entry_of(space->root, 7), mg_pte(l3[1], MG_TABLE)));
    for (int round = 0; round < 100; round++) {
        MG_CHECK_EQ(*(volatile uint64_t *)vaddr, 100);
        (void)mg_user_expect("load", do_load, vaddr, MG_SYSCALL, &seen);
        MG_CHECK_EQ(seen.frame.rax, 101);
    }
    MG_DONE(mg_update(mg_entry_of(space->root, 7), 0));
    MG_DONE(hypercall_mmu_flush(PARAPET_FLUSH_LOCAL));
    (void)mg_user_expect("load", do_load, vaddr, MG_PF, NULL);
    MG_CHECK_EQ(*(volatile uint64_t *)vaddr, 100);
}

void test_main(void)
{
    space = mg_user_init();
    test_numbers();
    test_hypercall_page();
    test_round_trips();
    test_out_of_reach();
    test_user_bit();
    test_instructions();
    test_bases();
    test_wild_rip();
    test_wild_rsp();
    test_flags();
    test_two_views();
    mg_audit();
}
