#!/usr/bin/env bash
# The dirty rate that QEMU measures is the guest's working set divided by the time of the measurement: ask for 8 s instead of 1,
# and the same guest is eight times as calm.
#
# Versions:  qemu-system-x86 1:7.2+dfsg-7+deb12u18+b3 and binutils 2.40-2 (Debian 12), software emulation; a guest of 256 MiB
#            whose kernel, 20 bytes of code, writes one word in each page of 128 MiB, over and over.
# Seen:      calc-dirty-rate with calc-time 1, 2, 4 and 8 ends in a dirty-rate of about 128, 64, 32 and 16. The mode by sampling,
#            the one without KVM's help, compares the pages at the end with those at the beginning: a page that is written a
#            thousand times counts once. The reference says "an estimate of the dirty page rate of the VM in units of MB/s" and
#            of calc-time no more than "time in units of second for sample dirty pages"; virsh's manual (domdirtyrate-calc
#            --seconds) says that the rate helps to decide whether a guest can be migrated.
# Surprises: whoever measures longer to get a better figure, or compares figures of two tools: the rate fits a round of
#            pre-copy that takes as long as the measurement. Against a bandwidth of 100 this guest never gets away by the figure
#            of 1 s; by that of 8 s it goes at once; in truth each round has 128 MiB to send. Multiply by calc-time, and
#            you have the working set.
set -euo pipefail
. "$(dirname "$0")/lib/debian.sh"

debian_begin bookworm
debian_take qemu-system-x86=1:7.2+dfsg-7+deb12u18+b3 binutils=2.40-2

# A Multiboot kernel, entered in 32-bit mode without paging: pages from 2 MiB on, 128 MiB of them.
cat >"$work/guest.s" <<'S'
  .code32
  .text
  .long 0x1badb002, 0, -0x1badb002
  .globl _start
_start:
  movl $0x200000, %edi
write:
  incl (%edi)
  addl $4096, %edi
  cmpl $0x8200000, %edi
  jb write
  jmp _start
S
binutils() { local tool=$1; shift; "${loader[@]}" "$root/usr/bin/x86_64-linux-gnu-$tool" "$@"; }
binutils as --32 "$work/guest.s" -o "$work/guest.o"
binutils ld -m elf_i386 -Ttext 0x100000 "$work/guest.o" -o "$work/guest"

ask() {
  local seconds
  echo '{"execute":"qmp_capabilities"}'
  sleep 2
  for seconds in 1 2 4 8; do
    echo "{\"execute\":\"calc-dirty-rate\",\"arguments\":{\"calc-time\":$seconds,\"sample-pages\":4096}}"
    sleep $((seconds + 2))
    echo '{"execute":"query-dirty-rate"}'
  done
  echo '{"execute":"quit"}'
}
answers=$(
  ask | QEMU_MODULE_DIR=$root/usr/lib/x86_64-linux-gnu/qemu timeout 120 \
    "${loader[@]}" "$root/usr/bin/qemu-system-x86_64" -accel tcg -nodefaults -display none -m 256 \
    -L "$root/usr/share/qemu" -L "$root/usr/share/seabios" -kernel "$work/guest" -qmp stdio 2>&1
) || changed "QEMU did not end by itself" "$answers"

for seconds in 1 2 4 8; do
  rate=$(sed -n "s/.*\"status\": \"measured\".*\"dirty-rate\": \([0-9]*\),.*\"calc-time\": $seconds}.*/\1/p" <<<"$answers")
  if [ -z "$rate" ]; then changed "there is no rate of $seconds s" "$answers"; fi
  # Sampling, and a host that is late, are worth a fifth.
  if ((rate * seconds < 102 || rate * seconds > 154)); then changed "$rate in $seconds s is not 128 divided" "$answers"; fi
done

echo "as described: QEMU 7.2 measures 128 MiB divided by calc-time for a guest that writes 128 MiB over and over"
