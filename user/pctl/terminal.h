/* SPDX-License-Identifier: MIT
 *
 * The terminal that pctl runs on, while its keys are somebody else's.
 */
#ifndef USER_PCTL_TERMINAL_H
#define USER_PCTL_TERMINAL_H

#include <stdbool.h>

/* Whether standard input and output are one. */
bool terminal_is_there(void);

/* Each key comes as it is, at once, and none is shown. What would end pctl from
 * outside only makes terminal_is_over() true. */
void terminal_take(void);

/* As it was before. */
void terminal_give_back(void);

bool terminal_is_over(void);

#endif
