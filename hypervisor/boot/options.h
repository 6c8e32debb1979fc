/* SPDX-License-Identifier: MIT
 *
 * The boot line: words separated by spaces, NAME=VALUE.
 *
 *   log=err|warn|info|debug   which messages are printed (info)
 *   poison=on|off             clobber rcx and r11 visibly after a hypercall
 *                             (on in builds with DEBUG=1)
 *   panic=test                panic once booted, to see what that looks like
 *   audit=on|off              count all references to memory anew when a domain
 *                             ends or asks for it (mm/audit.h; off)
 *   clock=follow|boot         follow the CMOS clock and the PIT from the boot
 *                             on, or run on what was measured then (follow)
 *   contained=warn|require    where the emulator does not contain guests
 *                             (boot/contain.h): say so, or do not boot (warn)
 *   sched=fair|round_robin    the scheduler's policy, one of
 *                             sched/policies.def
 *   meter=on|off              time every exit, and print the longest of each
 *                             name when the machine ends (core/meter.h; off)
 *   dom0_crash=end|keep       the machine ends when the control domain crashes,
 *                             or the others run on (end)
 *
 *   virtio_mmio.device=SIZE@ADDRESS:INTERRUPT
 *                             a device for the control domain (core/device.h);
 *                             QEMU's microvm writes one for each of its own
 *
 * Other words with a dot before the = are for others.
 */
#ifndef HYPERVISOR_BOOT_OPTIONS_H
#define HYPERVISOR_BOOT_OPTIONS_H

#include <stdbool.h>

struct options {
    bool poison;
    bool panic_test;
    bool audit;
    bool clock_follow;
    bool contained_required;
    bool meter;
    bool dom0_keep;
};

extern struct options options;

/* Reads the line (and cuts it up); an unknown word ends the boot. */
void options_parse(char *line);

#endif
