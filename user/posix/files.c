/* SPDX-License-Identifier: MIT
 *
 * Files of all kinds: the place where they are tried out.
 */
#include "user/posix/files.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void write_file(const char *name, const char *text)
{
    int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0644);

    check(fd >= 0, "%s cannot be made", name);
    check_is(write(fd, text, strlen(text)), (long)strlen(text), name);
    check_is(close(fd), 0, name);
}

void check_file(const char *name, const char *text)
{
    char got[256] = {0};
    int fd = open(name, O_RDONLY);
    ssize_t size = read(fd, got, sizeof(got) - 1);

    close(fd);
    check(size == (ssize_t)strlen(text) && strcmp(got, text) == 0,
          "%s: expected \"%s\", got \"%s\" (%zd bytes)", name, text, got, size);
}

int events_now(int fd, int events)
{
    struct pollfd request = {.fd = fd, .events = (short)events};

    return poll(&request, 1, 0) < 0 ? -1 : request.revents;
}

static void run(void (*part)(void), const char *name)
{
    check_is(mkdir(name, 0755), 0, name);
    check_is(chdir(name), 0, name);
    part();
    check_is(chdir(".."), 0, name);
    check_is(rmdir(name), 0, name);
}

void test_files(void)
{
    char dir[] = "/tmp/posix-XXXXXX";

    if (mkdtemp(dir) == NULL || chdir(dir) != 0) {
        check(false, "there is no place in /tmp");
        return;
    }
    run(test_descriptors, "descriptors");
    run(test_contents, "contents");
    run(test_names, "names");
    run(test_dirs, "directories");
    run(test_pipes, "pipes");
    run(test_polling, "polling");
    check_is(chdir("/"), 0, "chdir");
    check_is(rmdir(dir), 0, dir);
}
