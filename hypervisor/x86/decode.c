/* SPDX-License-Identifier: MIT
 *
 * The decoder. An instruction is
 *
 *      [legacy prefixes] [REX] opcode [ModRM [SIB] [displacement]] [immediate]
 *
 * (Intel SDM volume 2 chapter 2; AMD APM volume 3 chapter 1). The opcode
 * indexes a map of decode_maps.c, which names what we know and says by flags
 * how the rest is encoded.
 */
#include "hypervisor/x86/decode.h"

#include "hypervisor/x86/decode_maps.h"

/* The bytes not yet read. */
struct cursor {
    const uint8_t *next;
    const uint8_t *end;
};

struct prefixes {
    bool operand_size; /* 66 */
    bool address_size; /* 67 */
    bool lock;
    uint8_t rep;     /* enum insn_rep: the last of F2 and F3 counts */
    uint8_t segment; /* enum insn_sreg */
    uint8_t rex;     /* the whole byte, or 0 */
};

/* The bits of REX, each as it extends its field: 0 or 8. */
static uint8_t rex_r(const struct prefixes *prefixes)
{
    return (uint8_t)((prefixes->rex & 4) << 1);
}

static uint8_t rex_x(const struct prefixes *prefixes)
{
    return (uint8_t)((prefixes->rex & 2) << 2);
}

static uint8_t rex_b(const struct prefixes *prefixes)
{
    return (uint8_t)((prefixes->rex & 1) << 3);
}

static bool rex_w(const struct prefixes *prefixes)
{
    return (prefixes->rex & 8) != 0;
}

static uint8_t modrm_mod(uint8_t modrm)
{
    return modrm >> 6;
}

static uint8_t modrm_reg(uint8_t modrm)
{
    return (modrm >> 3) & 7;
}

static uint8_t modrm_rm(uint8_t modrm)
{
    return modrm & 7;
}

/* Each take function returns false if the bytes do not suffice. */
static bool take(struct cursor *cursor, uint8_t *byte)
{
    if (cursor->next == cursor->end)
        return false;
    *byte = *cursor->next++;
    return true;
}

/* A little-endian number of 1 to 4 bytes, zero-extended. */
static bool take_number(struct cursor *cursor, uint8_t size, uint32_t *value)
{
    uint8_t byte;

    *value = 0;
    for (unsigned int shift = 0; shift < 8u * size; shift += 8) {
        if (!take(cursor, &byte))
            return false;
        *value |= (uint32_t)byte << shift;
    }
    return true;
}

static int64_t sign_extend(uint32_t value, uint8_t size)
{
    unsigned int unused_bits = 64 - 8u * size;

    return (int64_t)((uint64_t)value << unused_bits) >> unused_bits;
}

/*
 * The prefixes, and the first byte after them. The overrides of ES, CS, SS
 * and DS have no effect in 64-bit mode (APM 3 section 1.2.4), and REX has one
 * only right before the opcode (section 1.2.7).
 */
static bool take_prefixes(struct cursor *cursor, struct prefixes *prefixes,
                          uint8_t *opcode)
{
    uint8_t byte;

    *prefixes = (struct prefixes){.segment = INSN_DS};
    while (take(cursor, &byte)) {
        if ((byte & 0xf0) == 0x40) {
            prefixes->rex = byte;
            continue;
        }
        switch (byte) {
        case 0x66:
            prefixes->operand_size = true;
            break;
        case 0x67:
            prefixes->address_size = true;
            break;
        case 0xf0:
            prefixes->lock = true;
            break;
        case 0xf2:
            prefixes->rep = INSN_REPNE;
            break;
        case 0xf3:
            prefixes->rep = INSN_REP;
            break;
        case 0x64:
            prefixes->segment = INSN_FS;
            break;
        case 0x65:
            prefixes->segment = INSN_GS;
            break;
        case 0x26:
        case 0x2e:
        case 0x36:
        case 0x3e:
            break;
        default:
            *opcode = byte;
            return true;
        }
        prefixes->rex = 0;
    }
    return false;
}

/* The map's entry for the opcode that starts with the byte first. */
static bool take_opcode(struct cursor *cursor, uint8_t first,
                        struct opcode *opcode)
{
    uint8_t byte;

    if (first != 0x0f) {
        *opcode = decode_one_byte[first];
        return true;
    }
    if (!take(cursor, &byte))
        return false;
    if (byte != 0x38) {
        *opcode = decode_two_byte[byte];
        return true;
    }
    if (!take(cursor, &byte))
        return false;
    byte = (uint8_t)(byte - DECODE_0F38_FIRST);
    if (byte < DECODE_0F38_NR)
        *opcode = decode_0f38[byte];
    else
        *opcode = (struct opcode){.op = INSN_UNKNOWN};
    return true;
}

/* Replaces a group by its member. The group's form holds on, unless ModRM is
 * part of the opcode, and names no operand. */
static void select_member(struct opcode *opcode, uint8_t modrm)
{
    const struct opcode *member =
        &decode_groups[opcode->group][modrm_reg(modrm)];
    const struct opcode *whole = &decode_group_7_whole[modrm & 0x3f];

    if (opcode->group == GROUP_7 && modrm_mod(modrm) == 3 &&
        whole->op != INSN_UNKNOWN) {
        *opcode = *whole;
        return;
    }
    opcode->op = member->op;
    opcode->form |= member->form;
}

/* Whether this is the opcode's instruction, and not one that shares it. */
static bool form_matches(uint32_t form, const struct prefixes *prefixes,
                         uint8_t modrm)
{
    bool is_register = modrm_mod(modrm) == 3;
    bool any = prefixes->operand_size || prefixes->rep != INSN_NO_REP;

    if ((form & MEMORY) == MEMORY && is_register)
        return false;
    if ((form & REGISTER) == REGISTER && !is_register)
        return false;
    if ((form & NO_PREFIX) != 0 && any)
        return false;
    if ((form & NEED_66) != 0 &&
        !(prefixes->operand_size && prefixes->rep == INSN_NO_REP))
        return false;
    return (form & NEED_F3) == 0 || prefixes->rep == INSN_REP;
}

/* SDM 2 section 2.2.1.2, APM 3 section 1.2.7: REX.W wins over 66. */
static uint8_t operand_size(uint32_t form, const struct prefixes *prefixes,
                            bool has_memory)
{
    if ((form & SIZE_1) != 0)
        return 1;
    if ((form & SIZE_2) != 0 || ((form & SIZE_2_IN_MEM) != 0 && has_memory))
        return 2;
    if ((form & SIZE_8) != 0)
        return 8;
    if (rex_w(prefixes))
        return (form & SIZE_UP_TO_4) != 0 ? 4 : 8;
    if (prefixes->operand_size)
        return 2;
    return (form & SIZE_8_OR_2) != 0 ? 8 : 4;
}

/*
 * The SIB byte (SDM 2 table 2-3). Index 4 without REX.X is none; base 5 with
 * mod = 0 is none, with a displacement of 4 bytes.
 */
static bool take_sib(struct cursor *cursor, const struct prefixes *prefixes,
                     uint8_t mod, struct insn_memory *memory,
                     uint8_t *displacement_size)
{
    uint8_t sib, index;

    if (!take(cursor, &sib))
        return false;
    index = ((sib >> 3) & 7) | rex_x(prefixes);
    if (index != 4) {
        memory->index = index;
        memory->scale = (uint8_t)(1 << (sib >> 6));
    }
    if ((sib & 7) == 5 && mod == 0)
        *displacement_size = 4;
    else
        memory->base = (sib & 7) | rex_b(prefixes);
    return true;
}

/* The memory operand of a ModRM byte with mod other than 3 (SDM 2 section
 * 2.1.5 and table 2-2; 2.2.1.6: mod = 0, rm = 5 is relative to rip). */
static bool take_memory(struct cursor *cursor, const struct prefixes *prefixes,
                        uint8_t modrm, struct insn *insn)
{
    static const uint8_t displacement_sizes[3] = {0, 1, 4};
    uint8_t mod = modrm_mod(modrm), rm = modrm_rm(modrm);
    uint8_t displacement_size = displacement_sizes[mod];
    struct insn_memory *memory = &insn->memory;
    uint32_t displacement;

    insn->has_memory = true;
    if (rm == 4) {
        if (!take_sib(cursor, prefixes, mod, memory, &displacement_size))
            return false;
    } else if (rm == 5 && mod == 0) {
        memory->base = INSN_RIP;
        displacement_size = 4;
    } else {
        memory->base = rm | rex_b(prefixes);
    }
    if (displacement_size == 0)
        return true;
    if (!take_number(cursor, displacement_size, &displacement))
        return false;
    memory->displacement =
        (int32_t)sign_extend(displacement, displacement_size);
    return true;
}

static bool take_immediate(struct cursor *cursor, uint32_t form,
                           struct insn *insn)
{
    uint8_t size = 0;
    uint32_t value;

    if ((form & IMM_8) != 0)
        size = 1;
    else if ((form & IMM_16) != 0)
        size = 2;
    else if ((form & IMM_SIGNED) != 0)
        size = insn->operand_size == 2 ? 2 : 4;
    if (size == 0)
        return true;
    if (!take_number(cursor, size, &value))
        return false;
    insn->has_immediate = true;
    insn->immediate = value;
    if ((form & IMM_SIGNED) != 0)
        insn->immediate = (uint64_t)sign_extend(value, size);
    return true;
}

/* Byte registers 4 to 7 are ah, ch, dh, bh unless there is any REX prefix. */
static void set_gpr(const struct prefixes *prefixes, uint8_t reg,
                    struct insn *insn)
{
    insn->reg = reg;
    if (insn->operand_size == 1 && prefixes->rex == 0 && reg >= 4) {
        insn->reg = reg - 4;
        insn->high_byte = true;
    }
}

/* What ModRM says of registers. Returns false if there is no such register:
 * the processor raises #UD. */
static bool set_registers(uint32_t form, const struct prefixes *prefixes,
                          uint8_t modrm, struct insn *insn)
{
    uint8_t reg = modrm_reg(modrm) | rex_r(prefixes);

    if (!insn->has_memory)
        insn->reg = modrm_rm(modrm) | rex_b(prefixes);
    if ((form & REG_GPR) != 0)
        set_gpr(prefixes, reg, insn);
    if ((form & REG_CR) != 0) {
        insn->special = reg;
        return reg == 0 || reg == 8 || (reg >= 2 && reg <= 4);
    }
    if ((form & REG_DR) != 0) {
        insn->special = reg;
        return reg < 8;
    }
    if ((form & REG_SREG) != 0) {
        insn->special = reg & 7; /* REX.R has no effect here */
        return insn->special <= INSN_GS &&
               !(insn->op == INSN_MOV_TO_SREG && insn->special == INSN_CS);
    }
    return true;
}

/* Operands that the opcode implies. The segment of ins is always ES. */
static void set_implied(uint32_t form, const struct prefixes *prefixes,
                        struct insn *insn)
{
    if ((form & (STRING_RDI | STRING_RSI)) != 0) {
        insn->has_memory = true;
        insn->memory.base = (form & STRING_RDI) != 0 ? INSN_RDI : INSN_RSI;
        insn->rep = prefixes->rep;
    }
    if ((form & STRING_RDI) != 0)
        insn->memory.segment = INSN_DS;
    insn->uses_dx = (form & PORT_DX) != 0;
    if ((form & NAMES_FS) != 0)
        insn->special = INSN_FS;
    if ((form & NAMES_GS) != 0)
        insn->special = INSN_GS;
}

/* All that comes after the opcode. */
static bool take_operands(struct cursor *cursor, struct opcode opcode,
                          const struct prefixes *prefixes, struct insn *insn)
{
    bool mod_ignored = (opcode.form & (REG_CR | REG_DR)) != 0;
    bool valid = true;
    uint8_t modrm = 0;

    if ((opcode.form & MODRM) != 0 && !take(cursor, &modrm))
        return false;
    if (opcode.group != NO_GROUP)
        select_member(&opcode, modrm);
    if (!form_matches(opcode.form, prefixes, modrm))
        return true;
    insn->op = opcode.op;
    if (insn->op == INSN_UNKNOWN)
        return true;
    if ((opcode.form & MODRM) != 0 && modrm_mod(modrm) != 3 && !mod_ignored &&
        !take_memory(cursor, prefixes, modrm, insn))
        return false;
    insn->operand_size = operand_size(opcode.form, prefixes, insn->has_memory);
    if ((opcode.form & MODRM) != 0)
        valid = set_registers(opcode.form, prefixes, modrm, insn);
    if (!take_immediate(cursor, opcode.form, insn))
        return false;
    set_implied(opcode.form, prefixes, insn);
    /* None of these may be locked. (AMD's lock mov cr0 for cr8, which some
     * processors have in any mode, is not offered to guests.) */
    if (!valid || prefixes->lock)
        insn->op = INSN_UD;
    return true;
}

static bool take_insn(struct cursor *cursor, struct insn *insn)
{
    struct prefixes prefixes;
    struct opcode opcode;
    uint8_t first;

    if (!take_prefixes(cursor, &prefixes, &first) ||
        !take_opcode(cursor, first, &opcode))
        return false;
    insn->address_size = prefixes.address_size ? 4 : 8;
    insn->memory.segment = prefixes.segment;
    return take_operands(cursor, opcode, &prefixes, insn);
}

/* Apart from insn_decode, whose fast path must not pay for its registers. */
static __attribute__((noinline)) bool
decode_any(const uint8_t *bytes, size_t nr_bytes, struct insn *insn)
{
    bool is_long = nr_bytes >= INSN_MAX_LENGTH;
    struct cursor cursor = {
        .next = bytes,
        .end = bytes + (is_long ? INSN_MAX_LENGTH : nr_bytes),
    };

    *insn = (struct insn){
        .reg = INSN_NO_REG,
        .memory = {.base = INSN_NO_REG, .index = INSN_NO_REG, .scale = 1},
    };
    if (!take_insn(&cursor, insn)) {
        *insn = (struct insn){.op = INSN_UNKNOWN, .truncated = !is_long};
        return false;
    }
    if (insn->op != INSN_UNKNOWN)
        insn->length = (uint8_t)(cursor.next - bytes);
    return true;
}

static bool decode_single_byte(uint8_t op, struct insn *insn)
{
    insn->op = op;
    insn->length = 1;
    insn->truncated = false;
    return true;
}

/*
 * Control and model-specific registers, without prefixes: 0f 20 /r, 0f 22 /r,
 * 0f 30, 0f 32 (SDM 2, opcode map). False for everything else.
 */
static inline bool decode_register_move(const uint8_t *bytes, struct insn *insn)
{
    uint8_t modrm = bytes[2];

    if (bytes[0] != 0x0f)
        return false;
    if (bytes[1] == 0x32 || bytes[1] == 0x30) {
        insn->op = bytes[1] == 0x32 ? INSN_RDMSR : INSN_WRMSR;
        insn->length = 2;
    } else if (bytes[1] == 0x20 || bytes[1] == 0x22) {
        insn->op = bytes[1] == 0x20 ? INSN_MOV_FROM_CR : INSN_MOV_TO_CR;
        insn->length = 3;
        insn->operand_size = 8;
        insn->reg = modrm_rm(modrm);
        insn->special = modrm_reg(modrm);
        if (insn->special == 1 || insn->special > 4)
            return false;
    } else {
        return false;
    }
    insn->truncated = false;
    return true;
}

bool insn_decode(const uint8_t *bytes, size_t nr_bytes, struct insn *insn)
{
    /* The cost of a trapped cli is a figure that we publish. */
    if (nr_bytes > 0) {
        if (bytes[0] == 0xfa)
            return decode_single_byte(INSN_CLI, insn);
        if (bytes[0] == 0xfb)
            return decode_single_byte(INSN_STI, insn);
        if (bytes[0] == 0xf4)
            return decode_single_byte(INSN_HLT, insn);
    }
    if (nr_bytes >= 3 && decode_register_move(bytes, insn))
        return true;
    return decode_any(bytes, nr_bytes, insn);
}

uint64_t insn_effective_vaddr(const struct insn *insn, const uint64_t gprs[16],
                              uint64_t rip, uint64_t fs_base, uint64_t gs_base)
{
    const struct insn_memory *memory = &insn->memory;
    uint64_t vaddr = (uint64_t)(int64_t)memory->displacement;

    if (memory->base == INSN_RIP)
        vaddr += rip + insn->length;
    else if (memory->base != INSN_NO_REG)
        vaddr += gprs[memory->base];
    if (memory->index != INSN_NO_REG)
        vaddr += gprs[memory->index] * memory->scale;
    if (insn->address_size == 4)
        vaddr = (uint32_t)vaddr;
    if (memory->segment == INSN_FS)
        vaddr += fs_base;
    if (memory->segment == INSN_GS)
        vaddr += gs_base;
    return vaddr;
}

uint64_t insn_store_value(const struct insn *insn, const uint64_t gprs[16])
{
    uint64_t value;

    if (insn->has_immediate)
        value = insn->immediate;
    else if (insn->high_byte)
        value = gprs[insn->reg] >> 8;
    else
        value = gprs[insn->reg];
    return value & (UINT64_MAX >> (64 - 8 * insn->operand_size));
}
