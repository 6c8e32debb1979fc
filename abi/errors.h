/* SPDX-License-Identifier: MIT
 *
 * The error numbers as constants: PARAPET_EINVAL and so on.
 */
#ifndef ABI_ERRORS_H
#define ABI_ERRORS_H

enum parapet_error {
#define PARAPET_ERROR(number, name, text) PARAPET_##name = (number),
#include "abi/errors.def"
#undef PARAPET_ERROR
};

#endif
