/* SPDX-License-Identifier: MIT
 *
 * A guest that domain 0 makes, with the console that domain 0 shows: it says
 * hello by the page that the two share, echoes what is typed, and ends when it
 * is asked to. docs/WRITING-A-GUEST.md goes through it, and says how it is
 * built and run.
 */
#include "abi/console.h"
#include "abi/stubs.h"
#include "pvdrivers/stream.h"

PARAPET_DEFINE_NOTE;

#define CTRL_D 4 /* the end of the input, as a terminal types it */

static struct parapet_shared_page *const shared =
    (struct parapet_shared_page *)PARAPET_SHARED_PAGE;
static struct parapet_vcpu_page *const vcpu =
    (struct parapet_vcpu_page *)PARAPET_VCPU_PAGE(0);

static struct stream_writer out; /* what is shown */
static struct stream_reader in;  /* what is typed */

_Noreturn void guest_main(const uint32_t *tree);

/* The compiler and stream.h call it. */
void *memcpy(void *to, const void *from, size_t size)
{
    void *at = to;

    __asm__ volatile("rep movsb"
                     : "+D"(at), "+S"(from), "+c"(size)
                     :
                     : "memory");
    return to;
}

static uint32_t length(const char *text)
{
    uint32_t nr = 0;

    while (text[nr])
        nr++;
    return nr;
}

static _Noreturn void end(uint32_t reason)
{
    for (;;)
        (void)hypercall_shutdown(reason);
}

/* Without a console that works there is still the hypervisor's. */
static _Noreturn void give_up(const char *why)
{
    (void)HYPERCALL_RESTARTED(hypercall_console_write(why, length(why)));
    end(PARAPET_SHUTDOWN_CRASH);
}

/* Forgets all that came: whoever calls it looks at everything afterwards. */
static void take_events(void)
{
    uint64_t words;

    __atomic_store_n(&vcpu->event_pending, 0, __ATOMIC_SEQ_CST);
    words = __atomic_exchange_n(&vcpu->event_select, 0, __ATOMIC_SEQ_CST);
    for (; words != 0; words &= words - 1)
        (void)__atomic_exchange_n(
            &shared->event_pending[__builtin_ctzll(words)], 0,
            __ATOMIC_SEQ_CST);
}

/* Sleeps until something has come since take_events(). Events stay masked, so
 * there is no handler. */
static void sleep(void)
{
    __asm__ volatile("hlt" : : : "memory");
}

static void tell_other_end(void)
{
    (void)hypercall_evtchn_send(shared->console_port);
}

static void write(const char *text, uint32_t nr)
{
    while (nr > 0) {
        int done;

        take_events();
        done = stream_write(&out, text, nr);
        if (done < 0)
            give_up("ring: domain 0 broke the console's page\n");
        text += done;
        nr -= (uint32_t)done;
        if (stream_writer_push(&out))
            tell_other_end();
        if (nr > 0 && stream_writer_wait(&out, 1) == 0)
            sleep();
    }
}

static void print(const char *text)
{
    write(text, length(text));
}

static void print_number(uint32_t number)
{
    char digits[10];
    uint32_t at = sizeof(digits);

    do {
        digits[--at] = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    write(&digits[at], (uint32_t)sizeof(digits) - at);
}

static _Noreturn void leave(uint32_t reason)
{
    print("goodbye\n");
    end(reason);
}

/* One round of the main loop: all that may have come is looked at. */
static void serve(void)
{
    char typed[64];
    int nr, shown = 0;

    take_events();
    if (shared->request == PARAPET_REQUEST_POWEROFF)
        leave(PARAPET_SHUTDOWN_POWEROFF);
    if (shared->request == PARAPET_REQUEST_REBOOT)
        leave(PARAPET_SHUTDOWN_REBOOT);
    nr = stream_read(&in, typed, sizeof(typed));
    if (nr < 0)
        give_up("ring: domain 0 broke the console's page\n");
    if (stream_reader_free(&in))
        tell_other_end();
    while (shown < nr && typed[shown] != CTRL_D)
        shown++;
    write(typed, (uint32_t)shown);
    if (shown < nr)
        leave(PARAPET_SHUTDOWN_POWEROFF);
    if (nr == 0 && stream_reader_wait(&in) == 0)
        sleep();
}

/* The property with this name in the device tree, or NULL. The hypervisor's
 * tree is believed: a node with its name, its properties, its nodes. */
static const void *find_property(const uint32_t *tree, const char *wanted)
{
    const char *strings = (const char *)tree + __builtin_bswap32(tree[3]);
    const uint32_t *at = tree + __builtin_bswap32(tree[2]) / 4;

    for (;;) {
        uint32_t token = __builtin_bswap32(*at++);

        if (token == 1) { /* a node begins */
            at += length((const char *)at) / 4 + 1;
        } else if (token == 3) { /* a property: its size, its name */
            const char *name = strings + __builtin_bswap32(at[1]);
            uint32_t nr = length(wanted) + 1, same = 0;

            while (same < nr && name[same] == wanted[same])
                same++;
            if (same == nr)
                return at + 2;
            at += 2 + (__builtin_bswap32(at[0]) + 3) / 4;
        } else if (token == 9) { /* the end */
            return NULL;
        }
    }
}

_Noreturn void guest_main(const uint32_t *tree)
{
    const uint32_t *id = find_property(tree, "domain-id");
    const char *name = find_property(tree, "bootargs");
    struct parapet_console *page;

    if (shared->console_port == 0)
        give_up("ring: expected a console: make me by `pctl create`\n");
    page = (struct parapet_console *)(PARAPET_DIRECT_MAP +
                                      shared->console_gfn * 4096);
    stream_writer_init(&out, &page->out, page->out_bytes,
                       sizeof(page->out_bytes));
    stream_reader_init(&in, &page->in, page->in_bytes, sizeof(page->in_bytes));
    if (hypercall_evtchn_bind_virq(PARAPET_VIRQ_REQUEST, 0) < 0)
        give_up("ring: no port for requests\n");
    print("hello from ");
    print(name && *name ? name : "a guest");
    print(", domain ");
    print_number(id ? __builtin_bswap32(*id) : 0);
    print("\n");
    for (;;)
        serve();
}
