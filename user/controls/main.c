/* SPDX-License-Identifier: MIT
 *
 * What programs in the control domain expect of /dev/parapet, and what it has
 * to survive from them. It says how many checks passed, and has a line for each
 * that failed. With a seed and a number it makes so many random calls instead.
 */
#include "user/controls/controls.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include "abi/abi.h"
#include "abi/errors.h"
#include "abi/grant.h"
#include "abi/memory.h"

static unsigned int nr_passed, nr_failed;

int device;

void check(bool passed, const char *format, ...)
{
    va_list arguments;

    if (passed) {
        nr_passed++;
        return;
    }
    nr_failed++;
    printf("controls: FAILED: ");
    va_start(arguments, format);
    vprintf(format, arguments);
    va_end(arguments);
    printf("\n");
}

void check_is(int64_t got, int64_t expected, const char *what)
{
    check(got == expected, "%s: expected %lld, got %lld", what,
          (long long)expected, (long long)got);
}

int open_device(void)
{
    int file = open("/dev/parapet", O_RDWR | O_CLOEXEC);

    if (file < 0) {
        printf("controls: /dev/parapet: %s: only the control domain has it\n",
               strerror(errno));
        exit(2);
    }
    return file;
}

int try_call(struct parapet_control_call *call)
{
    return ioctl(device, (int)PARAPET_IOC_CALL, call) == 0 ? 0 : errno;
}

int64_t call_device(uint64_t number, const uint64_t args[6])
{
    struct parapet_control_call call = {.number = number};
    int error;

    memcpy(call.args, args, sizeof(call.args));
    do
        error = try_call(&call);
    while (error == 0 && call.result == -PARAPET_ERESTART);
    check(error == 0, "hypercall %llu: %s", (unsigned long long)number,
          strerror(error));
    return error == 0 ? call.result : INT64_MIN;
}

void *new_pages(size_t size, int rights)
{
    char *pages = mmap(NULL, size + PAGE_SIZE, rights,
                       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (pages == MAP_FAILED || munmap(pages + size, PAGE_SIZE) != 0) {
        printf("controls: no memory of %zu bytes\n", size);
        exit(2);
    }
    return pages;
}

struct parapet_machine_info machine_info(void)
{
    struct parapet_machine_info info = {.nr_frames = 0};

    check_is(CALL(machine_info, ADDRESS(&info)), 0, "machine_info");
    return info;
}

struct parapet_domain_create small_domain(const char *name)
{
    struct parapet_domain_create params = {
        .engine = "pv",
        .max_frames = 1024,
        .nr_gfns = 1024,
        .shared_gfn = 1022,
        .grant_gfn = 1023,
        .nr_vcpus = 1,
        .weight = PARAPET_DEFAULT_WEIGHT,
    };

    snprintf(params.name, sizeof(params.name), "%s", name);
    return params;
}

/* One frame, and the entry of the grant table that names it. */
static void lend_console(uint32_t id, uint64_t grant_mfn)
{
    struct parapet_populate frame = {.gfn = 0};
    struct parapet_grant_entry entry = {.flags = PARAPET_GRANT_LEND,
                                        .domain = PARAPET_DOMAIN_CONTROL};

    check_is(CALL(domain_populate, id, ADDRESS(&frame), 1), 0,
             "domain_populate");
    entry.frame = frame.mfn;
    check_is(CALL(domain_copy_to, id,
                  grant_mfn * PAGE_SIZE + PARAPET_GRANT_CONSOLE * sizeof(entry),
                  ADDRESS(&entry), sizeof(entry)),
             0, "domain_copy_to");
}

int64_t console_domain(const char *name)
{
    struct parapet_domain_create params = small_domain(name);
    int64_t id = CALL(domain_create, ADDRESS(&params));

    check(id > 0, "domain_create gives %lld", (long long)id);
    if (id > 0)
        lend_console((uint32_t)id, params.grant_mfn);
    return id;
}

int main(int argc, char **argv)
{
    device = open_device();
    if (argc == 3) {
        test_random(strtoull(argv[1], NULL, 0), strtoull(argv[2], NULL, 0));
    } else {
        test_calls();
        test_hostile();
        test_consoles();
        test_changes();
    }
    printf("controls: %u passed, %u failed\n", nr_passed, nr_failed);
    return nr_failed == 0 ? 0 : 1;
}
