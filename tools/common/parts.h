/* What the files of tools/common share with each other. */
#ifndef TOOLS_COMMON_PARTS_H
#define TOOLS_COMMON_PARTS_H

#include "common/cli.h"

/* help.c: --help and --version on standard output. The tool's own options come
 * first, `common` ones that they do not replace after them. */
void cli_print_help(const struct cli_tool *tool, const struct cli_option *common, size_t count);
void cli_print_version(const struct cli_tool *tool);

/* watch.c: fills cli->watch, and installs the handlers of SIGINT, SIGTERM, SIGHUP and SIGPIPE. */
void cli_watch_start(struct cli *cli, bool save_on_signal);

/* Takes the progress line off the terminal, if there is one. */
void cli_wipe(void);

/* Seconds since some moment, never going back. */
double cli_clock(void);

#endif
