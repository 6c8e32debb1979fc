/* SPDX-License-Identifier: MIT
 *
 * Page-table writes by trap, for study: the guest kernel stores to a table that
 * it has mapped read-only, as if it were its own. The fault is looked into, the
 * instruction decoded, and the store carried out as an update.
 *
 * Only aligned stores of eight bytes are, which is what tables are written
 * with. All else stays the guest's page fault, and so does what is refused.
 */
#include "abi/errors.h"
#include "abi/memory.h"
#include "hypervisor/core/domain.h"
#include "hypervisor/core/guest_access.h"
#include "hypervisor/core/memory.h"
#include "hypervisor/engine/direct_access.h"
#include "hypervisor/engine/pv.h"
#include "hypervisor/mm/table.h"
#include "hypervisor/x86/cpu.h"
#include "hypervisor/x86/decode.h"

/* Where the store goes; FS and GS are not what tables are written by. */
static uint64_t store_vaddr(struct cpu_regs *regs, const struct insn *insn)
{
    const struct insn_memory *to = &insn->memory;
    uint64_t vaddr = (uint64_t)(int64_t)to->displacement;

    if (to->base == INSN_RIP)
        vaddr += regs->rip + insn->length;
    else if (to->base != INSN_NO_REG)
        vaddr += *pv_reg(regs, to->base);
    if (to->index != INSN_NO_REG)
        vaddr += *pv_reg(regs, to->index) * to->scale;
    return vaddr;
}

/* What is asked for: the value, and how long the instruction is. */
struct store {
    uint64_t value;
    unsigned int length;
};

/*
 * mov %r64, (%r64) or with a displacement of a byte: what `*entry = value` is
 * compiled to. REX.W 89 /r, without a SIB byte. False when it is another one.
 */
static inline bool decode_plain_store(struct cpu_regs *regs,
                                      const uint8_t *bytes, uint64_t vaddr,
                                      struct store *store)
{
    unsigned int rex = bytes[0], mod = bytes[2] >> 6, rm = bytes[2] & 7;
    uint64_t to;

    if ((rex & 0xfa) != 0x48 || bytes[1] != 0x89 || mod > 1 || rm == 4 ||
        (mod == 0 && rm == 5))
        return false;
    to = *pv_reg(regs, rm | (rex & 1) << 3);
    if (mod == 1)
        to += (uint64_t)(int64_t)(int8_t)bytes[3];
    store->value = *pv_reg(regs, (bytes[2] >> 3 & 7u) | (rex & 4) << 1);
    store->length = 3 + mod;
    return to == vaddr;
}

static __attribute__((noinline)) bool
decode_any_store(struct cpu_regs *regs, const struct guest_code *code, size_t n,
                 uint64_t vaddr, struct store *store)
{
    struct insn insn;

    if (!insn_decode(code->bytes, n, &insn) || insn.op != INSN_MOV_STORE ||
        insn.operand_size != sizeof(uint64_t) ||
        insn.address_size != sizeof(vaddr) || insn.memory.segment != INSN_DS ||
        store_vaddr(regs, &insn) != vaddr)
        return false;
    store->value =
        insn.has_immediate ? insn.immediate : *pv_reg(regs, insn.reg);
    store->length = insn.length;
    return true;
}

static inline bool decode_store(struct cpu_regs *regs, uint64_t vaddr,
                                struct store *store)
{
    struct guest_code code;
    size_t n = direct_fetch_code(&code, regs->rip);

    return (n >= 4 && decode_plain_store(regs, code.bytes, vaddr, store)) ||
           (n > 0 && decode_any_store(regs, &code, n, vaddr, store));
}

/*
 * Carries it out on the page table that vaddr is mapped to: 0, -ENOENT if that
 * is none, -ERESTART if it has to be tried again, or as table_write().
 */
static inline int write_table(struct vcpu *v, uint64_t vaddr, uint64_t value)
{
    struct memory_owner *m = &v->domain->memory;
    uint64_t offset = vaddr % PAGE_SIZE;
    uint64_t *entry;
    mfn_t table;

    if (m->releasing != FRAME_INFO_NONE && !table_release(m))
        return -PARAPET_ERESTART;
    if (!table_walk(pv_vcpu(v)->kernel_root, vaddr, &entry) ||
        !(*entry & PARAPET_PTE_P))
        return -PARAPET_ENOENT;
    table = table_entry_mfn(*entry);
    if (table_is_l1(m, table))
        return table_replace(m, paddr_to_vaddr(frame_paddr(table) + offset),
                             value);
    return table_write(m, table, (unsigned int)(offset / sizeof(uint64_t)),
                       value, ~0ul);
}

bool pv_table_write(struct vcpu *v, struct cpu_regs *regs, uint64_t vaddr)
{
    struct memory_owner *m = &v->domain->memory;
    struct store store;
    int error = -PARAPET_ERESTART;

    if (vaddr % sizeof(uint64_t) != 0 || !guest_vaddr_ok(vaddr) ||
        !decode_store(regs, vaddr, &store))
        return false;
    if (memory_begin(m)) {
        error = write_table(v, vaddr, store.value);
        memory_unlock(m);
    }
    if (error == 0)
        pv_end_instruction(v, regs, store.length);
    /* To be tried again: the store stays where it is, and faults again. */
    return error == 0 || error == -PARAPET_ERESTART;
}
