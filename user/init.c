/* SPDX-License-Identifier: MIT
 *
 * Process 1. Runs /etc/rc if there is one, then a shell at the console; when
 * that exits, the machine is switched off. Waits for every process that has
 * no other parent. As in busybox, a signal asks for the end: SIGUSR2 to switch
 * off, SIGUSR1 to halt, SIGTERM to reboot. In the control domain all others
 * are asked to end first, since none outlives it; and while it runs, the
 * machine's console is for its shell and for errors.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/reboot.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#define CONSOLE "/dev/console"
#define SHELL "/bin/sh"
#define START_UP "/etc/rc"
#define GREETING "/etc/motd"
#define CONTROL "/dev/parapet" /* only the control domain has it */
#define PCTL "/bin/pctl"
#define PATIENCE_S "20"   /* until domains that do not end are ended */
#define SYNC_PATIENCE_S 5 /* for disks, at the end */
/* reboot(2) with a word: LINUX_REBOOT_MAGIC1, _MAGIC2 and _CMD_RESTART2. */
#define WITH_WORD 0xfee1dead, 672274793, 0xa1b2c3d4
/* A shell that is killed sooner than this does not start again at once. */
#define SHORTEST_LIFE_S 2

static sigset_t taken; /* the signals that main() waits for */
static bool has_mode;
static struct termios mode; /* of the console, as it was at first */

static void say(const char *what, const char *reason)
{
    fprintf(stderr, "init: %s: %s\n", what, reason);
}

/* Whether all went well, if this is the control domain; pctl says on the
 * console what did not. */
static bool command_domains(char *const *arguments)
{
    int status = -1;
    pid_t pid;

    if (access(CONTROL, F_OK) != 0)
        return true;
    pid = fork();
    if (pid == 0) {
        sigprocmask(SIG_UNBLOCK, &taken, NULL);
        execv(PCTL, arguments);
        say(PCTL, strerror(errno));
        _exit(127);
    }
    if (pid < 0)
        say("fork", strerror(errno));
    while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    return status == 0;
}

static bool end_other_domains(void)
{
    static char *arguments[] = {
        "pctl", "shutdown", "--all", "--wait", "--timeout=" PATIENCE_S, NULL};

    return command_domains(arguments);
}

/* What others write, and how they end, is in the log: `pctl dmesg`. */
static void keep_console(void)
{
    static char *arguments[] = {"pctl", "dmesg", "--console=err", NULL};

    (void)command_domains(arguments);
}

/* A disk that another domain serves may not answer, and nobody knows whether it
 * ever will. What it has said of writes is true all the same. */
static void sync_disks(void)
{
    const struct timespec patience = {.tv_sec = SYNC_PATIENCE_S};
    time_t end = time(NULL) + SYNC_PATIENCE_S;
    sigset_t child;
    pid_t pid = fork();

    if (pid <= 0)
        sync();
    if (pid == 0)
        _exit(0);
    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    while (pid > 0 && waitpid(pid, NULL, WNOHANG) == 0) {
        if (time(NULL) >= end) {
            say("sync", "a disk does not answer: what no program was told to "
                        "be written may be missing there");
            return;
        }
        (void)sigtimedwait(&child, NULL, &patience);
    }
}

/* Nothing outlives the machine, so no process is asked to save its work. */
static _Noreturn void end(int how)
{
    bool all = end_other_domains();

    (void)kill(-1, SIGKILL);
    sync_disks();
    if (!all && how != RB_AUTOBOOT)
        (void)syscall(SYS_reboot, WITH_WORD, "failed");
    reboot(how);
    say("reboot", strerror(errno));
    exit(1);
}

static void set_environment(void)
{
    setenv("PATH", "/bin:/sbin:/usr/bin:/usr/sbin", 1);
    setenv("HOME", "/root", 1);
    setenv("USER", "root", 1);
    setenv("LOGNAME", "root", 1);
    setenv("SHELL", SHELL, 1);
    setenv("LANG", "C.UTF-8", 0); /* so that a key of two bytes is one */
    setenv("TERM", "vt100", 0);
}

static void print_greeting(void)
{
    char text[512];
    ssize_t size;
    int file = open(GREETING, O_RDONLY | O_CLOEXEC);

    if (file < 0)
        return;
    while ((size = read(file, text, sizeof(text))) > 0)
        if (write(STDOUT_FILENO, text, (size_t)size) != size)
            break;
    close(file);
}

/* A child's: the console as its controlling terminal, and as it was at first,
 * whatever the last shell has left behind. */
static void take_console(void)
{
    int console, i;

    setsid();
    console = open(CONSOLE, O_RDWR);
    if (console < 0) {
        say(CONSOLE, strerror(errno));
        _exit(127);
    }
    (void)ioctl(console, TIOCSCTTY, 1);
    if (has_mode)
        (void)tcsetattr(console, TCSANOW, &mode);
    for (i = STDIN_FILENO; i <= STDERR_FILENO; i++)
        dup2(console, i);
    if (console > STDERR_FILENO)
        close(console);
}

/* Returns the child's number; without one the machine is of no use. */
static pid_t start(char *const *arguments, const char *path)
{
    pid_t pid = fork();

    if (pid < 0) {
        say("fork", strerror(errno));
        end(RB_POWER_OFF);
    }
    if (pid > 0)
        return pid;
    take_console();
    sigprocmask(SIG_UNBLOCK, &taken, NULL);
    execv(path, arguments);
    say(path, strerror(errno));
    _exit(127);
}

static pid_t start_shell(void)
{
    static char *arguments[] = {"-sh", NULL};

    if (chdir(getenv("HOME")) != 0)
        say(getenv("HOME"), strerror(errno));
    return start(arguments, SHELL);
}

static void run_start_up(void)
{
    static char *arguments[] = {"sh", START_UP, NULL};
    pid_t pid;

    if (access(START_UP, F_OK) != 0)
        return;
    pid = start(arguments, SHELL);
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
        ;
}

/* Waits for all children that have ended. Returns the shell: the same one, or
 * the next if this was killed. */
static pid_t reap(pid_t shell, time_t *started)
{
    pid_t pid;
    int status;

    while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
        if (pid != shell)
            continue;
        if (WIFEXITED(status))
            end(RB_POWER_OFF);
        say(SHELL, strsignal(WTERMSIG(status)));
        if (time(NULL) - *started < SHORTEST_LIFE_S)
            sleep(1);
        *started = time(NULL);
        shell = start_shell();
    }
    return shell;
}

static void catch (int signal)
{
    (void)signal; /* main() takes them; but they are not to be ignored */
}

static void take_signals(void)
{
    static const int numbers[] = {SIGCHLD, SIGUSR1, SIGUSR2, SIGTERM};
    struct sigaction action = {.sa_handler = catch};
    size_t i;

    sigemptyset(&taken);
    for (i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        sigaddset(&taken, numbers[i]);
        sigaction(numbers[i], &action, NULL);
    }
    sigprocmask(SIG_BLOCK, &taken, NULL);
}

int main(void)
{
    time_t started;
    pid_t shell;

    if (getpid() != 1) {
        say("process 1 only", "use poweroff, halt or reboot");
        return 1;
    }
    has_mode = tcgetattr(STDIN_FILENO, &mode) == 0;
    set_environment();
    take_signals();
    keep_console();
    run_start_up();
    print_greeting();
    started = time(NULL);
    shell = start_shell();
    for (;;) {
        switch (sigwaitinfo(&taken, NULL)) {
        case SIGCHLD:
            shell = reap(shell, &started);
            break;
        case SIGUSR1:
            end((int)RB_HALT_SYSTEM);
        case SIGUSR2:
            end(RB_POWER_OFF);
        case SIGTERM:
            end(RB_AUTOBOOT);
        }
    }
}
