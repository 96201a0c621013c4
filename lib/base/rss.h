/* Memory of this process and of the machine, where the system tells (Linux: /proc and control groups). */
#ifndef BCO_BASE_RSS_H
#define BCO_BASE_RSS_H

#include <stdint.h>

/* Bytes of this process that are in memory now, and the most that ever were. 0: not known. */
uint64_t bco_memory_resident(void);
uint64_t bco_memory_peak(void);

/* Bytes that could still be used without anything being swapped or killed. UINT64_MAX: not known. */
uint64_t bco_memory_free(void);

#endif
