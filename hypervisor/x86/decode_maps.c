/* SPDX-License-Identifier: MIT
 *
 * The opcode maps of the decoder: privileged and sensitive instructions and
 * plain stores; all other entries are INSN_UNKNOWN. From Intel SDM volume 2
 * appendix A and AMD APM volume 3 appendix A. The maps hold no pointers, so
 * that they need no relocation.
 */
#include "hypervisor/x86/decode_maps.h"

#include "hypervisor/x86/decode.h"

#define OPCODE(name, flags)                                                    \
    {                                                                          \
        .op = INSN_##name, .form = (flags)                                     \
    }
#define GROUP(number, flags)                                                   \
    {                                                                          \
        .group = GROUP_##number, .form = MODRM | (flags)                       \
    }

const struct opcode decode_one_byte[256] = {
    [0x6c] = OPCODE(INS, SIZE_1 | STRING_RDI | PORT_DX),
    [0x6d] = OPCODE(INS, SIZE_UP_TO_4 | STRING_RDI | PORT_DX),
    [0x6e] = OPCODE(OUTS, SIZE_1 | STRING_RSI | PORT_DX),
    [0x6f] = OPCODE(OUTS, SIZE_UP_TO_4 | STRING_RSI | PORT_DX),
    [0x88] = OPCODE(MOV_STORE, MEMORY | REG_GPR | SIZE_1),
    [0x89] = OPCODE(MOV_STORE, MEMORY | REG_GPR),
    [0x8c] = OPCODE(MOV_FROM_SREG, MODRM | REG_SREG | SIZE_2_IN_MEM),
    [0x8e] = OPCODE(MOV_TO_SREG, MODRM | REG_SREG | SIZE_2),
    [0x9c] = OPCODE(PUSHF, SIZE_8_OR_2),
    [0x9d] = OPCODE(POPF, SIZE_8_OR_2),
    [0xc6] = GROUP(11, SIZE_1 | IMM_8),
    [0xc7] = GROUP(11, IMM_SIGNED),
    [0xca] = OPCODE(FAR_RET, IMM_16),
    [0xcb] = OPCODE(FAR_RET, 0),
    [0xcc] = OPCODE(INT3, 0),
    [0xcd] = OPCODE(INT, IMM_8),
    [0xcf] = OPCODE(IRET, 0),
    [0xe4] = OPCODE(IN, SIZE_1 | IMM_8),
    [0xe5] = OPCODE(IN, SIZE_UP_TO_4 | IMM_8),
    [0xe6] = OPCODE(OUT, SIZE_1 | IMM_8),
    [0xe7] = OPCODE(OUT, SIZE_UP_TO_4 | IMM_8),
    [0xec] = OPCODE(IN, SIZE_1 | PORT_DX),
    [0xed] = OPCODE(IN, SIZE_UP_TO_4 | PORT_DX),
    [0xee] = OPCODE(OUT, SIZE_1 | PORT_DX),
    [0xef] = OPCODE(OUT, SIZE_UP_TO_4 | PORT_DX),
    [0xf1] = OPCODE(INT1, 0),
    [0xf4] = OPCODE(HLT, 0),
    [0xfa] = OPCODE(CLI, 0),
    [0xfb] = OPCODE(STI, 0),
    [0xff] = GROUP(5, 0),
};

const struct opcode decode_two_byte[256] = {
    [0x00] = GROUP(6, 0),
    [0x01] = GROUP(7, 0),
    [0x05] = OPCODE(SYSCALL, 0),
    [0x06] = OPCODE(CLTS, 0),
    [0x07] = OPCODE(SYSRET, 0),
    [0x08] = OPCODE(INVD, 0),
    [0x09] = OPCODE(WBINVD, 0),
    [0x0b] = OPCODE(UD, 0),
    [0x20] = OPCODE(MOV_FROM_CR, MODRM | REG_CR | SIZE_8),
    [0x21] = OPCODE(MOV_FROM_DR, MODRM | REG_DR | SIZE_8),
    [0x22] = OPCODE(MOV_TO_CR, MODRM | REG_CR | SIZE_8),
    [0x23] = OPCODE(MOV_TO_DR, MODRM | REG_DR | SIZE_8),
    [0x30] = OPCODE(WRMSR, 0),
    [0x31] = OPCODE(RDTSC, 0),
    [0x32] = OPCODE(RDMSR, 0),
    [0x33] = OPCODE(RDPMC, 0),
    [0x34] = OPCODE(SYSENTER, 0),
    [0x35] = OPCODE(SYSEXIT, 0),
    [0x37] = OPCODE(GETSEC, 0),
    [0x78] = OPCODE(VMX, MODRM | NO_PREFIX), /* vmread; extrq, insertq */
    [0x79] = OPCODE(VMX, MODRM | NO_PREFIX), /* vmwrite; the same */
    [0xa0] = OPCODE(PUSH_SREG, SIZE_8_OR_2 | NAMES_FS),
    [0xa1] = OPCODE(POP_SREG, SIZE_8_OR_2 | NAMES_FS),
    [0xa2] = OPCODE(CPUID, 0),
    [0xa8] = OPCODE(PUSH_SREG, SIZE_8_OR_2 | NAMES_GS),
    [0xa9] = OPCODE(POP_SREG, SIZE_8_OR_2 | NAMES_GS),
    [0xaa] = OPCODE(RSM, 0),
    [0xae] = GROUP(15, 0),
    [0xb9] = OPCODE(UD, MODRM),
    [0xc7] = GROUP(9, 0),
    [0xff] = OPCODE(UD, MODRM),
};

const struct opcode decode_0f38[DECODE_0F38_NR] = {
    OPCODE(VMX, MEMORY | NEED_66), /* invept */
    OPCODE(VMX, MEMORY | NEED_66), /* invvpid */
    OPCODE(INVPCID, MEMORY | NEED_66 | REG_GPR | SIZE_8),
};

const struct opcode decode_groups[][8] =
    {
        [GROUP_5] =
            {
                [3] = OPCODE(FAR_CALL, MEMORY),
                [5] = OPCODE(FAR_JMP, MEMORY),
            },
        [GROUP_6] =
            {
                [0] = OPCODE(SLDT, SIZE_2_IN_MEM),
                [1] = OPCODE(STR, SIZE_2_IN_MEM),
                [2] = OPCODE(LLDT, SIZE_2),
                [3] = OPCODE(LTR, SIZE_2),
            },
        [GROUP_7] =
            {
                [0] = OPCODE(SGDT, MEMORY | SIZE_8),
                [1] = OPCODE(SIDT, MEMORY | SIZE_8),
                [2] = OPCODE(LGDT, MEMORY | SIZE_8),
                [3] = OPCODE(LIDT, MEMORY | SIZE_8),
                [4] = OPCODE(SMSW, SIZE_2_IN_MEM),
                [6] = OPCODE(LMSW, SIZE_2),
                [7] = OPCODE(INVLPG, MEMORY),
            },
        [GROUP_9] =
            {
                [3] = OPCODE(XRSTORS, MEMORY | NO_PREFIX),
                [5] = OPCODE(XSAVES, MEMORY | NO_PREFIX),
                [6] = OPCODE(VMX, MEMORY), /* vmptrld, vmclear, vmxon */
                [7] = OPCODE(VMX, MEMORY), /* vmptrst */
            },
        [GROUP_11] =
            {
                [0] = OPCODE(MOV_STORE, MEMORY),
            },
        [GROUP_15] =
            {
                [0] = OPCODE(RDFSBASE, REGISTER | NEED_F3),
                [1] = OPCODE(RDGSBASE, REGISTER | NEED_F3),
                [2] = OPCODE(WRFSBASE, REGISTER | NEED_F3),
                [3] = OPCODE(WRGSBASE, REGISTER | NEED_F3),
            },
};

/* With a prefix, these are yet others, or undefined. */
const struct opcode decode_group_7_whole[64] = {
    [0x01] = OPCODE(VMCALL, NO_PREFIX),
    [0x02] = OPCODE(VMX, NO_PREFIX), /* vmlaunch */
    [0x03] = OPCODE(VMX, NO_PREFIX), /* vmresume */
    [0x04] = OPCODE(VMX, NO_PREFIX), /* vmxoff */
    [0x08] = OPCODE(MONITOR, NO_PREFIX),
    [0x09] = OPCODE(MWAIT, NO_PREFIX),
    [0x0a] = OPCODE(CLAC, NO_PREFIX),
    [0x0b] = OPCODE(STAC, NO_PREFIX),
    [0x11] = OPCODE(XSETBV, NO_PREFIX),
    [0x14] = OPCODE(VMX, NO_PREFIX), /* vmfunc */
    [0x18] = OPCODE(SVM, NO_PREFIX), /* vmrun */
    [0x19] = OPCODE(VMMCALL, NO_PREFIX),
    [0x1a] = OPCODE(SVM, NO_PREFIX), /* vmload */
    [0x1b] = OPCODE(SVM, NO_PREFIX), /* vmsave */
    [0x1c] = OPCODE(SVM, NO_PREFIX), /* stgi */
    [0x1d] = OPCODE(SVM, NO_PREFIX), /* clgi */
    [0x1e] = OPCODE(SVM, NO_PREFIX), /* skinit */
    [0x1f] = OPCODE(SVM, NO_PREFIX), /* invlpga */
    [0x2e] = OPCODE(RDPKRU, NO_PREFIX),
    [0x2f] = OPCODE(WRPKRU, NO_PREFIX),
    [0x38] = OPCODE(SWAPGS, NO_PREFIX),
    [0x39] = OPCODE(RDTSCP, NO_PREFIX),
};
