#!/usr/bin/env bash
# QEMU documents that vCPUs are split between NUMA nodes that name none; since 6.2 all of them are in the first node.
#
# Versions:  qemu-system-x86 1:7.2+dfsg-7+deb12u18+b3 (Debian 12), software emulation, a machine that never starts.
# Seen:      qemu-system-x86_64 -smp 8 with two -numa node of 64 MiB, without cpus=: "info numa" has CPUs 0-7 in node 0 and
#            none in node 1, without a warning. The manual (-numa) says: "If cpus is omitted on all nodes, VCPUs are
#            automatically split between them." What is split is the sockets, and since machine type 6.2 -smp 8 is one
#            socket of 8 cores. With -machine pc-i440fx-6.1 the same line makes 8 sockets, and CPUs 0, 2, 4, 6 in node 0 and
#            1, 3, 5, 7 in node 1; with sockets=2 each node has four neighbours.
# Surprises: whoever tests something for NUMA with such a guest, or moves an old command line to a new machine type: half of
#            the guest's memory has become memory without CPUs, far from each vCPU. Name the CPUs of each node.
set -euo pipefail
. "$(dirname "$0")/lib/debian.sh"

debian_begin bookworm
debian_take qemu-system-x86=1:7.2+dfsg-7+deb12u18+b3

manual=$(zcat "$root/usr/share/man/man1/qemu-system.1.gz" | tr '\n' ' ')
grep -q 'is omitted on all nodes, VCPUs are automatically split between them' <<<"$manual" ||
  changed "the manual says otherwise" "$(grep -o '.\{80\}omitted on all nodes.\{80\}' <<<"$manual" || true)"

# numa ARGUMENT...: what a guest with two bare nodes says about them, in one line.
numa() {
  printf '%s\n' '{"execute":"qmp_capabilities"}' \
    '{"execute":"human-monitor-command","arguments":{"command-line":"info numa"}}' '{"execute":"quit"}' |
    QEMU_MODULE_DIR=$root/usr/lib/x86_64-linux-gnu/qemu timeout 60 \
      "${loader[@]}" "$root/usr/bin/qemu-system-x86_64" -S -accel tcg -nodefaults -display none -m 128 \
      -L "$root/usr/share/qemu" -L "$root/usr/share/seabios" -qmp stdio "$@" \
      -object memory-backend-ram,id=first,size=64M -numa node,memdev=first \
      -object memory-backend-ram,id=second,size=64M -numa node,memdev=second 2>&1
}

# expect FIRST SECOND ARGUMENT...: the CPUs of either node.
expect() {
  local seen first=$1 second=$2
  shift 2
  seen=$(numa "$@") || changed "QEMU with $* did not end by itself" "$seen"
  if grep -qi warning <<<"$seen"; then changed "QEMU with $* warns" "$seen"; fi
  grep -Fq "node 0 cpus:$first\\r\\n" <<<"$seen" || changed "with $* node 0 has not CPUs$first" "$seen"
  grep -Fq "node 1 cpus:$second\\r\\n" <<<"$seen" || changed "with $* node 1 has not CPUs$second" "$seen"
}
expect ' 0 1 2 3 4 5 6 7' '' -smp 8
expect ' 0 1 2 3 4 5 6 7' '' -machine q35 -smp 8
expect ' 0 2 4 6' ' 1 3 5 7' -machine pc-i440fx-6.1 -smp 8
expect ' 0 1 2 3' ' 4 5 6 7' -smp 8,sockets=2

echo "as described: QEMU 7.2 puts all vCPUs into the first of two NUMA nodes that name none"
