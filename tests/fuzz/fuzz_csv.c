/* CSV and TSV: no row is lost, and each is an object with the header's names. */
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length) {
    fuzz_reader(bytes, length, BCO_FORMAT_CSV);
    fuzz_reader(bytes, length, BCO_FORMAT_TSV);
    return 0;
}
