/* SPDX-License-Identifier: MIT
 *
 * The ELF note by which a guest kernel declares the ABI version it was built
 * for and the page in its image that the hypervisor fills with hypercall
 * entries. Name "Parapet", type PARAPET_NOTE_ABI, descriptor:
 *
 *   0   u32   ABI version (abi/abi.h)
 *   4   u32   zero
 *   8   u64   virtual address of the hypercall page: page-aligned, inside a
 *             PT_LOAD segment that is executable
 *
 * Entry n of the page lies at n * PARAPET_HYPERCALL_ENTRY_SIZE.
 */
#ifndef ABI_NOTE_H
#define ABI_NOTE_H

#define PARAPET_NOTE_NAME "Parapet"
#define PARAPET_NOTE_ABI 1
#define PARAPET_HYPERCALL_ENTRY_SIZE 16
#define PARAPET_HYPERCALL_PAGE_SIZE 4096

#define PARAPET_STRING1(x) #x
#define PARAPET_STRING(x) PARAPET_STRING1(x)

/*
 * Put this once, at file scope, into one C file of a guest: it defines the
 * hypercall page and the note. The linker script must keep .note.parapet in
 * a PT_NOTE and .hypercall_page in an executable PT_LOAD segment.
 */
#define PARAPET_DEFINE_NOTE_VERSION(version)                                   \
    __asm__(                                                                   \
        ".pushsection .hypercall_page, \"ax\", @progbits\n"                    \
        ".balign 4096\n"                                                       \
        ".globl parapet_hypercall_page\n"                                      \
        "parapet_hypercall_page:\n"                                            \
        ".fill 4096, 1, 0xcc\n"                                                \
        ".popsection\n"                                                        \
        ".pushsection .note.parapet, \"a\", @note\n"                           \
        ".balign 4\n"                                                          \
        ".long 8, 16, " PARAPET_STRING(                                        \
            PARAPET_NOTE_ABI) "\n"                                             \
                              ".asciz \"" PARAPET_NOTE_NAME "\"\n"             \
                              ".long " PARAPET_STRING(                         \
                                  version) ", 0\n"                             \
                                           ".quad parapet_hypercall_page\n"    \
                                           ".popsection\n")
#define PARAPET_DEFINE_NOTE PARAPET_DEFINE_NOTE_VERSION(PARAPET_ABI_VERSION)

#endif
