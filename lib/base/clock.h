/* Clocks and cores. */
#ifndef BCO_BASE_CLOCK_H
#define BCO_BASE_CLOCK_H

#include <stddef.h>

double bco_clock(void); /* seconds since some moment, never going back */
int bco_cores(void);    /* cores this process may use, at least 1 */

#endif
