/* SPDX-License-Identifier: MIT
 *
 * The decoder against objdump: each instruction of decode_listing.S has the
 * operation that objdump's text for it names, and the same length.
 */
#include "tests/unit/unit.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hypervisor/x86/decode.h"
#include "lib/macros.h"

static const struct {
    const char *bytes; /* hexadecimal, separated by spaces */
    const char *text;
} listing[] = {
#include "decode_listing.inc"
};

/* objdump's mnemonics (AT&T), but those of mov. */
static const struct {
    const char *mnemonics; /* with a space after each */
    enum insn_op op;
} mnemonic_ops[] = {
    {"cli ", INSN_CLI},
    {"sti ", INSN_STI},
    {"hlt ", INSN_HLT},
    {"pushf pushfw ", INSN_PUSHF},
    {"popf popfw ", INSN_POPF},
    {"iret iretw iretl iretq ", INSN_IRET},
    {"int ", INSN_INT},
    {"int1 icebp ", INSN_INT1},
    {"int3 ", INSN_INT3},
    {"clac ", INSN_CLAC},
    {"stac ", INSN_STAC},
    {"in ", INSN_IN},
    {"out ", INSN_OUT},
    {"insb insw insl ", INSN_INS},
    {"outsb outsw outsl ", INSN_OUTS},
    {"clts ", INSN_CLTS},
    {"lmsw ", INSN_LMSW},
    {"smsw smswl smswq smsww ", INSN_SMSW},
    {"xsetbv ", INSN_XSETBV},
    {"rdpkru ", INSN_RDPKRU},
    {"wrpkru ", INSN_WRPKRU},
    {"rdmsr ", INSN_RDMSR},
    {"wrmsr ", INSN_WRMSR},
    {"rdtsc ", INSN_RDTSC},
    {"rdtscp ", INSN_RDTSCP},
    {"rdpmc ", INSN_RDPMC},
    {"cpuid ", INSN_CPUID},
    {"swapgs ", INSN_SWAPGS},
    {"rdfsbase ", INSN_RDFSBASE},
    {"rdgsbase ", INSN_RDGSBASE},
    {"wrfsbase ", INSN_WRFSBASE},
    {"wrgsbase ", INSN_WRGSBASE},
    {"lgdt ", INSN_LGDT},
    {"lidt ", INSN_LIDT},
    {"sgdt ", INSN_SGDT},
    {"sidt ", INSN_SIDT},
    {"lldt ", INSN_LLDT},
    {"ltr ", INSN_LTR},
    {"sldt ", INSN_SLDT},
    {"str ", INSN_STR},
    {"lcall ", INSN_FAR_CALL},
    {"ljmp ", INSN_FAR_JMP},
    {"lret lretw lretl lretq ", INSN_FAR_RET},
    {"invlpg ", INSN_INVLPG},
    {"invpcid ", INSN_INVPCID},
    {"invd ", INSN_INVD},
    {"wbinvd wbnoinvd ", INSN_WBINVD},
    {"monitor ", INSN_MONITOR},
    {"mwait ", INSN_MWAIT},
    {"syscall ", INSN_SYSCALL},
    {"sysretl sysretq ", INSN_SYSRET},
    {"sysenter ", INSN_SYSENTER},
    {"sysexitl sysexitq ", INSN_SYSEXIT},
    {"rsm ", INSN_RSM},
    {"xsaves xsaves64 ", INSN_XSAVES},
    {"xrstors xrstors64 ", INSN_XRSTORS},
    {"getsec ", INSN_GETSEC},
    {"vmcall ", INSN_VMCALL},
    {"vmmcall ", INSN_VMMCALL},
    {"vmlaunch vmresume vmxoff vmfunc vmptrld vmclear vmxon vmptrst vmread "
     "vmwrite invept invvpid ",
     INSN_VMX},
    {"vmrun vmload vmsave stgi clgi skinit invlpga ", INSN_SVM},
    {"ud0 ud1 ud2 ", INSN_UD},
};

/* The prefixes that objdump names as words of their own: "rex.WB ". */
static bool is_prefix(const char *word, size_t length)
{
    static const char prefixes[] =
        " data16 addr32 rep repz repnz lock cs ds es fs gs ss ";
    char spaced[16];

    if (strncmp(word, "rex", 3) == 0)
        return true;
    if (length == 0 || length + 3 > sizeof(spaced))
        return false;
    snprintf(spaced, sizeof(spaced), " %.*s ", (int)length, word);
    return strstr(prefixes, spaced) != NULL;
}

static const char *skip_prefixes(const char *text)
{
    size_t length;

    while (length = strcspn(text, " "), is_prefix(text, length))
        text += length + strspn(text + length, " ");
    return text;
}

/* "%cs", "%ds", "%es", "%fs", "%gs", "%ss" as an operand: no ':' follows. */
static const char *find_segment(const char *operands)
{
    const char *p = operands;

    while ((p = strchr(p, '%')) != NULL) {
        if (strchr("cdefgs", p[1]) != NULL && p[2] == 's' && p[3] != ':' &&
            !isalnum((unsigned char)p[3]))
            return p;
        p++;
    }
    return NULL;
}

/* The last operand: after the last comma outside of parentheses. */
static const char *destination(const char *operands)
{
    const char *last = operands;
    int depth = 0;

    for (const char *p = operands; *p != '\0'; p++) {
        depth += (*p == '(') - (*p == ')');
        if (*p == ',' && depth == 0)
            last = p + 1;
    }
    return last;
}

static enum insn_op mov_op(const char *operands)
{
    const char *to = destination(operands);
    const char *segment = find_segment(operands);

    if (strstr(operands, "%cr") != NULL)
        return strncmp(to, "%cr", 3) == 0 ? INSN_MOV_TO_CR : INSN_MOV_FROM_CR;
    if (strstr(operands, "%db") != NULL)
        return strncmp(to, "%db", 3) == 0 ? INSN_MOV_TO_DR : INSN_MOV_FROM_DR;
    if (segment != NULL)
        return segment == to ? INSN_MOV_TO_SREG : INSN_MOV_FROM_SREG;
    if (to[0] == '%' && strchr(to, ':') == NULL)
        return INSN_UNKNOWN; /* into a register */
    return INSN_MOV_STORE;
}

static enum insn_op expected_op(const char *text)
{
    char word[32];
    const char *operands;
    size_t length;

    text = skip_prefixes(text);
    length = strcspn(text, " ");
    operands = text + length + strspn(text + length, " ");
    assert_int_in_range(length, 1, sizeof(word) - 2);
    if (length >= 3 && length <= 4 && strncmp(text, "mov", 3) == 0 &&
        (length == 3 || strchr("bwlq", text[3]) != NULL))
        return mov_op(operands);
    if (strncmp(text, "push", length) == 0 && find_segment(operands) != NULL)
        return INSN_PUSH_SREG;
    if (strncmp(text, "pop", length) == 0 && find_segment(operands) != NULL)
        return INSN_POP_SREG;
    snprintf(word, sizeof(word), "%.*s ", (int)length, text);
    for (size_t i = 0; i < ARRAY_SIZE(mnemonic_ops); i++) {
        const char *found = strstr(mnemonic_ops[i].mnemonics, word);

        if (found == mnemonic_ops[i].mnemonics ||
            (found != NULL && found[-1] == ' '))
            return mnemonic_ops[i].op;
    }
    return INSN_UNKNOWN;
}

/* Returns how many bytes the text stands for. */
static size_t parse_bytes(const char *text, uint8_t *bytes)
{
    size_t nr = 0;
    char *end;

    for (; *text != '\0'; text = end + strspn(end, " ")) {
        assert_int_in_range(nr, 0, INSN_MAX_LENGTH - 1);
        bytes[nr++] = (uint8_t)strtoul(text, &end, 16);
    }
    return nr;
}

static void check_line(size_t line)
{
    /* Followed by what belongs to the next instructions. */
    uint8_t bytes[2 * INSN_MAX_LENGTH];
    enum insn_op op = expected_op(listing[line].text);
    struct insn insn;
    size_t length;

    memset(bytes, 0x90, sizeof(bytes));
    length = parse_bytes(listing[line].bytes, bytes);
    if (!insn_decode(bytes, sizeof(bytes), &insn) || insn.op != op ||
        insn.length != (op == INSN_UNKNOWN ? 0 : length))
        fail_msg("%s: %s: expected op %d length %zu, got op %d length %d",
                 listing[line].bytes, listing[line].text, op, length, insn.op,
                 insn.length);
}

static void test_listing(void **state)
{
    (void)state;
    for (size_t line = 0; line < ARRAY_SIZE(listing); line++)
        check_line(line);
}

/* The listing is what we think: no operation is missing from it. */
static void test_every_operation_is_listed(void **state)
{
    (void)state;
    for (enum insn_op op = 0; op <= INSN_MOV_STORE; op++) {
        size_t line = 0;

        while (line < ARRAY_SIZE(listing) &&
               expected_op(listing[line].text) != op)
            line++;
        assert_int_in_range(line, 0, ARRAY_SIZE(listing) - 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_listing),
        cmocka_unit_test(test_every_operation_is_listed),
    };

    return cmocka_run_group_tests_name("x86/decode listing", tests, NULL, NULL);
}
