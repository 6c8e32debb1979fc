/* SPDX-License-Identifier: MIT
 *
 * Reads the boot bundle: one flattened tree (made by tools/bundle) with the
 * images and the descriptions of the domains. The bytes are untrusted. This
 * owns what a bundle must look like; it must not know what is in a kernel
 * (elf.h), nor which engines there are: the caller names them.
 *
 *   / {
 *       images {
 *           NAME { type = "kernel" or "ramdisk"; data = <the file>; };
 *       };
 *       domains {
 *           NAME {
 *               compatible = "parapet,domain";
 *               kernel = "NAME of an image";
 *               ramdisk = "NAME of an image";   (optional)
 *               engine = "pv";
 *               memory = <hi lo>;               (KiB, a multiple of 4)
 *               vcpus = <1>;
 *               weight = <256>;                 (optional)
 *               cap = <0>;                      (optional)
 *               bootargs = "...";               (optional)
 *               privileged;                     (optional; in one at most: it
 *                                                is the control domain)
 *           };
 *       };
 *   };
 *
 * A property or node that is not listed is an error in a domain, so that no
 * typing error passes in silence, and ignored elsewhere.
 *
 * Nothing here allocates or locks. What is handed out points into the blob,
 * which must stay as it is for as long as that is used. libfdt runs below
 * these functions: in ring 0 they need a valid stack canary slot.
 */
#ifndef HYPERVISOR_BUILD_BUNDLE_H
#define HYPERVISOR_BUILD_BUNDLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* tools/run_lib/limits.py reads these: tools/bundle refuses what this does. */
#define BUNDLE_MAX_DOMAINS 16
#define BUNDLE_MIN_MEMORY_KIB (UINT64_C(4) << 10)
#define BUNDLE_MAX_MEMORY_KIB (UINT64_C(64) << 20)
#define BUNDLE_MEMORY_STEP_KIB 4 /* a page */
#define BUNDLE_MAX_NAME 31       /* characters of a domain's name */
#define BUNDLE_MAX_BOOTARGS 1023 /* characters */
#define BUNDLE_MAX_WEIGHT 65535
#define BUNDLE_DEFAULT_WEIGHT 256

/*
 * One line without a line feed, for a person: which node, which property,
 * what was expected, what was found. It begins with "bundle: ".
 */
struct bundle_error {
    char text[256];
};

struct bundle {
    const void *tree;
    const char *const *engines;
    int images;  /* libfdt's offset of /images */
    int domains; /* and of /domains */
    unsigned int nr_domains;
};

struct bundle_image {
    const char *name;
    const void *data; /* aligned to 4 bytes only */
    size_t size;      /* at least 1 */
};

struct bundle_domain {
    const char *name; /* graphic characters, at most BUNDLE_MAX_NAME */
    struct bundle_image kernel;
    struct bundle_image ramdisk; /* all zero when there is none */
    const char *engine;          /* one of the caller's strings */
    uint64_t memory_bytes;       /* a multiple of 4 KiB */
    uint32_t nr_vcpus;           /* 1..PARAPET_MAX_VCPUS */
    uint32_t weight;             /* 1..BUNDLE_MAX_WEIGHT */
    uint32_t cap;         /* percent of one CPU, 0 is none: 0..100 * nr_vcpus */
    const char *bootargs; /* "" when there are none */
    bool privileged;
};

/*
 * Opens the size bytes at blob, which is aligned to 8. engines is an array of
 * names that ends with NULL; the bundle keeps the pointer. Returns 0, or
 * -PARAPET_EINVAL with *error written and *bundle undefined.
 */
int bundle_open(const void *blob, size_t size, const char *const *engines,
                struct bundle *bundle, struct bundle_error *error);

/* 1..BUNDLE_MAX_DOMAINS. */
unsigned int bundle_nr_domains(const struct bundle *bundle);

/*
 * Reads domain index, below bundle_nr_domains(), in the order of the tree.
 * Returns 0, or -PARAPET_EINVAL with *error written and *domain undefined.
 */
int bundle_domain(const struct bundle *bundle, unsigned int index,
                  struct bundle_domain *domain, struct bundle_error *error);

#endif
