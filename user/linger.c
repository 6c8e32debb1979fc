/* SPDX-License-Identifier: MIT
 *
 * Leaves children behind, which have written to memory that they share, and
 * sleep for a time that is given in milliseconds.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define NR_CHILDREN 3

int main(int argc, char **argv)
{
    static volatile int shared[NR_CHILDREN * 1024];
    unsigned int ms = argc > 1 ? (unsigned int)atoi(argv[1]) : 1000;
    int i;

    /* The end of the session's leader is not theirs. */
    signal(SIGHUP, SIG_IGN);
    for (i = 0; i < NR_CHILDREN; i++)
        if (fork() == 0) {
            shared[i * 1024]++;
            (void)usleep(ms * 1000);
            return 0;
        }
    printf("linger: %d children stay for %u ms\n", NR_CHILDREN, ms);
    return 0;
}
