/* SPDX-License-Identifier: MIT
 *
 * What a kernel has to survive; each kind is an argument, perhaps with a
 * number:
 *
 *   bomb         processes that make processes, until there can be no more
 *   forks N      N children, one after the other
 *   recursion    a function that calls itself, and again
 *   garbage N    N programs of random bytes, and N with a random ELF header
 *   pipes        pipes, each full to the brim, until there can be no more
 *   threads      threads, until there can be no more
 *
 * hog takes all memory, and scramble makes random system calls. Not to be run
 * on a machine that is needed for something else.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define CODE_SIZE 4096ul
#define HEADER_SIZE 176 /* of an ELF file and two program headers */
#define MAX_PIPES 512
#define MAX_THREADS 4096

static void sleep_ms(unsigned int ms)
{
    usleep(ms * 1000);
}

/* ---- bomb ---- */

static _Noreturn void explode(void)
{
    setpgid(0, 0);
    for (;;)
        if (fork() < 0)
            sleep_ms(1);
}

/* True once there can be no more processes. */
static bool is_full(void)
{
    pid_t pid = fork();

    if (pid == 0)
        _exit(0);
    if (pid > 0)
        waitpid(pid, NULL, 0);
    return pid < 0;
}

static int bomb(unsigned int unused)
{
    pid_t first = fork();
    unsigned int nr_tries;

    (void)unused;
    if (first < 0)
        return 1;
    if (first == 0)
        explode();
    for (nr_tries = 0; nr_tries < 10000 && !is_full(); nr_tries++)
        sleep_ms(5);
    printf("bomb: no more processes: %s\n", strerror(errno));
    /* Those whose parent is gone are process 1's to wait for. */
    for (nr_tries = 0; nr_tries < 10000; nr_tries++) {
        if (kill(-first, SIGKILL) != 0 && errno == ESRCH)
            break;
        (void)waitpid(first, NULL, WNOHANG);
        sleep_ms(1);
    }
    printf("bomb: %s\n", is_full() ? "still no more" : "all are gone");
    return nr_tries < 10000 ? 0 : 1;
}

/* ---- forks ---- */

static int forks(unsigned int nr)
{
    unsigned int i, nr_right = 0;

    for (i = 0; i < nr; i++) {
        int status = 0;
        pid_t pid = fork();

        if (pid == 0)
            _exit((int)(i & 0xff));
        if (pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status) &&
            WEXITSTATUS(status) == (int)(i & 0xff))
            nr_right++;
    }
    printf("forks: %u of %u\n", nr_right, nr);
    return nr_right == nr ? 0 : 1;
}

/* ---- recursion ---- */

static unsigned int recurse(unsigned int depth)
{
    volatile unsigned int local[64];

    local[0] = depth;
    return depth == 0 ? 0 : recurse(depth - 1) + local[0];
}

static int recursion(unsigned int unused)
{
    int status = 0;
    pid_t pid = fork();

    (void)unused;
    if (pid == 0)
        _exit((int)recurse(UINT32_MAX));
    if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFSIGNALED(status))
        return 1;
    printf("recursion: killed by signal %d\n", WTERMSIG(status));
    return WTERMSIG(status) == SIGSEGV ? 0 : 1;
}

/* ---- garbage ---- */

static uint64_t random_state;

static unsigned char random_byte(void)
{
    /* xorshift64 (Marsaglia, 2003) */
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (unsigned char)(random_state >> 24);
}

static _Noreturn void run_random_code(void)
{
    unsigned char *code =
        mmap(NULL, CODE_SIZE, PROT_READ | PROT_WRITE | PROT_EXEC,
             MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    size_t i;

    if (code == MAP_FAILED)
        _exit(1);
    for (i = 0; i < CODE_SIZE; i++)
        code[i] = random_byte();
    ((void (*)(void))(uintptr_t)code)();
    _exit(0);
}

/* This program, some bytes of whose headers are random. */
static _Noreturn void run_random_file(void)
{
    static unsigned char image[1 << 20];
    char *arguments[] = {"garbage", "forks", "1", NULL};
    int from = open("/proc/self/exe", O_RDONLY);
    int to = open("/tmp/garbage", O_WRONLY | O_CREAT | O_TRUNC, 0755);
    ssize_t size = read(from, image, sizeof(image));
    unsigned int i, nr = 1 + random_byte() % 8u;

    if (size < HEADER_SIZE)
        _exit(1);
    for (i = 0; i < nr; i++)
        image[4 + random_byte() % (HEADER_SIZE - 4u)] = random_byte();
    if (write(to, image, (size_t)size) != size)
        _exit(1);
    close(from);
    close(to);
    execv("/tmp/garbage", arguments);
    _exit(0);
}

/* Whatever it does, within a second it is over. */
static void run_child(void (*function)(void), unsigned int seed)
{
    pid_t pid = fork();

    if (pid == 0) {
        random_state = 0x9e3779b97f4a7c15u * (seed + 1);
        setpgid(0, 0);
        alarm(1);
        function();
    }
    if (pid > 0)
        waitpid(pid, NULL, 0);
}

static int garbage(unsigned int nr)
{
    unsigned int i;

    for (i = 0; i < nr; i++) {
        run_child(run_random_code, i);
        run_child(run_random_file, i);
    }
    unlink("/tmp/garbage");
    printf("garbage: %u programs\n", 2 * nr);
    return 0;
}

/* ---- pipes and threads ---- */

static int pipes(unsigned int unused)
{
    static char block[4096];
    unsigned int nr;
    int ends[2];

    (void)unused;
    for (nr = 0; nr < MAX_PIPES && pipe2(ends, O_NONBLOCK) == 0; nr++)
        while (write(ends[1], block, sizeof(block)) > 0)
            ;
    printf("pipes: stopped by: %s\n", strerror(errno));
    return nr > 16 ? 0 : 1;
}

static void *sleep_for_ever(void *unused)
{
    (void)unused;
    for (;;)
        pause();
    return NULL;
}

static int threads(unsigned int unused)
{
    pthread_t thread;
    unsigned int nr;
    int error = 0;

    (void)unused;
    for (nr = 0; nr < MAX_THREADS; nr++) {
        error = pthread_create(&thread, NULL, sleep_for_ever, NULL);
        if (error != 0)
            break;
    }
    printf("threads: stopped by: %s\n", strerror(error));
    return nr > 16 ? 0 : 1; /* they end with the process */
}

static const struct kind {
    const char *name;
    int (*function)(unsigned int number);
} kinds[] = {
    {"bomb", bomb},       {"forks", forks}, {"recursion", recursion},
    {"garbage", garbage}, {"pipes", pipes}, {"threads", threads},
};

int main(int argc, char **argv)
{
    size_t i;

    setvbuf(stdout, NULL, _IOLBF, BUFSIZ);
    for (i = 0; argc > 1 && i < sizeof(kinds) / sizeof(kinds[0]); i++)
        if (strcmp(argv[1], kinds[i].name) == 0)
            return kinds[i].function(
                argc > 2 ? (unsigned int)strtoul(argv[2], NULL, 10) : 1);
    fprintf(stderr,
            "usage: abuse bomb|forks|recursion|garbage|pipes|threads [N]\n");
    return 2;
}
