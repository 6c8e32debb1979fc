/* SPDX-License-Identifier: MIT
 *
 * That the device tells when a domain comes, changes, and goes.
 */
#include "user/controls/controls.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static int poll_for(int file, int timeout_ms)
{
    struct pollfd wish = {.fd = file, .events = POLLIN};

    return poll(&wish, 1, timeout_ms) == 1 && wish.revents == POLLIN;
}

/* How many events read() tells of. */
static int64_t news(int file)
{
    uint64_t nr = 0;

    check_is(read(file, &nr, sizeof(nr)), sizeof(nr), "read");
    return (int64_t)nr;
}

static int64_t make(const char *name)
{
    struct parapet_domain_create params = small_domain(name);

    return CALL(domain_create, ADDRESS(&params));
}

/* Whoever has the device open counts for himself. */
static void by_turns(void)
{
    int other = open_device(), late;
    int64_t id;

    (void)news(device);
    check_is(poll_for(device, 0), 0, "poll before anything has changed");
    check_is(news(device), 0, "events before anything has changed");
    id = make("comes");
    late = open_device();
    check_is(poll_for(device, 0), 1, "poll after a domain has come");
    check(news(device) > 0, "no event of a domain that has come");
    check_is(poll_for(device, 0), 0, "poll after the events were read");
    check_is(poll_for(late, 0), 0, "poll of who has come later");
    check_is(CALL(domain_destroy, (uint64_t)id), 0, "domain_destroy");
    check(news(device) > 0, "no event of a domain that has gone");
    check(news(late) > 0 && news(other) > 0, "others hear nothing");
    check_is(news(other), 0, "events that were read");
    close(late);
    close(other);
}

/* The parent sleeps when the child makes a domain. */
static void asleep(void)
{
    int status = 0;
    pid_t child;

    (void)news(device);
    child = fork();
    if (child == 0) {
        usleep(50 * 1000);
        _exit(make("wakes") > 0 ? 0 : 1);
    }
    check_is(poll_for(device, -1), 1, "poll that waits");
    check(waitpid(child, &status, 0) == child && status == 0,
          "the child could not make a domain");
}

/* Ends the one that the child has made. */
static void end_it(void)
{
    struct parapet_domain_info infos[PARAPET_MAX_INFOS];
    int64_t nr = CALL(domain_list, 0, ADDRESS(infos), PARAPET_MAX_INFOS);
    int64_t i, nr_ended = 0;

    for (i = 0; i < nr; i++)
        if (strcmp(infos[i].name, "wakes") == 0)
            nr_ended += CALL(domain_destroy, infos[i].id) == 0;
    check_is(nr_ended, 1, "domains that the child has made");
}

static void bad_reads(void)
{
    uint64_t nr = 0;

    check(read(device, &nr, sizeof(nr) - 1) == -1 && errno == EINVAL,
          "read of seven bytes");
    check(read(device, NULL, sizeof(nr)) == -1 && errno == EFAULT,
          "read to nowhere");
    check(news(device) > 0, "a read that failed has taken the events");
    check(write(device, &nr, sizeof(nr)) == -1 && errno == EINVAL, "write");
    check(lseek(device, 0, SEEK_SET) == -1 && errno == ESPIPE, "lseek");
}

void test_changes(void)
{
    by_turns();
    asleep();
    end_it();
    bad_reads();
}
