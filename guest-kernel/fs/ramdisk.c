/* SPDX-License-Identifier: MIT
 *
 * The RAM disk is searched from its start each time: it is small, and an
 * index would be one more thing to be wrong.
 */
#include "guest-kernel/fs/ramdisk.h"

#include "guest-kernel/core/kprintf.h"
#include "guest-kernel/mm/layout.h"
#include "lib/string.h"

static const void *archive;
static size_t archive_size;

void ramdisk_open(struct cpio *cpio)
{
    cpio_open(cpio, archive, archive_size);
}

static void report(void)
{
    enum cpio_result result;
    struct cpio_entry entry;
    unsigned int nr_files = 0;
    struct cpio cpio;

    ramdisk_open(&cpio);
    while ((result = cpio_next(&cpio, &entry)) == CPIO_ENTRY)
        if (cpio_is_file(&entry))
            nr_files++;
    kprintf("guest: RAM disk of %lu bytes, %u files\n", archive_size, nr_files);
    if (result != CPIO_END)
        kprintf("guest: RAM disk damaged at byte %lu: %s\n", cpio.offset,
                cpio_result_text(result));
}

void ramdisk_init(const struct boot_info *boot)
{
    if (boot->ramdisk.start >= boot->ramdisk.end) {
        kprintf("guest: no RAM disk\n");
        return;
    }
    archive = direct_map(boot->ramdisk.start);
    archive_size = boot->ramdisk.end - boot->ramdisk.start;
    report();
}

const char *ramdisk_name(const char *path)
{
    for (;;) {
        if (path[0] == '/')
            path++;
        else if (path[0] == '.' && path[1] == '/')
            path += 2;
        else
            return path;
    }
}

bool ramdisk_find(const char *path, struct cpio_entry *entry)
{
    const char *name = ramdisk_name(path);
    struct cpio cpio;

    ramdisk_open(&cpio);
    while (cpio_next(&cpio, entry) == CPIO_ENTRY)
        if (strcmp(ramdisk_name(entry->name), name) == 0)
            return true;
    return false;
}
