/* SPDX-License-Identifier: MIT
 *
 * The fuzzer's way into either end of pvdrivers/stream.h, which the first byte
 * chooses, beside another end that writes anything. What must hold, with 64-bit
 * counts that never wrap:
 *   - an index is taken if and only if it can be true; after one that cannot,
 *     every call says that the stream is broken, and none touches the memory
 *   - bytes are copied from and to where they belong, and nothing else is
 *     written but the end's two words
 *   - the other end is notified if and only if it waits for one of what is new
 */
#include <sanitizer/asan_interface.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pvdrivers/stream.h"

#define MAX_STEPS 128u
#define STEP 2u   /* bytes */
#define SIZE 64u  /* of the stream */
#define MOST 100u /* in one call */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Not a global object, of which the sanitizer would not watch each access. */
struct memory {
    struct parapet_stream words;
    uint8_t bytes[SIZE];
};
static struct memory *memory;

static struct memory before; /* what memory should be */
static bool writes;          /* the end that is tried */
static struct stream_writer writer;
static struct stream_reader reader;
/* Copied by this end, told by this end, and done by the other end by the last
 * look: beyond what was copied by a reader, below it by a writer. */
static uint64_t done, told, seen;
static bool broken;

static void check(bool holds, const char *what)
{
    if (!holds) {
        fprintf(stderr, "stream: %s\n", what);
        abort();
    }
}

static uint32_t *own_index(struct memory *m)
{
    return writes ? &m->words.prod : &m->words.cons;
}

static uint32_t *own_event(struct memory *m)
{
    return writes ? &m->words.cons_event : &m->words.prod_event;
}

static uint32_t *other_index(struct memory *m)
{
    return writes ? &m->words.cons : &m->words.prod;
}

static uint32_t *other_event(struct memory *m)
{
    return writes ? &m->words.prod_event : &m->words.cons_event;
}

/* What there is at most of the other end's index: a reader's is not above what
 * it was told of, a writer's not above the room that it was told of. */
static uint64_t limit(void)
{
    return writes ? told : told + SIZE;
}

/* Bytes that this end may copy, by the last look. */
static uint64_t available(void)
{
    return writes ? seen + SIZE - done : seen - done;
}

static int look(void)
{
    uint32_t more = *other_index(memory) - (uint32_t)seen;

    if (more > limit() - seen) {
        broken = true;
        return -PV_EIO;
    }
    seen += more;
    return (int)available();
}

static void begin(uint8_t end, uint32_t first)
{
    ASAN_UNPOISON_MEMORY_REGION(memory, sizeof(*memory));
    memset(memory, 0, sizeof(*memory));
    writes = end % 2;
    memory->words.prod = memory->words.cons = first;
    memory->words.prod_event = memory->words.cons_event = first;
    done = told = seen = (1ull << 32) + first;
    if (writes) {
        stream_writer_init(&writer, &memory->words, memory->bytes, SIZE);
        seen -= SIZE; /* it has not looked yet */
    } else {
        stream_reader_init(&reader, &memory->words, memory->bytes, SIZE);
    }
    broken = false;
}

static void step_copy(uint8_t byte)
{
    uint8_t text[MOST];
    uint32_t nr = byte % MOST;
    int expected = (int)nr, result;

    memset(text, byte, sizeof(text));
    if (available() < nr) {
        expected = look();
        if (expected > (int)nr)
            expected = (int)nr;
    }
    result = writes ? stream_write(&writer, text, nr)
                    : stream_read(&reader, text, nr);
    check(result == expected, "copied is another number of bytes");
    for (int i = 0; i < result; i++, done++) {
        if (writes)
            before.bytes[done % SIZE] = byte;
        else
            check(text[i] == memory->bytes[done % SIZE], "a byte is another");
    }
    for (uint32_t i = result < 0 ? 0 : (uint32_t)result; !writes && i < MOST;
         i++)
        check(text[i] == byte, "more was read than said");
}

static void step_tell(void)
{
    bool waits = *other_event(memory) - (uint32_t)told < done - told;
    bool result =
        writes ? stream_writer_push(&writer) : stream_reader_free(&reader);

    check(result == waits, "notified is not who waits");
    if (told != done)
        *own_index(&before) = (uint32_t)done;
    told = done;
}

static void step_wait(uint8_t byte)
{
    uint32_t nr = writes ? byte % SIZE + 1 : 1;
    uint32_t event = (uint32_t)(writes ? done + nr - SIZE - 1 : done);
    int found = look(), result;

    *own_event(&before) = event;
    result =
        writes ? stream_writer_wait(&writer, nr) : stream_reader_wait(&reader);
    check(result == (found < 0 ? found : found >= (int)nr),
          "it sleeps, or it does not");
}

/* The other end: about where things change, or anything. */
static void lie(const uint8_t *data)
{
    uint32_t near = (uint32_t)(int8_t)data[1];

    switch (data[0] >> 6) {
    case 0:
        *other_index(memory) = (uint32_t)seen + near;
        break;
    case 1:
        *other_index(memory) = (uint32_t)limit() + near % 4 - 1;
        break;
    case 2:
        *other_event(memory) = (uint32_t)done + near % 4 - 1;
        break;
    default:
        ((uint8_t *)memory)[data[1] % sizeof(*memory)] ^= data[1];
        break;
    }
}

static void step(const uint8_t *data)
{
    uint8_t what = data[0] % 8;

    if (what < 3) {
        lie(data);
        return;
    }
    memcpy(&before, memory, sizeof(*memory));
    if (what < 5)
        step_copy(data[1]);
    else if (what < 7)
        step_tell();
    else
        step_wait(data[1]);
    check(memcmp(&before, memory, sizeof(*memory)) == 0,
          "it has written what it must not");
}

static void check_broken(void)
{
    uint8_t byte = 0;

    ASAN_POISON_MEMORY_REGION(memory, sizeof(*memory));
    if (writes)
        check(stream_writer_look(&writer) == -PV_EIO &&
                  stream_write(&writer, &byte, 1) == -PV_EIO &&
                  stream_writer_wait(&writer, 1) == -PV_EIO &&
                  !stream_writer_push(&writer),
              "it was broken, and is not any more");
    else
        check(stream_reader_look(&reader) == -PV_EIO &&
                  stream_read(&reader, &byte, 1) == -PV_EIO &&
                  stream_reader_wait(&reader) == -PV_EIO &&
                  !stream_reader_free(&reader),
              "it was broken, and is not any more");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < STEP || size > (1 + MAX_STEPS) * STEP)
        return 0;
    if (!memory)
        memory = malloc(sizeof(*memory));
    if (!memory)
        abort();
    /* 2^32 may come soon. */
    begin(data[0], (uint32_t)(int8_t)data[1]);
    for (size_t at = STEP; at + STEP <= size && !broken; at += STEP)
        step(data + at);
    if (broken)
        check_broken();
    return 0;
}
