#!/bin/sh
# SPDX-License-Identifier: MIT
#
# stdin: `nm -n` of an image. stdout: assembly of the table by which the
# hypervisor names a code address in a backtrace:
#
#   hv_symbols_count   u32
#   hv_symbols         count times { u32 offset, u32 name }, sorted by offset
#   hv_symbols_names   NUL-terminated names; `name` is an offset into it
#
# Offsets count from hv_start, so the table holds constants only and needs no
# relocation. Its section comes after the code: filling it moves no code.
# Empty input yields an empty table, for the first of the two links.
#
# Addresses are compared by their low 32 bits: awk's numbers are doubles, and
# the image is far smaller than 4 GiB.
set -eu

exec awk '
function low32(hex,    i, value) {
    value = 0
    for (i = length(hex) - 7; i <= length(hex); i++)
        value = value * 16 + index("123456789abcdef", substr(hex, i, 1))
    return value
}
function keep(offset, name, global) {
    # Of several names of one place keep one, a global one if there is any.
    if (count > 0 && offsets[count] == offset) {
        if (global && !globals[count]) {
            names[count] = name
            globals[count] = 1
        }
        return
    }
    count++
    offsets[count] = offset
    names[count] = name
    globals[count] = global
}
$3 == "hv_start" {
    start = low32($1)
    have_start = 1
}
$2 == "t" || $2 == "T" {
    texts++
    text_address[texts] = low32($1)
    text_name[texts] = $3
    text_global[texts] = ($2 == "T")
}
END {
    if (texts > 0 && !have_start) {
        print "symbols.sh: the input has no hv_start" > "/dev/stderr"
        exit 1
    }
    for (i = 1; i <= texts; i++)
        if (text_address[i] >= start)
            keep(text_address[i] - start, text_name[i], text_global[i])
    print ".section .symtab_hv, \"a\", @progbits"
    print ".globl hv_symbols_count, hv_symbols, hv_symbols_names"
    print ".hidden hv_symbols_count, hv_symbols, hv_symbols_names"
    print ".balign 8"
    printf "hv_symbols_count: .long %d\n.long 0\nhv_symbols:\n", count
    for (i = 1; i <= count; i++) {
        printf ".long %d, %d\n", offsets[i], name_offset
        name_offset += length(names[i]) + 1
    }
    print "hv_symbols_names:"
    for (i = 1; i <= count; i++)
        printf ".asciz \"%s\"\n", names[i]
    print ".section .note.GNU-stack, \"\", @progbits"
}'
