/* SPDX-License-Identifier: MIT
 *
 * A control domain whose back-ends lie. Its child is the guest kernel, at its
 * own prompt, which reads disks by commands; this domain types them. Each lie
 * is told to a disk of its own, which breaks, fails a request, or waits, as is
 * expected; after each the guest reads another disk, which is served honestly.
 * At the end it powers off, and nothing was done to its pages.
 *
 * BUNDLE: memory=32M
 * QEMU: privileged=1 mem=256M patience=120
 * METER: what takes long is what the guest kernel asks for at its start
 */
#include "abi/blk.h"
#include "abi/bus.h"
#include "abi/console.h"
#include "abi/stubs.h"
#include "lib/macros.h"
#include "lib/printf.h"
#include "lib/string.h"
#include "tests/kernels/lib/clock.h"
#include "tests/kernels/lib/console.h"
#include "tests/kernels/lib/control.h"
#include "tests/kernels/lib/event.h"
#include "tests/kernels/lib/grant.h"
#include "tests/kernels/lib/memory.h"
#include "tests/kernels/lib/test.h"

MG_TEST(control_blk_liar);

#define MEMORY (UINT64_C(24) << 20)
#define NR_SECTORS 1024u
#define HONEST 25u /* xvdz */

/* control_blk_liar_asm.S */
extern const unsigned char guest_kernel[], guest_kernel_end[];

/* A back-end, by hand. Number index of the disks is at slot index. */
struct disk {
    uint32_t index;
    char name[8];
    struct parapet_bus_slot *slot;
    struct parapet_ring *ring; /* NULL: it has none */
    uint32_t handle;
    uint32_t port;
    uint32_t nr_taken;    /* requests */
    uint32_t nr_answered; /* or more of what is said to be answers */
};

static struct mg_window window;
static struct mg_child child;
static struct parapet_bus_page *bus;
static struct parapet_console *console;
static uint32_t bus_port, console_port;
static struct disk honest;

/* What the guest has said since the last command. */
static char said[4096];
static size_t nr_said;

/* ---- a ring ---- */

static bool take(struct disk *disk, struct parapet_blk_request *request)
{
    const uint8_t *slots = disk->ring->slots;

    if (__atomic_load_n(&disk->ring->req_prod, __ATOMIC_SEQ_CST) ==
        disk->nr_taken)
        return false;
    memcpy(request,
           slots + disk->nr_taken % PARAPET_BLK_REQUESTS * sizeof(*request),
           sizeof(*request));
    disk->nr_taken++;
    return true;
}

static void say_answers(struct disk *disk, uint32_t nr)
{
    __atomic_store_n(&disk->ring->rsp_prod, nr, __ATOMIC_SEQ_CST);
    MG_CHECK_EQ(hypercall_evtchn_send(disk->port), 0);
}

static void answer(struct disk *disk, uint32_t id, int32_t status)
{
    const struct parapet_blk_response response = {id, status};

    memcpy(disk->ring->slots + disk->nr_answered % PARAPET_BLK_REQUESTS *
                                   sizeof(struct parapet_blk_request),
           &response, sizeof(response));
    say_answers(disk, ++disk->nr_answered);
}

static void serve(struct disk *disk)
{
    struct parapet_blk_request request;

    while (disk->ring && take(disk, &request))
        answer(disk, request.id, 0);
}

/* ---- the guest ---- */

static void listen(void)
{
    struct parapet_stream *out = &console->out;
    uint32_t prod = __atomic_load_n(&out->prod, __ATOMIC_SEQ_CST);

    if (prod == out->cons)
        return;
    for (uint32_t i = out->cons; i != prod; i++)
        if (nr_said < sizeof(said) - 1)
            said[nr_said++] =
                (char)console->out_bytes[i % PARAPET_CONSOLE_OUT_BYTES];
    said[nr_said] = '\0';
    __atomic_store_n(&out->cons, prod, __ATOMIC_SEQ_CST);
    (void)hypercall_evtchn_send(console_port);
}

static bool has_said(const char *text)
{
    for (const char *at = said; *at != '\0'; at++)
        if (strncmp(at, text, strlen(text)) == 0)
            return true;
    return false;
}

/* The guest runs, and the honest disk is served; so is another one, or NULL. */
static void let_run(struct disk *disk)
{
    (void)hypercall_yield();
    listen();
    serve(&honest);
    if (disk)
        serve(disk);
}

static bool hear(const char *text, struct disk *disk)
{
    uint64_t end = mg_clock_ns() + MG_PATIENCE;

    while (!has_said(text)) {
        if (mg_clock_ns() > end) {
            mg_failure("expected the guest to say \"%s\", got \"%s\"", text,
                       said);
            return false;
        }
        let_run(disk);
    }
    return true;
}

static void type(const char *text)
{
    struct parapet_stream *in = &console->in;
    uint32_t prod = in->prod;

    nr_said = 0;
    said[0] = '\0';
    for (; *text; text++)
        console->in_bytes[prod++ % PARAPET_CONSOLE_IN_BYTES] = (uint8_t)*text;
    __atomic_store_n(&in->prod, prod, __ATOMIC_SEQ_CST);
    (void)hypercall_evtchn_send(console_port);
}

/* Reads so many pages, all at once. */
static void read(const struct disk *disk, unsigned int nr)
{
    char line[64];

    (void)string_format(line, sizeof(line), "disk %s read 4 %u %u\n",
                        disk->name, nr, nr);
    type(line);
}

static void hear_read(struct disk *disk, const char *end)
{
    char line[64];

    (void)string_format(line, sizeof(line), "disk: %s: %s", disk->name, end);
    (void)hear(line, disk == &honest ? NULL : disk);
}

/* ---- a slot of the bus ---- */

static void say(struct disk *disk, uint32_t state)
{
    __atomic_store_n(&disk->slot->back.state, state, __ATOMIC_SEQ_CST);
    MG_CHECK_EQ(hypercall_evtchn_send(bus_port), 0);
}

static void await(struct disk *disk, uint32_t state)
{
    uint64_t end = mg_clock_ns() + MG_PATIENCE;

    while (__atomic_load_n(&disk->slot->front.state, __ATOMIC_SEQ_CST) !=
               state &&
           mg_clock_ns() < end)
        let_run(NULL);
    if (!MG_CHECK_EQ(disk->slot->front.state, state))
        mg_error("%s: the front-end does not go on: %s", disk->name, said);
}

static void offer(struct disk *disk, uint32_t nr_sectors)
{
    struct parapet_bus_back *back = &disk->slot->back;

    back->life++;
    back->kind = PARAPET_BUS_BLK;
    back->index = disk->index;
    back->parameters[PARAPET_BLK_SECTORS_LOW] = nr_sectors;
    back->parameters[PARAPET_BLK_FLAGS] = 0;
    back->parameters[PARAPET_BLK_BLOCK] = PARAPET_BLK_SECTOR;
    back->parameters[PARAPET_BLK_MOST] = 256;
    back->parameters[PARAPET_BLK_IDENTITY_LOW] = 1 + disk->index;
    say(disk, PARAPET_BUS_offered);
}

static void connect_ring(struct disk *disk)
{
    await(disk, PARAPET_BUS_wanted);
    if (!MG_CHECK_EQ(mg_grant_map(child.id, disk->slot->front.ring,
                                  mg_window_pte(&window, 2 + disk->index),
                                  PARAPET_PTE_W | PARAPET_PTE_NX,
                                  &disk->handle),
                     0))
        mg_error("%s: no ring", disk->name);
    disk->ring = (void *)mg_window_at(&window, 2 + disk->index);
    disk->ring->req_event = 1;
    disk->nr_taken = disk->nr_answered = 0;
    disk->port =
        mg_event_bind_interdomain(child.id, disk->slot->front.port, NULL, NULL);
    say(disk, PARAPET_BUS_connected);
}

static void part(struct disk *disk)
{
    if (!disk->ring)
        return;
    MG_CHECK_EQ(mg_grant_unmap(disk->handle), 0);
    mg_event_close(disk->port);
    disk->ring = NULL;
}

/* Its partition table was read: it has a node. */
static void begin(struct disk *disk, uint32_t index)
{
    char line[32];

    *disk = (struct disk){.index = index, .slot = &bus->slots[index]};
    (void)string_format(disk->name, sizeof(disk->name), "xvd%c",
                        (char)('a' + index));
    (void)string_format(line, sizeof(line), "guest: /dev/%s: ", disk->name);
    offer(disk, NR_SECTORS);
    /* A front-end that begins says closing first, and wants an answer. */
    await(disk, PARAPET_BUS_closing);
    say(disk, PARAPET_BUS_closing);
    await(disk, PARAPET_BUS_closed);
    say(disk, PARAPET_BUS_offered);
    connect_ring(disk);
    await(disk, PARAPET_BUS_connected);
    (void)hear(line, disk);
}

/* ---- lies: two requests are under way ---- */

static struct parapet_blk_request asked[2];

static void an_id_that_is_none(struct disk *disk)
{
    answer(disk, UINT32_MAX, 0);
}

static void an_id_that_nobody_has(struct disk *disk)
{
    uint32_t id = 0;

    while (id == asked[0].id || id == asked[1].id)
        id++;
    answer(disk, id, 0);
}

static void an_answer_twice(struct disk *disk)
{
    answer(disk, asked[1].id, 0);
    answer(disk, asked[1].id, 0);
}

static void more_answers_than_requests(struct disk *disk)
{
    say_answers(disk, disk->nr_answered + 3);
}

static void fewer_answers_than_before(struct disk *disk)
{
    say_answers(disk, disk->nr_answered - 1);
}

static void a_ring_of_garbage(struct disk *disk)
{
    memset(disk->ring, 0xa5, sizeof(*disk->ring));
    MG_CHECK_EQ(hypercall_evtchn_send(disk->port), 0);
}

static void a_state_that_is_none(struct disk *disk)
{
    say(disk, 77);
}

static void a_state_of_the_other_end(struct disk *disk)
{
    say(disk, PARAPET_BUS_wanted);
}

static void closing_first(struct disk *disk)
{
    say(disk, PARAPET_BUS_closing);
}

/* It comes again as a device of another kind. */
static void another_kind(struct disk *disk)
{
    say(disk, PARAPET_BUS_closed);
    await(disk, PARAPET_BUS_closed);
    part(disk);
    disk->slot->back.kind = PARAPET_BUS_OWN_KINDS;
    say(disk, PARAPET_BUS_offered);
}

/* What it wanted is another disk when it is connected. */
static void another_size_meanwhile(struct disk *disk)
{
    say(disk, PARAPET_BUS_closed);
    await(disk, PARAPET_BUS_closed);
    part(disk);
    offer(disk, NR_SECTORS);
    await(disk, PARAPET_BUS_wanted);
    disk->slot->back.parameters[PARAPET_BLK_SECTORS_LOW] = 2 * NR_SECTORS;
    connect_ring(disk);
}

static uint32_t kept;

static void a_page_is_kept(struct disk *disk)
{
    MG_CHECK_EQ(mg_grant_hold(child.id, asked[0].ref, PARAPET_GRANT_READONLY,
                              &kept, NULL),
                0);
    answer(disk, asked[0].id, 0);
}

static const struct {
    void (*tell)(struct disk *disk);
    const char *why;
} lies[] = {
    {an_id_that_is_none, "it answers what was not asked"},
    {an_id_that_nobody_has, "it answers what was not asked"},
    {an_answer_twice, "it answers what was not asked"},
    {more_answers_than_requests, "its ring's words cannot be true"},
    {fewer_answers_than_before, "its ring's words cannot be true"},
    {a_ring_of_garbage, "its ring's words cannot be true"},
    {a_state_that_is_none, "the back-end is in no state that can be"},
    {a_state_of_the_other_end, "the back-end is in no state that can be"},
    {closing_first, "the back-end is in no state that can be"},
    {another_kind, "it has become another one"},
    {another_size_meanwhile, "its parameters are refused"},
    {a_page_is_kept, "it has answered, and keeps a page"},
};

static void check_honest(void)
{
    read(&honest, 16);
    hear_read(&honest, "16 requests");
}

static void ask_two(struct disk *disk)
{
    uint64_t end = mg_clock_ns() + MG_PATIENCE;

    read(disk, 2);
    for (unsigned int i = 0; i < 2; i++)
        while (!take(disk, &asked[i])) {
            if (mg_clock_ns() > end)
                mg_error("%s: nothing is asked: %s", disk->name, said);
            let_run(NULL);
        }
}

/* What is under way fails, as soon as all pages are the guest's again. */
static void tell(uint32_t i)
{
    struct disk disk;
    char why[128];

    begin(&disk, i);
    ask_two(&disk);
    kept = 0;
    lies[i].tell(&disk);
    (void)string_format(why, sizeof(why),
                        "bus: device %u of kind 0x1 is broken: %s\n", i,
                        lies[i].why);
    (void)hear(why, NULL);
    if (kept) {
        MG_CHECK(!has_said("disk: "));
        MG_CHECK_EQ(mg_grant_release(kept), 0);
        MG_CHECK_EQ(hypercall_evtchn_send(bus_port), 0);
    }
    hear_read(&disk, "error 5");
    part(&disk);
    say(&disk, PARAPET_BUS_closed);
    await(&disk, PARAPET_BUS_closed);
    check_honest();
}

/* ---- what breaks nothing ---- */

/* A status that is none is a failure of its request. */
static void odd_statuses(uint32_t index)
{
    static const int32_t odd[] = {1, INT32_MAX, INT32_MIN, -77};
    struct disk disk;

    begin(&disk, index);
    for (size_t i = 0; i < ARRAY_SIZE(odd); i++) {
        ask_two(&disk);
        answer(&disk, asked[1].id, 0);
        answer(&disk, asked[0].id, odd[i]);
        hear_read(&disk, "error 5");
        check_honest();
    }
    read(&disk, 2);
    hear_read(&disk, "2 requests");
    say(&disk, PARAPET_BUS_closed);
    part(&disk);
}

/* While requests wait for a disk another one is offered in its place. */
static void another_disk(uint32_t index)
{
    struct disk disk;
    uint64_t end = mg_clock_ns() + MG_PATIENCE;

    begin(&disk, index);
    ask_two(&disk);
    say(&disk, PARAPET_BUS_closed);
    await(&disk, PARAPET_BUS_closed);
    part(&disk);
    offer(&disk, NR_SECTORS / 2);
    while (disk.slot->front.parameters[PARAPET_BLK_FRONT_REFUSES] !=
               disk.slot->back.life &&
           mg_clock_ns() < end)
        let_run(NULL);
    MG_CHECK_EQ(disk.slot->front.parameters[PARAPET_BLK_FRONT_REFUSES],
                disk.slot->back.life);
    MG_CHECK_EQ(disk.slot->front.state, PARAPET_BUS_closed);
    say(&disk, PARAPET_BUS_closed);
    offer(&disk, NR_SECTORS);
    connect_ring(&disk);
    hear_read(&disk, "2 requests");
    say(&disk, PARAPET_BUS_closed);
    part(&disk);
}

/* ---- all of it ---- */

static void *page_of(uint32_t ref)
{
    MG_CHECK_EQ(mg_grant_map(child.id, ref, mg_window_pte(&window, ref),
                             PARAPET_PTE_W | PARAPET_PTE_NX, NULL),
                0);
    return (void *)mg_window_at(&window, ref);
}

static void make_guest(void)
{
    static struct mg_child_kernel kernel = {.image = guest_kernel};
    const struct mg_child_wish wish = {.kernel = &kernel,
                                       .name = "guest",
                                       .bootargs = "monitor",
                                       .memory = MEMORY,
                                       .served = true};
    char why[200];

    if (elf_kernel_read(guest_kernel,
                        (uint64_t)(guest_kernel_end - guest_kernel), MEMORY,
                        &kernel.elf, why, sizeof(why)))
        mg_error("the guest kernel: %s", why);
    mg_child_create(&wish, &child);
    bus = page_of(PARAPET_GRANT_BUS);
    console = page_of(PARAPET_GRANT_CONSOLE);
    bus_port = mg_event_bind_interdomain(child.id, child.ports[0], NULL, NULL);
    console_port =
        mg_event_bind_interdomain(child.id, child.ports[1], NULL, NULL);
    MG_CHECK_EQ(mg_domain_unpause(child.id), 0);
}

void test_main(void)
{
    uint32_t i;

    mg_control_init();
    window = mg_window_make();
    make_guest();
    (void)hear("parapet> ", NULL);
    begin(&honest, HONEST);
    check_honest();
    for (i = 0; i < ARRAY_SIZE(lies) && !mg_failures(); i++)
        tell(i);
    odd_statuses(i);
    another_disk(i + 1);
    check_honest();
    type("poweroff\n");
    MG_CHECK(mg_domain_wait(child.id, PARAPET_DOMAIN_ENDED));
    MG_CHECK_EQ(mg_domain_info(child.id).end_reason, PARAPET_SHUTDOWN_POWEROFF);
    mg_domain_audit(child.id);
    mg_audit();
}
