/* SPDX-License-Identifier: MIT
 *
 * Reads a description's lines, in the manner of xl's files:
 *
 *   key = 12        # a number
 *   key = "a text"; key = 'another'
 *   key = [1, "two",
 *          3]
 *
 * It owns what a line looks like; it must not know which keys there are, nor
 * where the text came from. Nothing is trusted, allocated or kept.
 */
#ifndef USER_PCTL_CFG_H
#define USER_PCTL_CFG_H

#include <stdbool.h>
#include <stddef.h>

#define CFG_MAX_KEY 31    /* characters */
#define CFG_MAX_TEXT 2047 /* characters, of all items of a value */
#define CFG_MAX_ITEMS 64
#define CFG_MAX_WHY 200

/* What stands after the equals sign. A number is its characters. */
struct cfg_value {
    unsigned int line; /* where its key stands, from 1 on; 0: in no file */
    bool is_list;
    unsigned int nr_items; /* 1 when it is no list */
    const char *items[CFG_MAX_ITEMS];
    char text[CFG_MAX_TEXT + CFG_MAX_ITEMS]; /* all items, each with its 0 */
    size_t used;                             /* of text */
};

/* What is wrong, in one clean line (lib/builder/refuse.h), and where. */
struct cfg_error {
    unsigned int line; /* as in struct cfg_value */
    char why[CFG_MAX_WHY];
};

/*
 * Is told of each line in order. 0 to go on; or -PARAPET_EINVAL and a line in
 * why. The value is good until it returns.
 */
typedef int cfg_set_t(void *context, const char *key,
                      const struct cfg_value *value, char *why,
                      size_t why_size);

/* 0, or -PARAPET_EINVAL with *error. The text need not end with a 0. */
int cfg_read(const char *text, size_t size, cfg_set_t *set, void *context,
             struct cfg_error *error);

/* A value of one item, as it stands: for what comes from no file. False if it
 * is too long. */
bool cfg_value_of(const char *text, struct cfg_value *value);

#endif
