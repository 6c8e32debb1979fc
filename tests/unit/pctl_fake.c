/* SPDX-License-Identifier: MIT
 *
 * See pctl_fake.h.
 */
#include "tests/unit/pctl_fake.h"

#include "tests/unit/unit.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "abi/errors.h"
#include "abi/hypercall.h"
#include "lib/macros.h"
#include "user/pctl/pctl.h"

char fake_out[65536], fake_err[4096];

/* ---- the domains ---- */

struct parapet_domain_info *fake_find(struct fake *f, uint32_t id)
{
    for (size_t i = 0; i < f->nr; i++)
        if (f->infos[i].id == id)
            return &f->infos[i];
    return NULL;
}

struct parapet_domain_info *fake_add(struct fake *f, uint32_t id,
                                     const char *name)
{
    struct parapet_domain_info *info = &f->infos[f->nr++];

    assert_true(f->nr <= FAKE_MAX_DOMAINS);
    *info = (struct parapet_domain_info){.engine = "pv",
                                         .id = id,
                                         .state = PARAPET_DOMAIN_RUNNING,
                                         .nr_vcpus = 1,
                                         .max_vcpus = 1,
                                         .weight = PARAPET_DEFAULT_WEIGHT,
                                         .nr_frames = 1100,
                                         .max_frames = 1116,
                                         .nr_gfns = 1100,
                                         .shared_gfn = 1024};
    (void)snprintf(info->name, sizeof(info->name), "%s", name);
    return info;
}

static int64_t get_info(struct fake *f, uint32_t id, void *to)
{
    const struct parapet_domain_info *info = fake_find(f, id);

    if (!info)
        return -PARAPET_ENOENT;
    memcpy(to, info, sizeof(*info));
    return 0;
}

static int64_t list(struct fake *f, uint32_t first,
                    struct parapet_domain_info *infos, uint64_t room)
{
    int64_t nr = 0;

    for (size_t i = 0; i < f->nr; i++)
        if (f->infos[i].id >= first &&
            (uint64_t)nr < MIN(room, (uint64_t)PARAPET_MAX_INFOS))
            infos[nr++] = f->infos[i];
    return nr;
}

static int64_t machine_info(struct fake *f, void *to)
{
    const struct parapet_machine_info info = {.nr_frames = 65536,
                                              .free_frames = 1000,
                                              .nr_mfns = 65536,
                                              .nr_domains = (uint32_t)f->nr,
                                              .max_domains = 512};

    memcpy(to, &info, sizeof(info));
    return 0;
}

/* ---- their disks ---- */

#define FAKE_ANY_INDEX UINT32_MAX

static struct parapet_blk_info *find_disk(struct fake *f, uint32_t domain,
                                          uint32_t index)
{
    for (size_t i = 0; i < f->nr_disks; i++)
        if (f->disks[i].domain == domain &&
            (index == FAKE_ANY_INDEX || f->disks[i].index == index))
            return &f->disks[i];
    return NULL;
}

/* Memory is there in any size, and one device. */
static int find_store(struct fake *f, const struct parapet_blk_attach *attach)
{
    if (strncmp(attach->store, "ram:", 4) == 0)
        return 0;
    if (strcmp(attach->store, "/dev/vda") != 0)
        return -ENOENT;
    for (size_t i = 0; i < f->nr_disks; i++)
        if (strcmp(f->disks[i].store, attach->store) == 0 &&
            !(f->disks[i].flags & attach->flags & PARAPET_BLK_ATTACH_READONLY))
            return -EBUSY;
    return 0;
}

static int fake_attach(struct pctl_machine *m,
                       const struct parapet_blk_attach *attach)
{
    struct fake *f = (struct fake *)m;
    struct parapet_blk_info *disk = &f->disks[f->nr_disks];
    int error = find_store(f, attach);

    assert_non_null(fake_find(f, attach->domain));
    assert_true(attach->index < PARAPET_BLK_ATTACH_MAX);
    assert_int_equal(attach->reserved, 0);
    if (f->disk_error)
        return f->disk_error;
    if (find_disk(f, attach->domain, attach->index))
        return -EEXIST;
    if (error)
        return error;
    assert_true(++f->nr_disks <= FAKE_MAX_DISKS);
    *disk = (struct parapet_blk_info){.domain = attach->domain,
                                      .index = attach->index,
                                      .state = 3,
                                      .flags = attach->flags,
                                      .nr_sectors = 131072};
    memcpy(disk->store, attach->store, sizeof(disk->store));
    return 0;
}

static int fake_detach(struct pctl_machine *m,
                       const struct parapet_blk_detach *detach)
{
    struct fake *f = (struct fake *)m;
    struct parapet_blk_info *disk = find_disk(f, detach->domain, detach->index);

    if (f->disk_error)
        return f->disk_error;
    if (!disk)
        return -ENOENT;
    *disk = f->disks[--f->nr_disks];
    return 0;
}

static int fake_disk(struct pctl_machine *m, struct parapet_blk_info *info)
{
    struct fake *f = (struct fake *)m;
    uint32_t nth = info->nth;

    if (f->disk_error)
        return f->disk_error;
    if (nth >= f->nr_disks)
        return -ENOENT;
    *info = f->disks[nth];
    info->nth = nth;
    return 0;
}

/* ---- their lives ---- */

static int64_t stop(struct parapet_domain_info *info)
{
    if (info->id == 0)
        return -PARAPET_EINVAL;
    if (info->state != PARAPET_DOMAIN_RUNNING &&
        info->state != PARAPET_DOMAIN_PAUSED)
        return -PARAPET_EBUSY;
    info->state = PARAPET_DOMAIN_PAUSED;
    return 0;
}

static int64_t go_on(struct parapet_domain_info *info)
{
    if (info->id == 0)
        return -PARAPET_EINVAL;
    if (info->state != PARAPET_DOMAIN_BUILDING &&
        info->state != PARAPET_DOMAIN_PAUSED)
        return -PARAPET_EBUSY;
    info->state = PARAPET_DOMAIN_RUNNING;
    return 0;
}

static int64_t destroy(struct fake *f, struct parapet_domain_info *info)
{
    struct parapet_blk_info *disk;

    if (info->id == 0)
        return -PARAPET_EINVAL;
    while ((disk = find_disk(f, info->id, FAKE_ANY_INDEX)))
        *disk = f->disks[--f->nr_disks];
    f->nr--;
    memmove(info, info + 1, (size_t)(f->infos + f->nr - info) * sizeof(*info));
    return 0;
}

static int64_t set_limits(struct parapet_domain_info *info, uint64_t max_frames,
                          uint64_t target)
{
    if (info->state == PARAPET_DOMAIN_ENDED)
        return -PARAPET_EBUSY;
    info->max_frames = max_frames;
    info->memory_target = target;
    return 0;
}

static int64_t set_shares(struct parapet_domain_info *info, uint32_t weight,
                          uint32_t cap)
{
    if (weight < 1 || weight > PARAPET_MAX_WEIGHT ||
        cap > 100 * info->max_vcpus)
        return -PARAPET_EINVAL;
    if (info->state == PARAPET_DOMAIN_ENDED)
        return -PARAPET_EBUSY;
    info->weight = weight;
    info->cap = cap;
    return 0;
}

static int64_t request(struct parapet_domain_info *info, uint32_t what)
{
    if (info->id == 0)
        return -PARAPET_EINVAL;
    if (info->state == PARAPET_DOMAIN_ENDED)
        return -PARAPET_EBUSY;
    info->request = what;
    return 0;
}

/* ---- what they did ---- */

static int64_t counters(struct fake *f, const struct parapet_domain_info *info,
                        const uint64_t *args)
{
    uint8_t *page = (uint8_t *)args[3];

    if (args[1] >= info->nr_vcpus)
        return -PARAPET_ENOENT;
    memset(page, 0, 4096);
    if (args[2] == PARAPET_PART_COUNTERS)
        memcpy(page, &f->counters, sizeof(f->counters));
    else
        memcpy(page,
               (uint8_t *)&f->latency + 4096 * (args[2] - PARAPET_PART_LATENCY),
               4096);
    return 0;
}

static int64_t log_read(struct fake *f, uint64_t position, uint8_t *buffer,
                        uint64_t length)
{
    struct parapet_log_head head = {.lost = 0};
    uint64_t end = f->log_lost + strlen(f->log), nr;

    if (position < f->log_lost) {
        head.lost = f->log_lost - position;
        position = f->log_lost;
    }
    nr = MIN(end - position,
             MIN(length - sizeof(head), (uint64_t)PARAPET_LOG_AT_ONCE));
    head.next = position + nr;
    memcpy(buffer, &head, sizeof(head));
    memcpy(buffer + sizeof(head), f->log + (position - f->log_lost), nr);
    return (int64_t)nr;
}

/* ---- calls ---- */

static int64_t on_domain(struct fake *f, struct parapet_control_call *call)
{
    const uint64_t *args = call->args;
    struct parapet_domain_info *info = fake_find(f, (uint32_t)args[0]);

    if (!info)
        return -PARAPET_ENOENT;
    switch (call->number) {
    case PARAPET_HC_domain_pause:
        return stop(info);
    case PARAPET_HC_domain_unpause:
        return go_on(info);
    case PARAPET_HC_domain_destroy:
        return destroy(f, info);
    case PARAPET_HC_domain_limits:
        return set_limits(info, args[1], args[2]);
    case PARAPET_HC_domain_schedule:
        return set_shares(info, (uint32_t)args[1], (uint32_t)args[2]);
    case PARAPET_HC_domain_request:
        return request(info, (uint32_t)args[1]);
    case PARAPET_HC_domain_counters:
        return counters(f, info, args);
    case PARAPET_HC_domain_audit:
        return (int64_t)f->wrong;
    default:
        if (f->build)
            return f->build(f, call);
        fail_msg("the fake machine has no call %lu",
                 (unsigned long)call->number);
        return 0;
    }
}

static int64_t answer(struct fake *f, struct parapet_control_call *call)
{
    const uint64_t *args = call->args;

    switch (call->number) {
    case PARAPET_HC_domain_info:
        return get_info(f, (uint32_t)args[0], (void *)args[1]);
    case PARAPET_HC_domain_list:
        return list(f, (uint32_t)args[0], (void *)args[1], args[2]);
    case PARAPET_HC_machine_info:
        return machine_info(f, (void *)args[0]);
    case PARAPET_HC_log_read:
        return log_read(f, args[0], (uint8_t *)args[1], args[2]);
    case PARAPET_HC_log_console:
        f->console_level = (uint32_t)args[0];
        return 0;
    case PARAPET_HC_domain_create:
        return f->build(f, call);
    default:
        return on_domain(f, call);
    }
}

static bool is_preemptible(uint64_t number)
{
#define PARAPET_HYPERCALL(nr, name, flags, ...)                                \
    if (number == (nr))                                                        \
        return ((flags)&HC_PREEMPTIBLE) != 0;
#include "abi/hypercalls.def"
#undef PARAPET_HYPERCALL
    return false;
}

/* A stop half way has done nothing yet. */
static int fake_call(struct pctl_machine *m, struct parapet_control_call *call)
{
    struct fake *f = (struct fake *)m;

    f->nr_calls++;
    call->done = 0;
    if (is_preemptible(call->number) && f->nr_restarts < f->restarts) {
        f->nr_restarts++;
        call->result = -PARAPET_ERESTART;
        return 0;
    }
    f->nr_restarts = 0;
    if (call->number == f->fail_call && f->fail_after-- == 0)
        call->result = f->fail_result;
    else
        call->result = answer(f, call);
    return 0;
}

static int fake_open(struct pctl_machine *m)
{
    return ((struct fake *)m)->open_error;
}

static int fake_serve(struct pctl_machine *m, const struct parapet_serve *serve)
{
    struct fake *f = (struct fake *)m;

    assert_non_null(fake_find(f, serve->domain));
    f->served = *serve;
    return f->serve_error;
}

static int fake_backend(struct pctl_machine *m,
                        const struct parapet_backend *backend)
{
    struct fake *f = (struct fake *)m;
    bool *is_off = backend->kind == PARAPET_BACKEND_BLK ? &f->blk_is_off
                                                        : &f->console_is_off;

    assert_true(backend->kind == PARAPET_BACKEND_BLK ||
                backend->kind == PARAPET_BACKEND_CONSOLE);
    if (*is_off == !backend->on)
        return -EBUSY;
    *is_off = !backend->on;
    return 0;
}

static int fake_console(struct pctl_machine *m, uint32_t domain)
{
    struct fake *f = (struct fake *)m;

    assert_non_null(fake_find(f, domain));
    return f->console;
}

static int fake_wait(struct pctl_machine *m, int milliseconds)
{
    struct fake *f = (struct fake *)m;

    if (f->happens)
        f->happens(f);
    else if (milliseconds < 0)
        fail_msg("pctl waits for good");
    f->now += (uint64_t)(milliseconds < 0 ? 0 : milliseconds);
    if (f->nr_waits++ > 1000)
        fail_msg("pctl waits again and again");
    return 0;
}

static uint64_t fake_now(struct pctl_machine *m)
{
    return ((struct fake *)m)->now;
}

static void fake_pass_key(struct pctl_machine *m, int console)
{
    assert_int_equal(console, ((struct fake *)m)->console);
    ((struct fake *)m)->passes_key = true;
}

void fake_init(struct fake *f)
{
    memset(f, 0, sizeof(*f));
    f->m = (struct pctl_machine){.open = fake_open,
                                 .call = fake_call,
                                 .serve = fake_serve,
                                 .backend = fake_backend,
                                 .attach = fake_attach,
                                 .detach = fake_detach,
                                 .disk = fake_disk,
                                 .console = fake_console,
                                 .pass_key = fake_pass_key,
                                 .wait = fake_wait,
                                 .now = fake_now};
    f->fail_call = FAKE_NO_CALL;
    f->restarts = 2;
    f->log = "";
    f->now = 5000;
    fake_add(f, 0, "dom0")->privileged = 1;
    f->infos[0].nr_frames = f->infos[0].max_frames = 16384 + 120;
}

/* ---- pctl on it ---- */

#define MAX_WORDS 80

static int split(char *line, char **words)
{
    int nr = 0;

    for (char *word = strtok(line, " "); word; word = strtok(NULL, " ")) {
        assert_true(nr < MAX_WORDS);
        words[nr++] = word;
    }
    words[nr] = NULL;
    return nr;
}

int fake_run(struct fake *f, const char *line)
{
    char copy[1024], *words[MAX_WORDS + 1];
    struct pctl p = {.machine = &f->m, .kernels = f->kernels};
    int status;

    (void)snprintf(copy, sizeof(copy), "pctl %s", line);
    memset(fake_out, 0, sizeof(fake_out));
    memset(fake_err, 0, sizeof(fake_err));
    p.out = fmemopen(fake_out, sizeof(fake_out), "w");
    p.err = fmemopen(fake_err, sizeof(fake_err), "w");
    assert_true(p.out && p.err);
    status = pctl_run(&p, split(copy, words), words);
    (void)fclose(p.out);
    (void)fclose(p.err);
    return status;
}

void fake_expect(struct fake *f, const char *line, int status, const char *out,
                 const char *err)
{
    int got = fake_run(f, line);

    assert_string_equal(fake_err, err);
    assert_string_equal(fake_out, out);
    assert_int_equal(got, status);
}
