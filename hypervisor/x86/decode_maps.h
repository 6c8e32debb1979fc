/* SPDX-License-Identifier: MIT
 *
 * What decode.c knows about opcodes: for decode.c and decode_maps.c alone.
 */
#ifndef HYPERVISOR_X86_DECODE_MAPS_H
#define HYPERVISOR_X86_DECODE_MAPS_H

#include <stdint.h>

/* How an instruction goes on after its opcode, and what is special with it. */
enum form {
    /* The ModRM byte, and what its r/m operand may be; otherwise the encoding
     * belongs to another instruction. */
    MODRM = 1 << 0,
    MEMORY = MODRM | 1 << 1,
    REGISTER = MODRM | 1 << 2,
    /* What ModRM.reg is, if it is an operand. */
    REG_GPR = 1 << 3,
    REG_CR = 1 << 4, /* r/m is a register whatever ModRM.mod says */
    REG_DR = 1 << 5, /* the same */
    REG_SREG = 1 << 6,
    /* The operand size; otherwise 4, or 8 with REX.W, or 2 with 66. */
    SIZE_1 = 1 << 7,
    SIZE_2 = 1 << 8,
    SIZE_8 = 1 << 9,
    SIZE_UP_TO_4 = 1 << 10,  /* REX.W has no effect */
    SIZE_8_OR_2 = 1 << 11,   /* as of push and pop */
    SIZE_2_IN_MEM = 1 << 12, /* a selector, zero-extended in a register */
    /* The immediate. */
    IMM_8 = 1 << 13,
    IMM_16 = 1 << 14,
    IMM_SIGNED = 1 << 15, /* of the operand size, but at most 4 bytes */
    /* Prefixes that are part of the opcode. */
    NO_PREFIX = 1 << 16, /* neither 66 nor F2 nor F3 */
    NEED_66 = 1 << 17,
    NEED_F3 = 1 << 18,
    /* The string operand of ins (rdi) and outs (rsi), and the port. */
    STRING_RDI = 1 << 19,
    STRING_RSI = 1 << 20,
    PORT_DX = 1 << 21,
    /* The segment register that the opcode itself names. */
    NAMES_FS = 1 << 22,
    NAMES_GS = 1 << 23,
};

/* ModRM.reg selects the instruction: the row of decode_groups. */
enum group { NO_GROUP, GROUP_5, GROUP_6, GROUP_7, GROUP_9, GROUP_11, GROUP_15 };

struct opcode {
    uint8_t op;    /* enum insn_op */
    uint8_t group; /* enum group */
    uint32_t form; /* enum form */
};

/* By the first byte; by the byte after 0F; and after 0F 38, from 80 on. */
extern const struct opcode decode_one_byte[256];
extern const struct opcode decode_two_byte[256];
#define DECODE_0F38_FIRST 0x80
#define DECODE_0F38_NR 3
extern const struct opcode decode_0f38[DECODE_0F38_NR];

/* By group and ModRM.reg. */
extern const struct opcode decode_groups[][8];

/* 0F 01 and a ModRM byte that is a whole instruction, by its low six bits;
 * mod is 3. What is unknown here is in decode_groups. */
extern const struct opcode decode_group_7_whole[64];

#endif
