/* SPDX-License-Identifier: MIT
 *
 * /dev/parapet, which the kernel of a privileged domain has: programs make the
 * calls of domain control by it, one for each ioctl(2), and learn that a
 * domain has changed (abi/control_device.h).
 *
 * What the hypervisor reads and writes is the kernel's own memory: nothing of a
 * program's is mapped for it. One piece of memory serves all calls, since no
 * other thread runs between the first copy and the last.
 */
#include "guest-kernel/fs/device.h"
#include "abi/stubs.h"
#include "guest-kernel/control/blk.h"
#include "guest-kernel/control/buffer.h"
#include "guest-kernel/control/console.h"
#include "guest-kernel/core/irq.h"
#include "guest-kernel/core/kprintf.h"
#include "guest-kernel/dev/virtio_blk.h"
#include "guest-kernel/errno.h"
#include "guest-kernel/fs/file.h"
#include "guest-kernel/mm/slab.h"
#include "guest-kernel/mm/space.h"
#include "guest-kernel/privops/privops.h"
#include "guest-kernel/privops/pv/pv.h"
#include "guest-kernel/proc/process.h"
#include "guest-kernel/pvenv/bus.h"
#include "guest-kernel/pvenv/console.h"
#include "lib/macros.h"

static char *memory; /* PARAPET_CONTROL_MAX_BYTES */

/* ---- calls ---- */

/*
 * To the kernel's memory. What the hypervisor is to write is written back at
 * once, as it is: what could not be told to the program is not to be done, and
 * what the hypervisor leaves as it is stays so.
 */
static bool take(struct space *space, const struct parapet_control_call *call,
                 const struct control_buffer *buffer)
{
    uint64_t vaddr = call->args[buffer->arg];

    if (buffer->size == 0)
        return true;
    return space_copy_in(space, memory, vaddr, buffer->size) &&
           (!buffer->is_out ||
            space_copy_out(space, vaddr, memory, buffer->size));
}

static bool give(struct space *space, const struct parapet_control_call *call,
                 const struct control_buffer *buffer)
{
    if (!buffer->is_out)
        return true;
    return space_copy_out(space, call->args[buffer->arg], memory, buffer->size);
}

/* An interrupt may write to the console, and that sets restart_done. */
static void make_call(struct parapet_control_call *call,
                      const struct control_buffer *buffer)
{
    uint64_t args[ARRAY_SIZE(call->args)];
    bool irq_on;
    size_t i;

    for (i = 0; i < ARRAY_SIZE(args); i++)
        args[i] = call->args[i];
    if (buffer->is_there)
        args[buffer->arg] = (uint64_t)memory;
    if (buffer->nr_at_once > 0)
        args[buffer->count_arg] = buffer->nr_at_once;
    irq_on = privops_irq_save();
    call->result = hypercall_by_number(call->number, args);
    call->done = pv_vcpu_page()->restart_done;
    privops_irq_restore(irq_on);
    if (call->result == 0 && buffer->nr_at_once > 0) {
        call->result = -PARAPET_ERESTART;
        call->done = buffer->nr_at_once;
    }
}

/* Of a domain that is about to be destroyed. */
static void end_services(uint64_t domain)
{
    control_console_end(domain);
    control_blk_end(domain);
}

static int64_t call(struct space *space, uint64_t arg)
{
    struct parapet_control_call call;
    struct control_buffer buffer;
    int64_t error;

    if (!space_copy_in(space, &call, arg, sizeof(call)))
        return -EFAULT;
    error = control_buffer_of(&call, &buffer);
    if (error != 0)
        return error;
    if (!take(space, &call, &buffer) ||
        !space_copy_out(space, arg, &call, sizeof(call)))
        return -EFAULT;
    if (call.number == PARAPET_HC_domain_destroy)
        end_services(call.args[0]);
    make_call(&call, &buffer);
    if (!give(space, &call, &buffer) ||
        !space_copy_out(space, arg, &call, sizeof(call)))
        return -EFAULT;
    return 0;
}

/* ---- other requests ---- */

static int64_t serve(struct space *space, uint64_t arg)
{
    struct parapet_serve serve;
    int64_t error;

    if (!space_copy_in(space, &serve, arg, sizeof(serve)))
        return -EFAULT;
    error = control_console_serve(serve.domain, serve.console_port);
    return error != 0 || serve.bus_port == 0
               ? error
               : control_blk_serve(serve.domain, serve.bus_port);
}

static int64_t switch_backend(struct space *space, uint64_t arg)
{
    struct parapet_backend backend;

    if (!space_copy_in(space, &backend, arg, sizeof(backend)))
        return -EFAULT;
    if (backend.on > 1)
        return -EINVAL;
    switch (backend.kind) {
    case PARAPET_BACKEND_CONSOLE:
        return control_console_switch(backend.on == 1);
    case PARAPET_BACKEND_BLK:
        return control_blk_switch(backend.on == 1);
    default:
        return -EINVAL;
    }
}

static int64_t attach_disk(struct space *space, uint64_t arg)
{
    struct parapet_blk_attach attach;

    if (!space_copy_in(space, &attach, arg, sizeof(attach)))
        return -EFAULT;
    return control_blk_attach(&attach);
}

static int64_t detach_disk(struct space *space, uint64_t arg)
{
    struct parapet_blk_detach detach;

    if (!space_copy_in(space, &detach, arg, sizeof(detach)))
        return -EFAULT;
    return control_blk_detach(detach.domain, detach.index);
}

static int64_t tell_disk(struct space *space, uint64_t arg)
{
    struct parapet_blk_info info;
    int64_t error;

    if (!space_copy_in(space, &info, arg, sizeof(info)))
        return -EFAULT;
    error = control_blk_info(info.nth, &info);
    if (error == 0 && !space_copy_out(space, arg, &info, sizeof(info)))
        return -EFAULT;
    return error;
}

static int64_t control_ioctl(struct file *file, uint32_t request, uint64_t arg)
{
    struct space *space = process_current()->space;

    switch (request) {
    case PARAPET_IOC_CALL:
        return call(space, arg);
    case PARAPET_IOC_SERVE:
        return serve(space, arg);
    case PARAPET_IOC_CONSOLE:
        return control_console_open(file, arg);
    case PARAPET_IOC_BACKEND:
        return switch_backend(space, arg);
    case PARAPET_IOC_BLK_ATTACH:
        return attach_disk(space, arg);
    case PARAPET_IOC_BLK_DETACH:
        return detach_disk(space, arg);
    case PARAPET_IOC_BLK_INFO:
        return tell_disk(space, arg);
    default:
        return -ENOTTY;
    }
}

/* ---- changes of domains ---- */

static uint64_t nr_changes;

static void domain_changed(void *unused)
{
    (void)unused;
    nr_changes++;
    control_console_look();
    control_blk_look();
    poll_notify();
}

/* file->private is how many its reader knows of: no pointer, a number. */
static uint64_t news(const struct file *file)
{
    return __atomic_load_n(&nr_changes, __ATOMIC_RELAXED) -
           (uint64_t)file->private;
}

static void known(struct file *file, uint64_t nr)
{
    file->private = (void *)((uint64_t)file->private + nr);
}

static int64_t control_open(struct file *file)
{
    known(file, news(file));
    return 0;
}

static int64_t control_read(struct file *file, struct io *to, uint64_t *offset)
{
    uint64_t nr = news(file);

    (void)offset;
    if (to->left < sizeof(nr))
        return -EINVAL;
    if (!io_put(to, &nr, sizeof(nr)))
        return -EFAULT;
    known(file, nr);
    return sizeof(nr);
}

static uint32_t control_poll(struct file *file)
{
    return news(file) != 0 ? POLLIN | POLLRDNORM : 0;
}

static const struct file_ops control_ops = {
    .open = control_open,
    .read = control_read,
    .ioctl = control_ioctl,
    .poll = control_poll,
    .is_stream = true,
};

/* Only the control domain may bind the virtual IRQ: so it is asked who we are.
 * (Linux's major number 10 is for what has none of its own.) */
static void control_init(void)
{
    static const struct device devices[] = {
        {"parapet", DEVICE(10, 240), &control_ops},
    };
    static struct device_table table = {devices, ARRAY_SIZE(devices), NULL};
    int64_t port = hypercall_evtchn_bind_virq(PARAPET_VIRQ_DOMAIN, 0);

    if (port == -PARAPET_EPERM)
        return;
    pv_check(port, "evtchn_bind_virq");
    memory = kmalloc(PARAPET_CONTROL_MAX_BYTES);
    if (memory == NULL) {
        kprintf("guest: no memory for /dev/parapet: give the domain more\n");
        return;
    }
    irq_bind((uint32_t)port, domain_changed, NULL);
    control_console_init();
    control_blk_init();
    device_register(&table);
}

void privops_devices_init(void)
{
    pvenv_console_init();
    pvenv_bus_init();
    control_init();
    virtio_blk_init();
}
