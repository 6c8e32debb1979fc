/* SPDX-License-Identifier: MIT
 *
 * Finds the one property called "bootargs", and what is in it.
 */
#include "tests/kernels/lib/bootargs.h"

#include <stddef.h>
#include <stdint.h>

#include "lib/macros.h"
#include "lib/string.h"
#include "tests/kernels/lib/tree.h"

#define NONCE "nonce="

/* A bundle takes no longer ones. */
static char bootargs[1024];
static const char *nonce = "";

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

static bool look(const char *node, const char *property, const uint32_t *value,
                 uint32_t length, void *data)
{
    (void)node;
    (void)length;
    (void)data;
    if (strcmp(property, "bootargs") != 0)
        return true;
    set_bootargs((const char *)value);
    return false;
}

void mg_bootargs_init(const void *dtb)
{
    mg_tree_visit(dtb, look, NULL);
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
