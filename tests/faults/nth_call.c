/* Makes the nth call that writes below one folder fail: preloaded, armed from a forked child.
 *
 * Counted: write, pwrite, writev, ftruncate, fsync, fdatasync, rename, and open for creation. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

static char below[4096];
static long calls, at;
static int number, lasting;

/* Fail call n (from 1) below a folder with an errno, once or from then on; 0 counts only. */
void nth_arm(const char *folder, long n, int error, int from_then_on) {
    strncpy(below, folder, sizeof below - 1);
    calls = 0, at = n, number = error, lasting = from_then_on;
}

long nth_calls(void) { return calls; }

static int fails(const char *path) {
    if (!below[0] || strncmp(path, below, strlen(below)) != 0) return 0;
    calls++;
    if (!at || calls < at || (calls > at && !lasting)) return 0;
    errno = number;
    return 1;
}

static int fails_fd(int fd) {
    char link[64], path[4096];
    if (!below[0]) return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t size = readlink(link, path, sizeof path - 1);
    if (size < 0) return 0;
    path[size] = 0;
    return fails(path);
}

#define REAL(type, name, ...) \
    static type (*real)(__VA_ARGS__); \
    if (!real) real = dlsym(RTLD_NEXT, #name)

ssize_t write(int fd, const void *data, size_t size) {
    REAL(ssize_t, write, int, const void *, size_t);
    return fails_fd(fd) ? -1 : real(fd, data, size);
}

ssize_t pwrite(int fd, const void *data, size_t size, off_t place) {
    REAL(ssize_t, pwrite, int, const void *, size_t, off_t);
    return fails_fd(fd) ? -1 : real(fd, data, size, place);
}

ssize_t pwrite64(int fd, const void *data, size_t size, off64_t place) {
    REAL(ssize_t, pwrite64, int, const void *, size_t, off64_t);
    return fails_fd(fd) ? -1 : real(fd, data, size, place);
}

ssize_t writev(int fd, const struct iovec *parts, int count) {
    REAL(ssize_t, writev, int, const struct iovec *, int);
    return fails_fd(fd) ? -1 : real(fd, parts, count);
}

int ftruncate(int fd, off_t size) {
    REAL(int, ftruncate, int, off_t);
    return fails_fd(fd) ? -1 : real(fd, size);
}

int ftruncate64(int fd, off64_t size) {
    REAL(int, ftruncate64, int, off64_t);
    return fails_fd(fd) ? -1 : real(fd, size);
}

int fsync(int fd) {
    REAL(int, fsync, int);
    return fails_fd(fd) ? -1 : real(fd);
}

int fdatasync(int fd) {
    REAL(int, fdatasync, int);
    return fails_fd(fd) ? -1 : real(fd);
}

int rename(const char *from, const char *to) {
    REAL(int, rename, const char *, const char *);
    return fails(to) ? -1 : real(from, to);
}

#define OPEN(name) \
    int name(const char *path, int flags, ...) { \
        REAL(int, name, const char *, int, ...); \
        va_list more; \
        va_start(more, flags); \
        mode_t mode = va_arg(more, mode_t); \
        va_end(more); \
        return (flags & O_CREAT) && fails(path) ? -1 : real(path, flags, mode); \
    }

OPEN(open)
OPEN(open64)
