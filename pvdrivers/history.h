/* SPDX-License-Identifier: MIT
 *
 * The last bytes that a console has shown, for whoever looks at it later. One
 * thread at a time adds and reads.
 *
 *                    end - HISTORY_SIZE            end
 *   .................|=============================|
 *    gone             can be read
 *
 * A position counts the bytes from the very first one. Pages are taken as they
 * are needed: a console that is silent costs none.
 */
#ifndef PVDRIVERS_HISTORY_H
#define PVDRIVERS_HISTORY_H

#include <stdint.h>

#include "pvdrivers/env.h"

#define HISTORY_PAGES 16
#define HISTORY_SIZE (HISTORY_PAGES * ENV_PAGE_SIZE)

/* All zeros: nothing was shown. */
struct history {
    uint8_t *pages[HISTORY_PAGES];
    uint64_t start; /* where it can be read from */
    uint64_t end;
};

/* Where no page is to be had, that piece of the text is gone, and all before.
 */
void history_add(struct history *history, const uint8_t *text, uint32_t nr);

/*
 * Copies at most room bytes from *position on, and returns how many; *position
 * is then after them. One that is gone becomes the first that is not; one after
 * the end, the end.
 */
uint32_t history_read(const struct history *history, uint64_t *position,
                      uint8_t *text, uint32_t room);

/* Gives the pages back: as if nothing had been shown. */
void history_free(struct history *history);

#endif
