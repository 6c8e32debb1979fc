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

/*
 * Whether symbol names code at or below vaddr in the section of vaddr. An
 * undefined or absolute symbol has no section that holds anything.
 */
static bool may_name(const struct symbol_table *table,
                     const struct elf64_symbol *symbol, uint64_t vaddr)
{
    struct elf64_shdr section;
    char first;

    return (symbol_type(symbol) == ELF64_STT_FUNC ||
            symbol_type(symbol) == ELF64_STT_NOTYPE) &&
           symbol->value <= vaddr &&
           read_section(table, symbol->shndx, &section) &&
           vaddr >= section.vaddr && vaddr - section.vaddr < section.size &&
           symbol->name < table->strings.size &&
           elf64_read(&table->file, table->strings.offset + symbol->name,
                      &first, 1) &&
           first != '\0';
}

/* Nearer wins; at the same place a function wins over a label. */
static bool is_better(const struct elf64_symbol *symbol,
                      const struct elf64_symbol *best)
{
    return symbol->value > best->value ||
           (symbol->value == best->value &&
            symbol_type(symbol) == ELF64_STT_FUNC);
}

static void copy_name(const struct symbol_table *table, uint32_t at, char *name,
                      size_t name_size)
{
    size_t length = MIN(table->strings.size - at, name_size - 1);

    memcpy(name, table->file.bytes + table->strings.offset + at, length);
    name[length] = '\0';
    refuse_clean(name);
}

bool elf_symbol(const void *image, size_t size, uint64_t vaddr, char *name,
                size_t name_size, uint64_t *offset)
{
    struct symbol_table table = {.file = {.bytes = image, .size = size}};
    struct elf64_symbol symbol, best = {0};
    bool found = false;
    uint64_t limit;

    if (name_size == 0 || !open_table(&table))
        return false;
    limit = MIN(table.symbols.size,
                (uint64_t)ELF_MAX_SYMBOLS * sizeof(struct elf64_symbol));
    for (uint64_t at = 0; at + sizeof(symbol) <= limit &&
                          elf64_read(&table.file, table.symbols.offset + at,
                                     &symbol, sizeof(symbol));
         at += sizeof(symbol)) {
        if (may_name(&table, &symbol, vaddr) &&
            (!found || is_better(&symbol, &best))) {
            best = symbol;
            found = true;
        }
    }
    if (!found)
        return false;
    copy_name(&table, best.name, name, name_size);
    *offset = vaddr - best.value;
    return true;
}
