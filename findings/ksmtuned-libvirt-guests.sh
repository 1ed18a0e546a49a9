#!/usr/bin/env bash
# Debian's ksmtuned counts no guest of libvirt: by its books they hold no memory, and one of its two reasons to merge never
# holds.
#
# Versions:  ksmtuned 4.20150326+b1 and libvirt-daemon-driver-qemu 9.0.0-4+deb12u2 (Debian 12), with processes that have the
#            command lines of guests.
# Seen:      its committed_memory sums up the processes whose command line begins with qemu-system and has -enable-kvm.
#            libvirt's driver does not know that option (it writes -accel), and starts QEMU by its absolute path. With a
#            process named as libvirt names them it answers 0; with one called "qemu-system-x86_64 -enable-kvm" some MiB.
# Surprises: whoever installs it on a libvirt host: it runs, and its rule "merge when guests have been promised more than the
#            host has less a fifth" never holds, whatever they have. What is left is the other half, less than a fifth of the
#            host's memory free. Its log says "committed 0", if it was told to write one.
set -euo pipefail
. "$(dirname "$0")/lib/debian.sh"

debian_begin bookworm
debian_take_alone ksmtuned=4.20150326+b1 libvirt-daemon-driver-qemu=9.0.0-4+deb12u2

driver=$root/usr/lib/x86_64-linux-gnu/libvirt/connection-driver/libvirt_driver_qemu.so
if grep -q -e '-enable-kvm' "$driver"; then changed "libvirt's driver knows -enable-kvm" "$driver"; fi
grep -q -e '-accel' "$driver" || changed "libvirt's driver does not know -accel" "$driver"

# guest NAME ARGUMENTS: a process with that command line, which waits for ever.
guest() {
  bash -c 'exec -a "$0" bash -c "read -r <never" "$@"' "$@" &
  children+=($!)
}
# Where ksmtuned cannot write its PID it ends after its functions, so that they can be called here.
committed() { (set +eu; PIDFILE=$work/none/pid; . "$root/usr/sbin/ksmtuned" 2>/dev/null; committed_memory); }

if pgrep -f '^qemu-system.*-enable-kvm' >/dev/null; then cannot_check "guests run here"; fi
cd "$work"
mkfifo never
guest /usr/bin/qemu-system-x86_64 -name guest=web1,debug-threads=on -S -accel kvm -m 4096
sleep 1
seen=$(committed)
if [ "$seen" != 0 ]; then changed "a guest of libvirt is counted" "$seen"; fi
guest qemu-system-x86_64 -enable-kvm -m 4096
sleep 1
seen=$(committed)
if ! [ "$seen" -gt 0 ]; then changed "a guest with -enable-kvm is not counted either" "$seen"; fi

echo "as described: ksmtuned counts no KiB of a guest that libvirt started, and $seen KiB of one with -enable-kvm"
