# Bootstrap; the full one replaces it.
CC = gcc
CFLAGS = -O3 -g
BASE = -std=c17 -D_POSIX_C_SOURCE=200809L -fPIC -fvisibility=hidden -fopenmp -Wall -Wextra -Wpedantic -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Iinclude -Ilib -MMD -MP
LIBS = -lcsv -lyyjson -lzstd -lz -lpcre2-8 -lopenblas -lxxhash -llmdb -lm
SRC = $(wildcard lib/*/*.c)
OBJ = $(SRC:%.c=build/%.o)
TOOLS = $(patsubst tools/%.c,build/bin/%,$(wildcard tools/*.c))
COMMON = $(patsubst %.c,build/%.o,$(wildcard tools/common/*.c))
all: build/libbco.a $(TOOLS)
build/libbco.a: $(OBJ)
	@rm -f $@; ar rcs $@ $^
build/bin/%: build/tools/%.o $(COMMON) build/libbco.a
	@mkdir -p $(@D); $(CC) $(CFLAGS) -fopenmp -o $@ $^ $(LIBS)
build/%.o: %.c
	@mkdir -p $(@D); $(CC) $(BASE) $(CFLAGS) -c -o $@ $<
clean:
	rm -rf build
-include $(OBJ:.o=.d)
.PRECIOUS: build/%.o
