/* SPDX-License-Identifier: MIT */
#include "tests/kernels/lib/hctable.h"

#include "abi/stubs.h"
#include "lib/macros.h"
#include "lib/string.h"

#define TYPE(n, type, name) MG_HC_##type,
#define PARAPET_HYPERCALL(nr, name, flags, errors, brief, ...)                 \
    {nr, #name, flags, {PARAPET_ARGS(TYPE, ##__VA_ARGS__)}, errors},

const struct mg_hypercall mg_hypercalls[] = {
#include "abi/hypercalls.def"
};
#undef PARAPET_HYPERCALL

const size_t mg_nr_hypercalls = ARRAY_SIZE(mg_hypercalls);

const struct mg_hypercall *mg_hypercall_find(uint64_t number)
{
    for (size_t i = 0; i < mg_nr_hypercalls; i++) {
        if (mg_hypercalls[i].number == number)
            return &mg_hypercalls[i];
    }
    return NULL;
}

/* By number. */
static const char *const error_names[] = {
#define PARAPET_ERROR(number, name, text) [number] = #name,
#include "abi/errors.def"
#undef PARAPET_ERROR
};

const char *mg_error_name(int64_t error)
{
    if (error < 0 || error >= (int64_t)ARRAY_SIZE(error_names) ||
        !error_names[error])
        return "no error of abi/errors.def";
    return error_names[error];
}

static bool has_word(const char *text, const char *word)
{
    size_t size = strlen(word);

    while (*text) {
        size_t end = 0;

        while (text[end] && text[end] != ' ')
            end++;
        if (end == size && memcmp(text, word, size) == 0)
            return true;
        text += text[end] ? end + 1 : end;
    }
    return false;
}

bool mg_hypercall_can_return(const struct mg_hypercall *hc, int64_t result)
{
    return result >= 0 || has_word(hc->errors, mg_error_name(-result));
}

bool mg_hypercall_is_forbidden(const struct mg_hypercall *hc)
{
    return (hc->flags & HC_CONTROL) &&
           hypercall_machine_info(NULL) == -PARAPET_EPERM;
}

int64_t mg_hypercall(uint64_t number, const uint64_t args[6])
{
    return hypercall_raw(number, args[0], args[1], args[2], args[3], args[4],
                         args[5]);
}

int64_t mg_hypercall_by_page(uint64_t number, const uint64_t args[6])
{
    register uint64_t r10 __asm__("r10") = args[3];
    register uint64_t r8 __asm__("r8") = args[4];
    register uint64_t r9 __asm__("r9") = args[5];
    int64_t result;

    __asm__ volatile("add $parapet_hypercall_page, %%rax\n\tcall *%%rax"
                     : "=a"(result)
                     : "0"(number * PARAPET_HYPERCALL_ENTRY_SIZE), "D"(args[0]),
                       "S"(args[1]), "d"(args[2]), "r"(r10), "r"(r8), "r"(r9)
                     : "rcx", "r11", "memory", "cc");
    return result;
}
