/* SPDX-License-Identifier: MIT
 *
 * Steps on open files, whatever these are: pipes, devices, directories, files
 * that grow and shrink meanwhile.
 */
#include "user/storm/storm.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/sendfile.h>
#include <sys/uio.h>
#include <unistd.h>

#define NR_SLOTS 24
#define FIRST_FD 3 /* those below are /dev/null, and stay */

/* Of a worker; its threads race for them. */
static int slots[NR_SLOTS];

int any_fd(void)
{
    return slots[below(NR_SLOTS)];
}

static void close_fd(int fd)
{
    if (fd >= FIRST_FD)
        (void)close(fd);
}

void keep_fd(int fd)
{
    unsigned int i = below(NR_SLOTS);
    int old = slots[i];

    if (fd < 0)
        return;
    slots[i] = fd;
    close_fd(old);
}

void step_descriptors(void)
{
    int to = any_fd();

    switch (below(3)) {
    case 0:
        close_fd(any_fd());
        break;
    case 1:
        if (to >= FIRST_FD)
            (void)dup2(any_fd(), to);
        break;
    default:
        keep_fd(
            fcntl(any_fd(), once_in(2) ? F_DUPFD : F_DUPFD_CLOEXEC, below(60)));
    }
}

static void transfer_vector(void)
{
    struct iovec parts[3];
    int i;

    for (i = 0; i < 3; i++)
        parts[i] = (struct iovec){buffer + below(10000), below(9000)};
    if (once_in(2))
        (void)readv(any_fd(), parts, 3);
    else
        (void)writev(any_fd(), parts, 3);
}

void step_read_write(void)
{
    switch (below(7)) {
    case 0:
    case 1:
        (void)read(any_fd(), buffer, below(BUFFER_SIZE));
        break;
    case 2:
    case 3:
        (void)write(any_fd(), buffer, below(BUFFER_SIZE));
        break;
    case 4:
        (void)pread(any_fd(), buffer, below(9000), below(65000));
        break;
    case 5:
        (void)pwrite(any_fd(), buffer, below(9000), below(65000));
        break;
    default:
        transfer_vector();
    }
}

void step_contents(void)
{
    off_t from = below(30000), to = below(30000);
    int nr_bytes;

    switch (below(6)) {
    case 0:
        (void)ftruncate(any_fd(), below(60000));
        break;
    case 1:
        (void)lseek(any_fd(), below(65000), below(5));
        break;
    case 2:
        (void)sendfile(any_fd(), any_fd(), once_in(2) ? &from : NULL,
                       below(40000));
        break;
    case 3:
        (void)copy_file_range(any_fd(), once_in(2) ? &from : NULL, any_fd(),
                              once_in(2) ? &to : NULL, below(40000), 0);
        break;
    case 4:
        (void)fallocate(any_fd(), below(4), below(9000), below(30000));
        break;
    default:
        (void)ioctl(any_fd(), FIONREAD, &nr_bytes);
        (void)flock(any_fd(), 1 << below(4) | LOCK_NB);
    }
}

/* A few are such that their readers and writers wait, until interrupted. */
void step_pipes(void)
{
    int ends[2];

    if (pipe2(ends, once_in(8) ? O_CLOEXEC : O_NONBLOCK) != 0)
        return;
    keep_fd(ends[0]);
    keep_fd(ends[1]);
}

static void poll_some(void)
{
    struct pollfd files[6];
    int i;

    for (i = 0; i < 6; i++)
        files[i] = (struct pollfd){any_fd(), (short)random_bits(), 0};
    (void)poll(files, 6, below(3));
}

/* An instance may well watch others, or itself. */
void step_polling(void)
{
    struct epoll_event event = {
        .events = random_bits() &
                  (EPOLLIN | EPOLLOUT | EPOLLHUP | EPOLLET | EPOLLONESHOT)};
    struct epoll_event events[4];

    switch (below(5)) {
    case 0:
        poll_some();
        break;
    case 1:
        keep_fd(epoll_create1(0));
        break;
    case 2:
    case 3:
        (void)epoll_ctl(any_fd(), EPOLL_CTL_ADD + below(3), any_fd(), &event);
        break;
    default:
        (void)epoll_wait(any_fd(), events, 4, below(3));
    }
}
