/* SPDX-License-Identifier: MIT
 *
 * The life of a domain that the control domain makes: from its building to its
 * end, and what is told of it meanwhile.
 *
 * QEMU: privileged=1
 * BUNDLE: memory=32M
 */
#include "abi/stubs.h"
#include "lib/string.h"
#include "tests/kernels/lib/console.h"
#include "tests/kernels/lib/control.h"
#include "tests/kernels/lib/memory.h"
#include "tests/kernels/lib/test.h"
#include "tests/kernels/lib/vcpu.h"

MG_TEST(control_life);

static void test_ends(void)
{
    static const struct {
        const char *bootargs;
        uint32_t reason;
    } ends[] = {
        {"exit", PARAPET_SHUTDOWN_POWEROFF},
        {"reboot", PARAPET_SHUTDOWN_REBOOT},
        {"crash", PARAPET_SHUTDOWN_CRASH},
        {"kill", PARAPET_SHUTDOWN_CRASH},
    };

    for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
        struct mg_child child;

        mg_child_run(ends[i].bootargs, &child);
        if (!mg_domain_wait(child.id, PARAPET_DOMAIN_ENDED))
            return;
        MG_CHECK_EQ(mg_domain_info(child.id).end_reason, ends[i].reason);
        MG_CHECK_EQ(mg_child_word(&child, 0), 1);
        mg_domain_audit(child.id);
    }
}

void test_main(void)
{
    mg_control_init();
    test_ends();
    mg_audit();
}
