/* SPDX-License-Identifier: MIT
 *
 * Calls that the device must refuse, and what may not happen meanwhile.
 */
#include "user/controls/controls.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "abi/abi.h"
#include "abi/errors.h"

#define USER_END 0x7ffffffff000ul

static void check_refused(const struct parapet_control_call *call, int expected,
                          const char *what)
{
    struct parapet_control_call copy = *call;
    int error;

    copy.result = 4711;
    error = try_call(&copy);
    check(error == expected, "%s: expected \"%s\", got \"%s\"", what,
          strerror(expected), strerror(error));
    check(copy.result == 4711, "%s: it has the result %lld", what,
          (long long)copy.result);
}

/* ---- numbers ---- */

static const struct {
    unsigned int number, flags;
} hypercalls[] = {
#define PARAPET_HYPERCALL(nr, name, flags, ...) {nr, flags},
#include "abi/hypercalls.def"
#undef PARAPET_HYPERCALL
};

static void check_number(uint64_t number, void *memory)
{
    const uint64_t vaddr = ADDRESS(memory);
    const struct parapet_control_call call = {
        .number = number, .args = {vaddr, vaddr, vaddr, vaddr, vaddr, vaddr}};
    char what[40];

    snprintf(what, sizeof(what), "hypercall %#llx", (unsigned long long)number);
    check_refused(&call, EINVAL, what);
}

/* Whatever is not for the control domain alone, and what is no number. */
static void numbers(void)
{
    static const uint64_t none[] = {
        PARAPET_COURSEWORK - 1,
        PARAPET_NR_HYPERCALLS,
        PARAPET_NR_HYPERCALLS + PARAPET_HC_machine_info,
        (1ull << 32) + PARAPET_HC_machine_info,
        1ull << 60,
        1ull << 63,
        ~0ull,
    };
    static char memory[PARAPET_CONTROL_MAX_BYTES];
    size_t i;

    for (i = 0; i < sizeof(hypercalls) / sizeof(hypercalls[0]); i++)
        if (!(hypercalls[i].flags & HC_CONTROL) &&
            hypercalls[i].number != PARAPET_HC_memory_audit)
            check_number(hypercalls[i].number, memory);
    for (i = 0; i < sizeof(none) / sizeof(none[0]); i++)
        check_number(none[i], memory);
    check(ioctl(device, (int)PARAPET_IOC_CALL + 1, memory) == -1 &&
              errno == ENOTTY,
          "another request was taken");
}

/* ---- addresses ---- */

/* None of them is the program's, or not all of what lies there. */
static const uint64_t bad_addresses[] = {
    0,
    8,
    USER_END - 8,
    USER_END,
    0x7ffffffffff8,
    0x800000000000,
    PARAPET_HYPERVISOR_START - 8,
    PARAPET_HYPERVISOR_START,
    PARAPET_DIRECT_MAP - 8,
    PARAPET_DIRECT_MAP,
    PARAPET_SHARED_PAGE,
    PARAPET_VCPU_PAGE(0ul),
    PARAPET_KERNEL_START,
    0xffffffff80100000,
    PARAPET_KERNEL_END - 8,
    0xfffffffffffffff8,
};
#define NR_BAD (sizeof(bad_addresses) / sizeof(bad_addresses[0]))

/* Each direction: read by the hypervisor, written, both. */
static void check_bad_buffer(uint64_t vaddr, uint64_t maddr)
{
    const struct parapet_control_call calls[] = {
        {.number = PARAPET_HC_domain_rename, .args = {0, vaddr}},
        {.number = PARAPET_HC_domain_copy_to, .args = {0, maddr, vaddr, 16}},
        {.number = PARAPET_HC_domain_copy_from, .args = {0, maddr, vaddr, 16}},
        {.number = PARAPET_HC_machine_info, .args = {vaddr}},
        {.number = PARAPET_HC_domain_info, .args = {0, vaddr}},
        {.number = PARAPET_HC_domain_list, .args = {0, vaddr, 1}},
        {.number = PARAPET_HC_log_read, .args = {0, vaddr, 100}},
        {.number = PARAPET_HC_domain_counters, .args = {0, 0, 0, vaddr}},
        {.number = PARAPET_HC_domain_create, .args = {vaddr}},
        {.number = PARAPET_HC_domain_populate, .args = {1, vaddr, 1}},
        {.number = PARAPET_HC_domain_vcpu_start, .args = {1, 0, vaddr}},
        {.number = PARAPET_HC_domain_vcpu_create, .args = {1, 0, 9, vaddr}},
    };
    char what[60];
    size_t i;

    for (i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
        snprintf(what, sizeof(what), "hypercall %llu, a buffer at %#llx",
                 (unsigned long long)calls[i].number,
                 (unsigned long long)vaddr);
        check_refused(&calls[i], EFAULT, what);
    }
}

static void addresses(void)
{
    char *page = new_pages(PAGE_SIZE, PROT_READ | PROT_WRITE);
    size_t i;

    for (i = 0; i < NR_BAD; i++) {
        check_bad_buffer(bad_addresses[i], 0);
        check(ioctl(device, (int)PARAPET_IOC_CALL, (void *)bad_addresses[i]) ==
                      -1 &&
                  errno == EFAULT,
              "a call at %#llx", (unsigned long long)bad_addresses[i]);
    }
    check_bad_buffer(ADDRESS(page + PAGE_SIZE - 8), 0);
    check_bad_buffer(ADDRESS(new_pages(PAGE_SIZE, PROT_NONE)), 0);
}

/*
 * A domain that nobody hears of must not be made: not by parameters, nor by a
 * call, that can be read and not be written.
 */
static void read_only(void)
{
    struct parapet_domain_create *params =
        new_pages(PAGE_SIZE, PROT_READ | PROT_WRITE);
    struct parapet_control_call *call =
        new_pages(PAGE_SIZE, PROT_READ | PROT_WRITE);
    uint32_t nr_domains = machine_info().nr_domains;

    *params = small_domain("unheard");
    *call = (struct parapet_control_call){.number = PARAPET_HC_domain_create,
                                          .args = {ADDRESS(params)}};
    check_is(mprotect(call, PAGE_SIZE, PROT_READ), 0, "mprotect");
    check_is(try_call(call), EFAULT, "a call that cannot be written to");
    check_is(mprotect(params, PAGE_SIZE, PROT_READ), 0, "mprotect");
    check_refused(call, EFAULT, "parameters that cannot be written to");
    check(params->shared_mfn == 0 && call->result == 0,
          "memory that is for reading was written to");
    check_is(machine_info().nr_domains, nr_domains, "domains afterwards");
}

/* A call and its buffer that lie across two pages, and over each other. */
static void odd_places(void)
{
    char *pages = new_pages(2 * PAGE_SIZE, PROT_READ | PROT_WRITE);
    struct parapet_control_call *call = (void *)(pages + PAGE_SIZE - 40);

    *call = (struct parapet_control_call){
        .number = PARAPET_HC_machine_info,
        .args = {ADDRESS(pages + PAGE_SIZE - 20)}};
    check_is(try_call(call), 0, "a call on two pages, over its buffer");
    check(call->number == PARAPET_HC_machine_info && call->result == 0,
          "its own words were not written last");
}

/* ---- counts ---- */

static void check_count(uint64_t number, unsigned int place, uint64_t most)
{
    const uint64_t counts[] = {most + 1,   1ull << 32, 1ull << 60, 1ull << 61,
                               1ull << 63, ~0ull - 8,  ~0ull};
    static char memory[PARAPET_CONTROL_MAX_BYTES];
    struct parapet_control_call call = {.number = number};
    char what[60];
    size_t i;

    call.args[place - 1] = ADDRESS(memory);
    for (i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
        call.args[place] = counts[i];
        snprintf(what, sizeof(what), "hypercall %llu with a count of %#llx",
                 (unsigned long long)number, (unsigned long long)counts[i]);
        check_refused(&call, E2BIG, what);
    }
    call.args[place] = most;
    check_is(try_call(&call), 0, "as many as fit");
}

static void counts(void)
{
    const uint64_t most = PARAPET_CONTROL_MAX_BYTES;

    check_count(PARAPET_HC_domain_populate, 2, most / 16);
    check_count(PARAPET_HC_domain_copy_to, 3, most);
    check_count(PARAPET_HC_domain_copy_from, 3, most);
    check_count(PARAPET_HC_domain_list, 2,
                most / sizeof(struct parapet_domain_info));
    check_count(PARAPET_HC_log_read, 2, most);
}

/* ---- ids ---- */

static int request(int file, unsigned int number, uint64_t argument)
{
    return ioctl(file, (int)number, argument) == 0 ? 0 : errno;
}

static void switch_consoles(uint32_t on)
{
    const struct parapet_backend backend = {PARAPET_BACKEND_CONSOLE, on};

    check_is(request(device, PARAPET_IOC_BACKEND, ADDRESS(&backend)), 0,
             "PARAPET_IOC_BACKEND");
}

/* Whether the domain's console is shown, and goes on. */
static void check_console(uint64_t id)
{
    int file = open_device();
    char byte;

    check_is(request(file, PARAPET_IOC_CONSOLE, (1ull << 32) + id), ENOENT,
             "the console of a domain with an id of 33 bits");
    check_is(request(file, PARAPET_IOC_CONSOLE, id), 0, "PARAPET_IOC_CONSOLE");
    check_is(fcntl(file, F_SETFL, O_NONBLOCK), 0, "O_NONBLOCK");
    check(read(file, &byte, 1) == -1 && errno == EAGAIN,
          "the console of a domain that was not destroyed has ended");
    close(file);
}

/* More than 32 bits name no domain, neither for the kernel. */
static void ids(void)
{
    int64_t id = console_domain("shown");
    const struct parapet_serve serve = {(uint32_t)id, 1, 0, 0};

    if (id <= 0)
        return;
    switch_consoles(0);
    check_is(request(device, PARAPET_IOC_SERVE, ADDRESS(&serve)), 0,
             "PARAPET_IOC_SERVE");
    check_is(CALL(domain_destroy, (1ull << 32) + (uint64_t)id), -PARAPET_EINVAL,
             "domain_destroy of an id of 33 bits");
    check_console((uint64_t)id);
    check_is(CALL(domain_destroy, (uint64_t)id), 0, "domain_destroy");
    switch_consoles(1);
}

void test_hostile(void)
{
    numbers();
    addresses();
    read_only();
    odd_places();
    counts();
    ids();
}
