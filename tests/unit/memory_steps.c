/* SPDX-License-Identifier: MIT */
#include "tests/unit/memory_steps.h"

#include <stdio.h>
#include <string.h>

#include "abi/errors.h"
#include "lib/macros.h"
#include "tests/unit/device_steps.h"
#include "tests/unit/grant_ends.h"
#include "tests/unit/grant_model.h"
#include "tests/unit/grant_steps.h"
#include "tests/unit/memory_check.h"
#include "tests/unit/memory_model.h"
#include "tests/unit/mmu.h"

#define NR_FIRST STEPS_FIRST
#define NR_CALLS 4000 /* one that is not done by then never will be */

#define P PARAPET_PTE_P
#define W PARAPET_PTE_W
#define U PARAPET_PTE_U
#define A PARAPET_PTE_A
#define D PARAPET_PTE_D
#define NX PARAPET_PTE_NX

enum step_kind { STORE, WRITE, PIN, UNPIN, ROOT, GIVE_BACK, POPULATE, WALK };

/* How often each comes. */
static const uint8_t kinds[] = {STORE, STORE, STORE,    STORE,     WRITE,
                                WRITE, WRITE, WRITE,    PIN,       PIN,
                                PIN,   UNPIN, UNPIN,    ROOT,      WALK,
                                WALK,  WALK,  POPULATE, GIVE_BACK, WRITE};

/* The bits of an entry: what a guest may write, and what it may not. */
static const uint64_t good_flags[] = {P | W | U,
                                      P | U,
                                      P | W,
                                      P,
                                      P | W | U | NX,
                                      P | U | A | D,
                                      P | W | U | PARAPET_PTE_SOFT,
                                      P | NX};

static const uint64_t bad_flags[] = {P | W | U | 0x8,
                                     P | U | 0x10,
                                     P | W | U | 0x80,
                                     P | U | 0x100,
                                     P | PARAPET_PTE_KERNEL,
                                     P | U | PARAPET_PTE_KERNEL,
                                     P | U | 1ul << 52,
                                     P | W | U | 1ul << 62,
                                     0,
                                     U | W,
                                     PARAPET_PTE_KERNEL,
                                     NX};

static const uint64_t masks[] = {~0ul,
                                 ~0ul,
                                 ~0ul,
                                 ~0ul,
                                 P,
                                 W,
                                 U,
                                 P | W,
                                 PARAPET_PTE_ADDRESS,
                                 NX,
                                 ~(uint64_t)(A | D),
                                 A | D,
                                 PARAPET_PTE_KERNEL,
                                 0,
                                 U | W,
                                 0xfff};

struct step {
    enum step_kind kind;
    unsigned int domain;
    mfn_t mfn;
    unsigned int slot; /* also a root, or a CPU */
    uint64_t value;
    uint64_t mask;
    enum frame_type type;
    uint32_t work;
    unsigned int nr_calls; /* 0: until it is done */
    mfn_t old_root;        /* that a new one takes the place of */
    bool by_address;       /* a write by mmu_update_va */
};

static char last[200];
static bool with_grants, with_devices;

/* Mostly a frame of the domain's. */
static mfn_t decode_mfn(unsigned int domain, uint8_t byte)
{
    mfn_t mfn;

    if (byte >= 0xf0)
        return byte == 0xff ? (mfn_t)1 << 39 : 1 + (byte - 0xf0u) * 5u;
    mfn = mmu_mfn(domain, byte % NR_FIRST);
    return mfn == MFN_NONE ? 1 + byte % (MMU_FRAMES - 1) : mfn;
}

/* Most entries are good ones, else no table would ever be. */
static uint64_t decode_value(unsigned int domain, uint8_t target, uint8_t flag)
{
    uint64_t value = good_flags[flag % ARRAY_SIZE(good_flags)];

    if (flag >= 0xe0)
        return 0;
    if (flag >= 0xc4)
        value = bad_flags[flag % ARRAY_SIZE(bad_flags)];
    if ((value & P) || flag >= 0xd8)
        value |= frame_paddr(decode_mfn(domain, target)) & PARAPET_PTE_ADDRESS;
    return value;
}

/* Half of the calls have a share as in the hypervisor. */
static void decode_work(struct step *s, uint8_t byte)
{
    s->work = byte < 0x80 ? WORK_CALL : WORK_LEAST + byte % 8u * WORK_GROUP;
    s->nr_calls = 0;
    if (byte >= 0xe0) {
        s->work = (1u + byte % 4u) * WORK_TABLE / 2;
        s->nr_calls = 1u + byte / 4 % 8u;
    } else if (byte >= 0xc0) {
        s->nr_calls = 1u + byte % 4u;
    }
}

/* What the frame with a gfn is to be, for a guest that wants to get on; and
 * where the frames begin that are to be one level below. */
static const struct role {
    enum frame_type type;
    uint8_t first_below, nr_below;
} roles[NR_FIRST] = {
    {TYPE_L4, 3, 2},        {TYPE_L4, 3, 2},        {TYPE_USER_ROOT, 3, 2},
    {TYPE_L3, 5, 2},        {TYPE_L3, 5, 2},        {TYPE_L2, 7, 3},
    {TYPE_L2, 7, 3},        {TYPE_L1, 10, 4},       {TYPE_L1, 10, 4},
    {TYPE_L1, 10, 4},       {TYPE_WRITABLE, 0, 14}, {TYPE_WRITABLE, 0, 14},
    {TYPE_WRITABLE, 0, 14}, {TYPE_WRITABLE, 0, 14},
};

/* Makes a sane step of it, so that address spaces come to be. */
static void make_sane(struct step *s, const uint8_t bytes[STEP_SIZE])
{
    unsigned int gfn = bytes[1] % (s->kind == ROOT ? 3u : NR_FIRST);
    const struct role *role = &roles[gfn];
    mfn_t below =
        mmu_mfn(s->domain, role->first_below + bytes[3] % role->nr_below);

    s->mfn = mmu_mfn(s->domain, gfn);
    s->slot = bytes[2] % 5;
    if (s->mfn == MFN_NONE)
        s->mfn = 1;
    if (role->type != TYPE_WRITABLE)
        s->type = role->type;
    s->value = 0;
    if (bytes[4] < 0xc0 && below != MFN_NONE)
        s->value =
            good_flags[bytes[4] % ARRAY_SIZE(good_flags)] | frame_paddr(below);
}

static struct step decode(const uint8_t bytes[STEP_SIZE])
{
    struct step s;

    s.kind = kinds[bytes[0] % ARRAY_SIZE(kinds)];
    s.domain = bytes[0] >= 0xd0;
    s.mfn = decode_mfn(s.domain, bytes[1]);
    s.slot = bytes[2] % MODEL_SLOTS;
    s.value = decode_value(s.domain, bytes[3], bytes[4]);
    s.mask = masks[bytes[5] % ARRAY_SIZE(masks)];
    s.type = (enum frame_type)(TYPE_L1 + bytes[6] % 5);
    if (bytes[6] & 0x80)
        make_sane(&s, bytes);
    if (s.kind == ROOT && s.type != TYPE_USER_ROOT)
        s.type = TYPE_L4;
    s.old_root = model_root(s.domain, s.slot % MODEL_ROOTS);
    s.by_address = bytes[5] & 0x80;
    if (with_grants && s.kind == WRITE && bytes[2] >= 0xc0)
        (void)grant_steps_entry(s.domain, bytes[1], &s.mfn, &s.slot);
    decode_work(&s, bytes[7]);
    return s;
}

static void describe(const struct step *s)
{
    static const char *const names[] = {"store",    "write", "pin",
                                        "unpin",    "root",  "give back",
                                        "populate", "walk"};

    snprintf(last, sizeof(last),
             "%s: domain %u, frame %lx, index %u, value %lx, mask %lx, "
             "type %u, work %u, calls %u",
             names[s->kind], s->domain, s->mfn, model_slots[s->slot], s->value,
             s->mask, (unsigned int)s->type, s->work, s->nr_calls);
}

const char *steps_last(void)
{
    return last;
}

/* ---- the calls ---- */

/* One page of a mapping that the guest makes, uses and removes; the
 * translation stays in the TLB of its first CPU. */
static int store(const struct step *s, struct memory_owner *m)
{
    int error = type_get_writable(m, s->mfn);

    if (error)
        return error;
    table_entries(s->mfn)[model_slots[s->slot]] = s->value;
    mmu_cache(s->domain == 0 ? 0 : MMU_CPUS - 1, s->mfn, TYPE_WRITABLE);
    type_put_writable(s->mfn);
    return 0;
}

static int set_root(const struct step *s, struct memory_owner *m)
{
    int error = table_get_valid(m, s->mfn, s->type);

    if (error == 0 && s->old_root != 0)
        table_put(m, s->old_root);
    return error;
}

/* As mmu_update_va, which finds a table of level 1 without a look at it. */
static int write_by_address(struct memory_owner *m, uint64_t *entry,
                            uint64_t value)
{
    if (m->detours != 0 && table_entry_is_foreign(*entry))
        return -PARAPET_EBUSY;
    return table_replace(m, entry, value);
}

/* As the hypercalls do: whole entries of level 1 have paths of their own. */
static int write_entry(const struct step *s, struct memory_owner *m)
{
    unsigned int index = model_slots[s->slot];
    int error;

    if (s->mask != ~0ul || !(s->by_address ? mmu_is_l1(s->domain, s->mfn)
                                           : table_is_l1(m, s->mfn)))
        return table_write(m, s->mfn, index, s->value, s->mask);
    error = s->by_address
                ? write_by_address(m, table_entries(s->mfn) + index, s->value)
                : table_replace(m, table_entries(s->mfn) + index, s->value);
    if (error)
        m->failed_entry = table_entry_paddr(s->mfn, index);
    return error;
}

static int call(const struct step *s, struct memory_owner *m)
{
    switch (s->kind) {
    case STORE:
        return store(s, m);
    case WRITE:
        return write_entry(s, m);
    case PIN:
        return table_pin(m, s->mfn, s->type);
    case UNPIN:
        return table_unpin(m, s->mfn);
    case ROOT:
        return set_root(s, m);
    case GIVE_BACK:
        return type_take_back(m, s->mfn);
    default:
        return 0;
    }
}

static int expected(const struct step *s)
{
    int error;

    switch (s->kind) {
    case STORE:
        error = model_get_writable(s->domain, s->mfn);
        if (error == 0)
            model_store(s->mfn, s->slot, s->value);
        return error;
    case WRITE:
        return model_write(s->domain, s->mfn, s->slot, s->value, s->mask);
    case PIN:
        return model_pin(s->domain, s->mfn, s->type);
    case UNPIN:
        return model_unpin(s->domain, s->mfn);
    case ROOT:
        return model_set_root(s->domain, s->slot % MODEL_ROOTS, s->mfn,
                              s->type);
    case GIVE_BACK:
        return model_take_back(s->domain, s->mfn);
    default:
        return 0;
    }
}

/* As the hypercalls do: first what is to be let go. */
static int call_once(const struct step *s, uint32_t work)
{
    struct memory_owner *m = mmu_begin(s->domain, work);
    int error = -PARAPET_ERESTART;

    if (table_release(m))
        error = call(s, m);
    if (error == 0)
        (void)table_release(m);
    return error;
}

static int call_until_done(const struct step *s, struct step_counts *counts)
{
    int error = -PARAPET_ERESTART;

    for (unsigned int i = 0; i < (s->nr_calls ? s->nr_calls : NR_CALLS); i++) {
        error = call_once(s, s->work);
        if (error != -PARAPET_ERESTART)
            return error;
        counts->restarts++;
    }
    return error;
}

/* ---- a step ---- */

/* The failure is told as by the hypercalls: the machine address, or 0. */
static bool same_failure(unsigned int domain)
{
    uint64_t paddr = 0;

    if (model_failure.table != 0)
        paddr = table_entry_paddr(model_failure.table, model_failure.index);
    return mmu_domains[domain].failed_entry == paddr;
}

static const char *call_step(const struct step *s, struct step_counts *counts)
{
    int wanted, error;

    model_look(s->domain);
    wanted = expected(s);
    error = call_until_done(s, counts);
    if (error == -PARAPET_ERESTART) {
        counts->abandoned++;
        if (s->nr_calls == 0)
            return "a call never ends";
        model_undo();
        return NULL;
    }
    if (error != wanted) {
        snprintf(last + strlen(last), sizeof(last) - strlen(last),
                 ": expected %d, got %d", wanted, error);
        return "another result than the model's";
    }
    if (s->kind == WRITE && model_refused_foreign)
        counts->foreign_writes++;
    if (error && !same_failure(s->domain))
        return "another entry at fault than the model's";
    *(error ? &counts->failures : &counts->successes) += 1;
    /* A write to what is no table any more may have stopped half-way. */
    if (mmu_domains[s->domain].releasing != FRAME_INFO_NONE ||
        error == -PARAPET_ENOENT)
        return NULL;
    counts->compared++;
    return model_compare();
}

static void populate(const struct step *s)
{
    struct memory_owner *m = &mmu_domains[s->domain];
    mfn_t mfn;

    if (m->nr_frames >= (s->domain == 0 ? STEPS_FIRST : STEPS_SECOND))
        return;
    mfn = frame_alloc_zeroed();
    type_give(m, mfn, s->slot % NR_FIRST);
    model_give(s->domain, mfn);
}

static void walk(const struct step *s)
{
    for (unsigned int cpu = 0; cpu < MMU_CPUS; cpu++) {
        if (mmu_cpu_domain(cpu) == s->domain && (s->slot >> cpu & 1) == 0)
            mmu_speculate(cpu, model_root(s->domain, s->slot % MODEL_ROOTS));
    }
}

void steps_begin(bool grants)
{
    mmu_create(STEPS_FIRST, STEPS_SECOND);
    model_create();
    with_grants = grants;
    with_devices = false;
    device_steps_reset();
    mmu_is_lent = grants ? model_may_translate : NULL;
    if (grants)
        grant_ends_reset();
}

void steps_begin_with_devices(void)
{
    steps_begin(false);
    with_devices = true;
}

bool steps_have_grants(void)
{
    return with_grants;
}

const char *steps_step(const uint8_t bytes[STEP_SIZE],
                       struct step_counts *counts)
{
    struct step s = decode(bytes);
    const char *wrong = NULL;

    describe(&s);
    if (with_grants && (bytes[6] & 0x40))
        wrong = grant_steps_step(bytes, counts, last, sizeof(last));
    else if (with_grants && grant_ends_has_begun(s.domain))
        wrong = grant_ends_share(s.domain, s.work);
    else if (with_devices && (bytes[6] & 0x60) == 0)
        wrong = device_steps_step(bytes, counts, last, sizeof(last));
    else if (s.kind == POPULATE)
        populate(&s);
    else if (s.kind == WALK)
        walk(&s);
    else
        wrong = call_step(&s, counts);
    return wrong ? wrong : memory_check();
}
