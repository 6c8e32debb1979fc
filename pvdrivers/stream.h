/* SPDX-License-Identifier: MIT
 *
 * Both ends of a stream of bytes (abi/stream.h). As with a ring (ring.h), an
 * end belongs to one thread at a time, keeps its own numbers here, and copies
 * before anybody looks. The other end's index is checked each time that it is
 * loaded: if it cannot be true, the connection is broken, this and all later
 * calls return -PV_EIO, and the memory is not touched again.
 *
 *            told    taken       seen                  of the reader
 *   ---------|-------|-----------|-------------------------> number
 *        taken                           pushed  put   of the writer
 */
#ifndef PVDRIVERS_STREAM_H
#define PVDRIVERS_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi/stream.h"
#include "lib/macros.h"
#include "pvdrivers/error.h"
#include "pvdrivers/ring_page.h"

struct stream_writer {
    struct parapet_stream *words;
    uint8_t *bytes;
    uint32_t size;   /* of bytes: a power of two */
    uint32_t put;    /* copied into bytes */
    uint32_t pushed; /* and told */
    uint32_t taken;  /* by the reader, by the last look */
    bool broken;
};

struct stream_reader {
    struct parapet_stream *words;
    const uint8_t *bytes;
    uint32_t size;
    uint32_t taken; /* copied out of bytes */
    uint32_t told;  /* and the writer knows */
    uint32_t seen;  /* can be taken, by the last look */
    bool broken;
};

/* ---- the writer ---- */

/* Goes on where an earlier writer has stopped; all zeros are a beginning. */
static inline void stream_writer_init(struct stream_writer *writer,
                                      struct parapet_stream *words,
                                      uint8_t *bytes, uint32_t size)
{
    uint32_t prod = ring_page_load(&words->prod);

    /* What was taken the first look says: until then there is no room. */
    *writer = (struct stream_writer){
        .words = words,
        .bytes = bytes,
        .size = size,
        .put = prod,
        .pushed = prod,
        .taken = prod - size,
    };
}

/* As if it were full, and all were told. */
static inline int stream_writer_break(struct stream_writer *writer)
{
    writer->broken = true;
    writer->pushed = writer->put;
    writer->taken = writer->put - writer->size;
    return -PV_EIO;
}

/* How many bytes there is room for; or -PV_EIO. */
static inline int stream_writer_look(struct stream_writer *writer)
{
    uint32_t cons;

    if (writer->broken)
        return -PV_EIO;
    cons = ring_page_load(&writer->words->cons);
    if (cons - writer->taken > writer->pushed - writer->taken)
        return stream_writer_break(writer);
    writer->taken = cons;
    return (int)(writer->size - (writer->put - cons));
}

/* Copies as many of nr bytes as there is room for: returns how many, or
 * -PV_EIO. The reader is not told yet. */
static inline int stream_write(struct stream_writer *writer, const void *bytes,
                               uint32_t nr)
{
    uint32_t room = writer->size - (writer->put - writer->taken);
    uint32_t at = writer->put & (writer->size - 1);
    uint32_t first;

    if (room < nr) {
        int found = stream_writer_look(writer);

        if (found < 0)
            return found;
        room = (uint32_t)found;
    }
    nr = MIN(nr, room);
    first = MIN(nr, writer->size - at);
    __builtin_memcpy(writer->bytes + at, bytes, first);
    __builtin_memcpy(writer->bytes, (const uint8_t *)bytes + first, nr - first);
    writer->put += nr;
    return (int)nr;
}

/* Tells the reader of all that was copied. Returns whether it sleeps, so that
 * it has to be notified. */
static inline bool stream_writer_push(struct stream_writer *writer)
{
    uint32_t old = writer->pushed;

    if (old == writer->put)
        return false;
    writer->pushed = writer->put;
    return ring_page_publish(&writer->words->prod, old, writer->put,
                             &writer->words->prod_event);
}

/* Before it sleeps, when all was pushed: 0 when there is no room for nr bytes,
 * at most size, and a notification comes when there is; else 1, or -PV_EIO. */
static inline int stream_writer_wait(struct stream_writer *writer, uint32_t nr)
{
    int found;

    if (!writer->broken)
        ring_page_store(&writer->words->cons_event,
                        writer->put + nr - writer->size - 1);
    found = stream_writer_look(writer);
    return found < 0 ? found : (uint32_t)found >= nr;
}

/* ---- the reader ---- */

/* Goes on where an earlier reader has stopped; all zeros are a beginning. */
static inline void stream_reader_init(struct stream_reader *reader,
                                      struct parapet_stream *words,
                                      const uint8_t *bytes, uint32_t size)
{
    uint32_t cons = ring_page_load(&words->cons);

    *reader = (struct stream_reader){
        .words = words,
        .bytes = bytes,
        .size = size,
        .taken = cons,
        .told = cons,
        .seen = cons,
    };
}

/* As if nothing had come, and all were told. */
static inline int stream_reader_break(struct stream_reader *reader)
{
    reader->broken = true;
    reader->told = reader->taken;
    reader->seen = reader->taken;
    return -PV_EIO;
}

/* How many bytes can be taken; or -PV_EIO. Never less than before, nor more
 * than fit beside those of which the writer does not know that they are. */
static inline int stream_reader_look(struct stream_reader *reader)
{
    uint32_t most = reader->size - (reader->taken - reader->told);
    uint32_t nr;

    if (reader->broken)
        return -PV_EIO;
    nr = ring_page_load(&reader->words->prod) - reader->taken;
    if (nr > most || nr < reader->seen - reader->taken)
        return stream_reader_break(reader);
    reader->seen = reader->taken + nr;
    return (int)nr;
}

/* Copies at most nr bytes out: returns how many, 0 when there are none, or
 * -PV_EIO. The writer is not told yet. */
static inline int stream_read(struct stream_reader *reader, void *bytes,
                              uint32_t nr)
{
    uint32_t there = reader->seen - reader->taken;
    uint32_t at = reader->taken & (reader->size - 1);
    uint32_t first;

    if (there < nr) {
        int found = stream_reader_look(reader);

        if (found < 0)
            return found;
        there = (uint32_t)found;
    }
    nr = MIN(nr, there);
    first = MIN(nr, reader->size - at);
    __builtin_memcpy(bytes, reader->bytes + at, first);
    __builtin_memcpy((uint8_t *)bytes + first, reader->bytes, nr - first);
    /* Once: the compiler may not look there again. */
    __asm__ volatile("" ::: "memory");
    reader->taken += nr;
    return (int)nr;
}

/* Gives the writer the room of all that was taken. Returns whether it sleeps,
 * so that it has to be notified. */
static inline bool stream_reader_free(struct stream_reader *reader)
{
    uint32_t old = reader->told;

    if (old == reader->taken)
        return false;
    reader->told = reader->taken;
    return ring_page_publish(&reader->words->cons, old, reader->taken,
                             &reader->words->cons_event);
}

/* Before it sleeps: 0 when there is nothing, and a notification comes with the
 * next byte; 1 when there is something; -PV_EIO. */
static inline int stream_reader_wait(struct stream_reader *reader)
{
    int found;

    if (!reader->broken)
        ring_page_store(&reader->words->prod_event, reader->taken);
    found = stream_reader_look(reader);
    return found < 0 ? found : found > 0;
}

#endif
