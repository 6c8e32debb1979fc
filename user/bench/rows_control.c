/* SPDX-License-Identifier: MIT
 *
 * What a person in domain 0 does with other domains, by pctl: all that the
 * program, this kernel, the hypervisor and the new domain execute for it. The
 * domains are those of two descriptions: TINY, which a bench's boot adds
 * (tools/bench_lib/boots.py), is the least that runs; DEMO is a guest with
 * a RAM disk, which says GREETING when its first program begins.
 */
#include "user/bench/bench.h"

#include "abi/control_device.h"
#include "abi/domain.h"
#include "abi/errors.h"
#include "abi/hypercall.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define PCTL "/bin/pctl"
#define DEVICE "/dev/parapet"
#define TINY "tiny"
#define TINY_FILE "/etc/parapet/" TINY ".cfg"
#define DEMO "demo"
#define GREETING "Welcome to "
/* With domain 0. */
#define LISTED 200u

#define MAX_TEXT 16384

static uint32_t listed[LISTED - 1];

static unsigned int nr_made;  /* named 1, 2, ... in their order */
static unsigned int nr_ended; /* of these, the first ones */

bool control_is_there(void)
{
    return access(DEVICE, F_OK) == 0 && access(TINY_FILE, F_OK) == 0;
}

static _Noreturn void become(char **arguments, int out)
{
    if (out < 0)
        out = open("/dev/null", O_WRONLY);
    (void)dup2(out, STDOUT_FILENO);
    (void)execv(PCTL, arguments);
    _exit(127);
}

static pid_t begin(char **arguments, int out)
{
    pid_t pid = fork();

    if (pid < 0)
        fail("fork");
    if (pid == 0)
        become(arguments, out);
    return pid;
}

/* To its end, which is a good one. */
static void pctl(char *command, char *domain, char *more)
{
    char *arguments[] = {PCTL, command, domain, more, NULL};
    int status = 1;
    pid_t pid = begin(arguments, -1);

    if (waitpid(pid, &status, 0) != pid || status != 0)
        fail(command);
}

static void name_of(unsigned int number, const char *before, char *name,
                    size_t size)
{
    (void)snprintf(name, size, "%sbench%u", before, number);
}

/* ---- create, destroy ---- */

static void create_loop(uint64_t iterations)
{
    char name[32];

    while (iterations-- > 0) {
        name_of(nr_made++, "name=", name, sizeof(name));
        pctl("create", TINY, name);
    }
}

static void destroy_loop(uint64_t iterations)
{
    char name[32];

    while (iterations-- > 0) {
        name_of(nr_ended++, "", name, sizeof(name));
        pctl("destroy", name, NULL);
    }
}

static void destroy_all(void)
{
    destroy_loop(nr_made - nr_ended);
}

/* ---- list: to which it is nothing that these are never built ---- */

static int64_t call(uint64_t number, uint64_t arg)
{
    struct parapet_control_call call = {.number = number, .args = {arg}};
    int file = open(DEVICE, O_RDWR | O_CLOEXEC);

    if (file < 0 || ioctl(file, (int)PARAPET_IOC_CALL, &call) != 0)
        fail(DEVICE);
    (void)close(file);
    return call.result;
}

static void make_listed(void)
{
    unsigned int i;

    for (i = 0; i < LISTED - 1; i++) {
        struct parapet_domain_create params = {.engine = "pv",
                                               .max_frames = 1024,
                                               .nr_gfns = 1024,
                                               .shared_gfn = 0,
                                               .grant_gfn = 1,
                                               .nr_vcpus = 1,
                                               .weight = 256};
        int64_t id;

        (void)snprintf(params.name, sizeof(params.name), "listed%u", i);
        id = call(PARAPET_HC_domain_create, (uint64_t)&params);
        if (id < 0)
            fail("domain_create");
        listed[i] = (uint32_t)id;
    }
}

static void end_listed(void)
{
    unsigned int i;
    int64_t result;

    for (i = 0; i < LISTED - 1; i++) {
        do
            result = call(PARAPET_HC_domain_destroy, listed[i]);
        while (result == -PARAPET_ERESTART);
        if (result != 0)
            fail("domain_destroy");
    }
}

static void list_loop(uint64_t iterations)
{
    while (iterations-- > 0)
        pctl("list", NULL, NULL);
}

/* ---- a guest's start ---- */

/* Until it has said so; to a program that is done with it then. */
static void wait_for_greeting(int console)
{
    static char text[MAX_TEXT];
    size_t length = 0;
    ssize_t got;

    do {
        got = read(console, text + length, MAX_TEXT - 1 - length);
        if (got <= 0)
            fail("the guest's greeting");
        length += (size_t)got;
        text[length] = '\0';
    } while (strstr(text, GREETING) == NULL);
}

static void boot_loop(uint64_t iterations)
{
    int console[2], status;
    char name[32];
    char *arguments[] = {PCTL, "create", "--console", DEMO, name, NULL};
    pid_t pid;

    while (iterations-- > 0) {
        if (pipe2(console, O_CLOEXEC) != 0)
            fail("pipe");
        name_of(nr_made++, "name=", name, sizeof(name));
        pid = begin(arguments, console[1]);
        (void)close(console[1]);
        wait_for_greeting(console[0]);
        (void)kill(pid, SIGKILL);
        (void)close(console[0]);
        (void)waitpid(pid, &status, 0);
    }
}

const struct row control_rows[] = {
    {.name = "domain_create",
     .loop = create_loop,
     .after = destroy_all,
     .iterations = 1,
     .per_iteration = 1},
    {.name = "domain_destroy",
     .before = create_loop,
     .loop = destroy_loop,
     .iterations = 1,
     .per_iteration = 1},
    {.name = "domain_list_200",
     .prepare = make_listed,
     .loop = list_loop,
     .finish = end_listed,
     .iterations = 1,
     .per_iteration = 1},
    {.name = "domain_boot",
     .loop = boot_loop,
     .after = destroy_all,
     .iterations = 1,
     .per_iteration = 1},
    {.name = NULL},
};
