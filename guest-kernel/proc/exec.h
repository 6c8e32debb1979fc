/* SPDX-License-Identifier: MIT
 *
 * From a file to a program that is ready to run: execve(2).
 */
#ifndef GUEST_KERNEL_PROC_EXEC_H
#define GUEST_KERNEL_PROC_EXEC_H

#include <stdint.h>

#include "guest-kernel/fs/inode.h"
#include "guest-kernel/x86/regs.h"

struct space;

/* Strings one after the other, each with its zero. */
struct exec_strings {
    char *text; /* kmalloc()ed */
    size_t size;
    unsigned int nr;
};

/* What is to run; the caller frees the strings. */
struct exec_request {
    const char *path; /* as the caller gave it */
    struct exec_strings args;
    struct exec_strings environment;
};

/* A program in its new space, of which nobody knows yet. */
struct exec_image {
    struct space *space;   /* a reference */
    struct inode *program; /* a reference; counted in nr_running */
    struct trap_regs start;
    uint64_t heap_start;
    uint64_t args_start; /* what /proc/PID/cmdline shows */
    uint64_t args_end;
    uint64_t environment_end;
    char name[16]; /* the last part of the path */
};

/*
 * Opens the program from the current directory on, follows "#!" lines (at most
 * four deep), makes a space with the program, its stack and the auxiliary
 * vector. The caller's process is as it was. 0; or a negative error number and
 * in *why (if not NULL) what is wrong in words.
 */
int64_t exec_load(const struct exec_request *request, struct exec_image *image,
                  const char **why);

#endif
