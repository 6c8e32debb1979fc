/* SPDX-License-Identifier: MIT */
#include "guest-kernel/procfs/procfs_text.h"

#include "guest-kernel/mm/slab.h"
#include "guest-kernel/mm/user_page.h"
#include "lib/macros.h"
#include "lib/printf.h"
#include "lib/string.h"

#define FIRST_ROOM 256ul

static bool make_room(struct text *text, size_t size)
{
    size_t room = MAX(text->room, FIRST_ROOM);
    char *bytes;

    while (room < size)
        room *= 2;
    if (room == text->room)
        return true;
    bytes = user_page_leaves(room) ? kmalloc(room) : NULL;
    if (bytes == NULL)
        return false;
    if (text->size > 0)
        memcpy(bytes, text->bytes, text->size);
    kfree(text->bytes);
    text->bytes = bytes;
    text->room = room;
    return true;
}

void text_put(struct text *text, const char *bytes, size_t size)
{
    if (text->failed || size > TEXT_MAX_SIZE - text->size ||
        !make_room(text, text->size + size)) {
        text->failed = true;
        return;
    }
    memcpy(text->bytes + text->size, bytes, size);
    text->size += size;
}

static void put_piece(void *text, const char *bytes, size_t size)
{
    text_put(text, bytes, size);
}

void text_print(struct text *text, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    format_to(put_piece, text, format, args);
    va_end(args);
}

void text_free(struct text *text)
{
    kfree(text->bytes);
    *text = (struct text){.bytes = NULL};
}
