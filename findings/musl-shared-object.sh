#!/usr/bin/env bash
# Debian's musl links the whole of what a shared object uses of libc into it, malloc too, and says nothing.
#
# Versions:  musl, musl-dev and musl-tools 1.2.3-1 with binutils 2.40-2 (Debian 12).
# Seen:      /usr/lib/x86_64-linux-musl, the one folder of libraries in musl-gcc's specs, has libc.a and no libc.so; the
#            shared library is in /lib/x86_64-linux-musl. So -lc of `musl-gcc -shared` takes libc.a: the object has a
#            malloc of its own and names no library that it needs. With -L/lib/x86_64-linux-musl before, it needs
#            libc.so and has no malloc.
# Surprises: whoever builds a plugin or an addon for musl: gcc links to a shared libc unless -static is given. The object
#            loads and works, until something that one of two heaps gave is freed in the other, or errno and the
#            locks of stdio are asked for in the one that did not set them.
set -euo pipefail
. "$(dirname "$0")/lib/debian.sh"

debian_begin bookworm
debian_take musl=1.2.3-1 musl-dev=1.2.3-1 binutils=2.40-2
debian_take_alone musl-tools=1.2.3-1

libraries=$root/usr/lib/x86_64-linux-musl
specs=$(cat "$libraries/musl-gcc.specs")
folders=$(grep -o -- '-L */usr[^ ]*' <<<"$specs" | sort -u)
if [ "$folders" != '-L/usr/lib/x86_64-linux-musl' ]; then changed "the specs have other folders" "$folders"; fi
if ls "$libraries"/libc.so >/dev/null 2>&1; then changed "there is a libc.so beside libc.a" "$(ls "$libraries")"; fi

binutils() { local tool=$1; shift; "${loader[@]}" "$root/usr/bin/x86_64-linux-gnu-$tool" "$@"; }

# void *sixty_four(void) { return malloc(64); }
cat >"$work/object.s" <<'S'
  .text
  .globl sixty_four
  .type sixty_four, @function
sixty_four:
  movl $64, %edi
  jmp malloc@PLT
  .section .note.GNU-stack, "", @progbits
S
binutils as "$work/object.s" -o "$work/object.o"

# link NAME FOLDER...: as musl-gcc -shared has it linked.
link() {
  local name=$1
  shift
  binutils ld -shared -nostdlib "$work/object.o" "${@/#/-L}" -lc -o "$work/$name" 2>&1
}
needed() { binutils readelf -d "$1" | grep -c NEEDED || true; }
mallocs() { binutils readelf --dyn-syms -W "$1" | awk '$8 == "malloc" { print ($7 == "UND" ? "imported" : "own") }'; }

out=$(link packaged.so "$libraries")
if [ -n "$out" ]; then changed "the linker has something to say" "$out"; fi
seen="$(mallocs "$work/packaged.so"), $(needed "$work/packaged.so") libraries"
if [ "$seen" != 'own, 0 libraries' ]; then changed "malloc is not in the object" "$seen"; fi

link shared.so "$root/lib/x86_64-linux-musl" "$libraries" >/dev/null
seen="$(mallocs "$work/shared.so"), $(needed "$work/shared.so") libraries"
if [ "$seen" != 'imported, 1 libraries' ]; then changed "the shared library is not taken where it is found" "$seen"; fi

echo "as described: -lc of Debian's musl-dev 1.2.3 is libc.a, also for a shared object, which gets a malloc of its own"
