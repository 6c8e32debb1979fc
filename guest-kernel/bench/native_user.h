/* SPDX-License-Identifier: MIT
 *
 * Ring 3 on the bare machine, for as long as a row is measured, in the bench's
 * own address space (native_memory.h). Whatever the kernel had is put back.
 */
#ifndef GUEST_KERNEL_BENCH_NATIVE_USER_H
#define GUEST_KERNEL_BENCH_NATIVE_USER_H

#include <stdbool.h>

bool user_prepare(void);
void user_finish(void);

#endif
