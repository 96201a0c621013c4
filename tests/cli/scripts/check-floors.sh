# The floor rule on a tree that breaks it in every way, and on one that does not.
mkdir -p bad/lib/base bad/lib/nn bad/lib/attic bad/tools/common bad/include/bco good/lib/nn good/tools
cd bad
echo '#include "nn/ops.h"' >lib/base/up.c
echo '#include "../nn/ops.h"' >lib/base/sideways.c
echo '#include "base/mem.h"' >lib/attic/unknown.c
printf '#include "nn/b.h"\n' >lib/nn/a.h
printf '#include <stdio.h>\n#include "nn/a.h"\n' >lib/nn/b.h
echo '#include "nn/ops.h"' >tools/tool.c
echo '#include "base/mem.h"' >tools/common/cli.c
echo '#include "base/mem.h"' >include/bco/public.h
cd ..
"$ROOT/scripts/check-floors" bad
echo "exit code $?"
printf '#include "base/mem.h"\n#include "nn/ops.h"\n#include <bco/bco.h>\n' >good/lib/nn/ops.c
printf '#include "common/cli.h"\n#include <bco/bco.h>\n' >good/tools/tool.c
"$ROOT/scripts/check-floors" good
