#!/usr/bin/env bash
# @adobe/cgroup-metrics calls ticks of 10 ms nanoseconds: a group that keeps a CPU busy uses 100 % by one of its functions and
# 0.00001 % by the other.
#
# Versions:  @adobe/cgroup-metrics 3.0.6 (npm), on the files of a version 1 hierarchy in which one second of CPU time passed.
# Seen:      usage() reads cpuacct.usage, which the kernel writes in nanoseconds, and stat() reads cpuacct.stat, which it writes
#            in ticks of USER_HZ, a hundredth of a second. Both give them as cpuNanosSinceContainerStart. calculateUsage of two
#            readings a second apart, in which the group computed for the whole second in user mode, answers 100 for the
#            first and 0.00001 for the user time of the second.
# Surprises: whoever wants to know how much of a load is the kernel's: user and system time both round to 0 on the busiest
#            machine, and their ratio alone is right. The document promises nanoseconds for all three. The kernel's
#            (cgroup-v1/cpuacct) says in one sentence that usage is nanoseconds, and in another that stat is USER_HZ.
set -euo pipefail
. "$(dirname "$0")/lib/debian.sh"
. "$(dirname "$0")/lib/npm.sh"

work_begin
npm_take @adobe/cgroup-metrics@3.0.6

# The package reads below /sys/fs/cgroup alone, where this machine may have another hierarchy: the two files are put there for
# this process, with what they have held before and after the second.
cat >look.cjs <<'JS'
const fs = require('node:fs')
const files = {}
const read = fs.readFileSync
fs.readFileSync = (path, ...rest) => {
  const name = String(path).replace('/sys/fs/cgroup/cpuacct/', '')
  return name in files ? Buffer.from(files[name]) : read(path, ...rest)
}
const { cpu } = require('@adobe/cgroup-metrics')

let now = Date.now()
Date.now = () => now
const reading = () => ({ usage: cpu.usage(), user: cpu.stat().user })
files['cpuacct.usage'] = '5000000000\n'
files['cpuacct.stat'] = 'user 400\nsystem 100\n'
const before = reading()
now += 1000
files['cpuacct.usage'] = '6000000000\n'
files['cpuacct.stat'] = 'user 500\nsystem 100\n'
const after = reading()
console.log(['usage', 'user'].map((name) => Number(cpu.calculateUsage(before[name], after[name]).toPrecision(6))).join(' '))
JS

seen=$(node look.cjs 2>&1)
if [ "$seen" != "100 0.00001" ]; then changed "one second of CPU time in a second is not 100 % and 0.00001 %" "$seen"; fi

echo "as described: @adobe/cgroup-metrics 3.0.6 makes 100 % of cpuacct.usage and 0.00001 % of the same second in cpuacct.stat"
