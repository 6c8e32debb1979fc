/* SPDX-License-Identifier: MIT
 *
 * Running programs: arguments, environment and what else a new program keeps,
 * scripts and their interpreters, files that are no programs.
 */
#include "user/posix/posix.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

/* What a shell prints that is run by run(argument), in text. */
static int output_of(void (*run)(const char *), const char *argument,
                     char *text, size_t size)
{
    int ends[2], status = -1;
    ssize_t part;
    size_t length = 0;
    pid_t pid;

    text[0] = '\0';
    if (pipe(ends) != 0 || (pid = fork()) < 0)
        return -1;
    if (pid == 0) {
        dup2(ends[1], STDOUT_FILENO);
        close(ends[0]);
        close(ends[1]);
        run(argument);
        _exit(errno == ENOENT ? 127 : 126);
    }
    close(ends[1]);
    while (length + 1 < size &&
           (part = read(ends[0], text + length, size - 1 - length)) > 0)
        length += (size_t)part;
    text[length] = '\0';
    close(ends[0]);
    waitpid(pid, &status, 0);
    return status;
}

static void run_shell(const char *command)
{
    execl("/bin/sh", "sh", "-c", command, "zero", "one two", "", "three", NULL);
}

static void run_with_environment(const char *unused)
{
    char *arguments[] = {"sh", "-c", "echo $COLOUR-$HOME-$#", NULL};
    char *environment[] = {"COLOUR=blue", "PATH=/bin", NULL};

    (void)unused;
    execve("/bin/sh", arguments, environment);
}

static void run_path(const char *path)
{
    execl(path, "name", "a b", "c", NULL);
}

static void check_output(void (*run)(const char *), const char *argument,
                         const char *expected)
{
    char text[512];
    int status = output_of(run, argument, text, sizeof(text));

    check(status == 0 && strcmp(text, expected) == 0,
          "%s: expected \"%s\", got \"%s\" and status %#x", argument, expected,
          text, (unsigned int)status);
}

static void write_file(const char *name, const char *text, mode_t mode)
{
    int file = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0600);

    check(file >= 0 && write(file, text, strlen(text)) == (ssize_t)strlen(text),
          "%s cannot be written", name);
    check_is(fchmod(file, mode), 0, "fchmod");
    close(file);
}

static void test_exec(void)
{
    check_output(run_shell, "echo $0:$1:$2:$3:$#", "zero:one two::three:3\n");
    check_output(run_with_environment, "environment", "blue--0\n");
    check_output(run_shell, "echo a b c | tr a-z A-Z", "A B C\n");
    check_output(run_shell, "for i in 1 2 3; do sh -c \"echo $i\"; done",
                 "1\n2\n3\n");
    write_file("./script", "#!/bin/sh -u\necho $0:$1:$2:$-\n", 0755);
    check_output(run_path, "./script", "./script:a b:c:u\n");
    write_file("./outer", "#!./script x\n", 0755);
    check_output(run_path, "./outer", "./script:x:./outer:u\n");
    unlink("./script");
    unlink("./outer");
}

static long try_exec(const char *path, char *const *arguments)
{
    /* libc's own would not take bad pointers. */
    return syscall(SYS_execve, path, arguments, environ);
}

static void test_exec_errors(void)
{
    static char *arguments[] = {"x", NULL};
    static char word[200000];
    char *huge[] = {"x", word, NULL};

    check_error(try_exec("/tmp/posix-none", arguments), ENOENT, "no file");
    check_error(try_exec("/tmp", arguments), EACCES, "a directory");
    check_error(try_exec("/tmp/x/y", arguments), ENOENT, "no directory");
    check_error(try_exec("/etc/passwd/y", arguments), ENOTDIR, "below a file");
    check_error(try_exec("", arguments), ENOENT, "an empty name");
    check_error(try_exec((char *)1, arguments), EFAULT, "a bad pointer");
    check_error(try_exec("/bin/sh", (char **)1), EFAULT, "bad arguments");
    memset(word, 'x', sizeof(word) - 1);
    check_error(try_exec("/bin/sh", huge), E2BIG, "a word of 200 kB");
    write_file("./x", "text", 0644);
    check_error(try_exec("./x", arguments), EACCES, "no x bit");
    check_is(chmod("./x", 0755), 0, "chmod");
    check_error(try_exec("./x", arguments), ENOEXEC, "plain text");
    write_file("./x", "#!/tmp/posix-none\n", 0755);
    check_error(try_exec("./x", arguments), ENOENT, "no interpreter");
    write_file("./x", "#!./x\n", 0755);
    check_error(try_exec("./x", arguments), ELOOP, "its own one");
    unlink("./x");
}

/* What a new program keeps: descriptors but those marked, the directory, what
 * is ignored and blocked. */
static void keep_things(void *unused)
{
    int kept = open("/dev/null", O_RDONLY);
    int closed = open("/dev/null", O_RDONLY | O_CLOEXEC);
    char command[200];

    (void)unused;
    snprintf(command, sizeof(command),
             "[ \"$PWD\" = / ] && [ \"$(umask)\" = 0027 ] && "
             "(: <&%d) 2>/dev/null && ! (: <&%d) 2>/dev/null && "
             "kill -TERM $$ && exit 6",
             kept, closed);
    signal(SIGTERM, SIG_IGN);
    umask(027);
    if (chdir("/") == 0)
        execl("/bin/sh", "sh", "-c", command, NULL);
}

static void test_inheritance(void)
{
    unsetenv("PWD");
    check_exits(keep_things, NULL, 6, "what a new program keeps");
}

static void test_spawn(void)
{
    char *arguments[] = {"sh", "-c", "exit 8", NULL};
    posix_spawnattr_t attributes;
    int status = 0;
    pid_t pid = 0;

    check_is(posix_spawn(&pid, "/bin/sh", NULL, NULL, arguments, environ), 0,
             "posix_spawn");
    check_is(waitpid(pid, &status, 0), pid, "waitpid after posix_spawn");
    check_is(WEXITSTATUS(status), 8, "the status after posix_spawn");
    check_is(
        posix_spawn(&pid, "/tmp/posix-none", NULL, NULL, arguments, environ),
        ENOENT, "posix_spawn of nothing");
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
    posix_spawnattr_setpgroup(&attributes, 0);
    arguments[2] = "exit 10";
    check_is(
        posix_spawn(&pid, "/bin/sh", NULL, &attributes, arguments, environ), 0,
        "posix_spawn with a group");
    check_is(waitpid(-pid, &status, 0), pid, "waitpid by that group");
    check_is(WEXITSTATUS(status), 10, "the status after that");
    check_is(system("exit 3") >> 8, 3, "system");
}

void test_programs(void)
{
    char dir[] = "/tmp/posix-XXXXXX";

    if (mkdtemp(dir) == NULL || chdir(dir) != 0) {
        check(false, "there is no place in /tmp");
        return;
    }
    test_exec();
    test_exec_errors();
    check_is(chdir("/"), 0, "chdir");
    check_is(rmdir(dir), 0, dir);
    test_inheritance();
    test_spawn();
}
