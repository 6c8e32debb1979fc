/* SPDX-License-Identifier: MIT
 *
 * Undefines the macros of abi/hypercalls.def after a use. No include guard:
 * it is meant to be included after every use.
 */
#undef PARAPET_HYPERCALL0
#undef PARAPET_HYPERCALL1
#undef PARAPET_HYPERCALL2
#undef PARAPET_HYPERCALL3
#undef PARAPET_HYPERCALL4
#undef PARAPET_HYPERCALL5
#undef PARAPET_HYPERCALL6
