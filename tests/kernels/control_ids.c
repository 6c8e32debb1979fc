/* SPDX-License-Identifier: MIT
 *
 * Ids only rise: after many domains that came and went the next one's has
 * several digits. It is known by it: to the calls, in what it writes, and in
 * the report of its end.
 *
 * BUNDLE: memory=32M
 * QEMU: privileged=1 patience=120 once=1
 * CONSOLE: "(?m)^d1234\| it breaks a rule$"
 * CONSOLE: "(?m)^d1234v0: killed: iret: "
 * CONSOLE: "(?m)^d1234v0:   rip [0-9a-f]{16} "
 * CONSOLE: "(?m)^d1234: crashed \(last\)$"
 */
#include "abi/stubs.h"
#include "tests/kernels/lib/control.h"
#include "tests/kernels/lib/test.h"

MG_TEST(control_ids);

#define LAST 1234

void test_main(void)
{
    const struct mg_child_wish brief = {.name = "brief"};
    const struct mg_child_wish wish = {.name = "last", .bootargs = "kill"};
    struct mg_child child;

    mg_control_init();
    for (uint32_t id = 1; id < LAST; id++) {
        if (!MG_CHECK_EQ(mg_child_make(&brief, &child), 0) ||
            !MG_CHECK_EQ(child.id, id) ||
            !MG_CHECK_EQ(mg_domain_destroy(id), 0))
            return;
    }
    mg_child_create(&wish, &child);
    MG_CHECK_EQ(child.id, LAST);
    MG_CHECK_EQ(mg_domain_unpause(LAST), 0);
    MG_CHECK(mg_domain_wait(LAST, PARAPET_DOMAIN_ENDED));
    MG_CHECK_EQ(mg_domain_info(LAST).end_reason, PARAPET_SHUTDOWN_CRASH);
    MG_CHECK_EQ(mg_domain_destroy(LAST), 0);
    MG_CHECK_EQ(mg_domain_destroy(LAST), -PARAPET_ENOENT);
}
