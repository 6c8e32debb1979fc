/* SPDX-License-Identifier: MIT
 *
 * See console_front.h.
 */
#include "pvdrivers/console_front.h"

#include "abi/errors.h"
#include "lib/macros.h"
#include "pvdrivers/env.h"

static void on_event(uint32_t port, void *context)
{
    struct console_front *front = context;

    (void)port;
    env_bell_ring(front->room);
    env_bell_ring(front->input);
}

int console_front_begin(struct console_front *front,
                        struct parapet_console *page, uint32_t port)
{
    *front = (struct console_front){.port = port};
    front->room = env_bell_make();
    front->input = env_bell_make();
    if (!front->room || !front->input) {
        if (front->room)
            env_bell_free(front->room);
        if (front->input)
            env_bell_free(front->input);
        return -PARAPET_ENOMEM;
    }
    stream_writer_init(&front->out, &page->out, page->out_bytes,
                       sizeof(page->out_bytes));
    stream_reader_init(&front->in, &page->in, page->in_bytes,
                       sizeof(page->in_bytes));
    env_port_handle(port, on_event, front);
    return 0;
}

/* For half of the bytes of the page at least, so that the writer is not woken
 * for each. True: there is room, or a look is due; else the time is over. */
static bool wait_for_room(struct console_front *front, uint32_t nr,
                          uint64_t deadline_ns)
{
    uint32_t wanted = MIN(nr, front->out.size / 2);

    return stream_writer_wait(&front->out, wanted) != 0 ||
           (env_bell_wait(front->room, deadline_ns) && env_now() < deadline_ns);
}

int console_front_write(struct console_front *front, const void *text,
                        uint32_t nr, uint64_t deadline_ns)
{
    uint32_t done = 0;

    do {
        int more =
            stream_write(&front->out, (const uint8_t *)text + done, nr - done);

        if (more < 0)
            return done > 0 ? (int)done : more;
        done += (uint32_t)more;
        if (stream_writer_push(&front->out))
            env_port_send(front->port);
    } while (done < nr && wait_for_room(front, nr - done, deadline_ns));
    return (int)done;
}

int console_front_read(struct console_front *front, void *text, uint32_t nr)
{
    int done = stream_read(&front->in, text, nr);

    if (stream_reader_free(&front->in))
        env_port_send(front->port);
    return done;
}

int console_front_wait(struct console_front *front, uint64_t deadline_ns)
{
    int found;

    do {
        found = stream_reader_wait(&front->in);
    } while (found == 0 && env_bell_wait(front->input, deadline_ns) &&
             env_now() < deadline_ns);
    return found;
}
