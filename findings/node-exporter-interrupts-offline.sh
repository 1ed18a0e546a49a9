#!/usr/bin/env bash
# node_exporter numbers the columns of /proc/interrupts by itself: with CPU 1 offline, CPU 2's interrupts are CPU 1's.
#
# Versions:  prometheus-node-exporter 1.5.0-1+b6 (Debian 12), on a /proc of a machine with CPUs 0, 2 and 3 online.
# Seen:      the head of /proc/interrupts names the CPUs that are online: CPU0 CPU2 CPU3. Of the line "LOC: 1000 2000 3000"
#            node_interrupts_total{cpu="1"} is 2000, {cpu="2"} is 3000 and {cpu="3"} is not there. From the same machine
#            node_schedstat_running_seconds_total has cpu="0", "2" and "3", as the kernel does, and node_cpu_seconds_total says
#            of CPU 1 that it has spent no time at all.
# Surprises: whoever takes a CPU offline (its SMT siblings, say) or has a host with a broken one, and looks where the
#            interrupts of a device land, or joins interrupts with times by the label cpu: each CPU above the gap shows what
#            its neighbour did, and when a CPU goes or comes back all counters above it jump to another series.
set -euo pipefail
. "$(dirname "$0")/lib/debian.sh"

debian_begin bookworm
debian_take prometheus-node-exporter=1.5.0-1+b6

mkdir -p "$work/proc" "$work/sys"
cat >"$work/proc/interrupts" <<'TXT'
           CPU0       CPU2       CPU3
 24:          1          2          3   PCI-MSI 524288-edge      virtio0-input.0
LOC:       1000       2000       3000   Local timer interrupts
ERR:          0
MIS:          0
TXT
cat >"$work/proc/schedstat" <<'TXT'
version 15
timestamp 4294967296
cpu0 0 0 0 0 0 0 1000000000 0 10
cpu2 0 0 0 0 0 0 2000000000 0 20
cpu3 0 0 0 0 0 0 3000000000 0 30
TXT
cat >"$work/proc/stat" <<'TXT'
cpu  600 0 0 6000 0 0 0 0 0 0
cpu0 100 0 0 1000 0 0 0 0 0 0
cpu2 200 0 0 2000 0 0 0 0 0 0
cpu3 300 0 0 3000 0 0 0 0 0 0
intr 6000 0
ctxt 60
btime 1796000000
processes 1
procs_running 1
procs_blocked 0
softirq 0 0 0 0 0 0 0 0 0 0 0
TXT

: >"$work/log"
"${loader[@]}" "$root/usr/bin/prometheus-node-exporter" --path.procfs="$work/proc" --path.sysfs="$work/sys" \
  --web.listen-address=127.0.0.1:0 --web.disable-exporter-metrics --collector.disable-defaults \
  --collector.interrupts --collector.schedstat --collector.cpu >"$work/log" 2>&1 &
children+=($!)
port=
for _ in {1..100}; do
  port=$(sed -n 's/.*msg="Listening on" address=127.0.0.1:\([0-9]*\).*/\1/p' "$work/log")
  if [ -n "$port" ]; then break; fi
  sleep 0.1
done
if [ -z "$port" ]; then cannot_check "node_exporter does not start: $(tail -n 1 "$work/log")"; fi
exec 3<>"/dev/tcp/127.0.0.1/$port"
printf 'GET /metrics HTTP/1.0\r\n\r\n' >&3
metrics=$(tr -d '\r' <&3 | grep '^node_' || true)

# expect NAME OTHER-LABELS VALUES: the values of CPUs 0 to 3, "-" for one that has none.
expect() {
  local cpu seen=
  for cpu in 0 1 2 3; do
    seen+="$(sed -n "s/^$1{cpu=\"$cpu\"$2} //p" <<<"$metrics" | grep . || echo -) "
  done
  if [ "$seen" != "$3 " ]; then changed "$1 is not $3" "$metrics"; fi
}
expect node_interrupts_total ',devices="",info="Local timer interrupts",type="LOC"' '1000 2000 3000 -'
expect node_interrupts_total ',devices="524288-edge virtio0-input.0",info="PCI-MSI",type="24"' '1 2 3 -'
expect node_schedstat_running_seconds_total '' '1 - 2 3'
expect node_cpu_seconds_total ',mode="user"' '1 0 2 3'

echo "as described: node_exporter 1.5.0 gives CPU 2's interrupts to CPU 1, which is offline"
