/* SPDX-License-Identifier: MIT
 *
 * The system as a whole, and what processes may use of it. All time on the CPU
 * counts as the program's: nobody tells it from the kernel's.
 */
#include "guest-kernel/core/kprintf.h"
#include "guest-kernel/core/version.h"
#include "guest-kernel/errno.h"
#include "guest-kernel/fs/random.h"
#include "guest-kernel/mm/page.h"
#include "guest-kernel/proc/files.h"
#include "guest-kernel/proc/signal.h"
#include "guest-kernel/proc/syscall.h"
#include "guest-kernel/proc/system.h"
#include "guest-kernel/proc/timer.h"
#include "guest-kernel/thread/sched.h"
#include "lib/macros.h"
#include "lib/printf.h"
#include "lib/string.h"

/* ---- names ---- */

#define NAME_SIZE 65

static char hostname[NAME_SIZE] = "parapet";

const char *system_hostname(void)
{
    return hostname;
}

/* uname(2)'s structure. */
struct names {
    char system[NAME_SIZE];
    char node[NAME_SIZE];
    char release[NAME_SIZE];
    char version[NAME_SIZE];
    char machine[NAME_SIZE];
    char domain[NAME_SIZE];
};

int64_t sys_uname(struct process *self, const uint64_t *args)
{
    struct names names = {
        .system = "Linux", /* what programs for it expect */
        .release = KERNEL_LINUX_RELEASE,
        .machine = "x86_64",
        .domain = "(none)",
    };

    (void)string_copy(names.node, sizeof(names.node), hostname);
    (void)string_format(names.version, sizeof(names.version), "#1 %s",
                        privops_name());
    return user_put(self, args[0], &names, sizeof(names));
}

/* args: name, its length without a zero */
int64_t sys_sethostname(struct process *self, const uint64_t *args)
{
    char name[NAME_SIZE] = {0};

    if (args[1] >= NAME_SIZE)
        return -EINVAL;
    if (!space_copy_in(self->space, name, args[0], args[1]))
        return -EFAULT;
    memcpy(hostname, name, sizeof(hostname));
    return 0;
}

/* ---- figures ---- */

/* struct sysinfo (sysinfo(2)); sizes in units of `unit` bytes. */
struct system_figures {
    int64_t uptime;
    uint64_t loads[3]; /* not known */
    uint64_t total;
    uint64_t free;
    uint64_t shared;
    uint64_t buffers;
    uint64_t total_swap;
    uint64_t free_swap;
    uint16_t nr_processes;
    uint64_t total_high;
    uint64_t free_high;
    uint32_t unit;
};

_Static_assert(sizeof(struct system_figures) == 112, "the layout is Linux's");

int64_t sys_sysinfo(struct process *self, const uint64_t *args)
{
    struct page_statistics pages;
    struct system_figures figures;

    page_get_statistics(&pages);
    memset(&figures, 0, sizeof(figures)); /* what is between fields, too */
    figures.uptime = (int64_t)(privops_clock_ns() / NS_PER_SECOND);
    figures.total = pages.total_kib;
    figures.free = pages.free_kib;
    figures.nr_processes = (uint16_t)process_count();
    figures.unit = 1024;
    return user_put(self, args[0], &figures, sizeof(figures));
}

struct usage {
    struct timeval user;
    struct timeval system;
    uint64_t others[14];
};

_Static_assert(sizeof(struct usage) == 144, "the layout is Linux's");

bool system_put_usage(struct space *space, uint64_t vaddr, uint64_t cpu_ns)
{
    const struct usage usage = {
        .user = {(int64_t)(cpu_ns / NS_PER_SECOND),
                 (int64_t)(cpu_ns % NS_PER_SECOND / NS_PER_US)},
    };

    return space_copy_out(space, vaddr, &usage, sizeof(usage));
}

#define RUSAGE_CHILDREN (-1)
#define RUSAGE_SELF 0
#define RUSAGE_THREAD 1

/* args: whose, where it goes */
int64_t sys_getrusage(struct process *self, const uint64_t *args)
{
    int32_t who = (int32_t)args[0];
    uint64_t ns;

    if (who == RUSAGE_SELF)
        ns = process_cpu_ns(self);
    else if (who == RUSAGE_CHILDREN)
        ns = self->children_ns;
    else if (who == RUSAGE_THREAD)
        ns = thread_cpu_ns(thread_current());
    else
        return -EINVAL;
    return system_put_usage(self->space, args[1], ns) ? 0 : -EFAULT;
}

#define NS_PER_TICK 10000000ul /* sysconf(_SC_CLK_TCK) is 100 */

int64_t sys_times(struct process *self, const uint64_t *args)
{
    const uint64_t ticks[4] = {
        [0] = process_cpu_ns(self) / NS_PER_TICK,
        [2] = self->children_ns / NS_PER_TICK,
    };

    if (args[0] != 0 &&
        !space_copy_out(self->space, args[0], ticks, sizeof(ticks)))
        return -EFAULT;
    return (int64_t)(privops_clock_ns() / NS_PER_TICK);
}

/* args: where the CPU's number goes, and its node's. */
int64_t sys_getcpu(struct process *self, const uint64_t *args)
{
    const uint32_t number = 0;
    unsigned int i;

    for (i = 0; i < 2; i++)
        if (args[i] != 0 &&
            !space_copy_out(self->space, args[i], &number, sizeof(number)))
            return -EFAULT;
    return 0;
}

/* ---- the end of it ---- */

#define REBOOT_MAGIC 0xfee1deadu
#define REBOOT_RESTART 0x01234567u
#define REBOOT_HALT 0xcdef0123u
#define REBOOT_POWER_OFF 0x4321fedcu
#define REBOOT_RESTART2 0xa1b2c3d4u
#define REBOOT_CAD_ON 0x89abcdefu
#define REBOOT_CAD_OFF 0u

static bool is_reboot_magic(uint32_t first, uint32_t second)
{
    return first == REBOOT_MAGIC &&
           (second == 672274793u || second == 85072278u ||
            second == 369367448u || second == 537993216u);
}

/* A restart with a word for the platform. There is one that it knows: "failed"
 * is the end of a machine where something went wrong. */
static int64_t end_with_word(struct process *self, uint64_t vaddr)
{
    char word[16];
    int64_t length = space_copy_string(self->space, word, vaddr, sizeof(word));

    if (length < 0)
        return length == -E2BIG ? -EINVAL : length;
    if (strcmp(word, "failed") != 0)
        return -EINVAL;
    kprintf("guest: power off, and something has failed\n");
    privops_shutdown(PRIVOPS_CRASH);
}

/* args: two numbers that nobody says by mistake, what to do, its word.
 * Ctrl-Alt-Del, and what it may do, is on no serial line. */
int64_t sys_reboot(struct process *self, const uint64_t *args)
{
    if (!is_reboot_magic((uint32_t)args[0], (uint32_t)args[1]))
        return -EINVAL;
    switch ((uint32_t)args[2]) {
    case REBOOT_RESTART:
        kprintf("guest: reboot\n");
        privops_shutdown(PRIVOPS_REBOOT);
    case REBOOT_HALT:
    case REBOOT_POWER_OFF:
        kprintf("guest: power off\n");
        privops_shutdown(PRIVOPS_POWEROFF);
    case REBOOT_RESTART2:
        return end_with_word(self, args[3]);
    case REBOOT_CAD_ON:
    case REBOOT_CAD_OFF:
        return 0;
    default:
        return -EINVAL;
    }
}

/* Messages are not kept, so the log is empty. args: what, buffer, size */
int64_t sys_syslog(struct process *self, const uint64_t *args)
{
    (void)self;
    return args[0] <= 10 ? 0 : -EINVAL;
}

/* ---- random numbers ---- */

#define GETRANDOM_FLAGS 7u
#define GETRANDOM_MAX 0x1fffffful

/* args: buffer, size, flags */
int64_t sys_getrandom(struct process *self, const uint64_t *args)
{
    uint64_t size = MIN(args[1], GETRANDOM_MAX), done = 0;
    uint8_t bytes[256];
    size_t chunk;

    if ((args[2] & ~(uint64_t)GETRANDOM_FLAGS) != 0)
        return -EINVAL;
    while (done < size && (done == 0 || !signal_pending())) {
        chunk = MIN(size - done, sizeof(bytes));
        random_bytes(bytes, chunk);
        if (!space_copy_out(self->space, args[0] + done, bytes, chunk))
            return -EFAULT;
        done += chunk;
        sched_breathe();
    }
    return (int64_t)done;
}

/* ---- limits ---- */

_Static_assert(sizeof(struct limit) == 16, "the layout is Linux's");

static int64_t set_limit(struct process *process, uint64_t number,
                         const struct limit *limit)
{
    if (limit->soft > limit->hard)
        return -EINVAL;
    if (number == LIMIT_NOFILE && limit->hard > FILES_MAX)
        return -EPERM;
    process->limits[number] = *limit;
    return 0;
}

/* args: process, which limit, new one, where the old one goes. */
int64_t sys_prlimit64(struct process *self, const uint64_t *args)
{
    struct process *process =
        (uint32_t)args[0] == 0 ? self : process_find((uint32_t)args[0]);
    struct limit limit, old;
    int64_t result = 0;

    if (args[1] >= NR_LIMITS)
        return -EINVAL;
    if (process == NULL)
        return -ESRCH;
    old = process->limits[args[1]];
    if (args[2] != 0) {
        if (!space_copy_in(self->space, &limit, args[2], sizeof(limit)))
            return -EFAULT;
        result = set_limit(process, args[1], &limit);
    }
    if (result == 0 && args[3] != 0 &&
        !space_copy_out(self->space, args[3], &old, sizeof(old)))
        return -EFAULT;
    return result;
}

int64_t sys_getrlimit(struct process *self, const uint64_t *args)
{
    const uint64_t get[4] = {0, args[0], 0, args[1]};

    return args[1] != 0 ? sys_prlimit64(self, get) : -EFAULT;
}

int64_t sys_setrlimit(struct process *self, const uint64_t *args)
{
    const uint64_t set[4] = {0, args[0], args[1], 0};

    return args[1] != 0 ? sys_prlimit64(self, set) : -EFAULT;
}
