/* Laid under a process with LD_PRELOAD: the disk below the database. Files in the folder DEVICE switch it while it runs:
   `broken`: a sync fails; `broken-database`: only that of the database fails, not that of its log; `slow`: a sync takes
   200 ms longer. Each sync that succeeds adds a byte to `syncs` and copies
   the file to the folder `kept`, which then holds what a power failure leaves. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static int is_there(const char *device, const char *name) {
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", device, name);
    return access(path, F_OK) == 0;
}

static void keep(const char *device, int file, const char *name) {
    char path[4096], next[4096], bytes[65536];
    snprintf(path, sizeof path, "%s/kept/%s", device, name);
    snprintf(next, sizeof next, "%s/kept/%s.next", device, name);
    int copy = open(next, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    ssize_t length;
    for (off_t at = 0; (length = pread(file, bytes, sizeof bytes, at)) > 0; at += length)
        if (write(copy, bytes, length) != length) _exit(112);
    close(copy);
    if (rename(next, path)) _exit(113);
    snprintf(path, sizeof path, "%s/syncs", device);
    int count = open(path, O_WRONLY | O_CREAT | O_APPEND, 0600);
    if (write(count, ".", 1) != 1) _exit(114);
    close(count);
}

static int sync_file(int file, int number) {
    const char *device = getenv("DEVICE");
    char link[64], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t length = readlink(link, path, sizeof path - 1);
    path[length < 0 ? 0 : length] = 0;
    char *name = strrchr(path, '/');
    if (!device || !name || strncmp(name + 1, "wask.sqlite", 11)) return (int)syscall(number, file);
    int is_database = !strcmp(name + 1, "wask.sqlite");
    if (is_there(device, "broken") || (is_database && is_there(device, "broken-database"))) {
        errno = EIO;
        return -1;
    }
    if (is_there(device, "slow")) usleep(200000);
    int failed = (int)syscall(number, file);
    if (!failed) keep(device, file, name + 1);
    return failed;
}

int fsync(int file) { return sync_file(file, SYS_fsync); }

int fdatasync(int file) { return sync_file(file, SYS_fdatasync); }
