# As a hook of mmdebstrap: what makes the folder a host that boots quickly and lets the lab in.
set -e
root=$1 public_key=$2 npm=$3

echo ballast-vm > "$root/etc/hostname"
echo '127.0.0.1 localhost ballast-vm' > "$root/etc/hosts"
echo '/dev/vda / ext4 noatime 0 1' > "$root/etc/fstab"
mkdir -p "$root/etc/systemd/network"
cat > "$root/etc/systemd/network/lab.network" << END
[Match]
Name=e*
[Network]
Address=10.0.2.15/24
Gateway=10.0.2.2
LinkLocalAddressing=no
IPv6AcceptRA=no
END

# Programs start many times slower than on a machine: 90 s may be too short for one.
mkdir -p "$root/etc/systemd/system.conf.d"
printf '[Manager]\nDefaultTimeoutStartSec=600\n' > "$root/etc/systemd/system.conf.d/lab.conf"

# A session of systemd for each command of the lab would take longer than the command.
printf 'UsePAM no\nUseDNS no\n' > "$root/etc/ssh/sshd_config.d/lab.conf"
mkdir -p -m 700 "$root/root/.ssh"
install -m 600 "$public_key" "$root/root/.ssh/authorized_keys"

# Debian's npm brings 400 packages: this is the folder of the Node that runs the lab.
mkdir -p "$root/usr/lib/node_modules"
cp -r "$npm" "$root/usr/lib/node_modules/npm"
ln -s ../lib/node_modules/npm/bin/npm-cli.js "$root/usr/bin/npm"

chroot "$root" systemctl -q enable systemd-networkd
chroot "$root" systemctl -q mask \
  apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer e2scrub_reap.service \
  getty@tty1.service serial-getty@ttyS0.service systemd-networkd-wait-online.service
