/* tokenizer.json; what opens encodes and decodes a text of many kinds of characters. */
#include "fuzz/folder.h"

static void use(const struct bco_tokenizer *tokenizer) {
    static const char text[] = "Hello,  world's 1234\n\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80 <s>x</s>";
    struct bco_ids ids = {0};
    struct bco_error err;
    char *back;
    size_t length;
    enum bco_code code = bco_tokenizer_encode(tokenizer, text, sizeof text - 1, BCO_ENCODE_SPECIAL, &ids, &err);
    for (size_t i = 0; i < ids.count; i++)
        FUZZ_CHECK(ids.ids[i] >= 0 && (size_t)ids.ids[i] < bco_tokenizer_vocabulary(tokenizer));
    if (code == BCO_OK && bco_tokenizer_decode(tokenizer, ids.ids, ids.count, 0, &back, &length, &err) == BCO_OK)
        free(back);
    FUZZ_CHECK(bco_tokenizer_fingerprint(tokenizer) != 0);
    bco_ids_free(&ids);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length) {
    struct bco_tokenizer *tokenizer;
    struct bco_error err = {0};
    fuzz_write("tokenizer.json", bytes, length);
    enum bco_code code = bco_tokenizer_open(&tokenizer, fuzz_folder(), &err);
    FUZZ_CHECK(code == BCO_OK || ((code == BCO_EDATA || code == BCO_ESYSTEM) && err.message[0]));
    if (code != BCO_OK) return 0;
    use(tokenizer);
    bco_tokenizer_close(tokenizer);
    return 0;
}
