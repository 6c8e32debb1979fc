/* SPDX-License-Identifier: MIT
 *
 * hypervisor/mm/audit_grant.c, and what the other files of the audit say of
 * grants, of devices and of frames that are left behind: of a state that is
 * right nothing, and of each that is spoiled the line that is meant for it.
 * What they say of lists and owners is in test_type.c.
 */
#include "tests/unit/unit.h"

#include <string.h>

#include "hypervisor/mm/device_page.h"
#include "hypervisor/mm/table.h"
#include "tests/unit/mmu.h"

#define NR_FRAMES 8u

/* Entries of the lender's table of grants, and the mapper's handles. */
enum { WRITTEN = 3, READ = 200, HELD = 255 };
enum { MAPS_WRITTEN = 2, MAPS_READ, HOLDS };
/* Entries of the mapper's table. */
enum { AT_WRITTEN = 5, AT_DEVICE = 100, AT_READ = 511 };

#define DEVICE 0xfeb00ul /* its page */

static struct memory_owner *const mapper = &mmu_domains[0];
static struct memory_owner *const lender = &mmu_domains[1];

static mfn_t written, read, grants; /* the lender's */
static mfn_t table, upper;          /* the mapper's */
static struct grant_record *records;
static struct grant_mapping *handles;

static void lend(unsigned int ref, mfn_t mfn, bool writable)
{
    records[ref] = (struct grant_record){.mfn = (uint32_t)mfn,
                                         .domain = MMU_FIRST_ID,
                                         .readers = !writable,
                                         .writers = writable};
    assert_int_equal(type_get_foreign(lender, mfn, writable), 0);
}

static void take(unsigned int handle, enum grant_kind kind, unsigned int ref)
{
    struct grant_mapping *g = &handles[handle];

    mapper->handles.free = g->next;
    g->kind = (uint8_t)kind;
    g->mfn = records[ref].mfn;
    g->lender = MMU_SECOND_ID;
    g->ref = ref;
    g->writable = records[ref].writers > 0;
    mapper->handles.nr_used++;
}

static void map(unsigned int handle, unsigned int ref, unsigned int index)
{
    uint64_t bits = records[ref].writers ? PARAPET_PTE_W : 0;

    take(handle, GRANT_MAP, ref);
    handles[handle].pte = table_entry_paddr(table, index);
    assert_int_equal(
        table_map_foreign(mapper, handles[handle].pte,
                          frame_paddr(records[ref].mfn) | PARAPET_PTE_P | bits),
        0);
}

static void make_grants(void)
{
    struct grant_table *t = &lender->grants;

    grants = mmu_mfn(1, 7);
    type_hold(lender, grants, true);
    records = frame_vaddr(frame_alloc_zeroed());
    t->entries[0] = frame_vaddr(grants);
    t->records[0] = records;
    t->nr_entries = PARAPET_GRANTS_PER_FRAME;
}

/* The last one is the first that is free, but for what the test takes. */
static void make_handles(void)
{
    struct grant_handles *h = &mapper->handles;

    handles = frame_vaddr(frame_alloc_zeroed());
    for (unsigned int i = GRANT_MAPPINGS_PER_FRAME; i-- > 0;) {
        handles[i].handle = i;
        handles[i].next = h->free;
        h->free = &handles[i];
    }
    h->frames[0] = handles;
    h->nr_frames = 1;
    mapper->nr_charged = 1;
}

static int begin(void **state)
{
    struct memory_owner *m;

    (void)state;
    mmu_create(NR_FRAMES, NR_FRAMES);
    m = mmu_begin(0, WORK_CALL);
    table = mmu_mfn(0, 0);
    upper = mmu_mfn(0, 1);
    table_entries(upper)[7] =
        frame_paddr(table) | PARAPET_PTE_P | PARAPET_PTE_U;
    assert_int_equal(table_pin(m, upper, TYPE_L2), 0);
    written = mmu_mfn(1, 0);
    read = mmu_mfn(1, 1);
    assert_int_equal(type_get_writable(mmu_begin(1, WORK_CALL), written), 0);
    type_put_writable(written);
    make_grants();
    make_handles();
    lend(WRITTEN, written, true);
    lend(READ, read, false);
    lend(HELD, written, false);
    take(0, GRANT_HOLD, HELD);
    take(1, GRANT_HOLD, HELD);
    records[HELD].readers++;
    assert_int_equal(type_get_foreign(lender, written, false), 0);
    map(MAPS_WRITTEN, WRITTEN, AT_WRITTEN);
    map(MAPS_READ, READ, AT_READ);
    assert_true(device_page_add(DEVICE));
    assert_int_equal(
        device_page_map(mapper, table_entry_paddr(table, AT_DEVICE), DEVICE),
        0);
    return 0;
}

/* Returns how many differences there are; mmu_log says which. */
static uint64_t audit(void)
{
    const struct audit_hold hold = {grants, TYPE_WRITABLE};

    mmu_log[0] = '\0';
    return audit_memory(mapper, NULL, 0) + audit_memory(lender, &hold, 1) +
           mmu_audit_machine();
}

static void test_what_is_right(void **state)
{
    (void)state;
    assert_int_equal(audit(), 0);
    /* A record that is not in use may say what it likes. */
    records[0].mfn = (uint32_t)mmu_mfn(0, 0);
    assert_int_equal(audit(), 0);
    /* And so may what the lender itself writes. */
    memset(frame_vaddr(grants), 0xff, PAGE_SIZE);
    assert_int_equal(audit(), 0);
    /* The lender goes on with its frame, as far as it may. */
    assert_int_equal(type_get(lender, read), 0);
    type_put(read);
    assert_int_equal(audit(), 0);
}

/* ---- what is wrong: with devices ---- */

static void device_entry_is_gone(void)
{
    table_entries(table)[AT_DEVICE] = 0;
}

static void device_record_is_lost(void)
{
    mapper->devices.nr--;
}

static void device_records_too_many(void)
{
    mapper->devices.nr = MAX_DEVICE_MAPS + 1;
}

static void device_record_of_another_entry(void)
{
    mapper->devices.maps[0].pte += sizeof(uint64_t);
}

static void device_record_of_a_frame(void)
{
    mapper->devices.maps[0].page = written;
}

static void device_record_in_anothers_table(void)
{
    mapper->devices.maps[0].pte = frame_paddr(read);
}

static void device_entry_of_another_page(void)
{
    table_entries(table)[AT_DEVICE] ^= PAGE_SIZE;
}

static void device_entry_is_cached(void)
{
    table_entries(table)[AT_DEVICE] &= ~(uint64_t)PARAPET_PTE_UNCACHED;
}

static void device_entry_is_the_users(void)
{
    table_entries(table)[AT_DEVICE] &= ~(uint64_t)PARAPET_PTE_KERNEL;
}

static void lent_frame_is_uncached(void)
{
    table_entries(table)[AT_READ] |= PARAPET_PTE_UNCACHED;
}

static void uncached_bit_in_an_upper_table(void)
{
    table_entries(upper)[7] |= PARAPET_PTE_UNCACHED;
}

/* ---- with what is lent ---- */

static void record_is_lost(void)
{
    records[READ].readers = 0;
}

static void writer_is_lost(void)
{
    records[WRITTEN].readers = 1;
    records[WRITTEN].writers = 0;
}

static void reader_too_many(void)
{
    records[HELD].readers++;
}

static void record_of_anothers_frame(void)
{
    records[READ].mfn = (uint32_t)table;
}

static void record_of_no_frame(void)
{
    records[READ].mfn = UINT32_MAX;
}

static void written_to_what_is_not_writable(void)
{
    records[READ].readers = 0;
    records[READ].writers = 1;
}

static void half_a_frame_of_entries(void)
{
    lender->grants.nr_entries--;
}

static void table_of_grants_is_too_long(void)
{
    lender->grants.nr_entries *= 2;
}

static void frame_of_records_is_missing(void)
{
    lender->grants.records[0] = NULL;
}

static void frame_of_records_too_many(void)
{
    mapper->grants.records[PARAPET_MAX_GRANT_FRAMES - 1] = records;
}

static void hold_is_not_marked(void)
{
    frame_info(grants)->held = 0;
}

static void marked_as_held(void)
{
    frame_info(written)->held = 1;
}

static void wrong_nr_held(void)
{
    lender->nr_held++;
}

static void wrong_nr_charged(void)
{
    mapper->nr_charged--;
}

/* ---- with what the mapper has ---- */

static void entry_is_gone(void)
{
    table_entries(table)[AT_READ] = 0;
}

static void entry_is_an_ordinary_one(void)
{
    table_entries(table)[AT_READ] &= ~(uint64_t)PARAPET_PTE_FOREIGN;
}

static void wrong_nr_foreign(void)
{
    frame_info(table)->nr_foreign++;
}

static void table_is_not_marked(void)
{
    frame_info(table)->state &= ~STATE_FOREIGN;
}

static void another_is_marked(void)
{
    frame_info(upper)->state |= STATE_FOREIGN;
}

static void foreign_bit_in_an_upper_table(void)
{
    table_entries(upper)[7] |= PARAPET_PTE_FOREIGN;
}

static void another_entry_of_the_mapping(void)
{
    handles[MAPS_READ].pte = table_entry_paddr(table, AT_READ - 1);
}

static void one_entry_for_two_mappings(void)
{
    handles[MAPS_READ].pte = handles[MAPS_WRITTEN].pte;
    handles[MAPS_READ].mfn = (uint32_t)written;
    handles[MAPS_READ].writable = true;
}

static void entry_maps_another_frame(void)
{
    table_entries(table)[AT_READ] ^= frame_paddr(read ^ written);
}

static void entry_can_write(void)
{
    table_entries(table)[AT_READ] |= PARAPET_PTE_W;
}

static void mappings_are_exchanged(void)
{
    uint64_t pte = handles[MAPS_READ].pte;

    handles[MAPS_READ].pte = handles[MAPS_WRITTEN].pte;
    handles[MAPS_WRITTEN].pte = pte;
}

static void table_is_not_referred_to(void)
{
    frame_info(table)->state -= STATE_USE;
}

static void mapping_in_anothers_table(void)
{
    handles[MAPS_READ].pte = frame_paddr(read);
}

static void hold_is_a_mapping(void)
{
    handles[0].kind = GRANT_MAP;
}

static void handle_is_half_unmapped(void)
{
    handles[MAPS_READ].kind = GRANT_UNMAPPED;
}

static void handle_is_lost(void)
{
    handles[1].kind = GRANT_FREE;
}

/* The two holds, which are of one entry, are none. */
static void run_of_one_entry(void)
{
    handles[0].kind = GRANT_RUN;
    handles[0].nr = 2;
    handles[0].next = &handles[1];
    handles[1].kind = GRANT_IN_RUN;
}

static void run_is_longer(void)
{
    handles[0].kind = GRANT_RUN;
    handles[0].nr = 2;
    handles[0].next = &handles[1];
}

static void run_is_shorter(void)
{
    handles[0].kind = GRANT_RUN;
    handles[0].nr = 1;
    handles[1].kind = GRANT_IN_RUN;
}

static void run_of_none(void)
{
    handles[0].kind = GRANT_RUN;
}

static void run_without_a_first(void)
{
    handles[0].kind = GRANT_IN_RUN;
}

static void wrong_handle_number(void)
{
    handles[HOLDS].handle++;
}

static void free_handle_is_lost(void)
{
    mapper->handles.free = mapper->handles.free->next;
}

static void endless_free_handles(void)
{
    mapper->handles.free->next = mapper->handles.free;
}

static void used_handle_is_free(void)
{
    mapper->handles.free->next = &handles[0];
}

static void wrong_detours(void)
{
    mapper->detours--;
}

static void lent_frame_of_nobody(void)
{
    frame_info(read)->state = 0;
}

static void lent_frame_outside(void)
{
    handles[0].mfn = MMU_FRAMES;
}

static void lent_frame_is_a_table(void)
{
    frame_info(written)->state ^= TYPE_STATE(TYPE_WRITABLE ^ TYPE_L1);
}

/* ---- and with what is left behind ---- */

static void leave(uint64_t references)
{
    mfn_t mfn = mmu_free_mfn();

    frame_info(mfn)->state =
        77ul << STATE_OWNER_SHIFT | TYPE_STATE(TYPE_LEFT) | references;
    frame_info(mfn)->next = FRAME_INFO_NONE;
    m2p[mfn] = PARAPET_NO_GFN;
}

static void left_and_not_counted(void)
{
    leave(STATE_REFERENCE);
}

static void left_for_nobody(void)
{
    leave(0);
}

static void left_by_nobody(void)
{
    leave(STATE_REFERENCE);
    frame_info(mmu_free_mfn())->state &= ~STATE_OWNER;
}

static void left_with_a_gfn(void)
{
    leave(STATE_REFERENCE);
    m2p[mmu_free_mfn()] = 3;
}

static void left_and_held(void)
{
    leave(STATE_REFERENCE);
    frame_info(mmu_free_mfn())->held = 1;
}

static void left_and_in_the_list(void)
{
    frame_info(read)->state |= TYPE_STATE(TYPE_LEFT);
}

static void test_what_is_wrong(void **state)
{
    static const struct {
        void (*spoil)(void);
        const char *line;
    } cases[] = {
        {device_entry_is_gone, "its entries that map what is not"},
        {device_record_is_lost, "entries that map devices"},
        {device_records_too_many, "as many mappings of devices"},
        {device_record_of_another_entry, "what these entries and their"},
        {device_record_of_a_frame, "state of a device's page"},
        {device_record_in_anothers_table, "a frame of the domain's own"},
        {device_entry_of_another_page, "what these entries and their"},
        {device_entry_is_cached, "entries that map devices"},
        {device_entry_is_the_users, "bits of an entry that maps a device"},
        {lent_frame_is_uncached, "bits of an entry that maps a device"},
        {uncached_bit_in_an_upper_table, "none that is refused"},
        {record_is_lost, "references"},
        {writer_is_lost, "type count"},
        {reader_too_many, "references"},
        {record_of_anothers_frame, "lent by who has it"},
        {record_of_no_frame, "lent by who has it"},
        {written_to_what_is_not_writable,
         "type of a frame that others write to"},
        {half_a_frame_of_entries, "entries of grants that fill no frame"},
        {table_of_grants_is_too_long, "frame of the table of grants"},
        {frame_of_records_is_missing, "frame of records"},
        {frame_of_records_too_many, "frame of records"},
        {hold_is_not_marked, "mark of a frame that is held"},
        {marked_as_held, "frames marked as held"},
        {wrong_nr_held, "frames that are held"},
        {wrong_nr_charged, "frames charged to the domain"},
        {entry_is_gone, "its entries that map what is not"},
        {entry_is_an_ordinary_one, "refers to a frame of the domain's own"},
        {wrong_nr_foreign, "its entries that map what is not"},
        {table_is_not_marked, "mark of a table with such entries"},
        {another_is_marked, "mark of a table with such entries"},
        {foreign_bit_in_an_upper_table, "none that is refused"},
        {another_entry_of_the_mapping, "what these entries and the mappings"},
        {one_entry_for_two_mappings, "what these entries and the mappings"},
        {entry_maps_another_frame, "what these entries and the mappings"},
        {entry_can_write, "what these entries and the mappings"},
        {mappings_are_exchanged, "what these entries and the mappings"},
        {table_is_not_referred_to, "type count"},
        {mapping_in_anothers_table, "refers to a frame of the domain's own"},
        {hold_is_a_mapping, ": entries that map frames of others"},
        {handle_is_half_unmapped, "handle's kind"},
        {handle_is_lost, "handles in use"},
        {run_of_one_entry, "run of holds"},
        {run_is_longer, "run of holds"},
        {run_is_shorter, "handles in runs"},
        {run_of_none, "length of a run"},
        {run_without_a_first, "handles in runs"},
        {wrong_handle_number, "handle's number"},
        {free_handle_is_lost, "free handles"},
        {endless_free_handles, "free handles"},
        {used_handle_is_free, "free handles"},
        {wrong_detours, "detours"},
        {lent_frame_of_nobody, "lent frame of somebody, with references"},
        {lent_frame_outside, "lent frame of the machine"},
        {lent_frame_is_a_table, "lent to write: writable memory"},
        {left_and_not_counted, "frames left behind by this owner"},
        {left_for_nobody, "frame left behind that only others refer to"},
        {left_by_nobody, "frame left behind that only others refer to"},
        {left_with_a_gfn, "frame left behind that only others refer to"},
        {left_and_held, "frame left behind that only others refer to"},
        {left_and_in_the_list, "a known type"},
    };

    for (unsigned int i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        (void)begin(state);
        assert_int_equal(audit(), 0);
        cases[i].spoil();
        assert_true(audit() > 0);
        if (!strstr(mmu_log, cases[i].line))
            fail_msg("expected \"%s\" of case %u", cases[i].line, i);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_what_is_right, begin),
        cmocka_unit_test(test_what_is_wrong),
    };

    return cmocka_run_group_tests_name("mm/audit", tests, NULL, NULL);
}
