/* SPDX-License-Identifier: MIT
 *
 * Hazard: an emulator that does accesses of ring 3 with the rights of ring 0.
 * QEMU before version 10 does so for the stack of far transfers: with rsp in
 * the hypervisor's map of all memory, a far call writes there. No hypervisor
 * can intercept that; the boot finds out, and its line is what may excuse us.
 *
 * Why: Isolation here is page protection and nothing else: the hypervisor is
 * mapped in every address space, out of reach of ring 3. An emulator that gets
 * this wrong for one instruction gives all memory to every guest, and none of
 * our code runs while it happens. So the boot tries, and this test shows that
 * what the boot says is the whole truth, for each instruction.
 *
 * Here is every instruction that touches memory or a descriptor without saying
 * so, and a few of each kind that say so, with the address of a page of our own
 * in that map. Prints the rows of docs/SECURITY-emulator.md.
 *
 * VARIANT: transfers excuse="this emulator" excused="(reads|writes) there"
 * VARIANT: others
 * VARIANT: kernel expect=killed:"no stack" excuse=this.emulator excused=goes.on
 */
#include "lib/macros.h"
#include "lib/string.h"
#include "tests/kernels/lib/bootargs.h"
#include "tests/kernels/lib/console.h"
#include "tests/kernels/lib/memory.h"
#include "tests/kernels/lib/test.h"
#include "tests/kernels/lib/trap.h"
#include "tests/kernels/lib/user.h"

MG_TEST(hazard_far_stack);

/* DIRECT_BASE of hypervisor/x86/layout.h. */
#define HYPERVISOR_MAP 0xffff840000000000
#define OFFSET 1024

/*
 * Where a transfer leads: a page of user mode in reach of 16 bits, with a
 * system call at its start. As a value that is popped it is harmless, too.
 */
#define LANDED 0x1000ul

/* Far pointers, at the start of the data. */
#define FAR64 "0x800000"
#define FAR32 "0x800010"
#define FAR16 "0x800020"
#define FAR_TSS "0x800030"
#define FAR_LDT "0x800040"

#define ROW(id, bytes, name, code) MG_SNIPPET(row_##id, code "\n\tsyscall");
#define TRANSFER ROW
#include "tests/kernels/hazard_far_stack.def"
#undef TRANSFER
#undef ROW

static const struct row {
    void (*fn)(void *);
    size_t bytes;
    const char *name;
    bool is_transfer;
} rows[] = {
#define ROW(id, bytes, name, code) {row_##id, bytes, name, false},
#define TRANSFER(id, bytes, name, code) {row_##id, bytes, name, true},
#include "tests/kernels/hazard_far_stack.def"
#undef TRANSFER
#undef ROW
};

/* The page in the hypervisor's map is this one. */
static uint64_t *target;
static uint64_t before[MG_PTES];

static uint64_t address(void)
{
    return HYPERVISOR_MAP + mg_mfn_of(target) * MG_PAGE_SIZE + OFFSET;
}

/* ---- the user's memory ---- */

static void make_landing(const struct mg_user_space *space)
{
    uint64_t *page = mg_page();
    uint64_t *table;

    page[0] = 0x050f; /* syscall */
    table = mg_table_of(mg_index(LANDED, 1), mg_pte(page, MG_USER));
    MG_DONE(mg_update(mg_entry_of(space->l2, mg_index(LANDED, 2)),
                      mg_pte(table, MG_TABLE)));
}

static void put(uint8_t *at, uint64_t value, size_t bytes)
{
    memcpy(at, &value, bytes);
}

static void make_pointers(const struct mg_user_space *space)
{
    static const struct {
        size_t bytes;
        uint16_t selector;
    } pointers[] = {{8, PARAPET_CS_USER},
                    {4, PARAPET_CS_USER},
                    {2, PARAPET_CS_USER},
                    {8, 0x30 | 3},
                    {8, 0x08 | 7}};
    uint8_t *data = (uint8_t *)space->data;

    for (size_t i = 0; i < ARRAY_SIZE(pointers); i++) {
        put(data + 16 * i, LANDED, pointers[i].bytes);
        put(data + 16 * i + pointers[i].bytes, pointers[i].selector, 2);
    }
}

static void make_target(size_t bytes)
{
    const uint64_t frame[] = {LANDED, PARAPET_CS_USER, 2, LANDED, PARAPET_SS};

    memset(target, 0, MG_PAGE_SIZE);
    for (size_t i = 0; bytes && i < ARRAY_SIZE(frame); i++)
        put((uint8_t *)target + OFFSET + i * bytes, frame[i], bytes);
    memcpy(before, target, MG_PAGE_SIZE);
}

/* ---- what came of it ---- */

static bool is_in_page(uint64_t vaddr)
{
    return vaddr - (address() - OFFSET) < MG_PAGE_SIZE;
}

static const char *outcome(const struct row *row, const struct mg_fault *seen)
{
    if (memcmp(before, target, MG_PAGE_SIZE) != 0)
        return "writes there";
    if (seen->vector == MG_SYSCALL)
        return row->bytes ? "reads there" : "runs";
    if (seen->vector == MG_PF && !is_in_page(seen->vaddr))
        return "#PF, elsewhere";
    return mg_trap_name(seen->vector);
}

static void try_row(const struct row *row)
{
    struct mg_fault seen;
    const char *what;

    make_target(row->bytes);
    mg_user_run(row->fn, address(), 0, &seen);
    what = outcome(row, &seen);
    mg_printf("| %s | %s |\n", row->name, what);
    if (what[0] != '#' && row->bytes)
        mg_failure("%s: it %s: the hypervisor's memory", row->name, what);
}

static void try_rows(bool transfers)
{
    const struct mg_user_space *space = mg_user_init();

    make_landing(space);
    make_pointers(space);
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        if (rows[i].is_transfer == transfers)
            try_row(&rows[i]);
    }
}

/* ---- the kernel's attack, which ends the domain ---- */

MG_SNIPPET(far_call, "mov %rsp, %rax; mov %rdi, %rsp\n"
                     ".byte 0x48; lcall *kernel_pointer\n"
                     ".globl kernel_landed\n"
                     "kernel_landed: mov %rax, %rsp");

extern const unsigned char kernel_landed[];
struct {
    const unsigned char *offset;
    uint16_t selector;
} kernel_pointer = {kernel_landed, PARAPET_CS_USER};

void test_main(void)
{
    target = mg_page();
    if (mg_variant("kernel")) {
        mg_expect_kill();
        far_call((void *)address());
        mg_not_killed();
    }
    try_rows(mg_variant("transfers"));
}
