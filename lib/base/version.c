#include <bco/bco.h>

#include <cblas.h>
#include <csv.h>
#ifdef BCO_ONEDNN
#include <dnnl.h>
#endif
#include <lmdb.h>
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <stdio.h>
#include <xxhash.h>
#include <yyjson.h>
#include <zlib.h>
#include <zstd.h>

const char *bco_version(void) {
    return BCO_VERSION;
}

/* What a program that is linked with libbco.a does not use is not linked for the sake of its version. */
#pragma weak mdb_version
#pragma weak openblas_get_config
#pragma weak openblas_get_corename

#ifdef BCO_ONEDNN
#pragma weak dnnl_version
static void onednn_version(char *text, size_t size) {
    if (!dnnl_version) return;
    const dnnl_version_t *v = dnnl_version();
    snprintf(text, size, ", oneDNN %d.%d.%d", v->major, v->minor, v->patch);
}
#else
static void onednn_version(char *text, size_t size) {
    (void)text;
    (void)size;
}
#endif

/* OpenBLAS gives "OpenBLAS 0.3.21 DYNAMIC_ARCH ...", PCRE2 "10.42 2022-12-11". */
size_t bco_version_libraries(char *text, size_t size) {
    char pcre2[64] = "?", lmdb[32] = "", blas[256] = "", onednn[48] = "";
    unsigned xx = XXH_versionNumber(), json = yyjson_version();
    int major, minor, patch;
    if (pcre2_config(PCRE2_CONFIG_VERSION, NULL) <= (int)sizeof pcre2) pcre2_config(PCRE2_CONFIG_VERSION, pcre2);
    if (mdb_version) {
        mdb_version(&major, &minor, &patch);
        snprintf(lmdb, sizeof lmdb, ", LMDB %d.%d.%d", major, minor, patch);
    }
    if (openblas_get_config && openblas_get_corename)
        snprintf(blas, sizeof blas, ", %s (%s)", openblas_get_config(), openblas_get_corename());
    onednn_version(onednn, sizeof onednn);
    int length =
        snprintf(text, size, "libcsv %d.%d.%d, yyjson %u.%u.%u, zstd %s, zlib %s, PCRE2 %.*s, xxHash %u.%u.%u%s%s%s",
                 CSV_MAJOR, CSV_MINOR, CSV_RELEASE, json >> 16, json >> 8 & 255, json & 255, ZSTD_versionString(),
                 zlibVersion(), 5, pcre2, xx / 10000, xx / 100 % 100, xx % 100, lmdb, blas, onednn);
    return length > 0 ? (size_t)length : 0;
}
