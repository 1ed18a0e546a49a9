#!/usr/bin/env bash
# A pin for a vCPU that the guest does not have is dropped without an error; its siblings are refused.
#
# Versions:  libvirt 9.0.0-4+deb12u2 (virsh and the library of Debian 12, its built-in test driver).
# Seen:      a domain of two vCPUs with <vcpupin vcpu='3' cpuset='1'/> is defined, virsh ends with 0, and the pin is
#            in no XML afterwards. One log line of level "warning" is the only trace. When the guest is then given four
#            vCPUs, vCPU 3 may run anywhere.
#            The same number in <vcpusched vcpus='3' .../> is an error, so is <iothreadpin iothread='3' .../>, and with
#            <vcpu current='2'>4</vcpu> the pin of vCPU 3, which is offline, is kept.
# Surprises: whoever writes the pins first and the vCPUs afterwards, or takes the pins of a larger guest over. virsh
#            says "defined", and a latency-critical vCPU is free to run on every pCPU. Three elements of one
#            <cputune> treat one mistake in two ways, so a refused I/O thread leads people to trust the rest.
set -euo pipefail
. "$(dirname "$0")/lib/debian.sh"

debian_begin bookworm
debian_take libvirt-clients=9.0.0-4+deb12u2 libvirt0=9.0.0-4+deb12u2

virsh() { "${loader[@]}" "$root/usr/bin/virsh" -q -c test:///default "$@"; }

# domain VCPU TUNE: the file of a guest with that <vcpu> element and that child of <cputune>.
domain() {
  cat >"$work/guest.xml" <<XML
<domain type='test'>
  <name>guest</name>
  <memory unit='MiB'>256</memory>
  $1
  <cputune>$2<emulatorpin cpuset='0'/></cputune>
  <os><type arch='i686'>hvm</type></os>
</domain>
XML
}

pin="<vcpupin vcpu='3' cpuset='1'/>"
two="<vcpu>2</vcpu>"

domain "$two" "$pin"
virsh define "$work/guest.xml" >"$work/log" 2>&1 || changed "the pin of a missing vCPU is refused" "$(cat "$work/log")"
out=$(virsh "define $work/guest.xml; setvcpus guest 4 --config --maximum; setvcpus guest 4 --config; dumpxml guest;
  vcpupin guest 3" 2>/dev/null)
grep -q "emulatorpin cpuset='0'" <<<"$out" || changed "the emulator's pin is gone too" "$out"
grep -q ">4</vcpu>" <<<"$out" || changed "the guest did not get four vCPUs" "$out"
if grep -q "<vcpupin" <<<"$out"; then changed "the pin of the missing vCPU is kept" "$out"; fi
grep -Eq '^ *3 +0-7$' <<<"$out" || changed "vCPU 3 is not free to run anywhere" "$out"

for tune in "<vcpusched vcpus='3' scheduler='fifo' priority='1'/>" "<iothreadpin iothread='3' cpuset='1'/>"; do
  domain "$two" "$tune"
  if out=$(virsh define "$work/guest.xml" 2>&1); then changed "$tune is accepted" "$out"; fi
  grep -Eq "vCPU '3' is not present|Cannot find 'iothread' : 3" <<<"$out" || changed "$tune: another error" "$out"
done

domain "<vcpu current='2'>4</vcpu>" "$pin"
out=$(virsh "define $work/guest.xml; dumpxml guest" 2>&1)
grep -q "<vcpupin vcpu='3' cpuset='1'/>" <<<"$out" || changed "the pin of an offline vCPU is not kept" "$out"

echo "as described: libvirt 9.0.0 drops the pin of vCPU 3 of a guest with two, and refuses its vcpusched and iothreadpin"
