/* SPDX-License-Identifier: MIT
 *
 * log_console: when the control domain wants no more than errors, the console
 * shows neither what other domains write nor how they end well, but the report
 * of one that is killed; and all of it is in the log. Its own words are shown
 * as before; and when it ends, so is all.
 *
 * BUNDLE: memory=32M
 * QEMU: privileged=1 once=1
 * CONSOLE: "(?m)^errors alone$"
 * CONSOLE: "(?m)^d1v0: killed: iret: (.*\n)+d1: crashed "
 * NOWHERE: "d1\||d2: powered off"
 * CONSOLE: "(?m)^all again\nd3\| it breaks a rule\nd3v0: killed: "
 * NOWHERE: "d4: powered off"
 * CONSOLE: "(?m)^d0: powered off "
 * CONSOLE: "(?m)^parapet: the control domain has ended: "
 */
#include "abi/stubs.h"
#include "lib/macros.h"
#include "lib/string.h"
#include "tests/kernels/lib/console.h"
#include "tests/kernels/lib/control.h"
#include "tests/kernels/lib/hctable.h"
#include "tests/kernels/lib/test.h"

MG_TEST(log_console);

static char log[65536];
static size_t log_size;

/* All of it: less than the machine keeps. */
static void read_log(void)
{
    struct {
        struct parapet_log_head head;
        char text[PARAPET_LOG_AT_ONCE];
    } answer = {.head = {.next = 0}};
    int64_t n;

    log_size = 0;
    while ((n = hypercall_log_read(answer.head.next, &answer, sizeof(answer))) >
           0) {
        if (!MG_CHECK_EQ(answer.head.lost, 0) ||
            !MG_CHECK(log_size + (size_t)n <= sizeof(log)))
            return;
        memcpy(log + log_size, answer.text, (size_t)n);
        log_size += (size_t)n;
    }
    MG_CHECK_EQ(n, 0);
}

/* A line, or the beginning of one. */
static bool log_has(const char *line)
{
    size_t size = strlen(line);

    for (size_t i = 0; i + size <= log_size; i++)
        if ((i == 0 || log[i - 1] == '\n') && memcmp(log + i, line, size) == 0)
            return true;
    return false;
}

static void run_to_its_end(const char *bootargs)
{
    struct mg_child child;

    mg_child_run(bootargs, &child);
    MG_CHECK(mg_domain_wait(child.id, PARAPET_DOMAIN_ENDED));
    MG_CHECK_EQ(mg_domain_destroy(child.id), 0);
}

static void test_arguments(void)
{
    uint64_t wide[6] = {1ul << 32 | PARAPET_LOG_ERR};

    MG_CHECK_EQ(hypercall_log_console(PARAPET_LOG_DEBUG + 1), -PARAPET_EINVAL);
    MG_CHECK_EQ(hypercall_log_console(~0u), -PARAPET_EINVAL);
    MG_CHECK_EQ(mg_hypercall(PARAPET_HC_log_console, wide), -PARAPET_EINVAL);
}

void test_main(void)
{
    static const char *const lines[] = {
        "d1| it breaks a rule\nd1v0: killed: iret: ", "d1: crashed ",
        "d2: powered off ",
        "d3| it breaks a rule\nd3v0: killed: iret: ", "d4: powered off "};

    mg_control_init();
    MG_CHECK_EQ(hypercall_log_console(PARAPET_LOG_ERR), 0);
    mg_printf("errors alone\n");
    run_to_its_end("kill");
    run_to_its_end("exit");
    /* What is refused changes nothing. */
    MG_CHECK_EQ(hypercall_log_console(PARAPET_LOG_INFO), 0);
    test_arguments();
    mg_printf("all again\n");
    run_to_its_end("kill");
    MG_CHECK_EQ(hypercall_log_console(PARAPET_LOG_WARN), 0);
    test_arguments();
    run_to_its_end("exit");
    read_log();
    for (size_t i = 0; i < ARRAY_SIZE(lines); i++)
        if (!log_has(lines[i]))
            mg_failure("the log lacks: %s", lines[i]);
}
