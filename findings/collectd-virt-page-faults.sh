#!/usr/bin/env bash
# collectd reports 1000 page faults of a guest as 4652007308841189376, and its swapping likewise: the bits of a floating point
# number, sent as an integer.
#
# Versions:  collectd-core 5.12.0-14 with libvirt0 9.0.0-4+deb12u2 (Debian 12), on libvirt's test driver. Its guest has no
#            faults and no swapping; a library that is loaded before libvirt answers for one that has.
# Seen:      the virt plugin with ExtraStats "memory" turns libvirt's 2048, 4096, 10 and 1000 into swap_io-in
#            4656722014701092864, swap_io-out 4661225614328463360 and ps_pagefaults 4652007308841189376:4621819117588971520.
#            Both types are DERIVE, whole numbers, in collectd's types.db; the plugin fills in the member for floating point
#            (GAUGE) of the same union. 1000 as a double has just those bits. While a guest has 0 of everything, nothing is sent.
#            The manual page lists memory-swap_in, memory-major_fault and memory-last_update instead, which do not come.
# Surprises: whoever alarms on a guest's swapping, which shows that it is short of memory. One fault a second is a rate of
#            8.8 * 10^12 at a total of 1000, and of half as much at each doubling of the total.
set -euo pipefail
. "$(dirname "$0")/lib/debian.sh"

debian_begin bookworm
debian_take collectd-core=5.12.0-14 libvirt0=9.0.0-4+deb12u2 binutils=2.40-2

# int virDomainMemoryStats(domain, stats, count, flags), of four statistics: swapped in and out (KiB), major, minor faults.
cat >"$work/guest.s" <<'S'
  .text
  .globl virDomainMemoryStats
  .type virDomainMemoryStats, @function
virDomainMemoryStats:
  movl $0, (%rsi)
  movq $2048, 8(%rsi)
  movl $1, 16(%rsi)
  movq $4096, 24(%rsi)
  movl $2, 32(%rsi)
  movq $10, 40(%rsi)
  movl $3, 48(%rsi)
  movq $1000, 56(%rsi)
  movl $4, %eax
  ret
  .section .note.GNU-stack, "", @progbits
S
binutils() { local tool=$1; shift; "${loader[@]}" "$root/usr/bin/x86_64-linux-gnu-$tool" "$@"; }
binutils as "$work/guest.s" -o "$work/guest.o"
binutils ld -shared -nostdlib "$work/guest.o" -o "$work/guest.so"

types=$(grep -E '^(swap_io|ps_pagefaults)\b' "$root/usr/share/collectd/types.db" | grep -c DERIVE || true)
if [ "$types" != 2 ]; then changed "the types are no DERIVE" "$types of them are"; fi
manual=$(zcat "$root/usr/share/man/man5/collectd.conf.5.gz" | tr -d '\\')
for name in swap_in major_fault last_update; do
  grep -q "/memory-$name\$" <<<"$manual" || changed "the manual has no memory-$name" "$(grep /memory- <<<"$manual")"
done

cat >"$work/collectd.conf" <<CONF
BaseDir "$work"
PIDFile "$work/pid"
PluginDir "$root/usr/lib/collectd"
TypesDB "$root/usr/share/collectd/types.db"
Interval 1
LoadPlugin csv
<Plugin csv>
  DataDir stdout
</Plugin>
LoadPlugin virt
<Plugin virt>
  Connection "test:///default"
  HostnameFormat name
  ExtraStats "memory"
</Plugin>
CONF
: >"$work/log"
"${loader[@]}" --preload "$work/guest.so" "$root/usr/sbin/collectd" -f -C "$work/collectd.conf" >"$work/log" 2>"$work/errors" &
children+=($!)
for _ in {1..100}; do
  if grep -q ps_pagefaults "$work/log"; then break; fi
  sleep 0.1
done

# expect TYPE VALUES
expect() {
  grep -Eq "^PUTVAL test/virt/$1 interval=[0-9.]+ [0-9.]+:$2\$" "$work/log" || changed "$1 is not $2" "$(cat "$work/log")"
}
expect swap_io-in 4656722014701092864
expect swap_io-out 4661225614328463360
expect ps_pagefaults 4652007308841189376:4621819117588971520
if grep -Eq 'memory-(swap|major|minor|last)' "$work/log"; then changed "the manual's names come" "$(cat "$work/log")"; fi

echo "as described: collectd 5.12.0 sends 2048 KiB swapped in as 4656722014701092864 and 1000 faults as 4652007308841189376"
