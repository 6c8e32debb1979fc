/* SPDX-License-Identifier: MIT
 *
 * A storm of system calls that are right, one by one, but come from many
 * threads at once that do not care for each other:
 *
 *   storm [SEED [SECONDS]]
 *
 * A round is a second: workers are started, take steps and are killed in the
 * middle of them, with all their children. It fails if a worker ends in any
 * other way, or something of it is left. Not to be run on a machine that is
 * needed for something else: it looks into all of /proc. (scramble is the one
 * whose calls are wrong.)
 */
#include "user/storm/storm.h"

#include <errno.h>
#include <ftw.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define PATIENCE_MS 10000
#define MAX_DEPTH 512 /* of directories moved into each other */

struct shared *shared;

static bool start_workers(uint64_t seed)
{
    unsigned int i;
    pid_t pid;

    for (i = 0; i < NR_WORKERS; i++) {
        pid = fork();
        if (pid < 0)
            return false;
        if (pid == 0) {
            (void)setpgid(0, 0);
            worker_run(seed * NR_WORKERS + i);
        }
        (void)setpgid(pid, pid);
        shared->workers[i] = pid;
    }
    return true;
}

/* Its children are process 1's to wait for. */
static bool is_group_gone(pid_t group)
{
    unsigned int ms;

    for (ms = 0; ms < PATIENCE_MS; ms++) {
        if (kill(-group, SIGKILL) != 0 && errno == ESRCH)
            return true;
        usleep(1000);
    }
    printf("storm: some of group %d cannot be killed\n", group);
    return false;
}

/* False if it ended before, or its children do not. */
static bool wait_for_worker(pid_t pid)
{
    int status = 0;

    if (waitpid(pid, &status, 0) != pid)
        return false;
    if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL) {
        printf("storm: a worker ended with status %#x\n", (unsigned)status);
        (void)is_group_gone(pid);
        return false;
    }
    return is_group_gone(pid);
}

static bool end_workers(void)
{
    bool passed = true;
    int i;

    for (i = 0; i < NR_WORKERS && shared->workers[i] > 0; i++)
        (void)kill(-shared->workers[i], SIGKILL);
    for (i = 0; i < NR_WORKERS && shared->workers[i] > 0; i++)
        passed &= wait_for_worker(shared->workers[i]);
    for (i = 0; i < NR_WORKERS; i++)
        shared->workers[i] = 0;
    return passed;
}

static int remove_name(const char *name, const struct stat *status, int type,
                       struct FTW *place)
{
    (void)status;
    (void)type;
    (void)place;
    return remove(name);
}

static bool remove_dir(void)
{
    if (chdir("/") == 0 &&
        nftw(STORM_DIR, remove_name, MAX_DEPTH, FTW_DEPTH | FTW_PHYS) == 0)
        return true;
    perror("storm: " STORM_DIR);
    return false;
}

static bool run_round(uint64_t seed)
{
    uint64_t nr_before = shared->nr_steps;
    bool passed;

    if (mkdir(STORM_DIR, 0700) != 0 || chdir(STORM_DIR) != 0) {
        perror("storm: " STORM_DIR);
        return false;
    }
    passed = start_workers(seed);
    sleep(1);
    passed &= end_workers();
    return remove_dir() && passed && shared->nr_steps > nr_before;
}

int main(int argc, char **argv)
{
    unsigned long seed = argc > 1 ? strtoul(argv[1], NULL, 10) : 1;
    unsigned long nr = argc > 2 ? strtoul(argv[2], NULL, 10) : 8, i;
    unsigned long nr_failed = 0;

    shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
                  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED)
        return 2;
    worker_expect_signals();
    for (i = 0; i < nr; i++)
        nr_failed += !run_round(seed * 1000 + i);
    printf("storm: seed %lu: %lu rounds, %lu failed, %" PRIu64 " steps\n", seed,
           nr, nr_failed, shared->nr_steps);
    return nr_failed == 0 ? 0 : 1;
}
