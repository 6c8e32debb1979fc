/* SPDX-License-Identifier: MIT
 *
 * The exit reasons as constants: PARAPET_EXIT_name.
 */
#ifndef ABI_EXITS_H
#define ABI_EXITS_H

enum parapet_exit {
#define PARAPET_EXIT(number, name, text) PARAPET_EXIT_##name = (number),
#include "abi/exits.def"
#undef PARAPET_EXIT
};

#endif
