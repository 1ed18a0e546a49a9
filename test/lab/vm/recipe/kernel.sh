# As a hook of mmdebstrap: the kernel is taken apart rather than installed, which would make an initramfs of its own.
set -e
root=$1
export APT_CONFIG=$MMDEBSTRAP_APT_CONFIG
image=$(apt-cache depends --important linux-image-cloud-amd64 | sed -n 's/.*Depends: \(linux-image-[0-9].*\)/\1/p' | head -n 1)
cd "$root/tmp"
apt-get -qq download "$image"
dpkg-deb -x linux-image-*.deb "$root"
rm linux-image-*.deb
chroot "$root" /usr/sbin/depmod "$(ls "$root/lib/modules")"
