/* SPDX-License-Identifier: MIT
 *
 * Steps on processes, threads and memory: what begins and ends while others
 * look at it, wait for it and signal it.
 */
#include "user/storm/storm.h"

#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PROGRAM "/bin/bench-true" /* ends at once */
#define PAGE_SIZE 4096u
#define MAX_PAGES 20
#define FUTEX_WAIT 0
#define FUTEX_WAKE 1
#define FUTEX_REQUEUE 3
#define FUTEX_PRIVATE 128

static void sleep_up_to_ms(uint16_t ms)
{
    struct timespec time = {0, below(1000) * 1000L * ms};

    (void)nanosleep(&time, NULL);
}

/* ---- threads ---- */

static void *be_brief(void *unused)
{
    (void)unused;
    sched_yield();
    return NULL;
}

static void start_thread(bool joined)
{
    pthread_t thread;

    if (pthread_create(&thread, NULL, be_brief, NULL) != 0)
        return;
    if (joined)
        pthread_join(thread, NULL);
    else
        pthread_detach(thread);
}

void step_thread(void)
{
    start_thread(once_in(2));
}

/* ---- children ---- */

enum ending { EXEC, EXEC_OF_MANY_THREADS, SLEEP, EXIT, NR_ENDINGS };

static _Noreturn void be_child(enum ending ending)
{
    char *arguments[] = {PROGRAM, NULL};
    int i;

    if (ending == SLEEP)
        sleep_up_to_ms(3);
    for (i = 0; ending == EXEC_OF_MANY_THREADS && i < 3; i++)
        start_thread(false);
    if (ending == EXEC || ending == EXEC_OF_MANY_THREADS)
        execv(PROGRAM, arguments);
    _exit(0);
}

/* Not every child is waited for here: step_signals() does, or nobody. */
void step_child(void)
{
    enum ending ending = below(NR_ENDINGS);
    pid_t pid = ending == EXEC && once_in(2) ? vfork() : fork();

    if (pid < 0)
        return;
    if (pid == 0)
        be_child(ending);
    if (once_in(3)) {
        (void)kill(pid, SIGSTOP);
        (void)kill(pid, SIGCONT);
    }
    if (once_in(2))
        (void)waitpid(pid, NULL, 0);
    else if (once_in(2))
        (void)kill(pid, SIGKILL);
}

void step_signals(void)
{
    if (once_in(2)) {
        /* To the own group, if that worker is not there yet. */
        (void)kill(shared->workers[below(NR_WORKERS)], SIGUSR1);
        return;
    }
    sleep_up_to_ms(1);
    while (waitpid(-1, NULL, WNOHANG) > 0)
        ;
}

void step_futexes(void)
{
    int *one = &shared->futexes[below(NR_FUTEXES)];
    int *other = &shared->futexes[below(NR_FUTEXES)];
    struct timespec time = {0, below(1000) * 1000L};

    if (once_in(2))
        (void)syscall(SYS_futex, one,
                      FUTEX_WAIT | (once_in(2) ? FUTEX_PRIVATE : 0), below(2),
                      &time);
    else
        (void)syscall(SYS_futex, one, once_in(2) ? FUTEX_WAKE : FUTEX_REQUEUE,
                      below(3), 2L, other);
}

/* ---- memory ---- */

static _Thread_local struct {
    volatile char *start; /* NULL: none now, and no fault is expected */
    size_t size;
    sigjmp_buf way_out;
} mapping;

void handle_fault(int number)
{
    if (mapping.start == NULL)
        _exit(WORKER_FAULT);
    siglongjmp(mapping.way_out, number);
}

static void enlarge(void)
{
    size_t size = mapping.size + 2 * PAGE_SIZE;
    void *moved =
        mremap((void *)mapping.start, mapping.size, size, MREMAP_MAYMOVE);

    if (moved == MAP_FAILED)
        return;
    mapping.start = moved;
    mapping.size = size;
}

static void change_mapping(void)
{
    void *start = (void *)mapping.start;

    switch (below(10)) {
    case 0:
        (void)read(any_fd(), start, mapping.size);
        break;
    case 1:
        (void)write(any_fd(), start, mapping.size);
        break;
    case 2:
        (void)mprotect(start, mapping.size / 2 & ~(PAGE_SIZE - 1ul), below(8));
        break;
    case 3:
        (void)madvise(start, mapping.size, MADV_DONTNEED);
        break;
    case 4:
        enlarge();
        break;
    case 5:
        sched_yield();
        break;
    default:
        break;
    }
}

static void use_mapping(void)
{
    int i;

    for (i = 0; i < 6; i++) {
        volatile char *byte =
            mapping.start + random_bits() % (uint32_t)mapping.size;

        if (once_in(2))
            *byte = 1;
        else
            (void)*byte;
        change_mapping();
    }
}

/* Of a file that others truncate, or of none. A fault ends its use. */
void step_map(void)
{
    size_t size = (1u + below(MAX_PAGES)) * PAGE_SIZE;
    int sharing = once_in(2) ? MAP_PRIVATE : MAP_SHARED;
    bool anonymous = once_in(2);
    void *start = mmap(NULL, size, PROT_READ | PROT_WRITE,
                       sharing | (anonymous ? MAP_ANONYMOUS : 0),
                       anonymous ? -1 : any_fd(), 0);

    if (start == MAP_FAILED)
        return;
    mapping.start = start;
    mapping.size = size;
    if (sigsetjmp(mapping.way_out, 1) == 0)
        use_mapping();
    start = (void *)mapping.start;
    mapping.start = NULL;
    (void)munmap(start, mapping.size);
}
