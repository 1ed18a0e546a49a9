#!/usr/bin/env bash
# QEMU's document says that an unknown balloon statistic is -1; over QMP it is 18446744073709551615.
#
# Versions:  qemu-system-x86 1:7.2+dfsg-7+deb12u18+b3 (Debian 12), software emulation, virtio-balloon-pci.
# Seen:      before the guest's driver reports (here: a machine that never started), qom-get of guest-stats answers
#            all ten statistics as 18446744073709551615, the largest 64-bit number, beside "last-update": 0. Setting the
#            polling interval changes nothing about it.
# Surprises: whoever reads QMP with the document (docs/interop/virtio-balloon-stats) in hand and tests for -1, or for a
#            negative number: a guest that boots, or has no driver, then has 16 EiB free, 16 EiB available and 16 EiB
#            swapped in. Readers whose numbers are doubles see 18446744073709551616, one more than was sent. libvirt
#            hides it by leaving such fields out. Ask last-update first: while it is 0, nothing else counts.
set -euo pipefail
. "$(dirname "$0")/lib/debian.sh"

debian_begin bookworm
debian_take qemu-system-x86=1:7.2+dfsg-7+deb12u18+b3

get='{"execute":"qom-get","arguments":{"path":"/machine/peripheral/balloon","property":"guest-stats"}}'
set='{"execute":"qom-set","arguments":{"path":"/machine/peripheral/balloon",
  "property":"guest-stats-polling-interval","value":1}}'

answers=$(
  printf '%s\n' '{"execute":"qmp_capabilities"}' "$get" "$set" "$get" '{"execute":"quit"}' |
    QEMU_MODULE_DIR=$root/usr/lib/x86_64-linux-gnu/qemu timeout 60 \
      "${loader[@]}" "$root/usr/bin/qemu-system-x86_64" -S -accel tcg -nodefaults -display none -m 128 \
      -L "$root/usr/share/qemu" -L "$root/usr/share/seabios" -device virtio-balloon-pci,id=balloon,romfile= -qmp stdio 2>&1
) || changed "QEMU did not end by itself" "$answers"

stats=$(grep '"last-update"' <<<"$answers" || true)
if [ "$(wc -l <<<"$stats")" != 2 ]; then changed "guest-stats is not answered twice" "$answers"; fi
while read -r line; do
  grep -q '"last-update": 0' <<<"$line" || changed "last-update is not 0" "$line"
  known=$(grep -o '"stat-[a-z-]*": [-0-9]*' <<<"$line" | grep -cv ': 18446744073709551615$' || true)
  count=$(grep -o '"stat-[a-z-]*": 18446744073709551615' <<<"$line" | wc -l)
  if [ "$known" != 0 ] || [ "$count" != 10 ]; then changed "the ten statistics are not all 2^64 - 1" "$line"; fi
done <<<"$stats"

echo "as described: QEMU 7.2 answers ten balloon statistics as 18446744073709551615 where its document says -1"
