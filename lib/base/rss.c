#include "base/rss.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* The number behind `key` at the beginning of a line, or, with an empty key, of the file. */
static uint64_t number_in(const char *path, const char *key, uint64_t otherwise) {
    FILE *file = fopen(path, "re");
    char line[256];
    uint64_t value = otherwise;
    while (file && fgets(line, sizeof line, file)) {
        if (strncmp(line, key, strlen(key)) != 0) continue;
        if (sscanf(line + strlen(key), "%" SCNu64, &value) != 1) value = otherwise;
        break;
    }
    if (file) fclose(file);
    return value;
}

uint64_t bco_memory_resident(void) {
    return number_in("/proc/self/status", "VmRSS:", 0) * 1024;
}

uint64_t bco_memory_peak(void) {
    return number_in("/proc/self/status", "VmHWM:", 0) * 1024;
}

/* What a control group leaves; pages of files that were not used lately can go. */
static uint64_t group_free(const char *limit, const char *used, const char *stat, const char *key) {
    uint64_t most = number_in(limit, "", UINT64_MAX), now = number_in(used, "", 0), idle = number_in(stat, key, 0);
    if (most == UINT64_MAX) return UINT64_MAX;
    now = now > idle ? now - idle : 0;
    return most > now ? most - now : 0;
}

static uint64_t least(uint64_t a, uint64_t b) {
    return a < b ? a : b;
}

uint64_t bco_memory_free(void) {
    uint64_t machine = number_in("/proc/meminfo", "MemAvailable:", UINT64_MAX);
    if (machine != UINT64_MAX) machine *= 1024;
    uint64_t two = group_free("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory.current",
                              "/sys/fs/cgroup/memory.stat", "inactive_file ");
    uint64_t one =
        group_free("/sys/fs/cgroup/memory/memory.limit_in_bytes", "/sys/fs/cgroup/memory/memory.usage_in_bytes",
                   "/sys/fs/cgroup/memory/memory.stat", "total_inactive_file ");
    return least(machine, least(two, one));
}
