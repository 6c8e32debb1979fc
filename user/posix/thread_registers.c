/* SPDX-License-Identifier: MIT
 *
 * The vector registers and the control words of x87 and SSE are each thread's
 * own, over system calls and when the CPU is taken away in between. So are
 * x87's pointers to the last instruction and operand, which not every CPU
 * keeps.
 */
#include "user/posix/posix.h"
#include "user/posix/threads.h"

#include <sched.h>
#include <stdint.h>
#include <string.h>

#define NR_THREADS 8
#define NR_ROUNDS 200

struct vectors {
    uint8_t bytes[16][32];
};

#define EACH_REGISTER(op)                                                      \
    op(0) op(1) op(2) op(3) op(4) op(5) op(6) op(7) op(8) op(9) op(10) op(11)  \
        op(12) op(13) op(14) op(15)
#define CLOBBERS                                                               \
    "rcx", "r11", "cc", "memory", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4",      \
        "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", "xmm12",     \
        "xmm13", "xmm14", "xmm15"

#define LOAD_XMM(n) "movdqu " #n "*32(%[in]), %%xmm" #n "\n"
#define STORE_XMM(n) "movdqu %%xmm" #n ", " #n "*32(%[out])\n"
#define LOAD_YMM(n) "vmovdqu " #n "*32(%[in]), %%ymm" #n "\n"
#define STORE_YMM(n) "vmovdqu %%ymm" #n ", " #n "*32(%[out])\n"

/* Others run in between: by sched_yield(2), and while this counts down. */
#define LET_OTHERS_RUN                                                         \
    "mov %[call], %%eax\n syscall\n"                                           \
    "mov %[spins], %%ecx\n 1: dec %%ecx\n jnz 1b\n"

enum { CALL_SCHED_YIELD = 24 };

static void keep_xmm(const struct vectors *in, struct vectors *out, int spins)
{
    __asm__ volatile(
        EACH_REGISTER(LOAD_XMM)
            LET_OTHERS_RUN EACH_REGISTER(STORE_XMM)::[in] "r"(in),
        [out] "r"(out), [spins] "r"(spins), [call] "i"(CALL_SCHED_YIELD)
        : "rax", CLOBBERS);
}

static void keep_ymm(const struct vectors *in, struct vectors *out, int spins)
{
    __asm__ volatile(
        EACH_REGISTER(LOAD_YMM) LET_OTHERS_RUN EACH_REGISTER(
            STORE_YMM) "vzeroupper\n" ::[in] "r"(in),
        [out] "r"(out), [spins] "r"(spins), [call] "i"(CALL_SCHED_YIELD)
        : "rax", CLOBBERS);
}

static bool use_avx;

/* Whether anything was lost. Once it spins for longer than a time slice. */
static void *keep_vectors(void *argument)
{
    struct vectors in, out;
    uintptr_t n = (uintptr_t)argument;
    size_t i, round;

    for (round = 0; round < NR_ROUNDS; round++) {
        int spins = round == 0 ? 20000000 : 100;

        for (i = 0; i < sizeof(in); i++)
            in.bytes[i / 32][i % 32] = (uint8_t)(i * 7 + n * 31 + round);
        memset(&out, 0, sizeof(out));
        if (use_avx)
            keep_ymm(&in, &out, spins);
        else
            keep_xmm(&in, &out, spins);
        for (i = 0; i < 16; i++)
            if (memcmp(in.bytes[i], out.bytes[i], use_avx ? 32 : 16) != 0)
                return (void *)1;
    }
    return NULL;
}

/* Rounding and masked exceptions: different for each thread. */
static void *keep_control_words(void *argument)
{
    uintptr_t n = (uintptr_t)argument;
    uint16_t x87 = (uint16_t)(0x37f | (n % 4) << 10), x87_now;
    uint32_t sse = (uint32_t)(0x1f80 | (n % 4) << 13), sse_now;
    size_t round;

    for (round = 0; round < NR_ROUNDS; round++) {
        __asm__ volatile("fldcw %0\n ldmxcsr %1" ::"m"(x87), "m"(sse));
        sched_yield();
        __asm__ volatile("fnstcw %0\n stmxcsr %1"
                         : "=m"(x87_now), "=m"(sse_now));
        if (x87_now != x87 || (sse_now & ~0x3fu) != sse)
            return (void *)1;
    }
    return NULL;
}

/* Sums of fractions come out the same as without company. */
static void *add_fractions(void *argument)
{
    double sum = 0, expected = 0;
    int round, i;

    (void)argument;
    for (round = 0; round < NR_ROUNDS; round++) {
        volatile double third = 1.0 / 3.0;
        long double slow = 0;

        sum = 0;
        for (i = 0; i < 100; i++) {
            sum += third;
            slow += (long double)third;
            if (i % 25 == 0)
                sched_yield();
        }
        if (round == 0)
            expected = sum;
        if (memcmp(&sum, &expected, sizeof(sum)) != 0 || slow < 33.3L ||
            slow > 33.4L)
            return (void *)1;
    }
    return NULL;
}

/* The low half of the address of the last operand: another thread's? */
static void *see_own_operand(void *argument)
{
    static double operands[NR_THREADS];
    uintptr_t n = (uintptr_t)argument;
    uint32_t environment[7];
    size_t round, i;

    for (round = 0; round < NR_ROUNDS; round++) {
        if (n % 2 == 0) /* the others have no last operand of their own */
            __asm__ volatile("fldl %0\n fstp %%st(0)" ::"m"(operands[n]));
        sched_yield();
        __asm__ volatile("fnstenv %0\n fldcw %0" : "+m"(environment));
        for (i = 0; i < NR_THREADS; i++)
            if (i != n && environment[5] == (uint32_t)(uintptr_t)&operands[i])
                return (void *)1;
    }
    return NULL;
}

static void check_threads(void *(*function)(void *argument), const char *what)
{
    start_all(NR_THREADS, function);
    check_is((long)join_all(NR_THREADS), 0, what);
}

void test_thread_registers(void)
{
    check_threads(keep_vectors, "threads that lost SSE registers");
    use_avx = __builtin_cpu_supports("avx") != 0;
    if (use_avx)
        check_threads(keep_vectors, "threads that lost AVX registers");
    check_threads(keep_control_words, "threads that lost control words");
    check_threads(see_own_operand, "threads that saw another's operand");
    check_threads(add_fractions, "threads that added up wrong");
}
