#!/usr/bin/env bash
# hwloc takes a list of CPUs for a mask without its 0x: hwloc-bind 0,1 is CPU 0 alone, and 0,1,2,3 is CPUs 0, 1, 33 and 64.
#
# Versions:  hwloc-nox 2.9.0-1 (Debian 12), on a made-up machine of 4 packages of 64 cores, and on this one.
# Seen:      hwloc-calc -I pu 0,1,2,3 answers 0,1,33,64: each number is a block of 32 CPUs in hexadecimal, the last one the
#            lowest. 0,2 is CPU 1; 10,11 is 0, 4 and 36. hwloc(7) has such masks "prefixed with 0x". A single 3 without it is
#            an "unrecognized argument" (and the exit code is 0), as is 2-3,5. On a machine of 16 CPUs 0,1,2,3 is 0,1: what
#            does not exist is left out. A program under hwloc-bind 0,1 may run on CPU 0 only, without a word.
# Surprises: whoever passes a list as taskset -c, numactl -C, libvirt and the kernel take it. A list with a range in it is
#            refused, so that it seems to be understood where it is not. What hwloc means by CPUs 0 and 1 is pu:0-1; one with a
#            comma is pu:0 pu:2.
set -euo pipefail
. "$(dirname "$0")/lib/debian.sh"

debian_begin bookworm
debian_take hwloc-nox=2.9.0-1

# expect PACKAGES LIST CPUS: what hwloc-calc makes of the list on a machine of 64 cores a package.
calc() { HWLOC_SYNTHETIC="$1" "${loader[@]}" "$root/usr/bin/hwloc-calc" -I pu "$2" </dev/null 2>&1; }
expect() {
  local seen
  seen=$(calc "$1" "$2") || changed "hwloc-calc $2 fails" "$seen"
  if [ "$(tail -n 1 <<<"$seen")" != "$3" ]; then changed "$2 is not $3" "$seen"; fi
}
host='pack:4 core:64 pu:1'
expect "$host" 0,1,2,3 0,1,33,64
expect "$host" 0x0,0x1,0x2,0x3 0,1,33,64
expect "$host" 0,2 1
expect "$host" 10,11 0,4,36
expect "$host" pu:0-3 0,1,2,3
expect 'pack:1 core:16 pu:1' 0,1,2,3 0,1
for list in 3 2-3,5; do
  seen=$(calc "$host" "$list") || changed "hwloc-calc $list fails" "$seen"
  grep -q "ignored unrecognized argument $list" <<<"$seen" || changed "$list is taken" "$seen"
done
manual=$(zcat "$root/usr/share/man/man7/hwloc.7.gz" | tr '\n' ' ')
grep -q 'bitmasks prefixed *\. *with "0x"' <<<"$manual" ||
  changed "the manual says otherwise" "$(grep -o 'bitmasks.\{60\}' <<<"$manual" || true)"

# allowed COMMAND...: the CPUs that the command gives to a program.
allowed() { "$@" sed -n 's/^Cpus_allowed_list:[[:space:]]*//p' /proc/self/status 2>&1; }
case $(allowed env) in
  0-*)
    seen=$(allowed "${loader[@]}" "$root/usr/bin/hwloc-bind" 0,1 --) || changed "hwloc-bind 0,1 fails" "$seen"
    if [ "$seen" != 0 ]; then changed "hwloc-bind 0,1 does not bind to CPU 0" "$seen"; fi
    ;;
esac

echo "as described: hwloc 2.9.0 takes 0,1,2,3 for CPUs 0, 1, 33 and 64"
