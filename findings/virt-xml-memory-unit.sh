#!/usr/bin/env bash
# virt-xml --edit --memory 2048 writes KiB and leaves the unit that was there: a guest of 4096 MiB is given 2 TiB.
#
# Versions:  virtinst 1:4.1.0-2 with libvirt-clients and libvirt0 9.0.0-4+deb12u2 (Debian 12), on libvirt's test driver.
# Seen:      of a file with <memory unit='MiB'>4096</memory> and the same currentMemory, virt-xml --edit --memory 2048 <guest.xml
#            makes <memory unit="MiB">2097152</memory> and <currentMemory unit="MiB">2097152</currentMemory>, ends with 0 and
#            warns of nothing. libvirt defines it as 2147483648 KiB. With unit='GiB' it is 2 PiB. The numbers are right where the
#            file has KiB, or no unit: so it is with what virsh dumpxml writes, and with each guest that is edited in place.
# Surprises: whoever keeps the XML of guests in files, where people write MiB and GiB, and changes them by script; the manual
#            has "Memory to allocate for the guest, in MiB".
set -euo pipefail
. "$(dirname "$0")/lib/debian.sh"

debian_begin bookworm
debian_take virtinst=1:4.1.0-2 python3-libvirt=9.0.0-1 libvirt-clients=9.0.0-4+deb12u2 libvirt0=9.0.0-4+deb12u2

export PYTHONHOME=$root/usr PYTHONDONTWRITEBYTECODE=1 HOME=$work XDG_CACHE_HOME=$work XDG_DATA_DIRS=$root/usr/share
export PYTHONPATH=$root/usr/lib/python3/dist-packages:$root/usr/share/virt-manager
export GI_TYPELIB_PATH=$root/usr/lib/x86_64-linux-gnu/girepository-1.0 OSINFO_SYSTEM_DIR=$root/usr/share/osinfo

# expect UNIT VALUE KIB: that many KiB come of a guest with that much memory, UNIT being the attribute of it.
expect() {
  local name seen
  cat >"$work/guest.xml" <<XML
<domain type='test'>
  <name>guest</name>
  <memory$1>$2</memory>
  <currentMemory$1>$2</currentMemory>
  <vcpu>2</vcpu>
  <os><type arch='i686'>hvm</type></os>
</domain>
XML
  "${loader[@]}" "$root/usr/bin/python3.11" "$root/usr/bin/virt-xml" --connect test:///default --edit --memory 2048 \
    <"$work/guest.xml" >"$work/edited.xml" 2>"$work/log" || changed "virt-xml fails" "$(cat "$work/log")"
  if [ -s "$work/log" ]; then changed "virt-xml has something to say" "$(cat "$work/log")"; fi
  for name in memory currentMemory; do
    grep -Fq "<$name${1//\'/\"}>2097152</$name>" "$work/edited.xml" ||
      changed "$name$1 is not 2097152" "$(cat "$work/edited.xml")"
  done
  seen=$("${loader[@]}" "$root/usr/bin/virsh" -q -c test:///default "define $work/edited.xml; dominfo guest" 2>&1) ||
    changed "libvirt refuses the edited file" "$seen"
  grep -Eq "^Max memory: +$3 KiB$" <<<"$seen" || changed "libvirt does not make $3 KiB of it" "$seen"
}
expect " unit='MiB'" 4096 2147483648
expect " unit='GiB'" 4 2199023255552
expect " unit='KiB'" 1048576 2097152
expect '' 1048576 2097152

echo "as described: virt-xml 4.1.0 makes 2 TiB of --memory 2048 in a file that has its memory in MiB"
