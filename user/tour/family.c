/* SPDX-License-Identifier: MIT
 *
 * fork and wait: two processes with one memory, until one of them writes.
 */
#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "user/tour/tour.h"

#define NR_PAGES 64
#define NR_CHILDREN 5

/* A page's first word; the memory is of 64-bit words. */
static volatile uint64_t *word_of(void *memory, size_t page)
{
    return (volatile uint64_t *)memory + page * PAGE_SIZE / sizeof(uint64_t);
}

static bool all_are(void *memory, uint64_t value)
{
    size_t page;

    for (page = 0; page < NR_PAGES; page++)
        if (*word_of(memory, page) != value)
            return false;
    return true;
}

static void set_all(void *memory, uint64_t value)
{
    size_t page;

    for (page = 0; page < NR_PAGES; page++)
        *word_of(memory, page) = value;
}

static void child_writes(void *memory)
{
    if (!all_are(memory, 1))
        _exit(1);
    set_all(memory, 2);
    if (!all_are(memory, 2))
        _exit(1);
}

/* The grandchild shares with two, who both have seen the same page. */
static void child_has_child(void *memory)
{
    set_all(memory, 3);
    if (end_of_child(child_writes, memory) != ENDED_OTHER)
        _exit(1); /* it expects 1, and finds 3 */
    if (!all_are(memory, 3))
        _exit(1);
}

static void copy_on_write(void)
{
    void *memory = new_pages(NR_PAGES * PAGE_SIZE);

    set_all(memory, 1);
    check(end_of_child(child_writes, memory) == ENDED_0,
          "a child sees its parent's memory, and writes to it");
    check(all_are(memory, 1), "the parent does not see that");
    check(end_of_child(child_has_child, memory) == ENDED_0,
          "nor does a child see what a grandchild writes");
    check(all_are(memory, 1), "and the parent still has its own");
}

/* The parent writes while the child looks: the other way round. */
static void parent_writes(void)
{
    void *memory = new_pages(NR_PAGES * PAGE_SIZE);
    unsigned int i;
    int status = 0;
    pid_t pid;

    set_all(memory, 1);
    pid = fork();
    if (pid == 0) {
        for (i = 0; i < 20; i++) {
            if (!all_are(memory, 1))
                _exit(1);
            (void)usleep(1000);
        }
        _exit(0);
    }
    (void)usleep(5000);
    set_all(memory, 2);
    check(waitpid(pid, &status, 0) == pid && status == 0,
          "a child does not see what its parent writes later");
    check(all_are(memory, 2), "the parent does");
}

static void waiting(void)
{
    unsigned int i, found = 0;
    int status = 0;
    pid_t pid, children[NR_CHILDREN];

    check(wait(&status) == -1 && errno == ECHILD,
          "no child, nothing to wait for");
    for (i = 0; i < NR_CHILDREN; i++) {
        children[i] = fork();
        if (children[i] == 0)
            _exit((int)i + 40);
    }
    /* Not in their order. */
    check(waitpid(children[3], &status, 0) == children[3] &&
              WIFEXITED(status) && WEXITSTATUS(status) == 43,
          "waiting for one of five, with its exit status");
    while ((pid = wait(&status)) > 0)
        for (i = 0; i < NR_CHILDREN; i++)
            if (pid == children[i] && WEXITSTATUS(status) == (int)i + 40)
                found |= 1u << i;
    check(found == 0x17, "and for the other four");
    check(waitpid(children[0], &status, 0) == -1 && errno == ECHILD,
          "each once");
}

static void not_yet(void)
{
    int status = 0;
    pid_t pid = fork();

    if (pid == 0) {
        (void)usleep(200000);
        _exit(0);
    }
    check(waitpid(pid, &status, WNOHANG) == 0, "a look without waiting");
    check(waitpid(pid, &status, 0) == pid, "and waiting");
}

static void identity(void *parent)
{
    if (getppid() != *(const pid_t *)parent || getpid() == getppid())
        _exit(1);
}

/* More, in all, than there can be at once. */
static void many(void)
{
    unsigned int i;
    bool good = true;

    for (i = 0; i < 50; i++)
        good &= end_of_child(identity, &(pid_t){getpid()}) == ENDED_0;
    check(good, "50 children, one after the other, who know their parent");
}

static void too_many(void)
{
    unsigned int nr = 0;
    pid_t pid;

    while (nr < 1000 && (pid = fork()) >= 0) {
        if (pid == 0) {
            (void)usleep(300000);
            _exit(0);
        }
        nr++;
    }
    check(nr == 1000 || (nr > 2 && errno == EAGAIN),
          "more children than the kernel has room for: a plain error");
    while (wait(NULL) > 0)
        nr--;
    check(nr == 0, "and all of them end");
}

void stop_family(void)
{
    waiting();
    not_yet();
    copy_on_write();
    parent_writes();
    many();
    too_many();
}
