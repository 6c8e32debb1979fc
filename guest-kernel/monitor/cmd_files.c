/* SPDX-License-Identifier: MIT
 *
 * Commands about the RAM disk.
 */
#include "guest-kernel/core/console.h"
#include "guest-kernel/core/kprintf.h"
#include "guest-kernel/fs/ramdisk.h"
#include "guest-kernel/monitor/commands.h"
#include "lib/string.h"

void cmd_ls(unsigned int nr_args, char **args)
{
    enum cpio_result result;
    struct cpio_entry entry;
    struct cpio cpio;
    const char *name;

    (void)nr_args;
    (void)args;
    ramdisk_open(&cpio);
    while ((result = cpio_next(&cpio, &entry)) == CPIO_ENTRY) {
        name = ramdisk_name(entry.name);
        if (strcmp(name, ".") != 0)
            kprintf("  %8lu  %s%s\n", entry.size, name,
                    cpio_is_directory(&entry) ? "/" : "");
    }
    if (cpio.size == 0)
        kprintf("ls: no RAM disk\n");
    else if (result != CPIO_END)
        kprintf("ls: damaged at byte %lu: %s\n", cpio.offset,
                cpio_result_text(result));
}

void cmd_cat(unsigned int nr_args, char **args)
{
    struct cpio_entry entry;
    unsigned int i;

    for (i = 1; i < nr_args; i++) {
        if (!ramdisk_find(args[i], &entry))
            kprintf("cat: %s: no such file\n", args[i]);
        else if (!cpio_is_file(&entry))
            kprintf("cat: %s: not a file\n", args[i]);
        else
            console_put((const char *)entry.data, entry.size);
    }
}
