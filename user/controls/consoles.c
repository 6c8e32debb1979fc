/* SPDX-License-Identifier: MIT
 *
 * The requests for consoles that the device must refuse. That consoles work,
 * pctl shows (tests/system/pctl_console.py).
 */
#include "user/controls/controls.h"

#include <errno.h>
#include <sys/ioctl.h>

#include "abi/abi.h"

#define NOBODY 4000000000u

/* 0 or the errno. */
static int ask(uint32_t request, uint64_t arg)
{
    return ioctl(device, (int)request, arg) == -1 ? errno : 0;
}

static int serve(uint32_t domain, uint32_t port)
{
    struct parapet_serve serve = {domain, port, 0, 0};

    return ask(PARAPET_IOC_SERVE, ADDRESS(&serve));
}

static int backend(uint32_t kind, uint32_t on)
{
    struct parapet_backend backend = {kind, on};

    return ask(PARAPET_IOC_BACKEND, ADDRESS(&backend));
}

static void addresses(void)
{
    static const uint64_t bad[] = {8, PARAPET_DIRECT_MAP,
                                   PARAPET_VCPU_PAGE(0ul),
                                   PARAPET_HYPERVISOR_START, ~7ull};

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        check_is(ask(PARAPET_IOC_SERVE, bad[i]), EFAULT, "serve, an address");
        check_is(ask(PARAPET_IOC_BACKEND, bad[i]), EFAULT,
                 "backend, an address");
    }
}

/* Whatever the port, and whether consoles are served now. */
static void domain_that_lends_nothing(void)
{
    struct parapet_domain_create params = small_domain("unserved");
    uint32_t id = (uint32_t)CALL(domain_create, ADDRESS(&params));

    check_is(serve(id, 1), EPERM, "serve, a domain that lends nothing");
    check_is(backend(PARAPET_BACKEND_CONSOLE, 0), 0, "to stop");
    check_is(serve(id, 1), EPERM, "the same, while nobody serves");
    check_is(backend(PARAPET_BACKEND_CONSOLE, 1), 0, "to start");
    check_is(ask(PARAPET_IOC_CONSOLE, id), ENOENT, "its console");
    check_is(CALL(domain_destroy, id), 0, "domain_destroy");
}

/* It has no port: so it is served only while nobody serves. */
static void served_by_nobody(void)
{
    int64_t id = console_domain("unserved");

    if (id <= 0)
        return;
    check_is(backend(PARAPET_BACKEND_CONSOLE, 0), 0, "to stop");
    check_is(backend(PARAPET_BACKEND_CONSOLE, 0), EBUSY, "to stop again");
    check_is(serve((uint32_t)id, 1), 0, "serve, while nobody does");
    check_is(serve((uint32_t)id, 1), EEXIST, "serve again");
    check_is(backend(PARAPET_BACKEND_CONSOLE, 1), 0, "to start");
    check_is(backend(PARAPET_BACKEND_CONSOLE, 1), EBUSY, "to start again");
    check_is(CALL(domain_destroy, (uint64_t)id), 0, "domain_destroy");
}

void test_consoles(void)
{
    addresses();
    check_is(serve(NOBODY, 1), ENOENT, "serve, no domain");
    check_is(serve(0, 1), EPERM, "serve, this domain");
    check_is(ask(PARAPET_IOC_CONSOLE, NOBODY), ENOENT, "console, no domain");
    check_is(ask(PARAPET_IOC_CONSOLE, 0), ENOENT, "console, this domain");
    check_is(ask(PARAPET_IOC_PASS_KEY, 0), ENOTTY, "a key, and no console");
    check_is(backend(0, 1), EINVAL, "backend, a kind");
    check_is(backend(PARAPET_BACKEND_CONSOLE, 2), EINVAL, "backend, a word");
    domain_that_lends_nothing();
    served_by_nobody();
}
