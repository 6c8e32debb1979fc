/* SPDX-License-Identifier: MIT
 *
 * Memory: mmap and its kin, copy on write, the heap, the stack.
 */
#include "user/posix/posix.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define MIB (1ul << 20)
#define READ_WRITE (PROT_READ | PROT_WRITE)

/* ---- accesses that may be the last ---- */

static void read_byte(void *vaddr)
{
    (void)*(volatile char *)vaddr;
}

static void write_byte(void *vaddr)
{
    *(volatile char *)vaddr = 1;
}

static void run_byte(void *vaddr)
{
    ((void (*)(void))(uintptr_t)vaddr)();
}

static bool is_filled(const char *bytes, size_t size, char value)
{
    size_t i;

    for (i = 0; i < size; i++)
        if (bytes[i] != value)
            return false;
    return true;
}

/* ---- mmap, munmap ---- */

static void test_anonymous(void)
{
    char *pages = new_pages(4 * PAGE_SIZE);

    check(is_filled(pages, 4 * PAGE_SIZE, 0), "new memory is not zero");
    memset(pages, 'a', 4 * PAGE_SIZE);
    check_is(munmap(pages + PAGE_SIZE, PAGE_SIZE), 0, "munmap in the middle");
    check(pages[0] == 'a' && pages[2 * PAGE_SIZE] == 'a',
          "munmap took too much");
    check_killed(read_byte, pages + PAGE_SIZE, SIGSEGV, "a read in the hole");
    check_is(munmap(pages, 4 * PAGE_SIZE), 0, "munmap over a hole");
    check_killed(read_byte, pages, SIGSEGV, "a read after munmap");
    check_error(munmap(pages + 1, PAGE_SIZE), EINVAL, "munmap of half pages");
    check_error(munmap(pages, 0), EINVAL, "munmap of nothing");
}

static long map(void *vaddr, size_t size, int protection, int flags, int file,
                long offset)
{
    return (long)mmap(vaddr, size, protection, flags, file, offset);
}

static void test_bad_requests(void)
{
    const int flags = MAP_PRIVATE | MAP_ANONYMOUS;
    int file = open("/dev/null", O_RDONLY);

    check_error(map(NULL, 0, PROT_READ, flags, -1, 0), EINVAL, "no size");
    check_error(map(NULL, SIZE_MAX - PAGE_SIZE, PROT_READ, flags, -1, 0),
                ENOMEM, "far too large");
    check_error(map(NULL, 1ul << 47, PROT_READ, flags, -1, 0), ENOMEM,
                "larger than all there is");
    check_error(map(NULL, PAGE_SIZE, PROT_READ, MAP_ANONYMOUS, -1, 0), EINVAL,
                "neither private nor shared");
    check_error(map(NULL, PAGE_SIZE, PROT_READ, MAP_PRIVATE, 999, 0), EBADF,
                "no file");
    check_error(
        syscall(SYS_mmap, NULL, PAGE_SIZE, PROT_READ, MAP_PRIVATE, file, 1),
        EINVAL, "an odd offset");
    check_error(map((void *)1, PAGE_SIZE, PROT_READ, flags | MAP_FIXED, -1, 0),
                EINVAL, "an odd place");
    check_error(map((void *)(1ul << 47), PAGE_SIZE, PROT_READ,
                    flags | MAP_FIXED, -1, 0),
                ENOMEM, "not user memory");
    close(file);
}

static void test_fixed(void)
{
    char *pages = new_pages(3 * PAGE_SIZE);
    const int flags = MAP_PRIVATE | MAP_ANONYMOUS;

    memset(pages, 'b', 3 * PAGE_SIZE);
    check(mmap(pages + PAGE_SIZE, PAGE_SIZE, READ_WRITE, flags | MAP_FIXED, -1,
               0) == pages + PAGE_SIZE,
          "MAP_FIXED elsewhere");
    check(pages[PAGE_SIZE] == 0 && pages[0] == 'b' &&
              pages[2 * PAGE_SIZE] == 'b',
          "MAP_FIXED replaces one page");
    check_error(
        map(pages, PAGE_SIZE, READ_WRITE, flags | MAP_FIXED_NOREPLACE, -1, 0),
        EEXIST, "MAP_FIXED_NOREPLACE");
    munmap(pages, 3 * PAGE_SIZE);
    check(mmap(pages, PAGE_SIZE, READ_WRITE, flags, -1, 0) == pages,
          "a place that is asked for and free");
    munmap(pages, PAGE_SIZE);
}

static void test_files_mapped(void)
{
    int file = new_file();
    char *private, *shared, byte = 0, text[] = "first page";

    check_is(ftruncate(file, PAGE_SIZE + 100), 0, "ftruncate");
    check_is(pwrite(file, text, sizeof(text), 0), sizeof(text), "pwrite");
    private = mmap(NULL, 2 * PAGE_SIZE, READ_WRITE, MAP_PRIVATE, file, 0);
    shared = mmap(NULL, 2 * PAGE_SIZE, READ_WRITE, MAP_SHARED, file, 0);
    check(private != MAP_FAILED && shared != MAP_FAILED, "a file's mappings");
    check(strcmp(private, text) == 0 && strcmp(shared, text) == 0,
          "what a mapped file shows");
    private[1] = 'P';
    check(shared[1] == 'i', "a private change is seen");
    shared[PAGE_SIZE] = 'S';
    check_is(pread(file, &byte, 1, PAGE_SIZE), 1, "pread");
    check(byte == 'S', "a shared change is not in the file");
    check(private[1] == 'P' && private[PAGE_SIZE] == 'S',
          "the private mapping shows %c%c", private[1], private[PAGE_SIZE]);
    check_is(pwrite(file, "W", 1, 2), 1, "pwrite");
    check(shared[2] == 'W', "a write is not in the shared mapping");
    check_is(msync(shared, 2 * PAGE_SIZE, MS_SYNC), 0, "msync");
    check(shared[PAGE_SIZE + 100] == 0, "not zero beyond the file's end");
    munmap(shared, 2 * PAGE_SIZE);
    shared = mmap(NULL, PAGE_SIZE, PROT_READ, MAP_SHARED, file, PAGE_SIZE);
    check(shared != MAP_FAILED && shared[0] == 'S', "a mapping with an offset");
    munmap(shared, PAGE_SIZE);
    munmap(private, 2 * PAGE_SIZE);
    close(file);
}

static void test_past_the_end(void)
{
    int file = new_file();
    char *pages;

    check_is(ftruncate(file, 100), 0, "ftruncate");
    pages = mmap(NULL, 2 * PAGE_SIZE, READ_WRITE, MAP_SHARED, file, 0);
    check(pages != MAP_FAILED, "a mapping that is longer than the file");
    check_killed(read_byte, pages + PAGE_SIZE, SIGBUS, "a page past the end");
    check_is(ftruncate(file, 2 * PAGE_SIZE), 0, "ftruncate to more");
    check(pages[PAGE_SIZE] == 0, "the page is there now");
    munmap(pages, 2 * PAGE_SIZE);
    close(file);
}

/* ---- mprotect, mremap, madvise, brk ---- */

static void test_protection(void)
{
    char *pages = new_pages(3 * PAGE_SIZE);

    memset(pages, 'c', 3 * PAGE_SIZE);
    check_is(mprotect(pages + PAGE_SIZE, PAGE_SIZE, PROT_READ), 0, "mprotect");
    check_killed(write_byte, pages + PAGE_SIZE, SIGSEGV, "a write: read only");
    check_exits(read_byte, pages + PAGE_SIZE, 0, "a read: read only");
    check_exits(write_byte, pages, 0, "a write: the page before");
    check_exits(write_byte, pages + 2 * PAGE_SIZE, 0, "a write: the one after");
    check_is(mprotect(pages, 3 * PAGE_SIZE, PROT_NONE), 0, "PROT_NONE");
    check_killed(read_byte, pages, SIGSEGV, "a read: PROT_NONE");
    check_is(mprotect(pages, 3 * PAGE_SIZE, READ_WRITE), 0, "read and write");
    check(is_filled(pages, 3 * PAGE_SIZE, 'c'), "mprotect changed something");
    pages[0] = (char)0xc3; /* ret */
    check_killed(run_byte, pages, SIGSEGV, "running data");
    check_is(mprotect(pages, PAGE_SIZE, PROT_READ | PROT_EXEC), 0, "PROT_EXEC");
    check_exits(run_byte, pages, 0, "running code");
    munmap(pages + PAGE_SIZE, PAGE_SIZE);
    check_error(mprotect(pages, 3 * PAGE_SIZE, PROT_READ), ENOMEM,
                "mprotect over a hole");
    check_error(syscall(SYS_mprotect, pages + 1, PAGE_SIZE, PROT_READ), EINVAL,
                "mprotect of half pages");
    munmap(pages, 3 * PAGE_SIZE);
}

static void test_remap(void)
{
    char *pages = new_pages(4 * PAGE_SIZE), *moved;

    memset(pages, 'd', 4 * PAGE_SIZE);
    check(mremap(pages, 4 * PAGE_SIZE, 2 * PAGE_SIZE, 0) == pages,
          "mremap to less");
    check_killed(read_byte, pages + 2 * PAGE_SIZE, SIGSEGV, "what was cut off");
    check(mremap(pages, 2 * PAGE_SIZE, 4 * PAGE_SIZE, 0) == pages,
          "mremap to more, in place");
    check(is_filled(pages, 2 * PAGE_SIZE, 'd') &&
              is_filled(pages + 2 * PAGE_SIZE, 2 * PAGE_SIZE, 0),
          "what mremap shows");
    check(mmap(pages + 3 * PAGE_SIZE, PAGE_SIZE, PROT_NONE,
               MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != MAP_FAILED,
          "an obstacle");
    check_error((long)mremap(pages, 3 * PAGE_SIZE, 4 * PAGE_SIZE, 0), ENOMEM,
                "mremap against an obstacle");
    moved = mremap(pages, 3 * PAGE_SIZE, 100 * PAGE_SIZE, MREMAP_MAYMOVE);
    check(moved != MAP_FAILED && moved != pages, "mremap that moves");
    check(is_filled(moved, 2 * PAGE_SIZE, 'd') &&
              is_filled(moved + 2 * PAGE_SIZE, 98 * PAGE_SIZE, 0),
          "what a moved mapping shows");
    check_killed(read_byte, pages, SIGSEGV, "the place it moved from");
    check_error((long)mremap(pages, PAGE_SIZE, 2 * PAGE_SIZE, MREMAP_MAYMOVE),
                EFAULT, "mremap of nothing");
    munmap(moved, 100 * PAGE_SIZE);
    munmap(pages + 3 * PAGE_SIZE, PAGE_SIZE);
}

static void test_advice(void)
{
    char *pages = new_pages(2 * PAGE_SIZE);
    unsigned char resident[2];

    memset(pages, 'e', 2 * PAGE_SIZE);
    check_is(madvise(pages, PAGE_SIZE, MADV_DONTNEED), 0, "MADV_DONTNEED");
    check(pages[0] == 0 && pages[PAGE_SIZE] == 'e', "what was dropped");
    check_error(madvise(pages + 1, PAGE_SIZE, MADV_DONTNEED), EINVAL,
                "madvise of half pages");
    check_is(mincore(pages, 2 * PAGE_SIZE, resident), 0, "mincore");
    check(resident[1] & 1, "a page that was written is not resident");
    munmap(pages, 2 * PAGE_SIZE);
}

static char *program_break(char *end)
{
    return (char *)syscall(SYS_brk, end);
}

static void move_break(void *unused)
{
    char *start = program_break(NULL);

    (void)unused;
    if (program_break(start + 10 * PAGE_SIZE) != start + 10 * PAGE_SIZE)
        _exit(1);
    if (!is_filled(start, 10 * PAGE_SIZE, 0))
        _exit(2);
    memset(start, 'f', 10 * PAGE_SIZE);
    if (program_break(start + 1) != start + 1 || start[0] != 'f')
        _exit(3);
    if (program_break(start + 10 * PAGE_SIZE) != start + 10 * PAGE_SIZE ||
        start[2 * PAGE_SIZE] != 0)
        _exit(4);
    if (program_break((char *)(1ul << 47)) != start + 10 * PAGE_SIZE)
        _exit(5);
    if (program_break(start) != start)
        _exit(6);
    *(volatile char *)(start + 2 * PAGE_SIZE) = 1;
}

/* ---- fork ---- */

static void overwrite(void *pages)
{
    memset(pages, 'C', 64 * PAGE_SIZE);
    if (!is_filled(pages, 64 * PAGE_SIZE, 'C'))
        _exit(1);
}

/* Copies are of each one's own: the parent writes after fork, then the child.
 */
static void test_copy_on_write(void)
{
    char *pages = new_pages(64 * PAGE_SIZE);
    int to_child[2], status;
    pid_t pid;
    char byte;

    memset(pages, 'P', 64 * PAGE_SIZE);
    check_exits(overwrite, pages, 0, "the child writes");
    check(is_filled(pages, 64 * PAGE_SIZE, 'P'), "a child's change is seen");
    check_is(pipe(to_child), 0, "pipe");
    pid = fork();
    if (pid == 0) {
        if (read(to_child[0], &byte, 1) != 1)
            _exit(2);
        _exit(is_filled(pages, 64 * PAGE_SIZE, 'P') ? 0 : 1);
    }
    memset(pages, 'Q', 64 * PAGE_SIZE);
    check_is(write(to_child[1], "x", 1), 1, "write");
    check_is(waitpid(pid, &status, 0), pid, "waitpid");
    check_is(status, 0, "a parent's change is seen");
    check(is_filled(pages, 64 * PAGE_SIZE, 'Q'), "the parent's own");
    close(to_child[0]);
    close(to_child[1]);
    munmap(pages, 64 * PAGE_SIZE);
}

/* A system call writes to a page that is still shared for copy on write. */
static void test_copy_by_kernel(void)
{
    char *page = new_pages(PAGE_SIZE);
    int ends[2], status;
    pid_t pid;

    memset(page, 'k', PAGE_SIZE);
    check_is(pipe(ends), 0, "pipe");
    pid = fork();
    if (pid == 0) {
        if (write(ends[1], "new", 3) != 3 || read(ends[0], page, 3) != 3)
            _exit(1);
        _exit(memcmp(page, "newk", 4) == 0 ? 0 : 2);
    }
    check_is(waitpid(pid, &status, 0), pid, "waitpid");
    check_is(status, 0, "read(2) to a shared page");
    check(is_filled(page, PAGE_SIZE, 'k'), "the child's read(2) is seen");
    close(ends[0]);
    close(ends[1]);
    munmap(page, PAGE_SIZE);
}

static void test_shared(void)
{
    char *shared = new_shared_pages(2 * PAGE_SIZE);

    check_exits(write_byte, shared, 0, "a shared write");
    check_exits(write_byte, shared + PAGE_SIZE, 0, "a shared write");
    check(shared[0] == 1 && shared[PAGE_SIZE] == 1, "it is not seen");
    munmap(shared, 2 * PAGE_SIZE);
}

/* ---- much memory, and the stack ---- */

static void test_large(void)
{
    char *pages = new_pages(16 * MIB), *huge;
    size_t i, nr_wrong = 0;

    for (i = 0; i < 16 * MIB; i += PAGE_SIZE)
        pages[i] = (char)(i >> 12);
    for (i = 0; i < 16 * MIB; i += PAGE_SIZE)
        nr_wrong += pages[i] != (char)(i >> 12);
    check_is((long)nr_wrong, 0, "wrong pages");
    munmap(pages, 16 * MIB);
    huge = mmap(NULL, 1ul << 36, READ_WRITE,
                MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    check(huge != MAP_FAILED, "64 GiB that are not touched");
    if (huge == MAP_FAILED)
        return;
    huge[0] = huge[(1ul << 36) - 1] = 1;
    munmap(huge, 1ul << 36);
}

static unsigned int deep(unsigned int levels)
{
    volatile char page[PAGE_SIZE];

    page[0] = page[PAGE_SIZE - 1] = (char)levels;
    return levels == 0 ? 0 : deep(levels - 1) + (page[0] == (char)levels);
}

static void use_stack(void *mib)
{
    unsigned int levels = (unsigned int)(*(size_t *)mib * MIB / PAGE_SIZE);

    _exit(deep(levels) == levels ? 0 : 1);
}

static void test_stack(void)
{
    size_t four = 4, sixteen = 16;

    check_exits(use_stack, &four, 0, "4 MiB of stack");
    check_killed(use_stack, &sixteen, SIGSEGV, "16 MiB of stack");
}

/* ---- pointers that system calls are given ---- */

static void test_pointers(void)
{
    char *pages = new_pages(2 * PAGE_SIZE);
    int file = new_file();

    munmap(pages + PAGE_SIZE, PAGE_SIZE);
    check_error(write(file, (char *)8, 1), EFAULT, "write from nowhere");
    check_error(write(file, (char *)(1ul << 63), 1), EFAULT,
                "write from the kernel");
    check_is(write(file, pages, PAGE_SIZE), PAGE_SIZE, "write of a page");
    lseek(file, 0, SEEK_SET);
    check_error(read(file, pages + PAGE_SIZE, 1), EFAULT, "read to nowhere");
    check_is(mprotect(pages, PAGE_SIZE, PROT_READ), 0, "mprotect");
    check_error(read(file, pages, 1), EFAULT, "read to read-only memory");
    check_error(syscall(SYS_pipe2, (int *)8, 0), EFAULT, "pipe to nowhere");
    check_error(syscall(SYS_open, pages + PAGE_SIZE, O_RDONLY), EFAULT,
                "a name nowhere");
    check_killed(read_byte, NULL, SIGSEGV, "a null pointer");
    check_killed(read_byte, (char *)0xffffffff80100000ul, SIGSEGV,
                 "the kernel's memory");
    munmap(pages, PAGE_SIZE);
    close(file);
}

void test_memory(void)
{
    test_anonymous();
    test_bad_requests();
    test_fixed();
    test_files_mapped();
    test_past_the_end();
    test_protection();
    test_remap();
    test_advice();
    check_killed(move_break, NULL, SIGSEGV, "brk");
    test_copy_on_write();
    test_copy_by_kernel();
    test_shared();
    test_large();
    test_stack();
    test_pointers();
}
