/* SPDX-License-Identifier: MIT */
#include "tests/kernels/lib/user.h"

#include "tests/kernels/lib/memory.h"
#include "tests/kernels/lib/vcpu.h"

#define KERNEL_STACK_SIZE 16384

extern const unsigned char parapet_hypercall_page[], mg_text_end[];

static struct mg_user_space space;
static _Alignas(16) unsigned char kernel_stack[KERNEL_STACK_SIZE];

static void check(const char *what, int64_t result)
{
    if (result != 0)
        mg_error("making a user address space: %s: %ld", what, result);
}

/* The image's text begins with the hypercall page. */
static uint64_t *text_table(void)
{
    uint64_t entries[MG_PTES] = {0};
    const unsigned char *page = parapet_hypercall_page;

    for (uint64_t i = 0; page < mg_text_end; i++, page += MG_PAGE_SIZE)
        entries[mg_index(MG_USER_TEXT, 1) + i] = mg_pte(page, MG_USER);
    return mg_table(entries);
}

static uint64_t *data_table(void)
{
    uint64_t entries[MG_PTES] = {0};

    space.data = mg_pages(MG_USER_PAGES);
    for (uint64_t i = 0; i < MG_USER_PAGES; i++)
        entries[mg_index(MG_USER_DATA, 1) + i] = mg_pte(
            space.data + i * MG_PTES, MG_USER | PARAPET_PTE_W | PARAPET_PTE_NX);
    return mg_table(entries);
}

static void make_tables(void)
{
    uint64_t entries[MG_PTES] = {0};

    space.text_l1 = text_table();
    space.data_l1 = data_table();
    entries[mg_index(MG_USER_TEXT, 2)] = mg_pte(space.text_l1, MG_TABLE);
    entries[mg_index(MG_USER_DATA, 2)] = mg_pte(space.data_l1, MG_TABLE);
    space.l2 = mg_table(entries);
    space.l3 = mg_table_of(0, mg_pte(space.l2, MG_TABLE));
    space.root = mg_table_of(0, mg_pte(space.l3, MG_TABLE));
}

const struct mg_user_space *mg_user_init(void)
{
    if (space.root)
        return &space;
    make_tables();
    check("pin", mg_pin(space.root, PARAPET_TABLE_USER));
    check("kernel root", mg_update(mg_entry_of(mg_start_root(), 0),
                                   mg_pte(space.l3, MG_TABLE)));
    check("user root", HYPERCALL_RESTARTED(
                           hypercall_mmu_set_user_root(mg_mfn_of(space.root))));
    check("callback", hypercall_set_callback(PARAPET_CALLBACK_SYSCALL,
                                             mg_trap_entry(MG_SYSCALL)));
    mg_vcpu_page()->kernel_stack = (uint64_t)(kernel_stack + KERNEL_STACK_SIZE);
    return &space;
}

uint64_t mg_user_address(void (*fn)(void *))
{
    return MG_USER_TEXT + ((uint64_t)fn - (uint64_t)parapet_hypercall_page);
}

/* An iret: a frame, and what is in rdi then. */
struct entry {
    const struct parapet_frame *frame;
    uint64_t rdi;
};

MG_SNIPPET(enter, "mov (%rdi), %rsp; mov 8(%rdi), %rdi\n\t"
                  "jmp parapet_hypercall_page");

void mg_user_enter(const struct parapet_frame *frame, uint64_t rdi,
                   struct mg_fault *fault)
{
    struct entry entry = {frame, rdi};

    (void)mg_try(enter, &entry, fault);
}

void mg_user_run(void (*fn)(void *), uint64_t rdi, uint64_t rflags,
                 struct mg_fault *fault)
{
    struct parapet_frame frame = {
        .rip = mg_user_address(fn),
        .cs = PARAPET_CS_USER,
        .rflags = rflags,
        .rsp = MG_USER_STACK_TOP,
        .ss = PARAPET_SS,
    };

    mg_user_enter(&frame, rdi, fault);
}

bool mg_user_expect(const char *what, void (*fn)(void *), uint64_t rdi,
                    uint64_t vector, struct mg_fault *fault)
{
    struct mg_fault here;

    if (!fault)
        fault = &here;
    mg_user_run(fn, rdi, 0, fault);
    if (fault->vector == vector && fault->frame.cs == PARAPET_CS_USER)
        return true;
    mg_failure("%s: expected %s of user mode, got %s, cs %#lx, error %#lx, "
               "rip %#lx",
               what, mg_trap_name(vector), mg_trap_name(fault->vector),
               fault->frame.cs, fault->frame.error, fault->frame.rip);
    return false;
}
