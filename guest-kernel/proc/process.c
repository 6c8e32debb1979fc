/* SPDX-License-Identifier: MIT
 *
 * Records of processes, their table, and those that the kernel starts itself.
 */
#include "guest-kernel/proc/process.h"

#include "guest-kernel/errno.h"
#include "guest-kernel/fs/file.h"
#include "guest-kernel/fs/path.h"
#include "guest-kernel/mm/slab.h"
#include "guest-kernel/proc/aio.h"
#include "guest-kernel/proc/exec.h"
#include "guest-kernel/proc/files.h"
#include "guest-kernel/proc/process_parts.h"
#include "guest-kernel/proc/user.h"
#include "lib/macros.h"
#include "lib/string.h"

#define STACK_LIMIT 0x800000ul

/* References to a page that the hypervisor counts at least: one more would be a
 * refused update, which is a panic (struct parapet_memory_limits). */
#define MAX_REFERENCES (1u << 22)
_Static_assert(THREADS_MAX *SPACE_MAX_AREAS <= MAX_REFERENCES / 2,
               "all processes together can map a page too often");

struct list_node process_all = LIST_INIT(process_all);
static unsigned int nr_processes;

static struct process monitor = {
    .name = "monitor",
    .threads = LIST_INIT(monitor.threads),
    .children = LIST_INIT(monitor.children),
    .sibling = LIST_INIT(monitor.sibling),
    .child_changed = WAIT_QUEUE_INIT(monitor.child_changed),
    .signal_taken = WAIT_QUEUE_INIT(monitor.signal_taken),
    .resumed = WAIT_QUEUE_INIT(monitor.resumed),
};

struct process *process_of_monitor(void)
{
    return &monitor;
}

struct process *process_current(void)
{
    return thread_current()->process;
}

struct inode *process_root(void)
{
    const struct process *self = process_current();

    return self != NULL ? self->root : NULL;
}

struct space *process_space(void)
{
    return process_current()->space;
}

/* ---- the table ---- */

struct process *process_find(uint32_t pid)
{
    struct process *process;

    for_each_process (process)
        if (process->pid == pid)
            return process;
    return NULL;
}

bool process_has_number(uint32_t number)
{
    const struct process *process;

    for_each_process (process)
        if (process->pid == number || process->pgid == number ||
            process->sid == number)
            return true;
    return false;
}

unsigned int process_count(void)
{
    return nr_processes;
}

uint64_t process_cpu_ns(const struct process *process)
{
    uint64_t ns = process->ended_threads_ns;
    const struct thread_user *user;

    list_for_each_entry (user, &process->threads, sibling)
        ns += thread_cpu_ns(user->thread);
    return ns;
}

struct thread *process_first_thread(const struct process *process)
{
    return list_first_entry(&process->threads, struct thread_user, sibling)
        ->thread;
}

/* ---- records ---- */

struct process *process_create(const char *name)
{
    struct process *process = kzalloc(sizeof(*process));

    if (process == NULL)
        return NULL;
    (void)string_copy(process->name, sizeof(process->name), name);
    list_init(&process->all);
    list_init(&process->threads);
    list_init(&process->aio);
    list_init(&process->children);
    list_init(&process->sibling);
    wait_queue_init(&process->resumed);
    wait_queue_init(&process->signal_taken);
    wait_queue_init(&process->child_changed);
    process->start_ns = privops_clock_ns();
    return process;
}

void process_set_program(struct process *process, struct inode *program)
{
    if (process->program != NULL) {
        process->program->nr_running--;
        inode_put(process->program);
    }
    process->program = program;
}

void process_set_image(struct process *process, const struct exec_image *image)
{
    process->space = image->space;
    process_set_program(process, image->program);
    process->heap_start = image->heap_start;
    process->heap_end = image->heap_start;
    process->args_start = image->args_start;
    process->args_end = image->args_end;
    process->environment_end = image->environment_end;
    (void)string_copy(process->name, sizeof(process->name), image->name);
}

void process_release(struct process *process)
{
    aio_end_all(&process->aio);
    files_destroy(process->files);
    process->files = NULL;
    inode_put(process->cwd);
    process->cwd = NULL;
    inode_put(process->root);
    process->root = NULL;
    process_set_program(process, NULL);
}

void process_free(struct process *process)
{
    bool irq_on = privops_irq_save();

    if (!list_is_empty(&process->all))
        nr_processes--;
    list_remove(&process->all);
    list_remove(&process->sibling);
    privops_irq_restore(irq_on);
    process_release(process);
    space_put(process->space);
    signal_pending_drop(&process->pending, ~0ul);
    kfree(process);
}

void process_publish(struct process *process, struct process *parent,
                     uint32_t pid)
{
    bool irq_on = privops_irq_save();

    process->pid = pid;
    process->parent = parent;
    list_add_last(&process_all, &process->all);
    nr_processes++;
    if (parent != NULL)
        list_add_last(&parent->children, &process->sibling);
    privops_irq_restore(irq_on);
}

/* ---- threads ---- */

/* The first function of its thread. */
static void go_to_user(void *unused)
{
    struct trap_regs regs = thread_current()->user->start;

    (void)unused;
    privops_irq_disable();
    user_return(&regs);
    trap_leave(&regs);
}

static struct thread_user *create_user(const struct trap_regs *regs)
{
    struct thread_user *user = kzalloc(sizeof(*user));

    if (user == NULL)
        return NULL;
    user->fpu = fpu_state_create();
    if (user->fpu == NULL) {
        kfree(user);
        return NULL;
    }
    user->start = *regs;
    user->regs = &user->start;
    return user;
}

struct thread *process_add_thread(struct process *process,
                                  const struct trap_regs *regs)
{
    struct thread_user *user = create_user(regs);
    bool irq_on = privops_irq_save();
    struct thread *thread = NULL;

    if (user != NULL)
        thread = thread_create(process->name, go_to_user, NULL);
    if (thread != NULL) {
        user->thread = thread;
        thread->user = user;
        thread->process = process;
        list_add_last(&process->threads, &user->sibling);
        process->nr_threads++;
    } else if (user != NULL) {
        kfree(user->fpu);
        kfree(user);
    }
    privops_irq_restore(irq_on);
    return thread;
}

/* ---- what the kernel starts ---- */

static void set_default_limits(struct process *process)
{
    unsigned int i;

    for (i = 0; i < NR_LIMITS; i++)
        process->limits[i] = (struct limit){LIMIT_INFINITY, LIMIT_INFINITY};
    process->limits[LIMIT_STACK].soft = STACK_LIMIT;
    process->limits[LIMIT_NOFILE] = (struct limit){FILES_MAX, FILES_MAX};
}

/* Descriptors 0, 1 and 2. */
static int64_t open_console(struct process *process)
{
    struct inode *inode;
    struct file *file;
    int64_t result = path_find(NULL, "/dev/console", true, &inode);
    int64_t fd = 0;

    if (result != 0)
        return result;
    result = file_open(inode, O_RDWR, &file);
    inode_put(inode);
    if (result != 0)
        return result;
    while (fd >= 0 && fd < 2)
        fd = files_add(process->files, file_get(file), 0, false);
    file_put(file);
    return fd < 0 ? fd : 0;
}

static int64_t load(struct process *process, const char *path,
                    char *const *args, struct exec_image *image,
                    const char **why)
{
    static const char environment[] = "HOME=/root\0TERM=linux\0"
                                      "PATH=/bin:/sbin:/usr/bin:/usr/sbin";
    struct exec_request request = {
        .path = path,
        .environment = {(char *)environment, sizeof(environment), 3},
    };
    int64_t result;
    size_t size;

    for (; args[request.args.nr] != NULL; request.args.nr++)
        request.args.size += strlen(args[request.args.nr]) + 1;
    request.args.text = kmalloc(MAX(request.args.size, 1ul));
    if (request.args.text == NULL)
        return -ENOMEM;
    for (request.args.size = 0; *args != NULL; args++) {
        size = strlen(*args) + 1;
        memcpy(request.args.text + request.args.size, *args, size);
        request.args.size += size;
    }
    result = exec_load(&request, image, why);
    kfree(request.args.text);
    if (result == 0)
        process_set_image(process, image);
    return result;
}

/* The process has its program: the rest of it. */
static int64_t start(struct process *process, struct process *parent,
                     const struct trap_regs *regs, const char **why)
{
    struct thread *thread;
    int64_t result = -ENOMEM;

    *why = "/dev/console cannot be opened";
    process->cwd = inode_get(path_root());
    process->root = inode_get(path_root());
    process->umask = 022;
    process->exit_signal = SIGCHLD;
    process->files = files_create();
    if (process->files != NULL)
        result = open_console(process);
    if (result != 0)
        return result;
    *why = "there is no memory, or too many threads";
    thread = process_add_thread(process, regs);
    if (thread == NULL)
        return -EAGAIN;
    if (parent == NULL)
        thread->id = 1;
    process->pgid = thread->id;
    process->sid = thread->id;
    process_publish(process, parent, thread->id);
    tty_acquire_console(process);
    return process->pid;
}

int64_t process_spawn(struct process *parent, const char *path,
                      char *const *args, const char **why)
{
    bool irq_on = privops_irq_save();
    struct process *process = process_create("");
    struct exec_image image;
    int64_t result = -ENOMEM;

    *why = "out of memory";
    if (process != NULL) {
        set_default_limits(process);
        result = load(process, path, args, &image, why);
        if (result == 0)
            result = start(process, parent, &image.start, why);
        if (result < 0)
            process_free(process);
    }
    privops_irq_restore(irq_on);
    return result;
}
