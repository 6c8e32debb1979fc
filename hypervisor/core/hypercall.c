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
#define BODY(fits, call)                                                       \
    {                                                                          \
        if (!(fits))                                                           \
            return -PARAPET_EINVAL;                                            \
        return call;                                                           \
    }
#define ARG(type, n) (HC_TYPE_##type) r##n

#define PARAPET_HYPERCALL0(nr, name, ...) UNPACKER(name) BODY(1, hc_##name())
#define PARAPET_HYPERCALL1(nr, name, flags, t1, a1, ...)                       \
    UNPACKER(name) BODY(FITS_##t1(r1), hc_##name(ARG(t1, 1)))
#define PARAPET_HYPERCALL2(nr, name, flags, t1, a1, t2, a2, ...)               \
    UNPACKER(name)                                                             \
    BODY(FITS_##t1(r1) && FITS_##t2(r2), hc_##name(ARG(t1, 1), ARG(t2, 2)))
#define PARAPET_HYPERCALL3(nr, name, flags, t1, a1, t2, a2, t3, a3, ...)       \
    UNPACKER(name)                                                             \
    BODY(FITS_##t1(r1) && FITS_##t2(r2) && FITS_##t3(r3),                      \
         hc_##name(ARG(t1, 1), ARG(t2, 2), ARG(t3, 3)))
#define PARAPET_HYPERCALL4(nr, name, flags, t1, a1, t2, a2, t3, a3, t4, a4,    \
                           ...)                                                \
    UNPACKER(name)                                                             \
    BODY(FITS_##t1(r1) && FITS_##t2(r2) && FITS_##t3(r3) && FITS_##t4(r4),     \
         hc_##name(ARG(t1, 1), ARG(t2, 2), ARG(t3, 3), ARG(t4, 4)))
#define PARAPET_HYPERCALL5(nr, name, flags, t1, a1, t2, a2, t3, a3, t4, a4,    \
                           t5, a5, ...)                                        \
    UNPACKER(name)                                                             \
    BODY(                                                                      \
        FITS_##t1(r1) && FITS_##t2(r2) && FITS_##t3(r3) && FITS_##t4(r4) &&    \
            FITS_##t5(r5),                                                     \
        hc_##name(ARG(t1, 1), ARG(t2, 2), ARG(t3, 3), ARG(t4, 4), ARG(t5, 5)))
#define PARAPET_HYPERCALL6(nr, name, flags, t1, a1, t2, a2, t3, a3, t4, a4,    \
                           t5, a5, t6, a6, ...)                                \
    UNPACKER(name)                                                             \
    BODY(FITS_##t1(r1) && FITS_##t2(r2) && FITS_##t3(r3) && FITS_##t4(r4) &&   \
             FITS_##t5(r5) && FITS_##t6(r6),                                   \
         hc_##name(ARG(t1, 1), ARG(t2, 2), ARG(t3, 3), ARG(t4, 4), ARG(t5, 5), \
                   ARG(t6, 6)))
#include "abi/hypercalls.def"

#include "abi/undef_hypercalls.h"

UNPACKER(nothing)
{
    return -PARAPET_ENOSYS;
}

/* One entry for each line of the list, made by ENTRY(nr, name, flags). */
#define PARAPET_HYPERCALL0(nr, name, flags, ...) ENTRY(nr, name, flags)
#define PARAPET_HYPERCALL1(nr, name, flags, ...) ENTRY(nr, name, flags)
#define PARAPET_HYPERCALL2(nr, name, flags, ...) ENTRY(nr, name, flags)
#define PARAPET_HYPERCALL3(nr, name, flags, ...) ENTRY(nr, name, flags)
#define PARAPET_HYPERCALL4(nr, name, flags, ...) ENTRY(nr, name, flags)
#define PARAPET_HYPERCALL5(nr, name, flags, ...) ENTRY(nr, name, flags)
#define PARAPET_HYPERCALL6(nr, name, flags, ...) ENTRY(nr, name, flags)

const char *const hypercall_names[PARAPET_NR_HYPERCALLS] = {
#define ENTRY(nr, name, flags) [nr] = #name,
#include "abi/hypercalls.def"
#undef ENTRY
};

const uint8_t hypercall_flags[PARAPET_NR_HYPERCALLS] = {
#define ENTRY(nr, name, flags) [nr] = (flags),
#include "abi/hypercalls.def"
#undef ENTRY
};

/* Here every number has an entry, so the list overrides the default. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Woverride-init"
hypercall_handler_t *const hypercall_table[PARAPET_NR_HYPERCALLS] = {
    [0 ... PARAPET_NR_HYPERCALLS - 1] = unpack_nothing,
#define ENTRY(nr, name, flags) [nr] = unpack_##name,
#include "abi/hypercalls.def"
#undef ENTRY
};
#pragma GCC diagnostic pop

#include "abi/undef_hypercalls.h"

/* abi_version: takes nothing, cannot fail. */
int64_t hc_abi_version(void)
{
    return PARAPET_ABI_VERSION;
}
