/* SPDX-License-Identifier: MIT
 *
 * What each kind of call answers: one without a buffer, those that read one,
 * those that write one, and one that has to be called again.
 */
#include "user/controls/controls.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "abi/errors.h"
#include "abi/log.h"
#include "abi/memory.h"

/* More than one call does. */
#define NR_FRAMES (PARAPET_CONTROL_MAX_BYTES / sizeof(struct parapet_populate))

static void machine(void)
{
    struct parapet_machine_info info = machine_info();

    check(info.nr_frames > 0 && info.free_frames <= info.nr_frames &&
              info.nr_domains >= 1 && info.nr_domains <= info.max_domains,
          "machine_info tells of %u domains and %llu frames", info.nr_domains,
          (unsigned long long)info.nr_frames);
}

/* Domain 0 is the caller. What the hypervisor does not write stays. */
static void list(void)
{
    struct parapet_domain_info infos[PARAPET_MAX_INFOS + 1], one;
    unsigned char untouched[sizeof(one)];
    int64_t nr;

    memset(infos, 0xa5, sizeof(infos));
    memset(untouched, 0xa5, sizeof(untouched));
    nr = CALL(domain_list, 0, ADDRESS(infos), PARAPET_MAX_INFOS + 1);
    check(nr >= 1 && nr <= PARAPET_MAX_INFOS, "domain_list gives %lld",
          (long long)nr);
    check(infos[0].id == 0 && infos[0].privileged == 1 &&
              infos[0].state == PARAPET_DOMAIN_RUNNING,
          "the first of the list is no control domain");
    check(nr < 0 || memcmp(&infos[nr], untouched, sizeof(one)) == 0,
          "domain_list: what comes next was overwritten");
    check_is(CALL(domain_list, 0, ADDRESS(infos), 0), 0, "a list of none");
    check_is(CALL(domain_info, 0, ADDRESS(&one)), 0, "domain_info");
    check(strcmp(one.name, infos[0].name) == 0, "domain_info has name \"%s\"",
          one.name);
    check_is(CALL(domain_info, 4000000, ADDRESS(&one)), -PARAPET_ENOENT,
             "domain_info of nobody");
}

static void log_text(void)
{
    struct {
        struct parapet_log_head head;
        char text[PARAPET_LOG_AT_ONCE];
        char after;
    } log = {.after = 'x'};
    int64_t size =
        CALL(log_read, 0, ADDRESS(&log), sizeof(log.head) + sizeof(log.text));

    check(size > 0 && memmem(log.text, (size_t)size, "parapet: ", 9) != NULL,
          "log_read gives %lld bytes without a line of the hypervisor's",
          (long long)size);
    check(log.head.next == log.head.lost + (uint64_t)size && log.after == 'x',
          "log_read goes on at %llu", (unsigned long long)log.head.next);
    check_is(CALL(log_read, 0, ADDRESS(&log), 1), -PARAPET_EINVAL,
             "a log of one byte");
}

/* Refused without audit=on on the hypervisor's command line. */
static void audits(void)
{
    int64_t result = CALL(memory_audit, 0);

    if (result == -PARAPET_EPERM)
        printf("controls: there is no audit: the boot has no audit=on\n");
    else
        check_is(result, 0, "memory_audit");
    check_is(CALL(domain_audit, 0), result, "domain_audit");
}

/* ---- a domain from its making to its end ---- */

/* As abi/stubs.h shows: what is done is left out of the next call. */
static int64_t populate(uint32_t id, struct parapet_populate *frames,
                        uint64_t nr)
{
    struct parapet_control_call call = {
        .number = PARAPET_HC_domain_populate,
        .args = {id, ADDRESS(frames), nr},
    };

    while (try_call(&call) == 0 && call.result == -PARAPET_ERESTART) {
        check(call.done > 0 && call.done < call.args[2],
              "domain_populate has done %llu of %llu",
              (unsigned long long)call.done, (unsigned long long)call.args[2]);
        call.args[1] += call.done * sizeof(frames[0]);
        call.args[2] -= call.done;
    }
    return call.result;
}

static void populated(uint32_t id)
{
    static struct parapet_populate frames[NR_FRAMES];
    size_t i, nr_right = 0;

    for (i = 0; i < NR_FRAMES; i++)
        frames[i].gfn = i;
    check_is(populate(id, frames, NR_FRAMES), 0, "domain_populate");
    for (i = 0; i < NR_FRAMES; i++)
        nr_right += frames[i].gfn == i && frames[i].mfn != 0;
    check_is((int64_t)nr_right, NR_FRAMES, "frames of domain_populate");
    frames[0].gfn = 1024;
    check_is(CALL(domain_populate, id, ADDRESS(frames), 1), -PARAPET_EINVAL,
             "a gfn beyond the domain's");
}

/* To a frame and back; in the program they are not at the start of a page. */
static void copied(uint32_t id, uint64_t mfn)
{
    char *from = (char *)new_pages(2 * PAGE_SIZE, PROT_READ | PROT_WRITE) + 999;
    char *to = (char *)new_pages(2 * PAGE_SIZE, PROT_READ | PROT_WRITE) + 1;
    uint64_t maddr = mfn * PAGE_SIZE;
    size_t i;

    for (i = 0; i < PAGE_SIZE; i++)
        from[i] = (char)(i * 7 + i / 256);
    check_is(CALL(domain_copy_to, id, maddr, ADDRESS(from), PAGE_SIZE), 0,
             "domain_copy_to");
    check_is(CALL(domain_copy_from, id, maddr, ADDRESS(to), PAGE_SIZE), 0,
             "domain_copy_from");
    check(memcmp(from, to, PAGE_SIZE) == 0, "the copy came back otherwise");
    check_is(CALL(domain_copy_to, id, maddr + 1, ADDRESS(from), PAGE_SIZE),
             -PARAPET_EINVAL, "a copy beyond a frame");
}

static void domain(void)
{
    struct parapet_domain_create params = small_domain("small");
    uint64_t free_frames = machine_info().free_frames;
    struct parapet_populate frame = {.gfn = NR_FRAMES};
    static const char name[PARAPET_NAME_SIZE] =
        "tiny"; /* in read-only memory */
    int64_t id = CALL(domain_create, ADDRESS(&params));

    check(id > 0 && params.shared_mfn != 0 && params.grant_mfn != 0,
          "domain_create gives %lld", (long long)id);
    if (id <= 0)
        return;
    populated((uint32_t)id);
    check_is(populate((uint32_t)id, &frame, 1), 0, "one more frame");
    copied((uint32_t)id, frame.mfn);
    check_is(CALL(domain_create, ADDRESS(&params)), -PARAPET_EEXIST,
             "another domain of that name");
    check_is(CALL(domain_rename, (uint64_t)id, ADDRESS(name)), 0,
             "domain_rename");
    check_is(CALL(domain_destroy, (uint64_t)id), 0, "domain_destroy");
    check_is((int64_t)machine_info().free_frames, (int64_t)free_frames,
             "free frames afterwards");
}

void test_calls(void)
{
    machine();
    list();
    log_text();
    audits();
    domain();
}
