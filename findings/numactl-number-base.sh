#!/usr/bin/env bash
# numactl takes node and CPU numbers in C's notation: 0x3, which its manual shows as a mask of two nodes, is node 3,
# and 010 is node 8.
#
# Versions:  numactl 2.0.16-1 (Debian 12), beside libvirt 9.0.0-4+deb12u2 and hwloc-nox 2.9.0-1.
# Seen:      on a machine without node 3, `numactl --preferred-many=0x3 true` says "node argument 3 is out of range".
#            numactl(8) has that very argument as its example, calls it a mask and says that it prefers two nodes.
#            `numactl --membind=010 true` says "node argument 8 is out of range"; 08 and 09 print the usage.
#            libvirt reads nodeset='010' as node 10 and cpuset='08-011' as 8-11; hwloc-calc reads pu:010 as 10 and
#            pu:08 as 8.
# Surprises: whoever follows the manual's example on a host of four nodes and gets one node instead of two, without an
#            error; and whoever makes the list with `seq -w` or hands one list to libvirt's <numatune> and to numactl:
#            00 to 07 agree everywhere, 08 and 09 fail in numactl alone, and 010 and more name other nodes there.
set -euo pipefail
. "$(dirname "$0")/lib/debian.sh"

for node in 3 8; do
  if [ -e "/sys/devices/system/node/node$node" ]; then cannot_check "numactl only names the nodes that are absent"; fi
done

debian_begin bookworm
debian_take numactl=2.0.16-1 libnuma1=2.0.16-1 hwloc-nox=2.9.0-1 \
  libvirt-clients=9.0.0-4+deb12u2 libvirt0=9.0.0-4+deb12u2

# numactl exits with an error for each absent node: what it says is what counts.
numactl() { "${loader[@]}" "$root/usr/bin/numactl" "$@" true 2>&1 || true; }
calc() { "${loader[@]}" "$root/usr/bin/hwloc-calc" -i pu:16 -I pu "$1" 2>&1 | tail -n 1; }

out=$(numactl --membind=0)
if [ -n "$out" ]; then cannot_check "numactl cannot bind at all: $out"; fi

manual=$(zcat "$root/usr/share/man/man8/numactl.8.gz" | grep -A 1 'preferred-many=0x3' || true)
grep -q 'preferred nodes 1 and 2' <<<"$manual" || changed "the manual's example is another" "$manual"

# expect OPTION TEXT: numactl's own reading of the number.
expect() {
  local out
  out=$(numactl "$1")
  grep -q "$2" <<<"$out" || changed "numactl $1 does not say \"$2\"" "$out"
}
expect --preferred-many=0x3 'node argument 3 is out of range'
expect --membind=010 'node argument 8 is out of range'
expect --membind=10 'node argument 10 is out of range'
expect --membind=08 '^usage: numactl'
expect --physcpubind=08 '^usage: numactl'

cat >"$work/guest.xml" <<'XML'
<domain type='test'>
  <name>guest</name>
  <memory unit='MiB'>256</memory>
  <vcpu cpuset='08-011'>2</vcpu>
  <numatune><memory mode='strict' nodeset='010'/></numatune>
  <os><type arch='i686'>hvm</type></os>
</domain>
XML
out=$("${loader[@]}" "$root/usr/bin/virsh" -q -c test:///default "define $work/guest.xml; dumpxml guest" 2>&1)
grep -q "nodeset='10'" <<<"$out" || changed "libvirt does not read nodeset 010 as 10" "$out"
grep -q "cpuset='8-11'" <<<"$out" || changed "libvirt does not read cpuset 08-011 as 8-11" "$out"

for pair in pu:010=10 pu:08=8; do
  out=$(calc "${pair%=*}")
  if [ "$out" != "${pair#*=}" ]; then changed "hwloc-calc does not read ${pair%=*} as ${pair#*=}" "$out"; fi
done

echo "as described: numactl 2.0.16 takes its manual's mask 0x3 as node 3, and 010 as node 8 where libvirt reads 10"
