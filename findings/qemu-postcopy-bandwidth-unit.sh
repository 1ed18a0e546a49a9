#!/usr/bin/env bash
# One monitor command of QEMU takes two units: max-bandwidth 100 is 100 MiB a second, max-postcopy-bandwidth 100 is 100 bytes.
#
# Versions:  qemu-system-x86 1:7.2+dfsg-7+deb12u18+b3 (Debian 12), its human monitor, a machine without devices.
# Seen:      "migrate_set_parameter max-bandwidth 100" sets 104857600 bytes a second, and "migrate_set_parameter
#            max-postcopy-bandwidth 100" sets 100. No error, no warning. "info migrate_parameters" then says
#            "max-bandwidth: 104857600 bytes/second" and "max-postcopy-bandwidth: 100", without a unit. With a suffix (100M)
#            both are the same.
# Surprises: whoever limits both phases of a migration by the same number. The guest runs on the target by then and waits for
#            pages; what it does not ask for by itself comes at 100 bytes a second, so that the migration does not end. The
#            help of the command names no unit. Write the suffix, or use QMP, where both are bytes.
set -euo pipefail
. "$(dirname "$0")/lib/debian.sh"

debian_begin bookworm
debian_take qemu-system-x86=1:7.2+dfsg-7+deb12u18+b3

# parameters VALUE: what QEMU says of both parameters after each was set to VALUE.
parameters() {
  local out
  out=$(
    printf '%s\n' "migrate_set_parameter max-bandwidth $1" "migrate_set_parameter max-postcopy-bandwidth $1" \
      "info migrate_parameters" quit |
      QEMU_MODULE_DIR=$root/usr/lib/x86_64-linux-gnu/qemu timeout 60 \
        "${loader[@]}" "$root/usr/bin/qemu-system-x86_64" -accel tcg -M none -nodefaults -display none \
        -L "$root/usr/share/qemu" -monitor stdio 2>&1
  ) || changed "QEMU did not end by itself" "$out"
  tr -d '\r' <<<"$out" | grep -E '^max-(postcopy-)?bandwidth: '
}

seen=$(parameters 100)
expected=$'max-bandwidth: 104857600 bytes/second\nmax-postcopy-bandwidth: 100'
if [ "$seen" != "$expected" ]; then changed "100 is not 100 MiB for one and 100 bytes for the other" "$seen"; fi

seen=$(parameters 100M)
expected=$'max-bandwidth: 104857600 bytes/second\nmax-postcopy-bandwidth: 104857600'
if [ "$seen" != "$expected" ]; then changed "100M is not 100 MiB for both" "$seen"; fi

echo "as described: QEMU 7.2 takes 100 for 100 MiB as max-bandwidth, and for 100 bytes as max-postcopy-bandwidth"
