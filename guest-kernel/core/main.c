/* SPDX-License-Identifier: MIT
 *
 * The order in which the kernel comes up. What called kernel_main() becomes
 * the idle thread.
 */
#include "guest-kernel/core/main.h"

#include "guest-kernel/core/console.h"
#include "guest-kernel/core/kprintf.h"
#include "guest-kernel/core/panic.h"
#include "guest-kernel/core/version.h"
#include "guest-kernel/fs/ramdisk.h"
#include "guest-kernel/mm/page.h"
#include "guest-kernel/monitor/monitor.h"
#include "guest-kernel/privops/privops.h"
#include "guest-kernel/proc/sched.h"
#include "guest-kernel/proc/thread.h"

static const char *platform;

const char *kernel_platform(void)
{
    return platform;
}

void kernel_banner(void)
{
    kprintf("guest: Parapet guest kernel " KERNEL_VERSION " (%s)\n",
            privops_name());
}

static void print_memory(void)
{
    struct page_statistics pages;

    page_get_statistics(&pages);
    kprintf("guest: memory %lu KiB, %lu KiB free\n", pages.total_kib,
            pages.free_kib);
}

_Noreturn void kernel_main(const struct boot_info *boot)
{
    platform = boot->platform;
    kprintf("guest: on %s, command line \"%s\"\n", boot->platform,
            boot->command_line);
    page_init(boot);
    print_memory();
    thread_init(privops_boot_stack());
    sched_init();
    console_init();
    ramdisk_init(boot);
    privops_irq_start();
    if (thread_create("monitor", monitor_thread, NULL) == NULL)
        panic("no memory for the monitor's thread");
    sched_idle();
}
