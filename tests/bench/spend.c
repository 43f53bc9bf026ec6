// SPDX-License-Identifier: BSL-1.0
// spend COMMAND...: runs it with its output dropped, then says on stdout what it took: CPU and wall in microseconds, peak memory in
// KiB, exit status. A small program of its own, because the peak of a child begins with that of the program that started it.
#include <fcntl.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double microseconds(struct timeval t) { return (double)t.tv_sec * 1e6 + (double)t.tv_usec; }

int main(int argc, char** argv) {
    struct timespec from, to;
    if (argc < 2) return 2;
    clock_gettime(CLOCK_MONOTONIC, &from);
    pid_t const child = fork();
    if (child == 0) {
        dup2(open("/dev/null", O_RDWR), 0);
        dup2(0, 1);
        execvp(argv[1], argv + 1);
        perror(argv[1]);
        _exit(127);
    }
    int status = 0;
    struct rusage used;
    if (child < 0 || wait4(child, &status, 0, &used) != child) return 2;
    clock_gettime(CLOCK_MONOTONIC, &to);
    printf("%.0f %.0f %ld %d\n", microseconds(used.ru_utime) + microseconds(used.ru_stime),
           (double)(to.tv_sec - from.tv_sec) * 1e6 + (double)(to.tv_nsec - from.tv_nsec) / 1e3, used.ru_maxrss,
           WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
    return 0;
}
