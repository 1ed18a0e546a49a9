#!/usr/bin/env bash
# One type of collectd has two units: ps_cputime is in microseconds of a process, and in nanoseconds of a guest.
#
# Versions:  collectd-core 5.12.0-14 with libvirt0 9.0.0-4+deb12u2 (Debian 12), a shell that computes, and the guest of
#            libvirt's test driver.
# Seen:      collectd's processes plugin gives up to 2,000,000 for a process that computes for 2 s. Its virt plugin
#            (ExtraStats "pcpu") gives 5540000000:6460000000 in the same daemon for the same type; virsh cpu-stats --total says
#            user 5.54 and system 6.46 seconds of that guest. types.db has no unit, and the manual names one only of
#            virt_cpu_total.
# Surprises: whoever adds up, or draws side by side, what QEMU takes as a process and what the guests take: by the one figure a
#            busy guest uses a thousand CPUs, and one that is scaled for guests shows each process idle.
set -euo pipefail
. "$(dirname "$0")/lib/debian.sh"

debian_begin bookworm
debian_take collectd-core=5.12.0-14 libvirt-clients=9.0.0-4+deb12u2 libvirt0=9.0.0-4+deb12u2

seen=$("${loader[@]}" "$root/usr/bin/virsh" -q -c test:///default 'cpu-stats test --total' 2>&1)
for line in 'user_time +5\.540000000 seconds' 'system_time +6\.460000000 seconds'; do
  grep -Eq "$line" <<<"$seen" || changed "virsh does not say \"$line\"" "$seen"
done

cat >"$work/collectd.conf" <<CONF
BaseDir "$work"
PIDFile "$work/pid"
PluginDir "$root/usr/lib/collectd"
TypesDB "$root/usr/share/collectd/types.db"
Interval 1
LoadPlugin csv
<Plugin csv>
  DataDir stdout
</Plugin>
LoadPlugin processes
<Plugin processes>
  Process "computes"
</Plugin>
LoadPlugin virt
<Plugin virt>
  Connection "test:///default"
  HostnameFormat name
  ExtraStats "pcpu"
</Plugin>
CONF
: >"$work/log"
"${loader[@]}" "$root/usr/sbin/collectd" -f -C "$work/collectd.conf" >"$work/log" 2>"$work/errors" &
children+=($!)
# value PATTERN: the newest of a series.
value() { sed -En "s|^PUTVAL [^ ]*$1/ps_cputime [^:]*:([0-9]+:[0-9]+)\$|\1|p" "$work/log" | tail -n 1; }
for _ in {1..100}; do
  if [ -n "$(value /processes-computes)" ]; then break; fi
  sleep 0.1
done
if [ -z "$(value /processes-computes)" ]; then cannot_check "collectd does not start: $(tail -n 1 "$work/errors")"; fi

# It computes until it has used 2 s, and then waits: what it has used is in hundredths in its stat.
mkfifo "$work/never"
bash -c 'printf computes >/proc/$$/comm
  used() { read -r -a fields </proc/$$/stat; echo $((fields[13] + fields[14])); }
  while (($(used) < 200)); do for _ in {1..2000}; do :; done; done
  read -r <"$1"' - "$work/never" &
children+=($!)
# The part before collectd first saw the process does not count, so that it may be less than 2 s.
used=0
for _ in {1..300}; do
  seen=$(value /processes-computes)
  used=$((${seen%:*} + ${seen#*:}))
  if ((used >= 1000000)); then break; fi
  sleep 0.2
done
if ((used < 1000000 || used > 4000000)); then changed "2 s of a process are not in microseconds" "$seen"; fi
seen=$(value test/virt)
if [ "$seen" != 5540000000:6460000000 ]; then changed "the guest's time is not in nanoseconds" "$seen"; fi

echo "as described: collectd 5.12.0 sends ps_cputime of a process in microseconds and of a guest in nanoseconds"
