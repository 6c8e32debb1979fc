/* SPDX-License-Identifier: MIT
 *
 * The terminal, without anybody who types: settings, window size, sessions and
 * groups, and reads that give up when their time is over. Nothing is tested
 * where standard input is no terminal.
 */
#include "user/posix/posix.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

static int tty;
static struct termios before;

/* ---- settings ---- */

static void settings(void)
{
    struct termios changed = before, now;

    check(before.c_cc[VINTR] == 3 && before.c_cc[VEOF] == 4,
          "Ctrl-C interrupts and Ctrl-D ends");
    changed.c_lflag ^= ECHO;
    changed.c_cc[VKILL] = 'K';
    check_is(tcsetattr(tty, TCSANOW, &changed), 0, "tcsetattr");
    check_is(tcgetattr(tty, &now), 0, "tcgetattr");
    check(now.c_lflag == changed.c_lflag && now.c_cc[VKILL] == 'K' &&
              now.c_iflag == changed.c_iflag && now.c_oflag == changed.c_oflag,
          "settings are what they were set to");
    check_is(tcsetattr(tty, TCSADRAIN, &before), 0, "tcsetattr, TCSADRAIN");
    check_error(ioctl(tty, TCGETS, (void *)8), EFAULT, "TCGETS, bad address");
    check_error(ioctl(tty, TCSETS, (void *)8), EFAULT, "TCSETS, bad address");
    check_is(tcflush(tty, TCOFLUSH), 0, "tcflush");
    check_is(tcdrain(tty), 0, "tcdrain");
    check_error(tcflush(tty, 77), EINVAL, "tcflush, unknown queue");
    check_error(ioctl(tty, 0x54ff), ENOTTY, "an unknown ioctl");
}

/* Linux's, which glibc has used since 2.42 and musl does not know. */
struct termios2 {
    uint32_t iflag, oflag, cflag, lflag;
    uint8_t line, cc[19];
    uint32_t ispeed, ospeed;
};

#define GET2 (int)0x802c542au
#define SET2 0x402c542b
#define CBAUD_ALL 0010017u
#define BAUD_OTHER 0010000u
#define IN_SHIFT 16 /* the same bits, for input */

static void speeds(void)
{
    struct termios changed = before;
    struct termios2 now, wanted;

    changed.c_cflag = (changed.c_cflag & ~CBAUD_ALL) | B9600;
    check_is(tcsetattr(tty, TCSANOW, &changed), 0, "tcsetattr, 9600 baud");
    check_is(ioctl(tty, GET2, &now), 0, "TCGETS2");
    check(now.cflag == changed.c_cflag && now.lflag == changed.c_lflag &&
              now.cc[VEOF] == 4,
          "TCGETS2 has what TCGETS has");
    check(now.ispeed == 9600 && now.ospeed == 9600, "speeds: %u and %u",
          now.ispeed, now.ospeed);
    wanted = now;
    wanted.cflag &= ~(CBAUD_ALL | CBAUD_ALL << IN_SHIFT);
    wanted.cflag |= BAUD_OTHER | B1200 << IN_SHIFT;
    wanted.ospeed = 12345;
    check_is(ioctl(tty, SET2, &wanted), 0, "TCSETS2");
    check_is(ioctl(tty, GET2, &now), 0, "TCGETS2");
    check(now.ispeed == 1200 && now.ospeed == 12345, "speeds: %u and %u",
          now.ispeed, now.ospeed);
    check_error(ioctl(tty, GET2, (void *)8), EFAULT, "TCGETS2, bad address");
    check_error(ioctl(tty, SET2, (void *)8), EFAULT, "TCSETS2, bad address");
    check_is(tcsetattr(tty, TCSANOW, &before), 0, "tcsetattr");
}

static volatile sig_atomic_t nr_resized;

static void resized(int number)
{
    (void)number;
    nr_resized++;
}

static void window(void)
{
    struct winsize old, wanted = {.ws_row = 33, .ws_col = 101}, now;

    signal(SIGWINCH, resized);
    check_is(ioctl(tty, TIOCGWINSZ, &old), 0, "TIOCGWINSZ");
    check_is(ioctl(tty, TIOCSWINSZ, &wanted), 0, "TIOCSWINSZ");
    check_is(ioctl(tty, TIOCGWINSZ, &now), 0, "TIOCGWINSZ");
    check(now.ws_row == 33 && now.ws_col == 101, "the window has its new size");
    check(nr_resized == 1, "SIGWINCH tells of a new size");
    (void)ioctl(tty, TIOCSWINSZ, &wanted);
    check(nr_resized == 1, "the same size is no change");
    (void)ioctl(tty, TIOCSWINSZ, &old);
    signal(SIGWINCH, SIG_DFL);
}

static void names(void)
{
    int fds[2], fd = open("/dev/tty", O_RDWR);

    check(isatty(tty) == 1, "standard input is a terminal");
    check(fd >= 0 && isatty(fd) == 1, "/dev/tty can be opened");
    check(tcgetpgrp(fd) == tcgetpgrp(tty), "/dev/tty is the same terminal");
    (void)close(fd);
    check_error(lseek(tty, 0, SEEK_CUR), ESPIPE, "lseek on a terminal");
    if (pipe(fds) == 0) {
        check(isatty(fds[0]) == 0 && errno == ENOTTY, "a pipe is no terminal");
        (void)close(fds[0]);
        (void)close(fds[1]);
    }
}

/* ---- sessions and groups ---- */

/* In a session of its own, without a terminal. */
static void without_terminal(void *unused)
{
    (void)unused;
    if (setsid() != getpid())
        _exit(1);
    if (open("/dev/tty", O_RDWR) != -1 || errno != ENXIO)
        _exit(2);
    if (tcgetpgrp(tty) != -1 || errno != ENOTTY)
        _exit(3);
    _exit(0);
}

/* In a group in the background: a read stops it, and so does a change. */
static void read_behind(void *unused)
{
    char c;

    (void)unused;
    if (setpgid(0, 0) != 0)
        _exit(1);
    (void)read(tty, &c, 1);
    _exit(2);
}

static void set_behind(void *unused)
{
    (void)unused;
    if (setpgid(0, 0) != 0)
        _exit(1);
    (void)tcsetattr(tty, TCSANOW, &before);
    _exit(2);
}

static void ignore_behind(void *unused)
{
    char c;

    (void)unused;
    signal(SIGTTIN, SIG_IGN);
    signal(SIGTTOU, SIG_IGN);
    if (setpgid(0, 0) != 0)
        _exit(1);
    if (read(tty, &c, 1) != -1 || errno != EIO)
        _exit(2);
    if (tcsetattr(tty, TCSANOW, &before) != 0)
        _exit(3);
    _exit(0);
}

/* A child that is stopped by the signal, and then killed. */
static void expect_stop(void (*function)(void *), int number, const char *what)
{
    int status = 0;
    pid_t pid = fork();

    if (pid == 0)
        function(NULL);
    check_is(waitpid(pid, &status, WUNTRACED), pid, what);
    check(WIFSTOPPED(status) && WSTOPSIG(status) == number,
          "%s: stopped (status 0x%x)", what, (unsigned int)status);
    (void)kill(pid, SIGKILL);
    (void)kill(pid, SIGCONT);
    if (WIFSTOPPED(status))
        (void)waitpid(pid, &status, 0);
}

static void groups(void)
{
    pid_t own = getpgrp();

    check_is(tcgetpgrp(tty), own, "the group in the foreground");
    check_is(tcgetsid(tty), getsid(0), "the session of the terminal");
    check_is(tcsetpgrp(tty, own), 0, "tcsetpgrp, to itself");
    check_error(tcsetpgrp(tty, 12345678), ESRCH, "tcsetpgrp, no such group");
    check_error(tcsetpgrp(tty, -5), EINVAL, "tcsetpgrp, a negative group");
    check_exits(without_terminal, NULL, 0, "a session without a terminal");
    expect_stop(read_behind, SIGTTIN, "a read in the background");
    expect_stop(set_behind, SIGTTOU, "tcsetattr in the background");
    check_exits(ignore_behind, NULL, 0, "in the background, signals ignored");
    check_is(tcgetpgrp(tty), own, "the group in the foreground is the same");
}

/* ---- reads that find nothing ---- */

static void set_raw(uint8_t min, uint8_t time)
{
    struct termios raw = before;

    cfmakeraw(&raw);
    raw.c_oflag = before.c_oflag;
    raw.c_cc[VMIN] = min;
    raw.c_cc[VTIME] = time;
    check_is(tcsetattr(tty, TCSANOW, &raw), 0, "tcsetattr to raw");
}

static void timeouts(void)
{
    struct pollfd wanted = {.fd = tty, .events = POLLIN};
    int nr = -1, flags = fcntl(tty, F_GETFL);
    long start;
    char c;

    set_raw(0, 0);
    check_is(ioctl(tty, FIONREAD, &nr), 0, "FIONREAD");
    if (nr != 0)
        return; /* somebody types after all */
    check_is(read(tty, &c, 1), 0, "read, VMIN 0, VTIME 0");
    set_raw(0, 2);
    start = now_ms();
    check_is(read(tty, &c, 1), 0, "read, VMIN 0, VTIME 2");
    check(now_ms() - start >= 190, "VTIME is waited for");
    set_raw(1, 0);
    check_is(poll(&wanted, 1, 0), 0, "poll without input");
    start = now_ms();
    check_is(poll(&wanted, 1, 100), 0, "poll without input, 100 ms");
    check(now_ms() - start >= 95, "poll waits");
    wanted.events = POLLOUT;
    check_is(poll(&wanted, 1, 0), 1, "poll for output");
    (void)fcntl(tty, F_SETFL, flags | O_NONBLOCK);
    check_error(read(tty, &c, 1), EAGAIN, "read, O_NONBLOCK, raw");
    (void)tcsetattr(tty, TCSANOW, &before);
    check_error(read(tty, &c, 1), EAGAIN, "read, O_NONBLOCK, lines");
    (void)fcntl(tty, F_SETFL, flags);
}

static void alarmed(int number)
{
    (void)number;
}

/* A handler ends a read, if it does not ask for the opposite. */
static void interrupted(void)
{
    struct sigaction action;
    int nr = -1;
    char c;

    memset(&action, 0, sizeof(action));
    action.sa_handler = alarmed;
    (void)sigaction(SIGALRM, &action, NULL);
    set_raw(1, 0);
    if (ioctl(tty, FIONREAD, &nr) == 0 && nr == 0) { /* else somebody types */
        (void)alarm(1);
        check_error(read(tty, &c, 1), EINTR, "read, a signal with a handler");
    }
    (void)tcsetattr(tty, TCSANOW, &before);
    signal(SIGALRM, SIG_DFL);
}

void test_terminal(void)
{
    tty = STDIN_FILENO;
    if (tcgetattr(tty, &before) != 0 || tcgetpgrp(tty) != getpgrp())
        return;
    settings();
    speeds();
    window();
    names();
    groups();
    timeouts();
    interrupted();
    (void)tcsetattr(tty, TCSANOW, &before);
}
