/* SPDX-License-Identifier: MIT
 *
 * Decodes the instructions that a guest kernel may trap with: privileged
 * ones, the sensitive ones around them, and plain stores (for emulating a
 * write to a page table). 64-bit mode only. Pure: bytes in, a struct out; no
 * knowledge of vCPUs, guests or what any instruction does.
 */
#ifndef HYPERVISOR_X86_DECODE_H
#define HYPERVISOR_X86_DECODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum insn_op {
    INSN_UNKNOWN, /* anything not in this list */
    INSN_UD,      /* undefined: ud0, ud1, ud2, or a bad form of the others */

    INSN_CLI,
    INSN_STI,
    INSN_HLT,
    INSN_PUSHF,
    INSN_POPF,
    INSN_IRET,
    INSN_INT, /* immediate is the vector */
    INSN_INT1,
    INSN_INT3,
    INSN_CLAC,
    INSN_STAC,

    INSN_IN, /* port in immediate, or in dx: uses_dx */
    INSN_OUT,
    INSN_INS, /* port in dx; memory is the string operand; see rep */
    INSN_OUTS,

    INSN_MOV_FROM_CR, /* reg = CR[special] */
    INSN_MOV_TO_CR,
    INSN_MOV_FROM_DR,
    INSN_MOV_TO_DR,
    INSN_CLTS,
    INSN_LMSW, /* reg or memory, as for the descriptor tables below */
    INSN_SMSW,
    INSN_XSETBV,
    INSN_RDPKRU,
    INSN_WRPKRU,

    INSN_RDMSR,
    INSN_WRMSR,
    INSN_RDTSC,
    INSN_RDTSCP,
    INSN_RDPMC,
    INSN_CPUID,
    INSN_SWAPGS,
    INSN_RDFSBASE,
    INSN_RDGSBASE,
    INSN_WRFSBASE,
    INSN_WRGSBASE,

    INSN_LGDT,
    INSN_LIDT,
    INSN_SGDT,
    INSN_SIDT,
    INSN_LLDT,
    INSN_LTR,
    INSN_SLDT,
    INSN_STR,
    INSN_MOV_FROM_SREG, /* the segment register is special, an enum insn_sreg */
    INSN_MOV_TO_SREG,
    INSN_PUSH_SREG,
    INSN_POP_SREG,
    INSN_FAR_CALL, /* memory holds the far pointer */
    INSN_FAR_JMP,
    INSN_FAR_RET, /* immediate is how many bytes to release, mostly 0 */

    INSN_INVLPG,
    INSN_INVPCID, /* reg is the type, memory the descriptor */
    INSN_INVD,
    INSN_WBINVD, /* and wbnoinvd */

    INSN_MONITOR,
    INSN_MWAIT,
    INSN_SYSCALL,
    INSN_SYSRET, /* operand_size is 8 or less */
    INSN_SYSENTER,
    INSN_SYSEXIT,
    INSN_RSM,
    INSN_XSAVES,
    INSN_XRSTORS,
    INSN_GETSEC,
    INSN_VMCALL,
    INSN_VMMCALL,
    INSN_VMX, /* any other instruction of Intel's virtualization */
    INSN_SVM, /* and of AMD's */

    INSN_MOV_STORE, /* memory = reg or immediate: insn_store_value() */
};

/* As instructions encode them. General registers go by rax = 0, rcx, rdx,
 * rbx, rsp, rbp, rsi, rdi, r8 ... r15 = 15. */
enum insn_sreg { INSN_ES, INSN_CS, INSN_SS, INSN_DS, INSN_FS, INSN_GS };

#define INSN_RSI 6
#define INSN_RDI 7
#define INSN_RIP 16
#define INSN_NO_REG 17

#define INSN_MAX_LENGTH 15

enum insn_rep { INSN_NO_REP, INSN_REPNE, INSN_REP };

/* segment:[base + index * scale + displacement] */
struct insn_memory {
    uint8_t base;    /* general register, INSN_RIP or INSN_NO_REG */
    uint8_t index;   /* general register or INSN_NO_REG */
    uint8_t scale;   /* 1, 2, 4 or 8 */
    uint8_t segment; /* INSN_FS or INSN_GS, or INSN_DS for all that are flat */
    int32_t displacement;
};

/*
 * The operations that must be fast have only these fields set: INSN_CLI,
 * INSN_STI, INSN_HLT, INSN_RDMSR, INSN_WRMSR and INSN_UNKNOWN op, length and
 * truncated; moves from and to control registers operand_size, reg and special
 * as well.
 */
struct insn {
    uint8_t op;           /* enum insn_op */
    uint8_t length;       /* in bytes; 0 if unknown */
    bool truncated;       /* the decoder wanted more bytes than there were */
    uint8_t operand_size; /* 1, 2, 4 or 8 bytes, where op has sizes */
    uint8_t address_size; /* 4 or 8 bytes */
    uint8_t rep;          /* enum insn_rep: of ins and outs */
    uint8_t reg;          /* the general register operand, or INSN_NO_REG */
    bool high_byte;       /* reg means its bits 8 to 15: ah, ch, dh or bh */
    uint8_t special;      /* number of the control, debug, segment register */
    bool uses_dx;         /* the port is in dx */
    bool has_memory;
    bool has_immediate;
    struct insn_memory memory;
    uint64_t immediate; /* zero-extended, but of a store sign-extended */
};

/*
 * Decodes the instruction at the start of bytes, of which it reads at most
 * nr_bytes. Returns true with op and length, or with INSN_UNKNOWN. Returns
 * false if bytes ends within an instruction (truncated is set), or if the
 * instruction is longer than INSN_MAX_LENGTH (truncated is clear; a processor
 * raises #GP).
 */
bool insn_decode(const uint8_t *bytes, size_t nr_bytes, struct insn *insn);

/*
 * Where the memory operand lies. gprs in encoding order; rip is the address
 * of the instruction itself. The result may be non-canonical.
 */
uint64_t insn_effective_vaddr(const struct insn *insn, const uint64_t gprs[16],
                              uint64_t rip, uint64_t fs_base, uint64_t gs_base);

/* What an INSN_MOV_STORE stores, in the low operand_size bytes; above: 0. */
uint64_t insn_store_value(const struct insn *insn, const uint64_t gprs[16]);

#endif
