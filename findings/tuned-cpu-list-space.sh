#!/usr/bin/env bash
# tuned's own example of a list of CPUs, "0-5, ^3", is no CPU at all to it: a space makes an exception or a mask unreadable,
# and then the whole list is empty.
#
# Versions:  tuned 2.20.0-1 with python3 3.11.2-1+b1 (Debian 12).
# Seen:      cpulist_unpack("0-5,^3") is CPUs 0, 1, 2, 4 and 5, and cpulist_unpack("0-5, ^3") is none: cpulist2hex makes the
#            mask 00000000 of it. So it is with "0-3, 0xf,, 6". A space before a plain number does no harm: "0-5, 8" is seven
#            CPUs. Both strings without a result stand as examples in the comment above the function. No error, no line in
#            the log.
# Surprises: whoever keeps CPUs free for guests with isolated_cores: as a list with a space before its exception, none is. The
#            space after a comma works until the first "^" or "0x" stands behind it.
set -euo pipefail
. "$(dirname "$0")/lib/debian.sh"

debian_begin bookworm
debian_take python3=3.11.2-1+b1
debian_take_alone tuned=2.20.0-1

export PYTHONHOME=$root/usr PYTHONPATH=$root/usr/lib/python3/dist-packages PYTHONDONTWRITEBYTECODE=1

cat >"$work/look.py" <<'PY'
from tuned.utils.commands import commands
for cpus in ("0-5,^3", "0-5, ^3", "0-5, 8", "0-3,0xf,,6", "0-3, 0xf,, 6"):
    print(cpus, commands().cpulist_unpack(cpus), commands().cpulist2hex(cpus))
PY
seen=$("${loader[@]}" "$root/usr/bin/python3.11" "$work/look.py" 2>&1) || changed "tuned's functions fail" "$seen"
expected="0-5,^3 [0, 1, 2, 4, 5] 00000037
0-5, ^3 [] 00000000
0-5, 8 [0, 1, 2, 3, 4, 5, 8] 0000013f
0-3,0xf,,6 [0, 1, 2, 3, 6] 0000004f
0-3, 0xf,, 6 [] 00000000"
if [ "$seen" != "$expected" ]; then changed "the lists are read in another way" "$seen"; fi

examples=$(grep -c -e '0-5, ^3' -e '0-3, 0xf,, 6' "$PYTHONPATH/tuned/utils/commands.py" || true)
if [ "$examples" != 2 ]; then changed "the examples are no longer in the comment" "$examples"; fi

echo "as described: tuned 2.20.0 reads its own examples \"0-5, ^3\" and \"0-3, 0xf,, 6\" as no CPU"
