/* SPDX-License-Identifier: MIT
 *
 * What the files of storm share. A worker is a process whose threads make one
 * random step after another, in the same table of descriptors and the same
 * directory, without any lock: that they get in each other's way is the
 * purpose. A step ignores what its calls return; none may wait for ever.
 */
#ifndef USER_STORM_STORM_H
#define USER_STORM_STORM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define STORM_DIR "/tmp/storm"
#define NR_WORKERS 8
#define NR_FUTEXES 4
#define BUFFER_SIZE 20000
#define NAME_SIZE 64

/* In memory that all workers share. */
struct shared {
    pid_t workers[NR_WORKERS]; /* 0: not yet started */
    int futexes[NR_FUTEXES];
    uint64_t nr_steps;
};
extern struct shared *shared;

/* Of each thread, for what it reads and writes. */
extern _Thread_local char buffer[BUFFER_SIZE];

/* Random numbers, of each thread its own. A uint16_t because it fits wherever
 * a call wants an int or a size; hence limit is at most 65536. */
void seed_random(uint64_t seed);
uint32_t random_bits(void);
uint16_t below(uint32_t limit);
bool once_in(uint32_t times);

/* A descriptor of the worker, perhaps one that was just closed or dup'ed. */
int any_fd(void);

/* Makes it one that any_fd() returns, in place of another, which is closed.
 * Nothing happens if it is negative: the call that was to make it failed. */
void keep_fd(int fd);

/* Also SIGSEGV's and SIGBUS's handler: back into step_map() if the thread is
 * there; anywhere else the worker ends with WORKER_FAULT. */
void handle_fault(int number);
#define WORKER_FAULT 9

/* Workers signal each other as soon as they exist: to be called before. */
void worker_expect_signals(void);

/* What a worker's process does until it is killed. The seed is a small number;
 * different ones give different steps. */
_Noreturn void worker_run(uintptr_t seed);

/* descriptors.c */
void step_descriptors(void);
void step_read_write(void);
void step_contents(void);
void step_pipes(void);
void step_polling(void);

/* names.c */
void step_open(void);
void step_names(void);
void step_proc(void);

/* processes.c */
void step_child(void);
void step_thread(void);
void step_signals(void);
void step_futexes(void);
void step_map(void);

#endif
