/* Another processor's cpuid at full speed: LD_PRELOAD this into a program.
 *
 * Linux can make the cpuid instruction fault (arch_prctl, on Intel processors that allow it); the
 * handler answers with changed vendor, features and cache sizes. Instructions stay this
 * processor's: what a library chooses by cpuid is tested, not how AMD estimates 1/sqrt(x).
 *
 * CPUID_L1, CPUID_L2, CPUID_L3: data caches in KB; CPUID_AMD=1: AuthenticAMD, Zen 2;
 * CPUID_NO_AVX512=1: neither AVX-512 nor AMX.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#define ARCH_SET_CPUID 0x1012

static uint32_t l1, l2, l3, amd, no_avx512;

static long allow(long on)
{
    return syscall(SYS_arch_prctl, ARCH_SET_CPUID, on);
}

static void cpuid(uint32_t leaf, uint32_t sub, uint32_t *r)
{
    __asm__ volatile("cpuid" : "=a"(r[0]), "=b"(r[1]), "=c"(r[2]), "=d"(r[3]) : "a"(leaf), "c"(sub));
}

static void answer(uint32_t leaf, uint32_t sub, uint32_t *r)
{
    const uint32_t caches = amd ? 0x8000001d : 4;
    allow(1);
    cpuid(leaf == caches ? 4 : leaf, sub, r);
    allow(0);
    if (leaf == caches && (r[0] & 31)) {
        uint32_t type = r[0] & 31, level = (r[0] >> 5) & 7;
        uint32_t size = level == 1 ? (type == 1 ? l1 : 0) : level == 2 ? l2 : level == 3 ? l3 : 0;
        if (size) { /* 8 ways, lines of 64 bytes */
            r[1] = 63 | 7u << 22;
            r[2] = size / (8 * 64) - 1;
        }
    } else if (leaf == 4) {
        memset(r, 0, 16);
    }
    if (no_avx512 && leaf == 7 && sub == 0) {
        r[1] &= ~(1u << 16 | 1u << 17 | 1u << 21 | 1u << 28 | 1u << 30 | 1u << 31);
        r[2] &= ~(1u << 1 | 1u << 6 | 1u << 11 | 1u << 12 | 1u << 14);
        r[3] &= ~(1u << 2 | 1u << 3 | 1u << 8 | 1u << 22 | 1u << 23 | 1u << 24 | 1u << 25);
    }
    if (no_avx512 && ((leaf == 7 && sub == 1) || leaf == 0x1d || leaf == 0x1e || leaf == 0x24))
        memset(r, 0, 16);
    if (!amd)
        return;
    if (leaf == 0) {
        memcpy(&r[1], "Auth", 4);
        memcpy(&r[3], "enti", 4);
        memcpy(&r[2], "cAMD", 4);
    } else if (leaf == 1) {
        r[0] = 0x00830f10; /* Zen 2 */
    } else if (leaf == 0x80000000) {
        r[0] = 0x8000001f;
    } else if (leaf == 0x80000001) {
        r[2] |= 1u << 22; /* the caches' leaf is there */
    } else if (leaf == 0x80000005) {
        r[2] = r[3] = (l1 >> 10) << 24 | 8 << 16 | 1 << 8 | 64;
    } else if (leaf == 0x80000006) {
        r[2] = (l2 >> 10) << 16 | 6 << 12 | 1 << 8 | 64;
        r[3] = (l3 >> 19) << 18 | 9 << 12 | 1 << 8 | 64;
    }
}

static void fault(int signal_number, siginfo_t *info, void *context)
{
    greg_t *g = ((ucontext_t *)context)->uc_mcontext.gregs;
    const uint8_t *at = (const uint8_t *)g[REG_RIP];
    uint32_t r[4];
    (void)info;
    if (at[0] != 0x0f || at[1] != 0xa2) { /* A fault of the program's own. */
        signal(signal_number, SIG_DFL);
        return;
    }
    answer(g[REG_RAX], g[REG_RCX], r);
    g[REG_RAX] = r[0];
    g[REG_RBX] = r[1];
    g[REG_RCX] = r[2];
    g[REG_RDX] = r[3];
    g[REG_RIP] += 2;
}

static uint32_t given(const char *name)
{
    const char *value = getenv(name);
    return value ? strtoul(value, 0, 10) : 0;
}

__attribute__((constructor)) static void start(void)
{
    struct sigaction act;
    l1 = given("CPUID_L1") << 10;
    l2 = given("CPUID_L2") << 10;
    l3 = given("CPUID_L3") << 10;
    amd = given("CPUID_AMD");
    no_avx512 = given("CPUID_NO_AVX512");
    memset(&act, 0, sizeof act);
    act.sa_sigaction = fault;
    act.sa_flags = SA_SIGINFO | SA_NODEFER;
    sigaction(SIGSEGV, &act, 0);
    if (allow(0)) {
        fputs("other_cpuid: this processor or kernel cannot make cpuid fault\n", stderr);
        _exit(77);
    }
}
