/* SPDX-License-Identifier: MIT
 *
 * Makes the argument unpackers and the tables from abi/hypercalls.def. An
 * unpacker takes the six registers, refuses a u32 with high bits set, and
 * calls the handler with what it declares. A duplicate number does not
 * compile (an initializer is overridden); a missing handler does not link.
 */
#include "hypervisor/core/hypercall.h"

#include "abi/errors.h"

#define FITS_u32(value) ((value) >> 32 == 0)
#define FITS_u64(value) 1
#define FITS_vaddr(value) 1
#define FITS_in(value) 1
#define FITS_out(value) 1
#define FITS_inout(value) 1

/* The unpackers' parameters are named r1..r6 after their registers' order. */
#define UNPACKER(name)                                                         \
    static int64_t unpack_##name(uint64_t r1 __attribute__((unused)),          \
                                 uint64_t r2 __attribute__((unused)),          \
                                 uint64_t r3 __attribute__((unused)),          \
                                 uint64_t r4 __attribute__((unused)),          \
                                 uint64_t r5 __attribute__((unused)),          \
                                 uint64_t r6 __attribute__((unused)))
#define AND_FITS(n, type, arg) &&FITS_##type(r##n)
#define HANDED(n, type, arg) (HC_TYPE_##type) r##n

#define PARAPET_HYPERCALL(nr, name, flags, errors, brief, ...)                 \
    UNPACKER(name)                                                             \
    {                                                                          \
        if (!(1 PARAPET_ARGS(AND_FITS, ##__VA_ARGS__)))                        \
            return -PARAPET_EINVAL;                                            \
        return hc_##name(PARAPET_ARG_LIST(HANDED, ##__VA_ARGS__));             \
    }
#include "abi/hypercalls.def"
#undef PARAPET_HYPERCALL

UNPACKER(nothing)
{
    return -PARAPET_ENOSYS;
}

UNPACKER(without_privilege)
{
    return -PARAPET_EPERM;
}

const char *const hypercall_names[PARAPET_NR_HYPERCALLS] = {
#define PARAPET_HYPERCALL(nr, name, flags, ...) [nr] = #name,
#include "abi/hypercalls.def"
#undef PARAPET_HYPERCALL
};

const uint8_t hypercall_flags[PARAPET_NR_HYPERCALLS] = {
#define PARAPET_HYPERCALL(nr, name, flags, ...) [nr] = (flags),
#include "abi/hypercalls.def"
#undef PARAPET_HYPERCALL
};

/* Here every number has an entry, so the list overrides the default. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Woverride-init"
hypercall_handler_t *const hypercall_table[PARAPET_NR_HYPERCALLS] = {
    [0 ... PARAPET_NR_HYPERCALLS - 1] = unpack_nothing,
#define PARAPET_HYPERCALL(nr, name, flags, ...)                                \
    [nr] = (flags)&HC_CONTROL ? unpack_without_privilege : unpack_##name,
#include "abi/hypercalls.def"
#undef PARAPET_HYPERCALL
};

hypercall_handler_t *const hypercall_table_control[PARAPET_NR_HYPERCALLS] = {
    [0 ... PARAPET_NR_HYPERCALLS - 1] = unpack_nothing,
#define PARAPET_HYPERCALL(nr, name, flags, ...) [nr] = unpack_##name,
#include "abi/hypercalls.def"
#undef PARAPET_HYPERCALL
};
#pragma GCC diagnostic pop

/* abi_version: takes nothing, cannot fail. */
int64_t hc_abi_version(void)
{
    return PARAPET_ABI_VERSION;
}
