/* SPDX-License-Identifier: MIT
 *
 * Reads just enough of a flattened device tree (Devicetree Specification 0.4,
 * chapter 5) to find the one property called "bootargs". The tree comes from
 * the hypervisor and is read-only, so it is believed.
 */
#include "tests/kernels/lib/bootargs.h"

#include <stdint.h>

#include "lib/macros.h"
#include "lib/string.h"

enum fdt_token {
    FDT_BEGIN_NODE = 1,
    FDT_END_NODE = 2,
    FDT_PROP = 3,
    FDT_NOP = 4,
    FDT_END = 9,
};

/* Words of the header. */
enum { FDT_STRUCT_OFFSET = 2, FDT_STRINGS_OFFSET = 3 };

#define NONCE "nonce="

/* A bundle takes no longer ones. */
static char bootargs[1024];
static const char *nonce = "";

static uint32_t big_endian(const uint32_t *word)
{
    return __builtin_bswap32(*word);
}

static const uint32_t *skip_bytes(const uint32_t *word, size_t bytes)
{
    return word + (bytes + 3) / 4;
}

static const char *find_bootargs(const uint32_t *word, const char *strings)
{
    for (;;) {
        switch (big_endian(word++)) {
        case FDT_BEGIN_NODE:
            word = skip_bytes(word, strlen((const char *)word) + 1);
            break;
        case FDT_PROP:
            if (strcmp(strings + big_endian(word + 1), "bootargs") == 0)
                return (const char *)(word + 2);
            word = skip_bytes(word + 2, big_endian(word));
            break;
        case FDT_END_NODE:
        case FDT_NOP:
            break;
        default: /* FDT_END */
            return "";
        }
    }
}

/* The nonce is the last word, and no business of the test's. */
static void set_bootargs(const char *all)
{
    const char *last = strrchr(all, ' ');
    size_t length = strlen(all);

    last = last ? last + 1 : all;
    if (strncmp(last, NONCE, strlen(NONCE)) == 0) {
        nonce = last + strlen(NONCE);
        length = last == all ? 0 : (size_t)(last - all) - 1;
    }
    length = MIN(length, sizeof(bootargs) - 1);
    memcpy(bootargs, all, length);
    bootargs[length] = '\0';
}

void mg_bootargs_init(const void *dtb)
{
    const uint32_t *header = dtb;
    const char *bytes = dtb;
    const char *structure = bytes + big_endian(header + FDT_STRUCT_OFFSET);

    set_bootargs(
        find_bootargs((const uint32_t *)(const void *)structure,
                      bytes + big_endian(header + FDT_STRINGS_OFFSET)));
}

const char *mg_bootargs(void)
{
    return bootargs;
}

const char *mg_nonce(void)
{
    return nonce;
}

bool mg_variant(const char *name)
{
    size_t length = strlen(name);

    return strncmp(bootargs, name, length) == 0 &&
           (bootargs[length] == '\0' || bootargs[length] == ' ');
}

/* Where the value of the word begins; NULL: there is no such word. */
static const char *find_value(const char *name)
{
    size_t length = strlen(name);
    const char *at = bootargs;

    while (strncmp(at, name, length) != 0 || at[length] != '=') {
        at = strchr(at, ' ');
        if (!at)
            return NULL;
        at++;
    }
    return at + length + 1;
}

/* Of a letter; 16 or more: it is none. */
static uint64_t digit_of(char letter)
{
    if (letter >= '0' && letter <= '9')
        return (uint64_t)(letter - '0');
    if (letter >= 'a' && letter <= 'f')
        return (uint64_t)(letter - 'a') + 10;
    return 16;
}

uint64_t mg_argument(const char *name, uint64_t otherwise)
{
    const char *at = find_value(name);
    uint64_t base = 10, value = 0;

    if (!at)
        return otherwise;
    if (strncmp(at, "0x", 2) == 0) {
        base = 16;
        at += 2;
    }
    for (; digit_of(*at) < base; at++)
        value = value * base + digit_of(*at);
    return value;
}
