#include "common/parts.h"

#include <stdio.h>
#include <string.h>

enum { HELP_COLUMN = 26, HELP_WIDTH = 80 };

/* One line of help text, broken at blanks; `column` is where the terminal's cursor stands. */
static void print_wrapped(const char *text, size_t length, int column) {
    bool first = true;
    while (length) {
        size_t word = 0;
        while (word < length && text[word] != ' ') word++;
        if (!first && column + 1 + (int)word > HELP_WIDTH) {
            printf("\n%*s", HELP_COLUMN, "");
            column = HELP_COLUMN;
        } else if (!first) {
            putchar(' ');
            column++;
        }
        printf("%.*s", (int)word, text);
        column += (int)word;
        first = false;
        text += word;
        length -= word;
        while (length && *text == ' ') text++, length--;
    }
    putchar('\n');
}

static void print_option(const struct cli_option *option) {
    const char *argument = option->argument ? option->argument : option->choices, *help = option->help;
    int column = option->letter ? printf("  -%c, ", option->letter) : printf("      ");
    column += printf("--%s", option->name);
    if (argument) column += printf(" %s", argument);
    if (column + 2 > HELP_COLUMN) {
        putchar('\n');
        column = 0;
    }
    while (help && *help) {
        size_t length = strcspn(help, "\n");
        printf("%*s", HELP_COLUMN - column, "");
        print_wrapped(help, length, HELP_COLUMN);
        help += length + (help[length] == '\n');
        column = 0;
    }
}

static bool replaced(const struct cli_tool *tool, const struct cli_option *common) {
    for (size_t i = 0; i < tool->count; i++)
        if (tool->options[i].name && strcmp(tool->options[i].name, common->name) == 0) return true;
    return false;
}

void cli_print_help(const struct cli_tool *tool, const struct cli_option *common, size_t count) {
    printf("Usage: %s %s\n", tool->name, tool->usage);
    if (tool->about) printf("%s\n", tool->about);
    if (tool->count && tool->options[0].name) printf("\nOptions:\n");
    for (size_t i = 0; i < tool->count; i++) {
        if (tool->options[i].name)
            print_option(&tool->options[i]);
        else
            printf("\n%s:\n", tool->options[i].help);
    }
    printf("\nCommon to all tools:\n");
    for (size_t i = 0; i < count; i++)
        if (!replaced(tool, &common[i])) print_option(&common[i]);
    printf("\nThe manual: man %s; exit codes and recipes: man 7 bco.\n", tool->name);
}

void cli_print_version(const struct cli_tool *tool) {
    char libraries[512];
    bco_version_libraries(libraries, sizeof libraries);
    printf("%s %s\nlibbco %s\n%s\n", tool->name, BCO_VERSION, bco_version(), libraries);
}
