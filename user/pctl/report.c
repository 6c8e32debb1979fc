/* SPDX-License-Identifier: MIT */
#include "user/pctl/report.h"

#include <inttypes.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "lib/builder/elf.h"
#include "user/pctl/files.h"

#define MAX_SYMBOL 64
#define UNKNOWN "(no symbol)"

/* ---- which kernel ---- */

/* A line for each domain: its id, a blank, and a path to the end. */
void report_note(const char *notes, uint32_t id, const char *kernel)
{
    char *path = realpath(kernel, NULL);
    FILE *file = notes && path ? fopen(notes, "a") : NULL;

    if (file) {
        (void)fprintf(file, "%" PRIu32 " %s\n", id, path);
        (void)fclose(file);
    }
    free(path);
}

static bool find_kernel(const char *notes, uint32_t id, char path[PATH_MAX])
{
    char line[PATH_MAX + 16];
    FILE *file = notes ? fopen(notes, "r") : NULL;
    bool found = false;
    uint32_t other;
    int used;

    while (file && !found && fgets(line, sizeof(line), file)) {
        line[strcspn(line, "\n")] = '\0';
        found = sscanf(line, "%" SCNu32 " %n", &other, &used) == 1 &&
                other == id && strlen(line + used) < PATH_MAX;
        if (found)
            strcpy(path, line + used);
    }
    if (file)
        (void)fclose(file);
    return found;
}

/* ---- which symbol ---- */

/* One that was looked into, for all further lines about it. */
struct kernel {
    struct kernel *next;
    struct mapped_file image; /* no bytes: it could not be read */
    struct elf_symbol *sorted;
    struct elf_symbols symbols;
    char path[];
};

static void read_symbols(struct kernel *kernel)
{
    size_t room;

    if (mapped_file_open(kernel->path, &kernel->image))
        return;
    room = elf_symbols_room(kernel->image.bytes, kernel->image.size);
    kernel->sorted = calloc(room + 1, sizeof(*kernel->sorted));
    if (kernel->sorted && room)
        elf_symbols_read(kernel->image.bytes, kernel->image.size,
                         kernel->sorted, &kernel->symbols);
}

/* NULL: no memory. */
static struct kernel *get_kernel(struct kernel **all, const char *path)
{
    struct kernel *kernel;

    for (kernel = *all; kernel; kernel = kernel->next)
        if (strcmp(kernel->path, path) == 0)
            return kernel;
    kernel = calloc(1, sizeof(*kernel) + strlen(path) + 1);
    if (!kernel)
        return NULL;
    strcpy(kernel->path, path);
    read_symbols(kernel);
    kernel->next = *all;
    *all = kernel;
    return kernel;
}

static void free_kernels(struct kernel *kernel)
{
    while (kernel) {
        struct kernel *next = kernel->next;

        if (kernel->image.bytes)
            mapped_file_close(&kernel->image);
        free(kernel->sorted);
        free(kernel);
        kernel = next;
    }
}

static bool find_symbol(const char *notes, struct kernel **kernels, uint32_t id,
                        uint64_t vaddr, char name[MAX_SYMBOL], uint64_t *offset)
{
    char path[PATH_MAX];
    const struct kernel *kernel;

    if (!find_kernel(notes, id, path))
        return false;
    kernel = get_kernel(kernels, path);
    return kernel &&
           elf_symbols_find(&kernel->symbols, vaddr, name, MAX_SYMBOL, offset);
}

/* ---- the text ---- */

/* "d2v0:   rip ffffffff80100007  (no symbol)", as core/domain_end.c of the
 * hypervisor reports it; what a guest writes begins with "d2| ". */
static bool is_unknown(const char *line, size_t length, uint32_t *id,
                       uint64_t *rip)
{
    char copy[80];
    int used = 0;

    if (length == 0 || length >= sizeof(copy) || line[0] != 'd')
        return false;
    memcpy(copy, line, length);
    copy[length] = '\0';
    return sscanf(copy, "d%" SCNu32 "v%*u:   rip %16" SCNx64 " %n", id, rip,
                  &used) == 2 &&
           strcmp(copy + used, UNKNOWN) == 0;
}

static void write_line(const char *notes, struct kernel **kernels,
                       const char *line, size_t length, FILE *to)
{
    char name[MAX_SYMBOL];
    uint64_t rip, offset;
    uint32_t id;

    if (is_unknown(line, length, &id, &rip) &&
        find_symbol(notes, kernels, id, rip, name, &offset)) {
        (void)fwrite(line, 1, length - strlen(UNKNOWN), to);
        (void)fprintf(to, "%s+0x%" PRIx64, name, offset);
    } else {
        (void)fwrite(line, 1, length, to);
    }
}

void report_write(const char *notes, const char *text, size_t size, FILE *to)
{
    struct kernel *kernels = NULL;
    const char *feed;

    while ((feed = memchr(text, '\n', size)) != NULL) {
        size_t length = (size_t)(feed - text);

        write_line(notes, &kernels, text, length, to);
        (void)fputc('\n', to);
        text += length + 1;
        size -= length + 1;
    }
    (void)fwrite(text, 1, size, to);
    free_kernels(kernels);
}
