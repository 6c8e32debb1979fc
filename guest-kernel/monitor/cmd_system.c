/* SPDX-License-Identifier: MIT
 *
 * Commands about the kernel as a whole.
 */
#include "guest-kernel/boot_info.h"
#include "guest-kernel/core/kprintf.h"
#include "guest-kernel/core/version.h"
#include "guest-kernel/mm/page.h"
#include "guest-kernel/mm/slab.h"
#include "guest-kernel/monitor/commands.h"
#include "guest-kernel/privops/privops.h"
#include "lib/calendar.h"
#include "lib/string.h"

#define NS_PER_MS 1000000ul
#define NS_PER_SECOND 1000000000ul

void cmd_uname(unsigned int nr_args, char **args)
{
    bool all = nr_args == 2 && strcmp(args[1], "-a") == 0;

    if (nr_args == 2 && !all) {
        kprintf("usage: uname [-a]\n");
        return;
    }
    kprintf("Parapet " KERNEL_VERSION " %s x86_64", privops_name());
    if (all)
        kprintf(", on %s", kernel_platform());
    kprintf("\n");
}

void cmd_uptime(unsigned int nr_args, char **args)
{
    uint64_t ms = privops_clock_ns() / NS_PER_MS;

    (void)nr_args;
    (void)args;
    kprintf("up %lu.%03lu s\n", ms / 1000, ms % 1000);
}

void cmd_date(unsigned int nr_args, char **args)
{
    static const char days[] = "SunMonTueWedThuFriSat";
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    struct calendar date;

    (void)nr_args;
    (void)args;
    calendar_from_seconds(privops_wall_ns() / NS_PER_SECOND, &date);
    kprintf("%.3s %.3s %2u %02u:%02u:%02u UTC %u\n", days + 3 * date.weekday,
            months + 3 * (date.month - 1), date.day, date.hour, date.minute,
            date.second, date.year);
}

void cmd_free(unsigned int nr_args, char **args)
{
    struct page_statistics pages;
    struct slab_statistics slab;
    unsigned int i;

    (void)nr_args;
    (void)args;
    page_get_statistics(&pages);
    kprintf("  memory %8lu KiB\n  used   %8lu KiB\n  free   %8lu KiB\n",
            pages.total_kib, pages.total_kib - pages.free_kib, pages.free_kib);
    kprintf("  free blocks of 4 KiB << order:\n ");
    for (i = 0; i <= PAGE_MAX_ORDER; i++)
        kprintf(" %u:%lu", i, pages.nr_free[i]);
    kprintf("\n  slabs of 4 KiB, objects in use:\n ");
    for (i = 0; i < SLAB_NR_CLASSES; i++) {
        slab_get_statistics(i, &slab);
        if (slab.nr_slabs > 0)
            kprintf(" %u B: %lu, %lu;", slab.object_size, slab.nr_slabs,
                    slab.nr_used);
    }
    kprintf("\n");
}

void cmd_echo(unsigned int nr_args, char **args)
{
    unsigned int i;

    for (i = 1; i < nr_args; i++)
        kprintf("%s%s", i > 1 ? " " : "", args[i]);
    kprintf("\n");
}

void cmd_poweroff(unsigned int nr_args, char **args)
{
    (void)nr_args;
    (void)args;
    kprintf("guest: power off\n");
    privops_shutdown(PRIVOPS_POWEROFF);
}

void cmd_reboot(unsigned int nr_args, char **args)
{
    (void)nr_args;
    (void)args;
    kprintf("guest: reboot\n");
    privops_shutdown(PRIVOPS_REBOOT);
}
