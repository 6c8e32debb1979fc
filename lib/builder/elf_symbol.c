/* SPDX-License-Identifier: MIT
 *
 * Names a place in a guest kernel by its symbol table, for reports about a
 * domain that died. The image is as untrusted here as in elf.c.
 */
#include "abi/errors.h"
#include "lib/builder/elf.h"
#include "lib/builder/refuse.h"
#include "lib/elf64.h"
#include "lib/macros.h"

struct symbol_table {
    struct elf64_file file;
    struct elf64_header header;
    struct elf64_shdr symbols; /* lies inside the file */
    struct elf64_shdr strings; /* so does this */
};

/* The sum cannot wrap: with a shoff that large section 0 is not there. */
static bool read_section(const struct symbol_table *table, uint32_t index,
                         struct elf64_shdr *section)
{
    const struct elf64_header *header = &table->header;

    return index < header->shnum &&
           elf64_read(&table->file, header->shoff + index * sizeof(*section),
                      section, sizeof(*section));
}

static bool find_symbols(struct symbol_table *table)
{
    for (uint32_t i = 0; i < table->header.shnum; i++) {
        if (!read_section(table, i, &table->symbols))
            return false;
        if (table->symbols.type == ELF64_SHT_SYMTAB)
            return table->symbols.entsize == sizeof(struct elf64_symbol) &&
                   elf64_contains(&table->file, table->symbols.offset,
                                  table->symbols.size);
    }
    return false;
}

static bool open_table(struct symbol_table *table)
{
    static const uint8_t ident[6] = {
        0x7f, 'E', 'L', 'F', ELF64_CLASS_64, ELF64_DATA_LITTLE_ENDIAN};

    return elf64_read(&table->file, 0, &table->header, sizeof(table->header)) &&
           memcmp(&table->header, ident, sizeof(ident)) == 0 &&
           table->header.shentsize == sizeof(struct elf64_shdr) &&
           find_symbols(table) &&
           read_section(table, table->symbols.link, &table->strings) &&
           table->strings.type == ELF64_SHT_STRTAB &&
           elf64_contains(&table->file, table->strings.offset,
                          table->strings.size);
}

static unsigned int symbol_type(const struct elf64_symbol *symbol)
{
    return symbol->info & 0xf;
}

/* Whether its name begins in the string table, and is not empty. */
static bool has_name(const struct symbol_table *table,
                     const struct elf64_symbol *symbol)
{
    char first;

    return symbol->name < table->strings.size &&
           elf64_read(&table->file, table->strings.offset + symbol->name,
                      &first, 1) &&
           first != '\0';
}

/*
 * Fills *out if symbol names code: a function or a label that lies in its
 * section. An undefined or absolute symbol has no section.
 */
static bool names_code(const struct symbol_table *table,
                       const struct elf64_symbol *symbol,
                       struct elf_symbol *out)
{
    unsigned int type = symbol_type(symbol);
    struct elf64_shdr section;

    if ((type != ELF64_STT_FUNC && type != ELF64_STT_NOTYPE) ||
        !read_section(table, symbol->shndx, &section) ||
        symbol->value < section.vaddr ||
        symbol->value - section.vaddr >= section.size ||
        !has_name(table, symbol))
        return false;
    out->start = symbol->value;
    out->size = section.size - (symbol->value - section.vaddr);
    out->name = symbol->name;
    out->rank = type == ELF64_STT_FUNC ? 0 : ELF_MAX_SYMBOLS;
    return true;
}

/* By place; at the same place functions first, and then as in the table. */
static bool is_before(const struct elf_symbol *a, const struct elf_symbol *b)
{
    return a->start < b->start || (a->start == b->start && a->rank < b->rank);
}

/* Puts moved in at the hole or below it, where no child is greater. */
static void sift_down(struct elf_symbol *heap, size_t nr, size_t hole,
                      struct elf_symbol moved)
{
    for (size_t child; (child = 2 * hole + 1) < nr; hole = child) {
        if (child + 1 < nr && is_before(&heap[child], &heap[child + 1]))
            child++;
        if (!is_before(&moved, &heap[child]))
            break;
        heap[hole] = heap[child];
    }
    heap[hole] = moved;
}

/* Heapsort: n log n steps whatever the order was, and no memory of its own. */
static void sort(struct elf_symbol *symbols, size_t nr)
{
    for (size_t i = nr / 2; i-- > 0;)
        sift_down(symbols, nr, i, symbols[i]);
    for (size_t i = nr; i-- > 1;) {
        struct elf_symbol last = symbols[i];

        symbols[i] = symbols[0];
        sift_down(symbols, i, 0, last);
    }
}

/* Leaves the first of those at one place; returns how many are left. */
static size_t drop_doubles(struct elf_symbol *symbols, size_t nr)
{
    size_t kept = 0;

    for (size_t i = 0; i < nr; i++) {
        if (kept == 0 || symbols[i].start != symbols[kept - 1].start)
            symbols[kept++] = symbols[i];
    }
    return kept;
}

static size_t nr_looked_at(const struct symbol_table *table)
{
    return MIN(table->symbols.size / sizeof(struct elf64_symbol),
               (uint64_t)ELF_MAX_SYMBOLS);
}

size_t elf_symbols_room(const void *image, size_t size)
{
    struct symbol_table table = {.file = {.bytes = image, .size = size}};

    return open_table(&table) ? nr_looked_at(&table) : 0;
}

void elf_symbols_read(const void *image, size_t size, struct elf_symbol *sorted,
                      struct elf_symbols *out)
{
    struct symbol_table table = {.file = {.bytes = image, .size = size}};
    struct elf64_symbol symbol;
    size_t nr_found = 0;

    memset(out, 0, sizeof(*out));
    if (!open_table(&table))
        return;
    for (size_t i = 0; i < nr_looked_at(&table); i++) {
        if (!elf64_read(&table.file, table.symbols.offset + i * sizeof(symbol),
                        &symbol, sizeof(symbol)) ||
            !names_code(&table, &symbol, &sorted[nr_found]))
            continue;
        sorted[nr_found++].rank += (uint32_t)i;
    }
    sort(sorted, nr_found);
    out->sorted = sorted;
    out->nr = drop_doubles(sorted, nr_found);
    out->names = (const char *)image + table.strings.offset;
    out->names_size = table.strings.size;
}

static void copy_name(const struct elf_symbols *symbols, uint32_t at,
                      char *name, size_t name_size)
{
    size_t length = MIN(symbols->names_size - at, name_size - 1);

    memcpy(name, symbols->names + at, length);
    name[length] = '\0';
    refuse_clean(name);
}

bool elf_symbols_find(const struct elf_symbols *symbols, uint64_t vaddr,
                      char *name, size_t name_size, uint64_t *offset)
{
    size_t low = 0, high = symbols->nr;
    const struct elf_symbol *best;

    /* All below low start at or below vaddr, all from high on above it. */
    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (symbols->sorted[middle].start <= vaddr)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == 0 || name_size == 0)
        return false;
    best = &symbols->sorted[low - 1];
    if (vaddr - best->start >= best->size)
        return false;
    copy_name(symbols, best->name, name, name_size);
    *offset = vaddr - best->start;
    return true;
}
