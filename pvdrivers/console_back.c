/* SPDX-License-Identifier: MIT
 *
 * See console_back.h.
 */
#include "pvdrivers/console_back.h"

#include "abi/console.h"
#include "lib/macros.h"

#define SECOND_NS 1000000000ull
/* How much a domain that has written too much waits for. */
#define LEAST 1024u

int console_back_map(struct console_back *back, uint32_t ref)
{
    struct parapet_console *page;

    back->loan = (struct env_loan){.domain = back->domain, .ref = ref};
    env_map(&back->loan, 1);
    if (back->loan.status != 0)
        return back->loan.status;
    page = back->loan.page;
    stream_reader_init(&back->out, &page->out, page->out_bytes,
                       sizeof(page->out_bytes));
    stream_writer_init(&back->in, &page->in, page->in_bytes,
                       sizeof(page->in_bytes));
    return 0;
}

int console_back_begin(struct console_back *back, uint32_t remote_port)
{
    int port;

    if (!back->loan.page)
        return -PV_EIO;
    back->allowance = CONSOLE_BACK_BURST;
    back->refilled = env_now();
    listener_init(&back->listener, back->bell);
    back->wants_room = false;
    port = env_port_bind(back->domain, remote_port, listener_hear,
                         &back->listener);
    if (port < 0)
        return port;
    back->port = (uint32_t)port;
    /* The one before may have made room and died before it said so. */
    env_port_send(back->port);
    return 0;
}

void console_back_stop(struct console_back *back)
{
    if (back->port != 0)
        env_port_close(back->port);
    back->port = 0;
}

void console_back_end(struct console_back *back)
{
    console_back_stop(back);
    env_unmap(&back->loan, 1);
}

static void break_it(struct console_back *back)
{
    env_say("d%u: console: its words cannot be true: it is left alone",
            back->domain);
    console_back_end(back);
    if (!back->wants_room)
        return;
    back->wants_room = false;
    back->user->room(back->context);
}

static void refill(struct console_back *back, uint64_t now)
{
    uint64_t passed = MIN(now - back->refilled, SECOND_NS);
    int64_t more = (int64_t)(passed * back->rate / SECOND_NS);

    if (back->rate == 0) {
        back->allowance = CONSOLE_BACK_BURST;
    } else if (more > 0) {
        back->allowance = MIN(back->allowance + more, CONSOLE_BACK_BURST);
        back->refilled = now;
    }
}

/* How many bytes were shown; or -PV_EIO. */
static int show(struct console_back *back)
{
    uint8_t text[256];
    uint32_t most = (uint32_t)MIN(back->allowance, back->out.size);
    uint32_t done = 0;
    int nr;

    do {
        nr = stream_read(&back->out, text,
                         MIN(most - done, (uint32_t)sizeof(text)));
        if (nr < 0)
            return nr;
        if (nr > 0)
            back->user->show(back->context, text, (uint32_t)nr);
        done += (uint32_t)nr;
    } while (nr > 0 && done < most);
    if (done > 0)
        back->allowance -= MAX((int64_t)done, CONSOLE_BACK_ROUND);
    if (stream_reader_free(&back->out) && back->port != 0)
        env_port_send(back->port);
    return (int)done;
}

void console_back_drain(struct console_back *back, unsigned int times)
{
    int shown = 1;

    for (; back->loan.page && shown > 0 && times > 0; times--) {
        back->allowance = CONSOLE_BACK_BURST;
        shown = show(back);
        if (shown < 0)
            break_it(back);
    }
}

/* Whether there is room that the user waits for: 1, 0 or -PV_EIO. */
static int look_for_room(struct console_back *back)
{
    int found;

    if (!back->wants_room)
        return 0;
    found = stream_writer_wait(&back->in, 1);
    if (found == 1) {
        back->wants_room = false;
        back->user->room(back->context);
    }
    return found;
}

uint64_t console_back_serve(struct console_back *back)
{
    uint64_t now = env_now();
    int room, shown, more;

    if (back->port == 0)
        return ENV_FOREVER;
    refill(back, now);
    room = look_for_room(back);
    if (back->port == 0)
        return ENV_FOREVER; /* the user has typed, and found it broken */
    shown = back->allowance > 0 ? show(back) : 0;
    more = room < 0 || shown < 0 ? -PV_EIO : stream_reader_wait(&back->out);
    if (more < 0) {
        break_it(back);
        return ENV_FOREVER;
    }
    back->listener.worked |= room > 0 || shown > 0;
    if (more == 0)
        return listener_rest(&back->listener, back->port);
    if (back->allowance > 0)
        return 0;
    return now + LEAST * SECOND_NS / back->rate;
}

int console_back_input(struct console_back *back, const void *text, uint32_t nr)
{
    int done;

    if (back->port == 0)
        return -PV_EIO;
    done = stream_write(&back->in, text, nr);
    if (done < 0) {
        break_it(back);
        return done;
    }
    if (stream_writer_push(&back->in))
        env_port_send(back->port);
    if ((uint32_t)done < nr) {
        back->wants_room = true;
        env_bell_ring(back->bell);
    }
    return done;
}
