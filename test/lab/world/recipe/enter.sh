# Goes into the root $1 and runs the rest of the command line there, in this mount namespace: nothing of it is left when
# its last process has ended. $2 is the checkout, $3 its node_modules, $4 Node. The world's devices have no /dev/kvm among them.
set -e
root=$1 checkout=$2 modules=$3 node=$4
shift 4
mount --make-rprivate /
mount --rbind /proc "$root/proc"
mount --rbind /sys "$root/sys"
mount -t tmpfs -o mode=755 tmpfs "$root/dev"
for device in null zero full random urandom tty; do
  : > "$root/dev/$device"
  mount --bind "/dev/$device" "$root/dev/$device"
done
mkdir "$root/dev/pts" "$root/dev/shm"
mount -t devpts -o newinstance,ptmxmode=0666,mode=620 devpts "$root/dev/pts"
mount -t tmpfs -o mode=1777 tmpfs "$root/dev/shm"
ln -s pts/ptmx "$root/dev/ptmx"
ln -s /proc/self/fd "$root/dev/fd"
ln -s fd/0 "$root/dev/stdin"
ln -s fd/1 "$root/dev/stdout"
ln -s fd/2 "$root/dev/stderr"
# A run directory of its own: its libvirtd meets no socket of the machine's.
mount -t tmpfs -o mode=755 tmpfs "$root/run"
# Labs are found by every process of this user, wherever it runs.
for shared in /tmp /var/tmp "$checkout" "$modules"; do
  mkdir -p "$root$shared"
  mount --rbind "$shared" "$root$shared"
done
mkdir -p "$root/usr/local/bin"
: > "$root/usr/local/bin/node"
mount --bind "$node" "$root/usr/local/bin/node"
cp -L /etc/resolv.conf "$root/etc/resolv.conf" 2>/dev/null || true
exec chroot "$root" /usr/bin/env -C "$checkout" "$@"
