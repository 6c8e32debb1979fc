/* SPDX-License-Identifier: MIT
 *
 * The decoder: every field of known encodings, written as text by
 * describe(), effective addresses, and input that is cut short or random.
 */
#include "tests/unit/unit.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hypervisor/x86/decode.h"
#include "lib/macros.h"

static const char *const op_names[] = {
    [INSN_UNKNOWN] = "unknown",
    [INSN_UD] = "ud",
    [INSN_CLI] = "cli",
    [INSN_STI] = "sti",
    [INSN_HLT] = "hlt",
    [INSN_PUSHF] = "pushf",
    [INSN_POPF] = "popf",
    [INSN_IRET] = "iret",
    [INSN_INT] = "int",
    [INSN_INT1] = "int1",
    [INSN_INT3] = "int3",
    [INSN_CLAC] = "clac",
    [INSN_STAC] = "stac",
    [INSN_IN] = "in",
    [INSN_OUT] = "out",
    [INSN_INS] = "ins",
    [INSN_OUTS] = "outs",
    [INSN_MOV_FROM_CR] = "mov-from-cr",
    [INSN_MOV_TO_CR] = "mov-to-cr",
    [INSN_MOV_FROM_DR] = "mov-from-dr",
    [INSN_MOV_TO_DR] = "mov-to-dr",
    [INSN_CLTS] = "clts",
    [INSN_LMSW] = "lmsw",
    [INSN_SMSW] = "smsw",
    [INSN_XSETBV] = "xsetbv",
    [INSN_RDPKRU] = "rdpkru",
    [INSN_WRPKRU] = "wrpkru",
    [INSN_RDMSR] = "rdmsr",
    [INSN_WRMSR] = "wrmsr",
    [INSN_RDTSC] = "rdtsc",
    [INSN_RDTSCP] = "rdtscp",
    [INSN_RDPMC] = "rdpmc",
    [INSN_CPUID] = "cpuid",
    [INSN_SWAPGS] = "swapgs",
    [INSN_RDFSBASE] = "rdfsbase",
    [INSN_RDGSBASE] = "rdgsbase",
    [INSN_WRFSBASE] = "wrfsbase",
    [INSN_WRGSBASE] = "wrgsbase",
    [INSN_LGDT] = "lgdt",
    [INSN_LIDT] = "lidt",
    [INSN_SGDT] = "sgdt",
    [INSN_SIDT] = "sidt",
    [INSN_LLDT] = "lldt",
    [INSN_LTR] = "ltr",
    [INSN_SLDT] = "sldt",
    [INSN_STR] = "str",
    [INSN_MOV_FROM_SREG] = "mov-from-sreg",
    [INSN_MOV_TO_SREG] = "mov-to-sreg",
    [INSN_PUSH_SREG] = "push-sreg",
    [INSN_POP_SREG] = "pop-sreg",
    [INSN_FAR_CALL] = "far-call",
    [INSN_FAR_JMP] = "far-jmp",
    [INSN_FAR_RET] = "far-ret",
    [INSN_INVLPG] = "invlpg",
    [INSN_INVPCID] = "invpcid",
    [INSN_INVD] = "invd",
    [INSN_WBINVD] = "wbinvd",
    [INSN_MONITOR] = "monitor",
    [INSN_MWAIT] = "mwait",
    [INSN_SYSCALL] = "syscall",
    [INSN_SYSRET] = "sysret",
    [INSN_SYSENTER] = "sysenter",
    [INSN_SYSEXIT] = "sysexit",
    [INSN_RSM] = "rsm",
    [INSN_XSAVES] = "xsaves",
    [INSN_XRSTORS] = "xrstors",
    [INSN_GETSEC] = "getsec",
    [INSN_VMCALL] = "vmcall",
    [INSN_VMMCALL] = "vmmcall",
    [INSN_VMX] = "vmx",
    [INSN_SVM] = "svm",
    [INSN_MOV_STORE] = "mov-store",
};

/* What an operation's text says besides the operands. */
enum details { NOTHING, SIZE = 1, SPECIAL = 2 };

static const uint8_t op_details[ARRAY_SIZE(op_names)] = {
    [INSN_PUSHF] = SIZE,
    [INSN_POPF] = SIZE,
    [INSN_IRET] = SIZE,
    [INSN_IN] = SIZE,
    [INSN_OUT] = SIZE,
    [INSN_INS] = SIZE,
    [INSN_OUTS] = SIZE,
    [INSN_MOV_FROM_CR] = SIZE | SPECIAL,
    [INSN_MOV_TO_CR] = SIZE | SPECIAL,
    [INSN_MOV_FROM_DR] = SIZE | SPECIAL,
    [INSN_MOV_TO_DR] = SIZE | SPECIAL,
    [INSN_LMSW] = SIZE,
    [INSN_SMSW] = SIZE,
    [INSN_RDFSBASE] = SIZE,
    [INSN_RDGSBASE] = SIZE,
    [INSN_WRFSBASE] = SIZE,
    [INSN_WRGSBASE] = SIZE,
    [INSN_LLDT] = SIZE,
    [INSN_LTR] = SIZE,
    [INSN_SLDT] = SIZE,
    [INSN_STR] = SIZE,
    [INSN_MOV_FROM_SREG] = SIZE | SPECIAL,
    [INSN_MOV_TO_SREG] = SIZE | SPECIAL,
    [INSN_PUSH_SREG] = SIZE | SPECIAL,
    [INSN_POP_SREG] = SIZE | SPECIAL,
    [INSN_FAR_CALL] = SIZE,
    [INSN_FAR_JMP] = SIZE,
    [INSN_FAR_RET] = SIZE,
    [INSN_SYSRET] = SIZE,
    [INSN_SYSEXIT] = SIZE,
    [INSN_MOV_STORE] = SIZE,
};

/*
 * The bytes, and what describe() says of them:
 *
 *      NAME LENGTH [:SIZE] [#SPECIAL] [rREG[h]] [dx] [$IMMEDIATE] [rep|repne]
 *      [[a32] [fs:|gs:] [rBASE|rip] [rINDEX*SCALE] +-DISPLACEMENT]
 *
 * with numbers in decimal except the immediate and the displacement.
 */
static const struct {
    const char *bytes;
    const char *text;
} cases[] = {
#include "tests/unit/decode_cases.inc"
};

struct text {
    char chars[128];
    size_t length;
};

__attribute__((format(printf, 2, 3))) static void
append(struct text *text, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    text->length +=
        (size_t)vsnprintf(text->chars + text->length,
                          sizeof(text->chars) - text->length, format, args);
    va_end(args);
    assert_int_in_range(text->length, 0, sizeof(text->chars) - 1);
}

static void describe_memory(struct text *text, const struct insn *insn)
{
    const struct insn_memory *memory = &insn->memory;
    int64_t displacement = memory->displacement;

    append(text, " [");
    if (insn->address_size == 4)
        append(text, "a32 ");
    if (memory->segment != INSN_DS)
        append(text, memory->segment == INSN_FS ? "fs:" : "gs:");
    if (memory->base == INSN_RIP)
        append(text, "rip ");
    else if (memory->base != INSN_NO_REG)
        append(text, "r%u ", memory->base);
    if (memory->index != INSN_NO_REG)
        append(text, "r%u*%u ", memory->index, memory->scale);
    append(text, "%c%llx]", displacement < 0 ? '-' : '+',
           (unsigned long long)llabs(displacement));
}

static void describe_operands(struct text *text, const struct insn *insn)
{
    if ((op_details[insn->op] & SIZE) != 0)
        append(text, " :%u", insn->operand_size);
    if ((op_details[insn->op] & SPECIAL) != 0)
        append(text, " #%u", insn->special);
    if (insn->reg != INSN_NO_REG)
        append(text, " r%u%s", insn->reg, insn->high_byte ? "h" : "");
    if (insn->uses_dx)
        append(text, " dx");
    if (insn->has_immediate)
        append(text, " $%llx", (unsigned long long)insn->immediate);
    if (insn->rep != INSN_NO_REP)
        append(text, insn->rep == INSN_REP ? " rep" : " repne");
    if (insn->has_memory)
        describe_memory(text, insn);
}

/* What decode.h says is not set for these operations is left alone. */
static bool has_no_fields(const struct insn *insn)
{
    return insn->op == INSN_CLI || insn->op == INSN_STI ||
           insn->op == INSN_HLT || insn->op == INSN_RDMSR ||
           insn->op == INSN_WRMSR;
}

static bool moves_control_register(const struct insn *insn)
{
    return insn->op == INSN_MOV_FROM_CR || insn->op == INSN_MOV_TO_CR;
}

static void describe(struct text *text, const struct insn *insn)
{
    text->length = 0;
    append(text, "%s %u", op_names[insn->op], insn->length);
    if (insn->op == INSN_UNKNOWN || insn->op == INSN_UD || has_no_fields(insn))
        return;
    if (moves_control_register(insn))
        append(text, " :%u #%u r%u", insn->operand_size, insn->special,
               insn->reg);
    else
        describe_operands(text, insn);
}

/* Returns how many bytes the text stands for. */
static size_t parse_bytes(const char *text, uint8_t bytes[INSN_MAX_LENGTH])
{
    size_t nr = 0;
    char *end;

    for (; *text != '\0'; text = end + strspn(end, " ")) {
        assert_int_in_range(nr, 0, INSN_MAX_LENGTH - 1);
        bytes[nr++] = (uint8_t)strtoul(text, &end, 16);
    }
    return nr;
}

/* Decodes a copy of nr bytes that the sanitizer guards on both sides. */
static bool decode_guarded(const uint8_t *bytes, size_t nr, struct insn *insn)
{
    uint8_t *copy = malloc(nr);
    bool whole;

    assert_true(copy != NULL || nr == 0);
    memset(insn, 0xa5, sizeof(*insn));
    if (nr > 0)
        memcpy(copy, bytes, nr);
    whole = insn_decode(copy, nr, insn);
    free(copy);
    return whole;
}

static void test_cases(void **state)
{
    uint8_t bytes[INSN_MAX_LENGTH];
    struct insn insn;
    struct text text;

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        size_t nr = parse_bytes(cases[i].bytes, bytes);

        if (!decode_guarded(bytes, nr, &insn))
            fail_msg("%s: expected a whole instruction", cases[i].bytes);
        assert_false(insn.truncated);
        describe(&text, &insn);
        if (strcmp(text.chars, cases[i].text) != 0)
            fail_msg("%s: expected %s, got %s", cases[i].bytes, cases[i].text,
                     text.chars);
        if (insn.op != INSN_UNKNOWN)
            assert_int_equal(insn.length, nr);
    }
}

/* Every known instruction, cut at every length, asks for more. */
static void test_truncated(void **state)
{
    uint8_t bytes[INSN_MAX_LENGTH];
    struct insn insn;

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        size_t nr = parse_bytes(cases[i].bytes, bytes);

        if (strncmp(cases[i].text, "unknown", 7) == 0)
            continue;
        for (size_t cut = 0; cut < nr; cut++) {
            if (decode_guarded(bytes, cut, &insn))
                fail_msg("%s: whole with %zu bytes", cases[i].bytes, cut);
            assert_true(insn.truncated);
            assert_int_equal(insn.op, INSN_UNKNOWN);
            assert_int_equal(insn.length, 0);
        }
    }
}

/* An instruction with prefixes in front, so that it is length bytes long. */
static bool decode_padded(const uint8_t *insn_bytes, size_t nr, size_t length,
                          size_t given, struct insn *insn)
{
    uint8_t bytes[2 * INSN_MAX_LENGTH];

    memset(bytes, 0x2e, sizeof(bytes));
    memcpy(bytes + length - nr, insn_bytes, nr);
    return decode_guarded(bytes, given, insn);
}

static void test_too_long(void **state)
{
    static const uint8_t cli[] = {0xfa};
    static const uint8_t store[] = {0x48, 0xc7, 0x80, 1, 0, 0, 0, 2, 0, 0, 0};
    struct insn insn;

    (void)state;
    assert_true(decode_padded(cli, sizeof(cli), 15, 15, &insn));
    assert_int_equal(insn.op, INSN_CLI);
    assert_int_equal(insn.length, 15);
    assert_true(decode_padded(store, sizeof(store), 15, 20, &insn));
    assert_int_equal(insn.op, INSN_MOV_STORE);
    assert_int_equal(insn.length, 15);

    for (size_t given = 15; given <= 20; given++) {
        assert_false(decode_padded(cli, sizeof(cli), 16, given, &insn));
        assert_false(insn.truncated);
        assert_false(decode_padded(store, sizeof(store), 16, given, &insn));
        assert_false(insn.truncated);
        assert_int_equal(insn.op, INSN_UNKNOWN);
    }
    /* With fewer bytes than that, it may still become one. */
    assert_false(decode_padded(cli, sizeof(cli), 16, 14, &insn));
    assert_true(insn.truncated);
}

/* General register n has the value 1000h * (n + 1), and r15 is negative. */
static const uint64_t gprs[16] = {
    0x1000, 0x2000, 0x3000, 0x4000, 0x5000, 0x6000, 0x7000, 0x8000,
    0x9000, 0xa000, 0xb000, 0xc000, 0xd000, 0xe000, 0xf000, (uint64_t)-16,
};

#define RIP 0xffffffff80001000
#define FS_BASE 0x7f0000000000
#define GS_BASE 0xffff880000000000

static void test_effective_vaddr(void **state)
{
    static const struct {
        const char *bytes;
        uint64_t vaddr;
    } operands[] = {
        {"0f 01 38", 0x1000},
        {"0f 01 3c 24", 0x5000},
        {"0f 01 7d f8", 0x5ff8},
        {"41 0f 01 3c 24", 0xd000},
        {"41 0f 01 7d 08", 0xe008},
        {"0f 01 3c 98", 0x1000 + 4 * 0x4000}, /* (%rax,%rbx,4) */
        {"42 0f 01 3c f8", 0x1000 - 8 * 16},  /* (%rax,%r15,8) */
        {"0f 01 3c 25 34 12 00 00", 0x1234},
        {"0f 01 3c 25 00 f0 ff ff", (uint64_t)-0x1000},
        {"0f 01 3c c5 10 00 00 00", 0x8010}, /* 0x10(,%rax,8) */
        {"0f 01 3d 10 00 00 00", RIP + 7 + 0x10},
        {"65 0f 01 3d f0 ff ff ff", GS_BASE + RIP + 8 - 0x10},
        {"64 0f 01 38", FS_BASE + 0x1000},
        {"65 0f 01 3c 25 08 00 00 00", GS_BASE + 8},
        {"2e 0f 01 38", 0x1000},
        {"67 41 0f 01 3f", 0xfffffff0}, /* (%r15d) */
        {"64 67 41 0f 01 3f", FS_BASE + 0xfffffff0},
        {"67 0f 01 3d 10 00 00 00", 0x80001018}, /* 0x10(%eip) */
        {"67 42 0f 01 7c 38 20", 0x1010},        /* 0x20(%eax,%r15d) */
        {"48 c7 05 10 00 00 00 01 00 00 00", RIP + 11 + 0x10},
        {"6c", 0x8000},
        {"64 6c", 0x8000}, /* es:rdi always */
        {"6e", 0x7000},
        {"64 6e", FS_BASE + 0x7000},
    };
    uint8_t bytes[INSN_MAX_LENGTH];
    struct insn insn;

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(operands); i++) {
        size_t nr = parse_bytes(operands[i].bytes, bytes);
        uint64_t vaddr;

        assert_true(decode_guarded(bytes, nr, &insn));
        assert_true(insn.has_memory);
        vaddr = insn_effective_vaddr(&insn, gprs, RIP, FS_BASE, GS_BASE);
        if (vaddr != operands[i].vaddr)
            fail_msg("%s: expected %#llx, got %#llx", operands[i].bytes,
                     (unsigned long long)operands[i].vaddr,
                     (unsigned long long)vaddr);
    }
}

static void test_store_value(void **state)
{
    static const uint64_t values[16] = {
        [0] = 0x1122334455667788, /* rax */
        [4] = 0xf0e0d0c0b0a09080, /* rsp */
        [9] = 0xffffffffffffff42, /* r9 */
    };
    static const struct {
        const char *bytes;
        uint64_t value;
    } stores[] = {
        {"88 01", 0x88},                   /* al */
        {"88 21", 0x77},                   /* ah */
        {"40 88 21", 0x80},                /* spl */
        {"44 88 09", 0x42},                /* r9b */
        {"66 89 01", 0x7788},              /* ax */
        {"89 01", 0x55667788},             /* eax */
        {"48 89 01", 0x1122334455667788},  /* rax */
        {"44 89 09", 0xffffff42},          /* r9d */
        {"48 89 21", 0xf0e0d0c0b0a09080},  /* rsp */
        {"c6 01 ff", 0xff},                /* imm8 */
        {"66 c7 01 fe ff", 0xfffe},        /* imm16 */
        {"c7 01 fe ff ff ff", 0xfffffffe}, /* imm32 */
        {"48 c7 01 fe ff ff ff", (uint64_t)-2},
        {"48 c7 01 01 00 00 00", 1},
    };
    uint8_t bytes[INSN_MAX_LENGTH];
    struct insn insn;

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(stores); i++) {
        size_t nr = parse_bytes(stores[i].bytes, bytes);

        assert_true(decode_guarded(bytes, nr, &insn));
        assert_int_equal(insn.op, INSN_MOV_STORE);
        if (insn_store_value(&insn, values) != stores[i].value)
            fail_msg("%s: expected %#llx, got %#llx", stores[i].bytes,
                     (unsigned long long)stores[i].value,
                     (unsigned long long)insn_store_value(&insn, values));
    }
}

/* Random bytes, with many of those that lead deeper into the decoder. */
static void make_random(uint8_t *bytes, size_t nr, uint64_t *seed)
{
    static const uint8_t telling[] = {
        0x0f, 0x0f, 0x0f, 0x66, 0x67, 0xf0, 0xf2, 0xf3, 0x64, 0x65,
        0x40, 0x48, 0x4f, 0x01, 0x00, 0x20, 0x22, 0x38, 0x82, 0xae,
        0xc7, 0xc6, 0x88, 0x89, 0xff, 0x8e, 0x04, 0x25, 0x3c, 0xca,
    };

    for (size_t i = 0; i < nr; i++) {
        uint64_t random = unit_random(seed);

        if (random % 2 == 0)
            bytes[i] = (uint8_t)(random >> 32);
        else
            bytes[i] = telling[(random >> 32) % ARRAY_SIZE(telling)];
    }
}

/* What follows from the first length bytes alone is all there is to say. */
static void check_length_is_exact(const uint8_t *bytes, const struct insn *insn)
{
    struct insn again, shorter;
    struct text text, text_again;

    assert_true(decode_guarded(bytes, insn->length, &again));
    describe(&text, insn);
    describe(&text_again, &again);
    assert_string_equal(text.chars, text_again.chars);
    assert_false(decode_guarded(bytes, insn->length - 1u, &shorter));
    assert_true(shorter.truncated);
}

static void check_fields(const struct insn *insn)
{
    const struct insn_memory *memory = &insn->memory;

    if (has_no_fields(insn))
        return;
    assert_int_in_range(insn->reg, 0, INSN_NO_REG);
    assert_int_not_equal(insn->reg, INSN_RIP);
    assert_int_in_range(insn->special, 0, 15);
    if (moves_control_register(insn))
        return;
    assert_int_in_range(memory->base, 0, INSN_NO_REG);
    assert_int_in_range(memory->index, 0, INSN_NO_REG);
    assert_int_not_equal(memory->index, INSN_RIP);
    assert_int_in_range(memory->segment, INSN_DS, INSN_GS);
    assert_true(memory->scale == 1 || memory->scale == 2 ||
                memory->scale == 4 || memory->scale == 8);
    (void)insn_effective_vaddr(insn, gprs, RIP, FS_BASE, GS_BASE);
    if (insn->op == INSN_MOV_STORE)
        (void)insn_store_value(insn, gprs);
}

static void test_random(void **state)
{
    uint8_t bytes[20];
    uint64_t seed = 0x9e3779b97f4a7c15;
    size_t nr_known = 0;
    struct insn insn;

    (void)state;
    for (int i = 0; i < 1000000; i++) {
        size_t nr = unit_random(&seed) % (sizeof(bytes) + 1);
        bool whole;

        make_random(bytes, nr, &seed);
        whole = decode_guarded(bytes, nr, &insn);
        assert_int_in_range(insn.op, 0, ARRAY_SIZE(op_names) - 1);
        assert_int_in_range(insn.length, 0, MIN(nr, INSN_MAX_LENGTH));
        assert_int_equal(insn.truncated, !whole && nr < INSN_MAX_LENGTH);
        assert_int_equal(insn.length == 0, insn.op == INSN_UNKNOWN);
        if (insn.op == INSN_UNKNOWN)
            continue;
        assert_true(whole);
        check_length_is_exact(bytes, &insn);
        check_fields(&insn);
        nr_known++;
    }
    /* Otherwise this test would look at little. */
    assert_int_in_range(nr_known, 100000, 1000000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cases),
        cmocka_unit_test(test_truncated),
        cmocka_unit_test(test_too_long),
        cmocka_unit_test(test_effective_vaddr),
        cmocka_unit_test(test_store_value),
        cmocka_unit_test(test_random),
    };

    return cmocka_run_group_tests_name("x86/decode", tests, NULL, NULL);
}
