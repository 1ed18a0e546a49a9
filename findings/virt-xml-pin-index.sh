#!/usr/bin/env bash
# vcpupin0 of virt-xml --cputune is the first pin of the guest and not that of vCPU 0: the pin of another vCPU is changed.
#
# Versions:  virtinst 1:4.1.0-2 with libvirt0 9.0.0-4+deb12u2 (Debian 12), on libvirt's test driver.
# Seen:      a guest has four vCPUs and pins for 2 and 3. virt-xml --edit --cputune vcpupin0.cpuset=7 moves vCPU 2 to CPU 7.
#            vcpupin0.vcpu=0,vcpupin0.cpuset=7 pins vCPU 0 and takes the pin of vCPU 2 away. Both end with 0 and warn of
#            nothing. vcpupin3.cpuset=7 adds a pin for no vCPU, which libvirt refuses. Where each vCPU has a pin, the number is
#            that of the vCPU, as in the one example of the manual: vcpupin0.vcpu=0,...,vcpupin1.vcpu=1,...
# Surprises: whoever pins some vCPUs only (real-time guests do), or changes one pin by script after trying it on a guest with
#            all of them. Name the pin by its place in virsh dumpxml, or use virsh vcpupin, which takes the vCPU's number.
set -euo pipefail
. "$(dirname "$0")/lib/debian.sh"

debian_begin bookworm
debian_take virtinst=1:4.1.0-2 python3-libvirt=9.0.0-1 libvirt-clients=9.0.0-4+deb12u2 libvirt0=9.0.0-4+deb12u2

export PYTHONHOME=$root/usr PYTHONDONTWRITEBYTECODE=1 HOME=$work XDG_CACHE_HOME=$work XDG_DATA_DIRS=$root/usr/share
export PYTHONPATH=$root/usr/lib/python3/dist-packages:$root/usr/share/virt-manager
export GI_TYPELIB_PATH=$root/usr/lib/x86_64-linux-gnu/girepository-1.0 OSINFO_SYSTEM_DIR=$root/usr/share/osinfo

# pins VCPU...: a guest in which these of its four vCPUs have pins, each to the CPU of its number.
pins() {
  cat >"$work/guest.xml" <<XML
<domain type='test'>
  <name>guest</name>
  <memory unit='KiB'>262144</memory>
  <vcpu>4</vcpu>
  <cputune>$(printf "<vcpupin vcpu='%s' cpuset='%s'/>" $(for vcpu in "$@"; do echo "$vcpu $vcpu"; done))</cputune>
  <os><type arch='i686'>hvm</type></os>
</domain>
XML
}
# edit CPUTUNE: what becomes of the guest by virt-xml.
edit() {
  "${loader[@]}" "$root/usr/bin/python3.11" "$root/usr/bin/virt-xml" --connect test:///default --edit --cputune "$1" \
    <"$work/guest.xml" >"$work/edited.xml" 2>"$work/log" || changed "virt-xml fails with $1" "$(cat "$work/log")"
  if [ -s "$work/log" ]; then changed "virt-xml has something to say of $1" "$(cat "$work/log")"; fi
}
define() { "${loader[@]}" "$root/usr/bin/virsh" -q -c test:///default "define $work/edited.xml; dumpxml guest" 2>&1; }

# expect CPUTUNE PINS: the pins that libvirt then has, as VCPU:CPUS.
expect() {
  local seen
  edit "$1"
  seen=$(define) || changed "libvirt refuses what comes of $1" "$seen"
  seen=$(sed -n "s/.*<vcpupin vcpu='\([0-9]*\)' cpuset='\([^']*\)'.*/\1:\2/p" <<<"$seen" | tr '\n' ' ')
  if [ "$seen" != "$2 " ]; then changed "$1 does not lead to $2" "$seen"; fi
}
pins 2 3
expect vcpupin0.cpuset=7 '2:7 3:3'
expect vcpupin1.cpuset=7 '2:2 3:7'
expect vcpupin0.vcpu=0,vcpupin0.cpuset=7 '0:7 3:3'
edit vcpupin3.cpuset=7
if seen=$(define); then changed "libvirt takes a pin without a vCPU" "$seen"; fi
pins 0 1 2 3
expect vcpupin2.cpuset=7 '0:0 1:1 2:7 3:3'

echo "as described: virt-xml 4.1.0 --cputune vcpupin0 is the first pin, whichever vCPU it is of"
