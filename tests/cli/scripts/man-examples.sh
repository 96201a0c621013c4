# Blocks that hold and blocks that do not; `...` stands for any lines.
cat >page.1 <<'X'
.Sh DESCRIPTION
.Bd -literal
$ false claim
.Ed
.Sh EXAMPLES
.Bd -literal
$ echo one; echo \(aqt\ew\(aq
one
t\ew
$ printf \(aqa\en\(aq |
tr a b
b
$ seq 5
1
...
5
$ sh -c \(aqexit 3\(aq
$ echo $?
3
.Ed
.Bd -literal
$ echo two
three
.Ed
X
mkdir man
mv page.1 man
"$ROOT/tests/man-examples" "$PWD/man/page.1" "$PWD/tally"
cat tally
