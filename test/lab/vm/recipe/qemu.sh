# As a hook of mmdebstrap: copies the QEMU of the folder, with its libraries and firmware, to where the lab runs it from.
# It is newer than that of the machine may be, and the same everywhere.
set -e
root=$1 to=$2
libraries=$root/usr/lib/x86_64-linux-gnu
mkdir -p "$to/lib" "$to/firmware"
"$root/lib64/ld-linux-x86-64.so.2" --library-path "$libraries" --list "$root/usr/bin/qemu-system-x86_64" |
  sed -n 's/.* => \(.*\) (0x.*/\1/p' | while read -r library; do cp -L "$library" "$to/lib/"; done
cp -L "$root/lib64/ld-linux-x86-64.so.2" "$root/usr/bin/qemu-system-x86_64" "$to/"
cp -L "$root/usr/share/seabios/bios-256k.bin" "$root/usr/share/qemu/kvmvapic.bin" \
  "$root/usr/share/qemu/linuxboot_dma.bin" "$to/firmware/"
