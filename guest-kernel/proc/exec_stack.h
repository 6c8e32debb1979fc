/* SPDX-License-Identifier: MIT
 *
 * The stack that a program begins with (System V ABI for x86-64, section
 * 3.4.1).
 */
#ifndef GUEST_KERNEL_PROC_EXEC_STACK_H
#define GUEST_KERNEL_PROC_EXEC_STACK_H

#include "guest-kernel/mm/space.h"
#include "guest-kernel/proc/elf.h"
#include "guest-kernel/proc/exec.h"

#define EXEC_STACK_TOP SPACE_USER_END
#define EXEC_STACK_SIZE 0x800000ul

/*
 * Maps the stack into image->space and fills it; sets image->start's rsp and
 * where the arguments are. path is AT_EXECFN's. 0, -E2BIG, or -ENOMEM.
 */
int64_t exec_stack_fill(struct exec_image *image,
                        const struct elf_program *program, const char *path,
                        const struct exec_strings *args,
                        const struct exec_strings *environment);

#endif
