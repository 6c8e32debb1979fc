/* SPDX-License-Identifier: MIT */
#include "hypervisor/boot/options.h"

#include <stddef.h>
#include <stdint.h>

#include "hypervisor/base/log.h"
#include "hypervisor/base/panic.h"
#include "hypervisor/core/device.h"
#include "hypervisor/sched/policy.h"
#include "lib/macros.h"
#include "lib/printf.h"
#include "lib/string.h"

struct options options = {.poison = PARAPET_DEBUG, .clock_follow = true};

static bool set_poison(const char *value)
{
    options.poison = strcmp(value, "on") == 0;
    return options.poison || strcmp(value, "off") == 0;
}

static bool set_panic(const char *value)
{
    options.panic_test = strcmp(value, "test") == 0;
    return options.panic_test;
}

static bool set_audit(const char *value)
{
    options.audit = strcmp(value, "on") == 0;
    return options.audit || strcmp(value, "off") == 0;
}

static bool set_meter(const char *value)
{
    options.meter = strcmp(value, "on") == 0;
    return options.meter || strcmp(value, "off") == 0;
}

static bool set_clock(const char *value)
{
    options.clock_follow = strcmp(value, "follow") == 0;
    return options.clock_follow || strcmp(value, "boot") == 0;
}

static bool set_contained(const char *value)
{
    options.contained_required = strcmp(value, "require") == 0;
    return options.contained_required || strcmp(value, "warn") == 0;
}

static bool set_dom0_crash(const char *value)
{
    options.dom0_keep = strcmp(value, "keep") == 0;
    return options.dom0_keep || strcmp(value, "end") == 0;
}

/* Up to the character end, which is passed. */
static bool read_number(const char **at, char end, uint64_t *value)
{
    char *after;

    if (**at < '0' || **at > '9')
        return false;
    *value = strtoul(*at, &after, 0);
    if (*after != end)
        return false;
    *at = after + 1;
    return true;
}

/* As QEMU puts it on the line. */
static bool announce_device(const char *value)
{
    uint64_t size, paddr, irq;

    if (!read_number(&value, '@', &size) || !read_number(&value, ':', &paddr) ||
        !read_number(&value, '\0', &irq))
        return false;
    device_announce(paddr, size, irq);
    return true;
}

static const struct {
    const char *name;
    bool (*set)(const char *value);
    const char *expected;
} known[] = {
    {"log", log_set_level, "err, warn, info or debug"},
    {"poison", set_poison, "on or off"},
    {"panic", set_panic, "test"},
    {"audit", set_audit, "on or off"},
    {"clock", set_clock, "follow or boot"},
    {"contained", set_contained, "warn or require"},
    {"sched", sched_set_policy, SCHED_POLICY_NAMES},
    {"meter", set_meter, "on or off"},
    {"dom0_crash", set_dom0_crash, "end or keep"},
    {"virtio_mmio.device", announce_device, "SIZE@ADDRESS:INTERRUPT"},
};

/* With the words that there are, as "log=, poison=". */
static void refuse_unknown(const char *word)
{
    char names[160] = "";
    size_t length = 0;

    for (size_t i = 0; i < ARRAY_SIZE(known) && length < sizeof(names); i++)
        length += (size_t)string_format(names + length, sizeof(names) - length,
                                        "%s%s=", i ? ", " : "", known[i].name);
    boot_refuse("boot line: unknown word '%s': expected one of %s", word,
                names);
}

static void set_option(const char *word)
{
    const char *equals = strchr(word, '=');
    size_t length = equals ? (size_t)(equals - word) : strlen(word);

    for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
        if (strlen(known[i].name) != length ||
            strncmp(known[i].name, word, length) != 0)
            continue;
        if (!equals || !known[i].set(equals + 1))
            boot_refuse("boot line: '%s': expected %s=%s", word, known[i].name,
                        known[i].expected);
        return;
    }
    if (!memchr(word, '.', length))
        refuse_unknown(word);
}

void options_parse(char *line)
{
    while (*line != '\0') {
        char *end = strchr(line, ' ');

        if (end)
            *end = '\0';
        if (*line != '\0')
            set_option(line);
        if (!end)
            return;
        line = end + 1;
    }
}
