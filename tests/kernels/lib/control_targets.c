/* SPDX-License-Identifier: MIT */
#include "tests/kernels/lib/control_targets.h"

#include "abi/stubs.h"
#include "lib/string.h"
#include "tests/kernels/lib/event.h"
#include "tests/kernels/lib/suite.h"

struct mg_child mg_bare, mg_built, mg_dead;
uint64_t mg_bare_mfn;

/* What is told of them, and of the machine. */
struct sight {
    struct parapet_domain_info infos[3];
    uint64_t free_frames;
    uint32_t nr_domains;
};

static struct sight before;

static void look(struct sight *sight)
{
    memset(sight, 0, sizeof(*sight));
    sight->infos[0] = mg_domain_info(mg_bare.id);
    sight->infos[1] = mg_domain_info(mg_built.id);
    sight->infos[2] = mg_domain_info(mg_dead.id);
    sight->free_frames = mg_machine_info().free_frames;
    sight->nr_domains = mg_machine_info().nr_domains;
}

void mg_targets_look(void)
{
    look(&before);
}

void mg_targets_check_whole(const char *text)
{
    struct sight after;

    look(&after);
    if (memcmp(&before, &after, sizeof(after)) != 0)
        mg_failure("%s was refused, and has changed something", text);
    mg_domain_audit(mg_bare.id);
    mg_domain_audit(mg_built.id);
}

void mg_targets_deny_pointers(const char *name, enum mg_access access,
                              size_t size, size_t alignment,
                              mg_pointer_call_t *call)
{
    const struct mg_object object = {name, access, size, alignment};

    mg_targets_look();
    mg_hostile_check(&object, call, NULL);
    mg_targets_check_whole(name);
    mg_suite_excuse(PARAPET_EFAULT);
}

void mg_targets_make(void)
{
    struct parapet_populate frame = {.gfn = 0};

    mg_control_init();
    mg_event_close(mg_event_bind_ipi(0, NULL, NULL));
    MG_CHECK_EQ(
        mg_child_make(&(struct mg_child_wish){.name = "bare", .nr_vcpus = 2},
                      &mg_bare),
        0);
    MG_CHECK_EQ(hypercall_domain_populate(mg_bare.id, &frame, 1), 0);
    mg_bare_mfn = frame.mfn;
    mg_child_create(&(struct mg_child_wish){.name = "built"}, &mg_built);
    mg_child_run("exit", &mg_dead);
    (void)mg_domain_wait(mg_dead.id, PARAPET_DOMAIN_ENDED);
}
