/* SPDX-License-Identifier: MIT
 *
 * Hostile arguments to every hypercall that abi/hypercalls.def declares: a
 * u32 above 32 bits gives -EINVAL, a pointer into forbidden places -EFAULT.
 * What only one hypercall can get wrong is in that hypercall's own test.
 */
#include "abi/stubs.h"
#include "lib/macros.h"
#include "tests/kernels/lib/hctable.h"
#include "tests/kernels/lib/hostile.h"
#include "tests/kernels/lib/test.h"

MG_TEST(arguments);

/* How many bytes lie behind a call's pointer when its length is count. */
struct pointer_rule {
    uint64_t number;
    size_t size, alignment;
    uint64_t count; /* for every other argument */
};

static const struct pointer_rule rules[] = {
    {PARAPET_HC_console_write, 16, 1, 16},
    {PARAPET_HC_multicall, sizeof(struct parapet_multicall_entry), 8, 1},
    {PARAPET_HC_set_trap_table, sizeof(struct parapet_trap), 1, 1},
    {PARAPET_HC_console_read, 16, 1, 16},
};

static const struct pointer_rule *rule_of(const struct mg_hypercall *hc)
{
    for (size_t i = 0; i < ARRAY_SIZE(rules); i++) {
        if (rules[i].number == hc->number)
            return &rules[i];
    }
    mg_error("say in arguments.c how large %s's object is", hc->name);
}

static void check_u32(const struct mg_hypercall *hc, size_t position)
{
    static const uint64_t values[] = {0x100000000, 0x8000000000000000,
                                      0xffffffff00000000};

    for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
        uint64_t args[6] = {0};
        int64_t result;

        args[position] = values[i];
        result = mg_hypercall(hc->number, args);
        if (result != -PARAPET_EINVAL)
            mg_failure("%s: argument %zu is %#lx: expected -EINVAL, got %ld",
                       hc->name, position, values[i], result);
    }
}

struct pointer_case {
    const struct mg_hypercall *hc;
    const struct pointer_rule *rule;
    size_t position;
};

static int64_t call_with(uint64_t vaddr, void *data)
{
    const struct pointer_case *c = data;
    uint64_t args[6];

    for (size_t i = 0; i < ARRAY_SIZE(args); i++)
        args[i] = i == c->position ? vaddr : c->rule->count;
    return mg_hypercall(c->hc->number, args);
}

static void check_pointer(const struct mg_hypercall *hc, size_t position,
                          enum mg_access access)
{
    struct pointer_case c = {hc, rule_of(hc), position};
    struct mg_object object = {hc->name, access, c.rule->size,
                               c.rule->alignment};

    mg_hostile_check(&object, call_with, &c);
}

static void check_argument(const struct mg_hypercall *hc, size_t position)
{
    switch (hc->types[position]) {
    case MG_HC_u32:
        check_u32(hc, position);
        break;
    case MG_HC_in:
        check_pointer(hc, position, MG_ACCESS_READ);
        break;
    case MG_HC_out:
    case MG_HC_inout:
        check_pointer(hc, position, MG_ACCESS_WRITE);
        break;
    default: /* any value is a good one, or a matter of the call's own test */
        break;
    }
}

void test_main(void)
{
    for (size_t i = 0; i < mg_nr_hypercalls; i++) {
        for (size_t position = 0; position < 6; position++)
            check_argument(&mg_hypercalls[i], position);
    }
}
