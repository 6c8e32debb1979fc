/* SPDX-License-Identifier: MIT */
#include "user/pctl/device.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

static int device_open(struct pctl_machine *m)
{
    m->fd = open(DEVICE_PATH, O_RDWR | O_CLOEXEC);
    return m->fd < 0 ? -errno : 0;
}

static int device_call(struct pctl_machine *m,
                       struct parapet_control_call *call)
{
    return ioctl(m->fd, (int)PARAPET_IOC_CALL, call) < 0 ? -errno : 0;
}

static int device_serve(struct pctl_machine *m,
                        const struct parapet_serve *serve)
{
    return ioctl(m->fd, (int)PARAPET_IOC_SERVE, serve) < 0 ? -errno : 0;
}

static int device_backend(struct pctl_machine *m,
                          const struct parapet_backend *backend)
{
    return ioctl(m->fd, (int)PARAPET_IOC_BACKEND, backend) < 0 ? -errno : 0;
}

static int device_attach(struct pctl_machine *m,
                         const struct parapet_blk_attach *attach)
{
    return ioctl(m->fd, (int)PARAPET_IOC_BLK_ATTACH, attach) < 0 ? -errno : 0;
}

static int device_detach(struct pctl_machine *m,
                         const struct parapet_blk_detach *detach)
{
    return ioctl(m->fd, (int)PARAPET_IOC_BLK_DETACH, detach) < 0 ? -errno : 0;
}

static int device_disk(struct pctl_machine *m, struct parapet_blk_info *info)
{
    return ioctl(m->fd, (int)PARAPET_IOC_BLK_INFO, info) < 0 ? -errno : 0;
}

/* The open file becomes the console, so it is another one. */
static int device_console(struct pctl_machine *m, uint32_t domain)
{
    int fd = open(DEVICE_PATH, O_RDWR | O_CLOEXEC), error;

    (void)m;
    if (fd < 0)
        return -errno;
    if (ioctl(fd, (int)PARAPET_IOC_CONSOLE, (unsigned long)domain) == 0)
        return fd;
    error = -errno;
    (void)close(fd);
    return error;
}

static void device_pass_key(struct pctl_machine *m, int console)
{
    (void)m;
    (void)ioctl(console, (int)PARAPET_IOC_PASS_KEY, 0);
}

/* The events are taken before whoever called looks, and so none is missed. */
static int device_wait(struct pctl_machine *m, int milliseconds)
{
    struct pollfd changes = {.fd = m->fd, .events = POLLIN};
    uint64_t nr;

    if (poll(&changes, 1, milliseconds) < 0)
        return -errno;
    return read(m->fd, &nr, sizeof(nr)) < 0 ? -errno : 0;
}

static uint64_t device_now(struct pctl_machine *m)
{
    struct timespec time;

    (void)m;
    (void)clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000 + (uint64_t)time.tv_nsec / 1000000;
}

struct pctl_machine device = {
    .open = device_open,
    .call = device_call,
    .serve = device_serve,
    .backend = device_backend,
    .attach = device_attach,
    .detach = device_detach,
    .disk = device_disk,
    .console = device_console,
    .pass_key = device_pass_key,
    .wait = device_wait,
    .now = device_now,
    .fd = -1,
};
