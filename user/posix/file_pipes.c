/* SPDX-License-Identifier: MIT
 *
 * Pipes with and without names.
 */
#include "user/posix/files.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define PIPE_SIZE 65536

static void one_process(void)
{
    char got[8] = {0};
    int ends[2], size = 0;

    check_is(pipe(ends), 0, "pipe");
    check_is(write(ends[1], "abc", 3), 3, "write");
    check_is(ioctl(ends[0], FIONREAD, &size), 0, "FIONREAD");
    check_is(size, 3, "what FIONREAD says");
    check_is(read(ends[0], got, 2), 2, "read");
    check_is(read(ends[0], got + 2, 6), 1, "read of the rest");
    check(strcmp(got, "abc") == 0, "what was written came");
    check_error(lseek(ends[0], 0, SEEK_SET), ESPIPE, "lseek");
    check_error(pread(ends[0], got, 1, 0), ESPIPE, "pread");
    check_error(read(ends[1], got, 1), EBADF, "read of the wrong end");
    check_error(write(ends[0], got, 1), EBADF, "write to the wrong end");
    check_is(close(ends[1]), 0, "close");
    check_is(read(ends[0], got, 8), 0, "the end");
    close(ends[0]);
}

static void no_reader(void)
{
    int ends[2];

    signal(SIGPIPE, SIG_IGN);
    pipe(ends);
    close(ends[0]);
    check_is(events_now(ends[1], POLLOUT) & POLLERR, POLLERR, "POLLERR");
    check_error(write(ends[1], "x", 1), EPIPE, "write without a reader");
    signal(SIGPIPE, SIG_DFL);
    close(ends[1]);
}

static void write_to_nobody(void *argument)
{
    int ends[2];

    (void)argument;
    pipe(ends);
    close(ends[0]);
    write(ends[1], "x", 1);
}

static void not_waiting(void)
{
    static char bytes[PIPE_SIZE];
    int ends[2];

    check_is(pipe2(ends, O_NONBLOCK | O_CLOEXEC), 0, "pipe2");
    check_is(fcntl(ends[0], F_GETFD), FD_CLOEXEC, "O_CLOEXEC");
    check_error(read(ends[0], bytes, 1), EAGAIN, "read of an empty pipe");
    check_is(events_now(ends[0], POLLIN), 0, "nothing to read");
    check_is(events_now(ends[1], POLLOUT), POLLOUT, "room to write");
    check_is(write(ends[1], bytes, PIPE_SIZE), PIPE_SIZE, "write of 64 KiB");
    check_error(write(ends[1], bytes, 1), EAGAIN, "write to a full pipe");
    check_is(events_now(ends[1], POLLOUT), 0, "no room");
    check_is(events_now(ends[0], POLLIN), POLLIN, "something to read");
    check_is(read(ends[0], bytes, 4096), 4096, "read of a page");
    check_is(write(ends[1], bytes, 4096), 4096, "write of a page");
    check_is(fcntl(ends[0], F_GETPIPE_SZ), PIPE_SIZE, "F_GETPIPE_SZ");
    close(ends[1]);
    check_is(events_now(ends[0], POLLIN), POLLIN | POLLHUP, "POLLHUP");
    close(ends[0]);
}

/* The child writes more than fits; all of it comes, in order. */
static void two_processes(void)
{
    enum { NR_WORDS = 100000 };
    static unsigned int words[1000];
    unsigned int next = 0, i;
    int ends[2], status;
    ssize_t size;
    pid_t pid;

    pipe(ends);
    pid = fork();
    if (pid == 0) {
        close(ends[0]);
        while (next < NR_WORDS) {
            for (i = 0; i < 1000; i++)
                words[i] = next++;
            if (write(ends[1], words, sizeof(words)) != sizeof(words))
                _exit(1);
        }
        _exit(0);
    }
    close(ends[1]);
    while ((size = read(ends[0], words, 400)) > 0) {
        for (i = 0; i < (unsigned long)size / 4; i++)
            if (words[i] == next)
                next++;
    }
    check_is(next, NR_WORDS, "words that came through a pipe");
    check_is(waitpid(pid, &status, 0), pid, "waitpid");
    check_is(status, 0, "the writer's status");
    close(ends[0]);
}

/* Writes of up to a page are not torn: each child has a byte of its own. */
static void pieces(void)
{
    static char piece[1000];
    int ends[2], child, i, status;
    bool whole = true;
    ssize_t got, more;

    pipe(ends);
    for (child = 0; child < 3; child++) {
        if (fork() != 0)
            continue;
        memset(piece, 'a' + child, sizeof(piece));
        for (i = 0; i < 100; i++)
            write(ends[1], piece, sizeof(piece));
        _exit(0);
    }
    close(ends[1]);
    while ((got = read(ends[0], piece, sizeof(piece))) > 0) {
        while (got < (ssize_t)sizeof(piece)) {
            more = read(ends[0], piece + got, sizeof(piece) - (size_t)got);
            if (more <= 0)
                break;
            got += more;
        }
        for (i = 1; i < (int)sizeof(piece); i++)
            whole &= piece[i] == piece[0];
    }
    check(whole, "small writes are in one piece");
    for (child = 0; child < 3; child++)
        wait(&status);
    close(ends[0]);
}

static void named(void)
{
    char got[8] = {0};
    int reader, writer, status;
    pid_t pid;

    check_is(mkfifo("fifo", 0600), 0, "mkfifo");
    check_error(open("fifo", O_WRONLY | O_NONBLOCK), ENXIO,
                "O_WRONLY | O_NONBLOCK without a reader");
    reader = open("fifo", O_RDONLY | O_NONBLOCK);
    check_is(reader >= 0, 1, "O_RDONLY | O_NONBLOCK");
    check_is(read(reader, got, 1), 0, "read without a writer");
    writer = open("fifo", O_WRONLY | O_NONBLOCK);
    check_is(writer >= 0, 1, "O_WRONLY | O_NONBLOCK with a reader");
    check_error(read(reader, got, 1), EAGAIN, "read of an empty one");
    check_is(write(writer, "x", 1), 1, "write");
    check_is(read(reader, got, 8), 1, "read");
    close(reader);
    close(writer);
    pid = fork();
    if (pid == 0) {
        writer = open("fifo", O_WRONLY);
        _exit(write(writer, "hello", 5) == 5 ? 0 : 1);
    }
    reader = open("fifo", O_RDONLY);
    check_is(read(reader, got, 8), 5, "read of what another process writes");
    check_is(read(reader, got, 8), 0, "the end");
    check_is(waitpid(pid, &status, 0), pid, "waitpid");
    check_is(status, 0, "the writer's status");
    close(reader);
    check_is(unlink("fifo"), 0, "unlink");
}

void test_pipes(void)
{
    one_process();
    no_reader();
    check_killed(write_to_nobody, NULL, SIGPIPE, "write without a reader");
    not_waiting();
    two_processes();
    pieces();
    named();
}
