/* The smallest program that uses an installed libbco: see scripts/distcheck. */
#include <bco/bco.h>

#include <stdio.h>
#include <string.h>

int main(void) {
    printf("header %s, library %s\n", BCO_VERSION, bco_version());
    return strcmp(BCO_VERSION, bco_version()) != 0;
}
