/* A chat template made of anything; what parses renders a conversation, or says why not. */
#include "fuzz/folder.h"

static const char prompt[] = "[{\"role\":\"system\",\"content\":\"Be brief.\"},{\"role\":\"user\",\"content\":\" "
                             "H\xc3\xa9llo 'x'\\n\",\"n\":3}]";
static const char completion[] = "[{\"role\":\"assistant\",\"content\":null,\"tool_calls\":[{\"function\":{\"name\":"
                                 "\"f\",\"arguments\":{\"z\":[1,2.5,"
                                 "true,null]}}}]}]";

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length) {
    struct bco_template *chat;
    struct bco_error err = {0};
    char path[128], *text;
    size_t size, cut;
    bool parted;
    fuzz_write("chat_template.jinja", bytes, length);
    snprintf(path, sizeof path, "%s/chat_template.jinja", fuzz_folder());
    enum bco_code code = bco_template_open(&chat, NULL, path, &err);
    unlink(path);
    FUZZ_CHECK(code == BCO_OK || ((code == BCO_EDATA || code == BCO_ESYSTEM) && err.message[0]));
    if (code != BCO_OK) return 0;
    code = bco_template_split(chat, prompt, sizeof prompt - 1, completion, sizeof completion - 1, NULL, &text, &size,
                              &cut, &parted, &err);
    FUZZ_CHECK(code != BCO_OK || (cut <= size && text[size] == '\0'));
    FUZZ_CHECK(code == BCO_OK || code == BCO_EDATA || code == BCO_ESYSTEM);
    free(text);
    bco_template_close(chat);
    return 0;
}
