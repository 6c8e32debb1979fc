/* SPDX-License-Identifier: MIT
 *
 * The arguments of a line of abi/hypercalls.def, which are the rest of it:
 * type1, name1, ... type6, name6. M(n, type, name) is put for each, n from 1
 * on. The line's macro takes them as `...` and hands on __VA_ARGS__:
 *
 *   PARAPET_ARGS(M, ##__VA_ARGS__)       one after the other
 *   PARAPET_ARG_LIST(M, ##__VA_ARGS__)   with commas in between
 *   PARAPET_PARAMS(M, ##__VA_ARGS__)     the same; `void` when there are none
 */
#ifndef ABI_HYPERCALL_ARGS_H
#define ABI_HYPERCALL_ARGS_H

#define PARAPET_ARGS(M, ...)                                                   \
    PARAPET_EACH(PARAPET_NR_ARGS(M, ##__VA_ARGS__), M, PARAPET_NOTHING, ,      \
                 ##__VA_ARGS__)
#define PARAPET_ARG_LIST(M, ...)                                               \
    PARAPET_EACH(PARAPET_NR_ARGS(M, ##__VA_ARGS__), M, PARAPET_COMMA, ,        \
                 ##__VA_ARGS__)
#define PARAPET_PARAMS(M, ...)                                                 \
    PARAPET_EACH(PARAPET_NR_ARGS(M, ##__VA_ARGS__), M, PARAPET_COMMA, void,    \
                 ##__VA_ARGS__)

#define PARAPET_NOTHING()
#define PARAPET_COMMA() ,

/*
 * How many there are, from 0 to 6: each has a type and a name. What else there
 * may be makes PARAPET_EACH_has_seven_arguments, which is nowhere. p0 is not
 * counted: with it, strict C11 drops the comma before no arguments, too.
 */
#define PARAPET_NR_ARGS(p0, ...)                                               \
    PARAPET_16TH(p0, ##__VA_ARGS__, has_seven_arguments, lacks_a_type_or_name, \
                 6, lacks_a_type_or_name, 5, lacks_a_type_or_name, 4,          \
                 lacks_a_type_or_name, 3, lacks_a_type_or_name, 2,             \
                 lacks_a_type_or_name, 1, lacks_a_type_or_name, 0)
#define PARAPET_16TH(p0, p1, p2, p3, p4, p5, p6, p7, p8, p9, p10, p11, p12,    \
                     p13, p14, p15, ...)                                       \
    p15

/* For so many: M, what is put between two, what is put when there are none. */
#define PARAPET_EACH(nr, ...) PARAPET_EACH_OF(nr, __VA_ARGS__)
#define PARAPET_EACH_OF(nr, ...) PARAPET_EACH_##nr(__VA_ARGS__)
#define PARAPET_EACH_0(M, S, none) none
#define PARAPET_EACH_1(M, S, none, t1, n1) M(1, t1, n1)
#define PARAPET_EACH_2(M, S, none, t1, n1, t2, n2) M(1, t1, n1) S() M(2, t2, n2)
#define PARAPET_EACH_3(M, S, none, t1, n1, t2, n2, t3, n3)                     \
    PARAPET_EACH_2(M, S, none, t1, n1, t2, n2) S() M(3, t3, n3)
#define PARAPET_EACH_4(M, S, none, t1, n1, t2, n2, t3, n3, t4, n4)             \
    PARAPET_EACH_3(M, S, none, t1, n1, t2, n2, t3, n3) S() M(4, t4, n4)
#define PARAPET_EACH_5(M, S, none, t1, n1, t2, n2, t3, n3, t4, n4, t5, n5)     \
    PARAPET_EACH_4(M, S, none, t1, n1, t2, n2, t3, n3, t4, n4)                 \
    S() M(5, t5, n5)
#define PARAPET_EACH_6(M, S, none, t1, n1, t2, n2, t3, n3, t4, n4, t5, n5, t6, \
                       n6)                                                     \
    PARAPET_EACH_5(M, S, none, t1, n1, t2, n2, t3, n3, t4, n4, t5, n5)         \
    S() M(6, t6, n6)

#endif
