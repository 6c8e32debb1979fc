/* SPDX-License-Identifier: MIT
 *
 * The order in which the kernel comes up. What called kernel_main() becomes
 * the idle thread.
 */
#include "guest-kernel/block/block_file.h"
#include "guest-kernel/block/block_page.h"
#include "guest-kernel/block/block_ram.h"
#include "guest-kernel/block/disk.h"
#include "guest-kernel/boot/options.h"
#include "guest-kernel/boot_info.h"
#include "guest-kernel/core/kprintf.h"
#include "guest-kernel/core/panic.h"
#include "guest-kernel/core/version.h"
#include "guest-kernel/fs/device.h"
#include "guest-kernel/fs/path.h"
#include "guest-kernel/fs/ramfs.h"
#include "guest-kernel/mm/page.h"
#include "guest-kernel/monitor/monitor.h"
#include "guest-kernel/privops/privops.h"
#include "guest-kernel/proc/process.h"
#include "guest-kernel/proc/signal.h"
#include "guest-kernel/procfs/procfs.h"
#include "guest-kernel/thread/sched.h"
#include "guest-kernel/thread/thread.h"
#include "guest-kernel/tty/console.h"
#include "guest-kernel/tty/tty.h"
#include "lib/string.h"

static const struct boot_info *boot_info;
static struct options options;

const char *kernel_platform(void)
{
    return boot_info->platform;
}

const char *kernel_command_line(void)
{
    return boot_info->command_line;
}

void kernel_banner(void)
{
    kprintf("guest: Parapet guest kernel " KERNEL_VERSION " (%s)\n",
            privops_name());
}

static void print_cpus(void)
{
    if (boot_info->nr_cpus > 1)
        kprintf("guest: uses 1 of %u CPUs\n", boot_info->nr_cpus);
}

static void print_memory(void)
{
    struct page_statistics pages;

    page_get_statistics(&pages);
    kprintf("guest: memory %lu KiB, %lu KiB free\n", pages.total_kib,
            pages.free_kib);
}

/* ---- process 1 ---- */

_Noreturn void init_ended(uint32_t status)
{
    uint32_t signal = status & 0x7f;

    if (signal != 0)
        kprintf("guest: process 1 was killed by %s\n", signal_name(signal));
    else
        kprintf("guest: process 1 has ended, with exit status %u\n",
                status >> 8 & 0xff);
    kprintf(
        "guest: nothing is left to run (process 1 must end by reboot(2))\n");
    privops_shutdown(PRIVOPS_CRASH);
}

/* A thread of the kernel's own: see thread/thread.h for the interrupts. */
static void start_init(void)
{
    const char *why = "there are too many processes";
    int64_t pid;

    privops_irq_disable();
    console_give(CONSOLE_TTY);
    pid = process_spawn(NULL, options.init[0], options.init, &why);
    privops_irq_enable();
    if (pid >= 0)
        return;
    kprintf("guest: process 1, %s: %s\n", options.init[0], why);
    kprintf("guest: say init=PROGRAM or monitor on the command line\n");
    privops_shutdown(PRIVOPS_CRASH);
}

/* The first thread but for the idle one. Never returns. */
static void first_thread(void *unused)
{
    disk_wait();
    if (options.monitor) {
        monitor_thread(unused);
    } else {
        start_init();
        monitor_debugger_thread(unused);
    }
}

/* Their partitions are read by a thread of the kernel. */
static void start_disks(void)
{
    block_page_init();
    if (options.ram_disk != NULL)
        block_ram_init(options.ram_disk);
    disk_init(&block_file_ops);
}

_Noreturn void kernel_main(const struct boot_info *boot)
{
    static char command_line[BOOT_COMMAND_LINE_SIZE];

    boot_info = boot;
    kprintf("guest: on %s, command line \"%s\"\n", boot->platform,
            boot->command_line);
    (void)string_copy(command_line, sizeof(command_line), boot->command_line);
    options_parse(command_line, &options);
    print_cpus();
    page_init(boot);
    print_memory();
    thread_init(privops_boot_stack());
    privops_irq_start();
    sched_init();
    console_init();
    device_null_init();
    tty_init();
    privops_devices_init();
    ramfs_init(boot);
    device_make_nodes();
    start_disks();
    if (path_mount("/proc", procfs_create()) != 0)
        kprintf("guest: there is no /proc to put its files in\n");
    privops_requests_init();
    if (!options.clock_boot)
        privops_clock_follow();
    if (thread_create("monitor", first_thread, NULL) == NULL)
        panic("no memory for the monitor's thread");
    sched_idle();
}
