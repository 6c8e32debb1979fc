/* SPDX-License-Identifier: MIT
 *
 * The smallest virtual machine there can be, for the bench.
 */
#ifndef GUEST_KERNEL_BENCH_SVM_H
#define GUEST_KERNEL_BENCH_SVM_H

#include <stdbool.h>

/*
 * Switches SVM on and makes the virtual machine of bench_svm_exit. False when
 * the CPU has no SVM with nested paging, or the firmware has locked it.
 */
bool svm_prepare(void);

/* Panics when the last exit was another than VMMCALL's; switches SVM off. */
void svm_finish(void);

#endif
