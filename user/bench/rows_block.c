/* SPDX-License-Identifier: MIT
 *
 * Requests to disks, past what the kernel keeps of them, with so many under way
 * as the row's name says: so many are submitted at once, and as many more as
 * are done. One operation is one request; each is for the next place on the
 * disk.
 */
#include "user/bench/bench.h"

#include "user/disks/requests.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#define MAX_DEPTH 32u
#define KIB 1024ul
/* What is transferred of a disk, in turn. */
#define TRANSFERRED (32 * 1024 * KIB)

/* A device that answers at once, and memory. */
#define SERVED_ "/dev/xvda"
#define OWN_ "/dev/vda"
#define SERVED_ram_ "/dev/xvdb"
#define OWN_ram_ "/dev/ram0"

/* One request that may be under way. */
struct unit {
    struct iocb iocb;
    char *memory;
};

static int file;
static context_t context;
static struct unit units[MAX_DEPTH];
static size_t request_size;
static unsigned int depth;
static uint64_t next_offset;

/* ---- whose the disks are ---- */

bool blocks_are_there(void)
{
    return access(SERVED_, F_OK) == 0 || access(OWN_, F_OK) == 0;
}

const char *blocks_way(void)
{
    if (access(SERVED_, F_OK) == 0)
        return "split";
    return exits_are_counted() ? "domain0" : "native";
}

/* ---- requests ---- */

static struct iocb *next_request(struct unit *unit)
{
    unit->iocb.offset = (int64_t)next_offset;
    next_offset = (next_offset + request_size) % TRANSFERRED;
    return &unit->iocb;
}

static void submit(struct iocb **requests, unsigned int nr)
{
    if (io_submit(context, (long)nr, requests) != (long)nr)
        fail("io_submit");
}

/* Waits for one at least. Each is done, and puts the next one of `left` into
 * the array: how many are there then. */
static unsigned int take(struct iocb **requests, uint64_t *left,
                         unsigned int *nr_under_way)
{
    struct event events[MAX_DEPTH];
    unsigned int nr = 0;
    long got, i;

    got = io_getevents(context, 1, (long)depth, events, NULL);
    if (got <= 0)
        fail("io_getevents");
    for (i = 0; i < got; i++) {
        errno = (int)-events[i].result;
        if (events[i].result != (int64_t)request_size)
            fail("a request");
        if (*left > 0) {
            requests[nr++] = next_request((struct unit *)events[i].data);
            --*left;
        }
    }
    *nr_under_way -= (unsigned int)got;
    return nr;
}

static void transfer(uint64_t left)
{
    struct iocb *requests[MAX_DEPTH];
    unsigned int nr, under_way = 0;

    for (nr = 0; nr < depth && left > 0; left--, nr++)
        requests[nr] = next_request(&units[nr]);
    while (nr > 0 || under_way > 0) {
        if (nr > 0)
            submit(requests, nr);
        under_way += nr;
        nr = take(requests, &left, &under_way);
    }
}

/* ---- before and after ---- */

/* Another domain's disk, or else this kernel's own. */
static void open_disk(const char *served, const char *own)
{
    const char *name = access(served, F_OK) == 0 ? served : own;

    file = open(name, O_RDWR | O_DIRECT);
    if (file < 0)
        fail(name);
    if (io_setup(MAX_DEPTH, &context) != 0)
        fail("io_setup");
}

static void prepare(const char *served, const char *own, int operation,
                    size_t size, unsigned int nr)
{
    unsigned int i;

    open_disk(served, own);
    request_size = size;
    depth = nr;
    next_offset = 0;
    for (i = 0; i < nr; i++) {
        units[i].memory = new_pages(size);
        units[i].iocb = make_iocb(file, operation, units[i].memory, size, 0);
        units[i].iocb.data = (uint64_t)&units[i];
    }
}

static void finish(void)
{
    unsigned int i;

    for (i = 0; i < depth; i++)
        free_pages(units[i].memory, request_size);
    (void)io_destroy(context);
    (void)close(file);
    context = 0;
}

/* ---- the rows ---- */

/* Operation, KiB, depth; and requests in a loop: enough that its start and its
 * end, when the disk is idle, do not weigh. Of memory the long ones are at one
 * depth, as nearly all is copies. */
#define SHORT_ROWS(X, disk)                                                    \
    X(disk, read, 4, 1, 8)                                                     \
    X(disk, read, 4, 4, 16)                                                    \
    X(disk, read, 4, 32, 64)                                                   \
    X(disk, write, 4, 1, 8)                                                    \
    X(disk, write, 4, 4, 16)                                                   \
    X(disk, write, 4, 32, 64)                                                  \
    X(disk, read, 128, 4, 8)                                                   \
    X(disk, write, 128, 4, 8)
#define LONG_ROWS(X, disk)                                                     \
    X(disk, read, 128, 1, 4)                                                   \
    X(disk, read, 128, 32, 32)                                                 \
    X(disk, write, 128, 1, 4)                                                  \
    X(disk, write, 128, 32, 32)
#define ROWS(X)                                                                \
    SHORT_ROWS(X, )                                                            \
    LONG_ROWS(X, )                                                             \
    SHORT_ROWS(X, ram_)

#define OPERATION_read PREAD
#define OPERATION_write PWRITE

#define FUNCTIONS(disk, operation, kib, nr, requests)                          \
    static void prepare_##disk##operation##_##kib##_##nr(void)                 \
    {                                                                          \
        prepare(SERVED_##disk, OWN_##disk, OPERATION_##operation, (kib)*KIB,   \
                nr);                                                           \
    }                                                                          \
                                                                               \
    static void loop_##disk##operation##_##kib##_##nr(uint64_t iterations)     \
    {                                                                          \
        transfer(iterations *(requests));                                      \
    }

#define ROW(disk, operation, kib, nr, requests)                                \
    {.name = "blk_" #disk #operation "_" #kib "k_d" #nr,                       \
     .prepare = prepare_##disk##operation##_##kib##_##nr,                      \
     .loop = loop_##disk##operation##_##kib##_##nr,                            \
     .finish = finish,                                                         \
     .iterations = 4,                                                          \
     .per_iteration = (requests),                                              \
     .bytes = (kib)*KIB},

ROWS(FUNCTIONS)

/* clang-format off */
const struct row block_rows[] = {
    ROWS(ROW)
    {.name = NULL},
};
