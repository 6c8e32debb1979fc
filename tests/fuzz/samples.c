/* SPDX-License-Identifier: MIT
 *
 * See samples.h.
 */
#include "tests/fuzz/samples.h"

#include <libfdt.h>
#include <stdlib.h>
#include <string.h>

#include "abi/abi.h"
#include "abi/note.h"

static void make_header(struct sample_kernel *kernel)
{
    kernel->header = (Elf64_Ehdr){
        .e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB,
                    EV_CURRENT},
        .e_type = ET_EXEC,
        .e_machine = EM_X86_64,
        .e_version = EV_CURRENT,
        .e_entry = SAMPLE_ENTRY,
        .e_phoff = offsetof(struct sample_kernel, phdrs),
        .e_shoff = offsetof(struct sample_kernel, sections),
        .e_ehsize = sizeof(Elf64_Ehdr),
        .e_phentsize = sizeof(Elf64_Phdr),
        .e_phnum = SAMPLE_NR_PHDRS,
        .e_shentsize = sizeof(Elf64_Shdr),
        .e_shnum = SAMPLE_NR_SECTIONS,
    };
}

static void make_segments(struct sample_kernel *kernel)
{
    kernel->phdrs[SAMPLE_CODE] = (Elf64_Phdr){
        .p_type = PT_LOAD,
        .p_flags = PF_R | PF_X,
        .p_offset = offsetof(struct sample_kernel, code),
        .p_vaddr = SAMPLE_VADDR,
        .p_paddr = SAMPLE_PADDR,
        .p_filesz = SAMPLE_CODE_SIZE,
        .p_memsz = SAMPLE_CODE_SIZE,
    };
    kernel->phdrs[SAMPLE_DATA] = (Elf64_Phdr){
        .p_type = PT_LOAD,
        .p_flags = PF_R | PF_W,
        .p_offset = offsetof(struct sample_kernel, data),
        .p_vaddr = SAMPLE_DATA_VADDR,
        .p_paddr = SAMPLE_DATA_PADDR,
        .p_filesz = SAMPLE_DATA_SIZE,
        .p_memsz = SAMPLE_DATA_MEMSZ,
    };
    kernel->phdrs[SAMPLE_NOTE] = (Elf64_Phdr){
        .p_type = PT_NOTE,
        .p_offset = offsetof(struct sample_kernel, notes),
        .p_filesz = sizeof(kernel->notes),
        .p_align = 4,
    };
    kernel->phdrs[SAMPLE_EMPTY] = (Elf64_Phdr){.p_type = PT_LOAD};
}

static void make_notes(struct sample_kernel *kernel)
{
    struct sample_note note = {
        .header = {.n_namesz = 8, .n_descsz = 16, .n_type = PARAPET_NOTE_ABI},
        .abi_version = PARAPET_ABI_VERSION,
        .hypercall_page = SAMPLE_VADDR,
    };

    memcpy(note.name, "Another", sizeof(note.name));
    kernel->notes[0] = note;
    memcpy(note.name, PARAPET_NOTE_NAME, sizeof(note.name));
    kernel->notes[1] = note;
}

static void make_symbol(struct sample_kernel *kernel, unsigned int index,
                        unsigned char type, uint32_t name, uint64_t offset)
{
    kernel->symbols[index] = (Elf64_Sym){
        .st_name = name,
        .st_info = ELF64_ST_INFO(STB_GLOBAL, type),
        .st_shndx = SAMPLE_SECTION_CODE,
        .st_value = SAMPLE_ENTRY + offset,
    };
}

static void make_symbols(struct sample_kernel *kernel)
{
    memcpy(kernel->strings, "\0label\0start\0inner\0table", 25);
    make_symbol(kernel, SAMPLE_SYMBOL_LABEL, STT_NOTYPE, 1, 0);
    make_symbol(kernel, SAMPLE_SYMBOL_START, STT_FUNC, 7, 0);
    make_symbol(kernel, SAMPLE_SYMBOL_INNER, STT_NOTYPE, 13, 0x40);
    make_symbol(kernel, SAMPLE_SYMBOL_TABLE, STT_OBJECT, 19, 0x60);
    kernel->sections[SAMPLE_SECTION_CODE] = (Elf64_Shdr){
        .sh_type = SHT_PROGBITS,
        .sh_addr = SAMPLE_VADDR,
        .sh_offset = offsetof(struct sample_kernel, code),
        .sh_size = SAMPLE_CODE_SIZE,
    };
    kernel->sections[SAMPLE_SECTION_SYMBOLS] = (Elf64_Shdr){
        .sh_type = SHT_SYMTAB,
        .sh_offset = offsetof(struct sample_kernel, symbols),
        .sh_size = sizeof(kernel->symbols),
        .sh_link = SAMPLE_SECTION_STRINGS,
        .sh_entsize = sizeof(Elf64_Sym),
    };
    kernel->sections[SAMPLE_SECTION_STRINGS] = (Elf64_Shdr){
        .sh_type = SHT_STRTAB,
        .sh_offset = offsetof(struct sample_kernel, strings),
        .sh_size = sizeof(kernel->strings),
    };
}

void sample_kernel_make(struct sample_kernel *kernel)
{
    memset(kernel, 0, sizeof(*kernel));
    make_header(kernel);
    make_segments(kernel);
    make_notes(kernel);
    make_symbols(kernel);
    memset(kernel->code, 0xcc, sizeof(kernel->code));
    memset(kernel->data, 0xda, sizeof(kernel->data));
}

/* A sample that cannot be written is a mistake in this file. */
static void must(int result)
{
    if (result != 0)
        abort();
}

static void make_string(void *tree, const char *name, const char *value)
{
    must(fdt_property(tree, name, value, (int)strlen(value) + 1));
}

static void make_image(void *tree, const char *name, const char *type,
                       const void *data, size_t size)
{
    must(fdt_begin_node(tree, name));
    make_string(tree, "type", type);
    must(fdt_property(tree, "data", data, (int)size));
    must(fdt_end_node(tree));
}

static void make_domain(void *tree, const char *name)
{
    must(fdt_begin_node(tree, name));
    make_string(tree, "compatible", "parapet,domain");
    make_string(tree, "kernel", "guest.elf");
    make_string(tree, "engine", "pv");
    must(fdt_property_u64(tree, "memory", 64 * 1024));
    must(fdt_property_u32(tree, "vcpus", 2));
}

static void make_domains(void *tree)
{
    must(fdt_begin_node(tree, "domains"));
    make_domain(tree, "shell");
    make_string(tree, "ramdisk", "root.cpio");
    must(fdt_property_u32(tree, "weight", 512));
    must(fdt_property_u32(tree, "cap", 150));
    make_string(tree, "bootargs", "log=debug");
    must(fdt_property(tree, "privileged", NULL, 0));
    must(fdt_end_node(tree));
    make_domain(tree, "small");
    must(fdt_end_node(tree));
    must(fdt_end_node(tree));
}

size_t sample_bundle_make(void *buffer, const void *kernel, size_t size)
{
    must(fdt_create(buffer, SAMPLE_BUNDLE_ROOM));
    must(fdt_finish_reservemap(buffer));
    must(fdt_begin_node(buffer, ""));
    make_string(buffer, "description", "a sample");
    must(fdt_begin_node(buffer, "images"));
    make_image(buffer, "guest.elf", "kernel", kernel, size);
    make_image(buffer, "root.cpio", "ramdisk", "070701", 7);
    must(fdt_end_node(buffer));
    make_domains(buffer);
    must(fdt_end_node(buffer));
    must(fdt_finish(buffer));
    return fdt_totalsize(buffer);
}
