#!/usr/bin/env bash
# schedtool -a 0-3 binds to CPU 0 alone, and -a 1, by its manual a mask, to CPU 1.
#
# Versions:  schedtool 1.3.0-4, beside numactl 2.0.16-1 and util-linux 2.38.1-5+deb12u3 (Debian 12).
# Seen:      a program that schedtool -a 0-1 starts may run on CPU 0 only (Cpus_allowed_list in /proc/self/status); schedtool
#            says nothing and ends with 0. taskset -c 0-1 and numactl -C 0-1 give both. The manual has -a as "this bitmask
#            (hexadecimal); alternatively, a list mode is supported", with 0x1 and 0,3 for examples: -a 0,1 is right, and
#            -a 1 is no mask but the list of CPU 1, where taskset 1 is CPU 0.
# Surprises: whoever takes a list of CPUs from libvirt, lscpu or /sys, all of which write ranges: every thread of a guest or a
#            daemon that was to have eight CPUs shares one, and the program runs, only slowly.
set -euo pipefail
. "$(dirname "$0")/lib/debian.sh"

case $(sed -n 's/^Cpus_allowed_list:[[:space:]]*//p' /proc/self/status) in
  0-*) ;;
  *) cannot_check "it takes CPUs 0 and 1" ;;
esac
debian_begin bookworm
debian_take schedtool=1.3.0-4 numactl=2.0.16-1 libnuma1=2.0.16-1 util-linux=2.38.1-5+deb12u3

# expect CPUS TOOL ARGUMENT...: where the program that the tool starts may run.
expect() {
  local seen cpus=$1 tool=$2
  shift 2
  seen=$("${loader[@]}" "$root/usr/bin/$tool" "$@" sed -n 's/^Cpus_allowed_list:[[:space:]]*//p' /proc/self/status 2>&1) ||
    changed "$tool $* fails" "$seen"
  if [ "$seen" != "$cpus" ]; then changed "$tool $* is not $cpus" "$seen"; fi
}
expect 0 schedtool -a 0-1 -e
expect 0-1 schedtool -a 0,1 -e
expect 0-1 schedtool -a 0x3 -e
expect 1 schedtool -a 1 -e
expect 0-1 taskset -c 0-1
expect 0 taskset 1
expect 0-1 numactl -C 0-1

manual=$(zcat "$root/usr/share/man/man8/schedtool.8.gz" | tr -d '\\')
grep -Fq 'to this bitmask (hexadecimal); alternatively, a list mode is supported' <<<"$manual" ||
  changed "the manual says otherwise" "$(grep -i bitmask <<<"$manual" || true)"

echo "as described: schedtool 1.3.0 -a 0-1 binds to CPU 0 alone"
