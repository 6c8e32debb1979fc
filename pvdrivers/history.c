/* SPDX-License-Identifier: MIT
 *
 * See history.h.
 */
#include "pvdrivers/history.h"

#include <stddef.h>

#include "lib/macros.h"

/* The bytes from a position to the end of its page. */
static uint32_t left_in_page(uint64_t position)
{
    return (uint32_t)(ENV_PAGE_SIZE - position % ENV_PAGE_SIZE);
}

static unsigned int page_of(uint64_t position)
{
    return (unsigned int)(position / ENV_PAGE_SIZE % HISTORY_PAGES);
}

/* Within a page. */
static void add_piece(struct history *history, const uint8_t *text, uint32_t nr)
{
    uint8_t **page = &history->pages[page_of(history->end)];
    uint64_t at = history->end % ENV_PAGE_SIZE;

    if (!*page)
        *page = env_page_alloc();
    history->end += nr;
    if (*page)
        __builtin_memcpy(*page + at, text, nr);
    else
        history->start = history->end;
    if (history->end - history->start > HISTORY_SIZE)
        history->start = history->end - HISTORY_SIZE;
}

void history_add(struct history *history, const uint8_t *text, uint32_t nr)
{
    while (nr > 0) {
        uint32_t piece = MIN(nr, left_in_page(history->end));

        add_piece(history, text, piece);
        text += piece;
        nr -= piece;
    }
}

uint32_t history_read(const struct history *history, uint64_t *position,
                      uint8_t *text, uint32_t room)
{
    uint64_t from = MIN(MAX(*position, history->start), history->end);
    uint32_t nr = (uint32_t)MIN(room, history->end - from);
    uint32_t done = 0;

    while (done < nr) {
        uint64_t at = from + done;
        uint32_t piece = MIN(nr - done, left_in_page(at));

        __builtin_memcpy(text + done,
                         history->pages[page_of(at)] + at % ENV_PAGE_SIZE,
                         piece);
        done += piece;
    }
    *position = from + nr;
    return nr;
}

void history_free(struct history *history)
{
    for (unsigned int i = 0; i < HISTORY_PAGES; i++)
        if (history->pages[i])
            env_page_free(history->pages[i]);
    *history = (struct history){.pages = {NULL}};
}
