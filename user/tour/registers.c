/* SPDX-License-Identifier: MIT
 *
 * Registers that processes do not share: x87, SSE, AVX, the bases of FS and
 * GS. Several processes use them at the same time and take turns.
 */
#include <cpuid.h>
#include <sched.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "user/tour/tour.h"

#define NR_PROCESSES 3
#define ROUNDS 200
#define ARCH_SET_GS 0x1001
#define ARCH_GET_GS 0x1004

/* ---- arithmetic ---- */

/* The same numbers whether or not others run in between. */
static double series(unsigned int seed, bool others)
{
    double x = 1.0 + seed;
    long double y = 1.0L + seed;
    unsigned int i;

    for (i = 0; i < ROUNDS; i++) {
        x = x * 1.0009765625 + 1.0 / (i + 1);
        y = y * 0.9990234375L + x;
        if (others)
            sched_yield();
    }
    return x + (double)y;
}

static bool arithmetic_is_good(unsigned int seed)
{
    return series(seed, true) == series(seed, false);
}

/* ---- all registers, by their bits ---- */

struct vectors {
    uint8_t bytes[16][32];
};

static void fill(struct vectors *vectors, unsigned int seed)
{
    size_t i;

    for (i = 0; i < sizeof(*vectors); i++)
        vectors->bytes[i / 32][i % 32] = (uint8_t)(i * 7 + seed * 31 + 1);
}

/* Loads, yields by hand, stores: no C in between that could use a register. */
#define SSE_LOAD(n) "movups " #n "*32(%[in]), %%xmm" #n "\n"
#define SSE_STORE(n) "movups %%xmm" #n ", " #n "*32(%[out])\n"
#define AVX_LOAD(n) "vmovups " #n "*32(%[in]), %%ymm" #n "\n"
#define AVX_STORE(n) "vmovups %%ymm" #n ", " #n "*32(%[out])\n"
#define ALL(f)                                                                 \
    f(0) f(1) f(2) f(3) f(4) f(5) f(6) f(7) f(8) f(9) f(10) f(11) f(12) f(13)  \
        f(14) f(15)
#define YIELD "mov $24, %%eax\nsyscall\n"
#define VECTORS                                                                \
    "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8",    \
        "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15"
#define CLOBBERS "rax", "rcx", "r11", "memory", VECTORS

static void sse_through_yield(const struct vectors *in, struct vectors *out)
{
    __asm__ volatile(ALL(SSE_LOAD) YIELD ALL(SSE_STORE)
                     :
                     : [in] "r"(in), [out] "r"(out)
                     : CLOBBERS);
}

static void avx_through_yield(const struct vectors *in, struct vectors *out)
{
    __asm__ volatile(ALL(AVX_LOAD) YIELD ALL(AVX_STORE) "vzeroupper\n"
                     :
                     : [in] "r"(in), [out] "r"(out)
                     : CLOBBERS);
}

static bool sse_is_good(unsigned int seed)
{
    struct vectors in, out;
    unsigned int round, i;

    fill(&in, seed);
    for (round = 0; round < ROUNDS; round++) {
        sse_through_yield(&in, &out);
        for (i = 0; i < 16; i++)
            if (memcmp(in.bytes[i], out.bytes[i], 16) != 0)
                return false;
    }
    return true;
}

/* Whether CPU and kernel let a program use AVX (APM 4, 1.3.9). */
static bool has_avx(void)
{
    const unsigned int both = bit_AVX | bit_OSXSAVE;
    unsigned int eax, ebx, ecx = 0, edx;

    return __get_cpuid(1, &eax, &ebx, &ecx, &edx) != 0 && (ecx & both) == both;
}

static bool avx_is_good(unsigned int seed)
{
    struct vectors in, out;
    unsigned int round;

    if (!has_avx())
        return true;
    fill(&in, seed);
    for (round = 0; round < ROUNDS; round++) {
        avx_through_yield(&in, &out);
        if (memcmp(&in, &out, sizeof(in)) != 0)
            return false;
    }
    return true;
}

/* The rounding mode: bits 13 and 14 of MXCSR, 10 and 11 of the x87's. */
static bool control_is_good(unsigned int seed)
{
    uint32_t mxcsr = 0x1f80 | seed % 4 << 13, got_mxcsr = 0;
    uint16_t control = (uint16_t)(0x37f | seed % 4 << 10), got_control = 0;
    unsigned int round;

    for (round = 0; round < ROUNDS; round++) {
        __asm__ volatile("ldmxcsr %0; fldcw %1" : : "m"(mxcsr), "m"(control));
        sched_yield();
        __asm__ volatile("stmxcsr %0; fnstcw %1"
                         : "=m"(got_mxcsr), "=m"(got_control));
        /* Bits 0 to 5 tell what has happened, and may be set. */
        if ((got_mxcsr & ~0x3fu) != mxcsr || got_control != control)
            return false;
    }
    return true;
}

/* ---- a fork takes them along ---- */

/* fork() by hand, as the yield above. Returns 0 in the child. */
static long sse_through_fork(const struct vectors *in, struct vectors *out)
{
    long pid = SYS_fork;

    __asm__ volatile(ALL(SSE_LOAD) "syscall\n" ALL(SSE_STORE)
                     : "+a"(pid)
                     : [in] "r"(in), [out] "r"(out)
                     : "rcx", "r11", "memory", VECTORS);
    return pid;
}

static bool fork_is_good(void)
{
    const uint32_t mxcsr = 0x5f80, usual = 0x1f80; /* rounding up, to nearest */
    struct vectors in, out;
    uint32_t got = 0;
    int status = 1;
    long pid;

    fill(&in, 77);
    memcpy(&out, &in, sizeof(in));
    __asm__ volatile("ldmxcsr %0" : : "m"(mxcsr));
    pid = sse_through_fork(&in, &out);
    __asm__ volatile("stmxcsr %0; ldmxcsr %1" : "=m"(got) : "m"(usual));
    if (pid == 0)
        _exit(memcmp(&in, &out, sizeof(in)) == 0 && got == mxcsr ? 0 : 1);
    return pid > 0 && wait(&status) == pid && status == 0;
}

/* ---- the general ones ---- */

#define NR_GENERAL 12

/* All but rax, rcx, r11 and rsp, and the direction flag, through a yield. The
 * addresses wait on the stack, below what the compiler may use there. */
static void general_through_yield(const uint64_t *in, uint64_t *out)
{
    __asm__ volatile("sub $128, %%rsp; push %%rbp; push %[out]\n"
                     "mov %[in], %%rax\n"
                     "mov 0(%%rax), %%rbx; mov 8(%%rax), %%rdx\n"
                     "mov 16(%%rax), %%rsi; mov 24(%%rax), %%rdi\n"
                     "mov 32(%%rax), %%rbp; mov 40(%%rax), %%r8\n"
                     "mov 48(%%rax), %%r9; mov 56(%%rax), %%r10\n"
                     "mov 64(%%rax), %%r12; mov 72(%%rax), %%r13\n"
                     "mov 80(%%rax), %%r14; mov 88(%%rax), %%r15\n"
                     "std\n" YIELD "pushfq; cld; pop %%rcx\n"
                     "pop %%rax\n"
                     "mov %%rbx, 0(%%rax); mov %%rdx, 8(%%rax)\n"
                     "mov %%rsi, 16(%%rax); mov %%rdi, 24(%%rax)\n"
                     "mov %%rbp, 32(%%rax); mov %%r8, 40(%%rax)\n"
                     "mov %%r9, 48(%%rax); mov %%r10, 56(%%rax)\n"
                     "mov %%r12, 64(%%rax); mov %%r13, 72(%%rax)\n"
                     "mov %%r14, 80(%%rax); mov %%r15, 88(%%rax)\n"
                     "mov %%rcx, 96(%%rax)\n"
                     "pop %%rbp; add $128, %%rsp\n"
                     : [in] "+S"(in), [out] "+D"(out)
                     :
                     : "rax", "rbx", "rcx", "rdx", "r8", "r9", "r10", "r11",
                       "r12", "r13", "r14", "r15", "memory", "cc");
}

static bool general_is_good(unsigned int seed)
{
    const uint64_t direction_flag = 0x400;
    uint64_t in[NR_GENERAL], out[NR_GENERAL + 1];
    unsigned int round, i;

    for (i = 0; i < NR_GENERAL; i++)
        in[i] = (seed + 1) * 0x123456789abcdef ^ (uint64_t)i << 56;
    for (round = 0; round < ROUNDS; round++) {
        general_through_yield(in, out);
        if (memcmp(in, out, sizeof(in)) != 0 ||
            (out[NR_GENERAL] & direction_flag) == 0)
            return false;
    }
    return true;
}

/* ---- bases ---- */

static _Thread_local unsigned int thread_local_seed;

static bool bases_are_good(unsigned int seed)
{
    uint64_t base = 0x10000ul * (seed + 1), got = 0;
    unsigned int round;

    thread_local_seed = seed;
    if (syscall(SYS_arch_prctl, ARCH_SET_GS, base) != 0)
        return false;
    for (round = 0; round < ROUNDS; round++) {
        sched_yield();
        if (syscall(SYS_arch_prctl, ARCH_GET_GS, &got) != 0 || got != base ||
            thread_local_seed != seed)
            return false;
    }
    return true;
}

/* ---- all of them at once ---- */

static bool all_together(bool (*is_good)(unsigned int seed))
{
    unsigned int i;
    bool good = true;
    int status;

    for (i = 0; i < NR_PROCESSES; i++)
        if (fork() == 0)
            _exit(is_good(i) ? 0 : 1);
    while (wait(&status) > 0)
        good &= status == 0;
    return good;
}

void stop_registers(void)
{
    check(all_together(arithmetic_is_good),
          "floating point of three processes that take turns");
    check(all_together(sse_is_good), "their 16 SSE registers");
    check(all_together(avx_is_good),
          has_avx() ? "their 16 AVX registers" : "(this CPU has no AVX)");
    check(all_together(control_is_good), "their rounding modes");
    check(all_together(bases_are_good), "their bases of FS and GS");
    check(all_together(general_is_good), "their general registers");
    check(fork_is_good(), "what a fork takes along of them");
}
