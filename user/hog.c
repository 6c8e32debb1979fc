/* SPDX-License-Identifier: MIT
 *
 * Takes all memory that there is, and is killed for it. With a number, so many
 * processes do so at the same time.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE_SIZE 4096ul
#define SIZE (64ul << 30)

static _Noreturn void take_all(void)
{
    volatile char *memory = mmap(NULL, SIZE, PROT_READ | PROT_WRITE,
                                 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    size_t at;

    if (memory == MAP_FAILED)
        _exit(2);
    for (at = 0; at < SIZE; at += PAGE_SIZE)
        memory[at] = 1;
    _exit(3);
}

int main(int argc, char **argv)
{
    int nr = argc > 1 ? atoi(argv[1]) : 1, i, status, nr_killed = 0;

    for (i = 0; i < nr; i++)
        if (fork() == 0)
            take_all();
    while (wait(&status) > 0)
        nr_killed += WIFSIGNALED(status) ? 1 : 0;
    printf("hog: %d of %d killed\n", nr_killed, nr);
    return nr_killed == nr ? 0 : 1;
}
