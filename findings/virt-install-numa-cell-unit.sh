#!/usr/bin/env bash
# virt-install takes --memory and --memdev in MiB and the memory of a NUMA cell in KiB, all in one command: --memory 4096 with
# two cells of 2048 is a guest of 4 MiB.
#
# Versions:  virtinst 1:4.1.0-2 with libvirt0 9.0.0-4+deb12u2 (Debian 12), on libvirt's test driver.
# Seen:      virt-install --memory 4096 --memdev dimm,target.size=512 --cpu numa.cell0.memory=2048,... --print-xml writes
#            <memory>4194304</memory>, <size>524288</size> and <cell memory="2048"/>, none with a unit, so that libvirt
#            takes all three as KiB. No word of warning about it. The manual has MiB for --memory alone; of cells it gives the
#            example numa.cell0.memory=1234 and the XML that comes of it. libvirt's QEMU driver (9.0, looked at by hand: it is not
#            part of this script) then goes by the sum of the cells and defines a guest of 4096 KiB.
# Surprises: whoever splits the memory of a guest between its cells: the numbers add up on the command line, and
#            what is defined has a thousandth of them.
set -euo pipefail
. "$(dirname "$0")/lib/debian.sh"

debian_begin bookworm
debian_take virtinst=1:4.1.0-2 python3-libvirt=9.0.0-1 libvirt0=9.0.0-4+deb12u2

export PYTHONHOME=$root/usr PYTHONDONTWRITEBYTECODE=1 HOME=$work XDG_CACHE_HOME=$work XDG_DATA_DIRS=$root/usr/share
export PYTHONPATH=$root/usr/lib/python3/dist-packages:$root/usr/share/virt-manager
export GI_TYPELIB_PATH=$root/usr/lib/x86_64-linux-gnu/girepository-1.0 OSINFO_SYSTEM_DIR=$root/usr/share/osinfo

xml=$("${loader[@]}" "$root/usr/bin/python3.11" "$root/usr/bin/virt-install" --connect test:///default --name guest \
  --osinfo generic --import --disk none --print-xml --vcpus 4 \
  --memory 4096,maxMemory=8192,maxMemory.slots=2 --memdev dimm,target.size=512,target.node=0 \
  --cpu numa.cell0.memory=2048,numa.cell0.cpus=0-1,numa.cell1.memory=2048,numa.cell1.cpus=2-3 2>"$work/log") ||
  changed "virt-install fails" "$(cat "$work/log")"

if grep -Evq '^$|--?osinfo generic' "$work/log"; then changed "virt-install has something to say" "$(cat "$work/log")"; fi
for line in '<memory>4194304</memory>' '<maxMemory slots="2">8388608</maxMemory>' '<size>524288</size>' \
  '<cell cpus="0-1" memory="2048"/>' '<cell cpus="2-3" memory="2048"/>'; do
  grep -Fq "$line" <<<"$xml" || changed "the XML has no $line" "$xml"
done

echo "as described: virt-install 4.1.0 turns --memory 4096 into 4194304 KiB and a NUMA cell of 2048 into 2048 KiB"
