/* SPDX-License-Identifier: MIT
 *
 * See explore.h.
 */
#include "tests/fuzz/explore.h"

#include <elf.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "abi/abi.h"
#include "abi/errors.h"
#include "hypervisor/build/bundle.h"
#include "lib/builder/elf.h"

#define PAGE_SIZE UINT64_C(4096)

#define PROMISE(condition)                                                     \
    do {                                                                       \
        if (!(condition))                                                      \
            broken(#condition, __LINE__);                                      \
    } while (0)

static void broken(const char *condition, int line)
{
    fprintf(stderr, "%s:%d: broken promise: %s\n", __FILE__, line, condition);
    abort();
}

/* Reads every byte, for the sanitizer to object. */
static void touch(const void *bytes, size_t size)
{
    const unsigned char *byte = bytes;
    volatile unsigned char sum = 0;

    while (size-- > 0)
        sum = (unsigned char)(sum + *byte++);
}

static bool is_line(const char *text, size_t size)
{
    size_t length = strnlen(text, size);

    for (size_t i = 0; i < length; i++) {
        if (text[i] < ' ' || text[i] > '~')
            return false;
    }
    return length < size;
}

static void check_result(int result, const char *why, size_t size)
{
    PROMISE(result == 0 || result == -PARAPET_EINVAL);
    if (result != 0)
        PROMISE(is_line(why, size) && why[0] != '\0');
}

/* ---- kernels ---- */

static void check_segment(const struct elf_image *image, unsigned int index,
                          const unsigned char *bytes, size_t size)
{
    const struct elf_segment *segment = &image->segments[index];

    PROMISE(segment->memsz >= 1 && segment->filesz <= segment->memsz);
    PROMISE(segment->offset <= size);
    PROMISE(segment->filesz <= size - segment->offset);
    PROMISE(segment->vaddr >= PARAPET_KERNEL_START);
    PROMISE(segment->vaddr + segment->memsz > segment->vaddr);
    PROMISE(segment->vaddr + segment->memsz <= PARAPET_KERNEL_END);
    PROMISE(segment->paddr + segment->memsz >= segment->paddr);
    PROMISE(segment->vaddr % PAGE_SIZE == segment->paddr % PAGE_SIZE);
    PROMISE((segment->flags & ~7u) == 0);
    PROMISE((segment->flags & 3) != (ELF_WRITE | ELF_EXECUTE));
    touch(bytes + segment->offset, segment->filesz);
    for (unsigned int i = 0; i < index; i++) {
        const struct elf_segment *other = &image->segments[i];

        PROMISE((segment->vaddr + segment->memsz - 1) / PAGE_SIZE <
                    other->vaddr / PAGE_SIZE ||
                (other->vaddr + other->memsz - 1) / PAGE_SIZE <
                    segment->vaddr / PAGE_SIZE);
        PROMISE(segment->paddr + segment->memsz <= other->paddr ||
                other->paddr + other->memsz <= segment->paddr);
    }
}

/* Whether the length bytes at vaddr are code in the first part of a segment. */
static bool is_code(const struct elf_image *image, uint64_t vaddr,
                    uint64_t length, bool in_file)
{
    for (unsigned int i = 0; i < image->nr_segments; i++) {
        const struct elf_segment *segment = &image->segments[i];
        uint64_t part = in_file ? segment->filesz : segment->memsz;

        if ((segment->flags & ELF_EXECUTE) && vaddr >= segment->vaddr &&
            vaddr + length <= segment->vaddr + part)
            return true;
    }
    return false;
}

static void check_memory(const struct elf_image *image, uint64_t memory_bytes)
{
    char why[100];
    int result = elf_check_memory(image, memory_bytes, why, sizeof(why));

    check_result(result, why, sizeof(why));
    for (unsigned int i = 0; result == 0 && i < image->nr_segments; i++)
        PROMISE(image->segments[i].paddr + image->segments[i].memsz <=
                memory_bytes);
}

static void check_image(const struct elf_image *image, const void *bytes,
                        size_t size)
{
    char why[100];
    int result;

    PROMISE(image->nr_segments >= 1 && image->nr_segments <= ELF_MAX_SEGMENTS);
    for (unsigned int i = 0; i < image->nr_segments; i++)
        check_segment(image, i, bytes, size);
    PROMISE(is_code(image, image->entry, 1, false));
    PROMISE(image->hypercall_page % PAGE_SIZE == 0);
    PROMISE(is_code(image, image->hypercall_page, PAGE_SIZE, true));
    result = elf_check_version(image, why, sizeof(why));
    check_result(result, why, sizeof(why));
    PROMISE((result == 0) ==
            (image->abi_version >> 16 == PARAPET_ABI_MAJOR &&
             (image->abi_version & 0xffff) <= PARAPET_ABI_MINOR));
    check_memory(image, UINT64_C(64) << 20);
}

static void check_symbols(const struct elf_symbols *symbols, size_t room)
{
    PROMISE(symbols->nr <= room);
    for (size_t i = 0; i < symbols->nr; i++) {
        const struct elf_symbol *symbol = &symbols->sorted[i];

        PROMISE(symbol->size > 0 && symbol->name < symbols->names_size);
        PROMISE(i == 0 || symbol[-1].start < symbol->start);
    }
}

bool explore_symbol(const void *image, size_t size, uint64_t vaddr, char *name,
                    size_t name_size, uint64_t *offset)
{
    size_t room = elf_symbols_room(image, size);
    struct elf_symbol *sorted = malloc(room * sizeof(*sorted));
    struct elf_symbols symbols;
    bool found;

    PROMISE(room <= ELF_MAX_SYMBOLS && (sorted || room == 0));
    elf_symbols_read(image, size, sorted, &symbols);
    check_symbols(&symbols, room);
    found = elf_symbols_find(&symbols, vaddr, name, name_size, offset);
    free(sorted);
    return found;
}

static void look_up(const void *image, size_t size, uint64_t vaddr)
{
    char name[24];

    for (size_t name_size = 0; name_size <= sizeof(name); name_size += 6) {
        uint64_t offset;

        if (explore_symbol(image, size, vaddr, name, name_size, &offset)) {
            PROMISE(is_line(name, name_size));
            PROMISE(offset <= vaddr);
        }
    }
}

bool explore_kernel(const void *image, size_t size)
{
    struct elf_image parsed;
    Elf64_Ehdr header;
    char why[256];
    int result = elf_parse(image, size, &parsed, why, sizeof(why));

    check_result(result, why, sizeof(why));
    if (result == 0)
        check_image(&parsed, image, size);
    look_up(image, size, 0);
    look_up(image, size, UINT64_MAX);
    if (size >= sizeof(header)) {
        memcpy(&header, image, sizeof(header));
        look_up(image, size, header.e_entry);
        look_up(image, size, header.e_entry + 0x50);
    }
    return result == 0;
}

/* ---- bundles ---- */

static const char *const engines[] = {"pv", "trap", NULL};

static void check_domain(const struct bundle_domain *domain)
{
    PROMISE(domain->name[0] != '\0');
    PROMISE(is_line(domain->name, BUNDLE_MAX_NAME + 1));
    PROMISE(domain->engine == engines[0] || domain->engine == engines[1]);
    PROMISE(domain->memory_bytes >= BUNDLE_MIN_MEMORY_KIB * 1024);
    PROMISE(domain->memory_bytes <= BUNDLE_MAX_MEMORY_KIB * 1024);
    PROMISE(domain->memory_bytes % PAGE_SIZE == 0);
    PROMISE(domain->nr_vcpus >= 1 && domain->nr_vcpus <= PARAPET_MAX_VCPUS);
    PROMISE(domain->weight >= 1 && domain->weight <= BUNDLE_MAX_WEIGHT);
    PROMISE(domain->cap <= 100 * domain->nr_vcpus);
    PROMISE(strlen(domain->bootargs) <= BUNDLE_MAX_BOOTARGS);
    PROMISE(domain->kernel.name && domain->kernel.size >= 1);
    PROMISE((domain->ramdisk.data != NULL) == (domain->ramdisk.name != NULL));
    PROMISE((domain->ramdisk.data != NULL) == (domain->ramdisk.size != 0));
    touch(domain->kernel.name, strlen(domain->kernel.name));
    touch(domain->ramdisk.data, domain->ramdisk.size);
}

bool explore_bundle(const void *blob, size_t size)
{
    struct bundle bundle;
    struct bundle_error error;
    int result = bundle_open(blob, size, engines, &bundle, &error);
    bool taken = result == 0;

    check_result(result, error.text, sizeof(error.text));
    if (result != 0)
        return false;
    PROMISE(bundle_nr_domains(&bundle) >= 1);
    PROMISE(bundle_nr_domains(&bundle) <= BUNDLE_MAX_DOMAINS);
    for (unsigned int i = 0; i < bundle_nr_domains(&bundle); i++) {
        struct bundle_domain domain;

        result = bundle_domain(&bundle, i, &domain, &error);
        check_result(result, error.text, sizeof(error.text));
        if (result == 0) {
            check_domain(&domain);
            (void)explore_kernel(domain.kernel.data, domain.kernel.size);
        }
        taken = taken && result == 0;
    }
    return taken;
}
