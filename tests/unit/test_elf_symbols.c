/* SPDX-License-Identifier: MIT
 *
 * lib/builder/elf_symbol.c with symbol tables as large and as bad as they
 * can be: what is found by bisection is what a search of all finds.
 */
#include "tests/unit/unit.h"

#include <elf.h>
#include <string.h>

#include "lib/builder/elf.h"
#include "lib/macros.h"
#include "tests/fuzz/explore.h"
#include "tests/fuzz/samples.h"

#define NR_MANY 8200 /* the last 8 are not looked at */
#define MANY_SIZE 0x100000

static struct {
    Elf64_Ehdr header;
    Elf64_Shdr sections[3]; /* the code, the symbols, their names */
    Elf64_Sym symbols[NR_MANY];
    char names[0x4000];
} many;

static uint64_t random_state;

static uint64_t next_random(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state;
}

/* Names of two letters, one for each pair of places. */
static void make_many(void)
{
    memset(&many, 0, sizeof(many));
    memcpy(many.header.e_ident, ELFMAG, SELFMAG);
    many.header.e_ident[EI_CLASS] = ELFCLASS64;
    many.header.e_ident[EI_DATA] = ELFDATA2LSB;
    many.header.e_shoff = (uint64_t)((char *)many.sections - (char *)&many);
    many.header.e_shentsize = sizeof(Elf64_Shdr);
    many.header.e_shnum = 3;
    many.sections[0].sh_type = SHT_PROGBITS;
    many.sections[0].sh_addr = SAMPLE_VADDR;
    many.sections[0].sh_size = MANY_SIZE;
    many.sections[1].sh_type = SHT_SYMTAB;
    many.sections[1].sh_entsize = sizeof(Elf64_Sym);
    many.sections[1].sh_offset =
        (uint64_t)((char *)many.symbols - (char *)&many);
    many.sections[1].sh_size = sizeof(many.symbols);
    many.sections[1].sh_link = 2;
    many.sections[2].sh_type = SHT_STRTAB;
    many.sections[2].sh_offset = (uint64_t)(many.names - (char *)&many);
    many.sections[2].sh_size = sizeof(many.names);
    for (size_t i = 0; i < sizeof(many.names); i++)
        many.names[i] = i % 3 == 2 ? '\0' : (char)('a' + i % 26);
}

static void fill_many(uint64_t places)
{
    for (size_t i = 0; i < NR_MANY; i++) {
        many.symbols[i].st_value = SAMPLE_VADDR + next_random() % places;
        many.symbols[i].st_info = next_random() % 2 ? STT_FUNC : STT_NOTYPE;
        many.symbols[i].st_name = (uint32_t)(i * 3 % 0x3ffc);
        if (next_random() % 8 == 0)
            many.symbols[i].st_name = UINT32_MAX;
        if (next_random() % 8 == 0)
            many.symbols[i].st_shndx = (uint16_t)next_random();
        if (next_random() % 8 == 0)
            many.symbols[i].st_value = next_random();
    }
}

static bool is_named(const Elf64_Sym *symbol)
{
    return symbol->st_shndx == 0 && symbol->st_value >= SAMPLE_VADDR &&
           symbol->st_value - SAMPLE_VADDR < MANY_SIZE &&
           symbol->st_name < sizeof(many.names);
}

/* One after the other, as it says in elf.h; NULL when there is none. */
static const Elf64_Sym *search_many(uint64_t vaddr)
{
    const Elf64_Sym *best = NULL;

    for (size_t i = 0; i < ELF_MAX_SYMBOLS; i++) {
        const Elf64_Sym *symbol = &many.symbols[i];

        if (!is_named(symbol) || symbol->st_value > vaddr)
            continue;
        if (!best || symbol->st_value > best->st_value ||
            (symbol->st_value == best->st_value &&
             symbol->st_info == STT_FUNC && best->st_info != STT_FUNC))
            best = symbol;
    }
    return best;
}

static void check_many(uint64_t vaddr)
{
    const Elf64_Sym *expected = search_many(vaddr);
    char name[16];
    uint64_t offset;

    assert_int_equal(
        explore_symbol(&many, sizeof(many), vaddr, name, sizeof(name), &offset),
        expected != NULL);
    if (!expected)
        return;
    assert_int_equal(offset, vaddr - expected->st_value);
    assert_string_equal(name, many.names + expected->st_name);
}

static void test_many_symbols(void **state)
{
    /* All at one place, all but side by side, and far apart. */
    static const uint64_t places[] = {1, 100, NR_MANY, MANY_SIZE};

    (void)state;
    random_state = 88172645463325252;
    for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
        make_many();
        fill_many(places[i]);
        check_many(SAMPLE_VADDR);
        check_many(SAMPLE_VADDR + MANY_SIZE - 1);
        for (int round = 0; round < 50; round++)
            check_many(SAMPLE_VADDR + next_random() % places[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_many_symbols),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
