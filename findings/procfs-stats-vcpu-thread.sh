#!/usr/bin/env bash
# procfs-stats cuts /proc/PID/stat at each space: of a thread called "CPU 0/KVM", as QEMU calls each vCPU's, all numbers are
# those of their neighbours.
#
# Versions:  procfs-stats 1.0.2 (npm), on a thread of that name that has computed for a second and waits.
# Seen:      thread(tid).stat has comm "(CPU", state "0/KVM)" and the parent's number for the process group. utime is 0: it is
#            the count of major faults of ended children; stime is what was utime, rss (pages) is the size of the address space
#            in bytes, and num_threads is the nice value. Of a thread called CPU-0 the same call is right.
# Surprises: whoever watches vCPUs with it: the document promises "detailed information about running process and threads", no
#            call fails, and of most processes, whose names have no space, it tells the truth. proc(5) has the name in
#            parentheses for this reason: the fields begin behind the last one.
set -euo pipefail
. "$(dirname "$0")/lib/debian.sh"
. "$(dirname "$0")/lib/npm.sh"

work_begin
npm_take procfs-stats@1.0.2

cat >look.cjs <<'JS'
const { readFileSync } = require('node:fs')
const procfs = require('procfs-stats')

const [, , tid] = process.argv
const [, rest] = /\) (.*)$/.exec(readFileSync(`/proc/${tid}/stat`, 'utf8').trim())
const [state, ppid] = rest.split(' ')
const [utime, vsize, rss] = [11, 20, 21].map((index) => rest.split(' ')[index])
const truth = { state, ppid, utime, rss }
const moved = { state: '0/KVM)', pgrp: ppid, utime: '0', stime: utime, rss: vsize }
procfs(tid).thread(tid).stat((error, stat) => {
  const is = (expected) => Object.entries(expected).every(([name, value]) => stat[name] === value)
  console.log(error || `${stat.comm} ${Number(utime) > 0 && is(truth) ? 'right' : is(moved) ? 'moved' : JSON.stringify(stat)}`)
})
JS

# expect NAME WHAT: what is read of a thread of that name, which computes for a second and then waits for ever.
expect() {
  local seen
  bash -c 'printf "%s" "$1" >/proc/$$/comm; SECONDS=0; while ((SECONDS < 2)); do :; done; read -r <never' - "$1" &
  children+=($!)
  sleep 3
  seen=$(node look.cjs $! 2>&1)
  if [ "$seen" != "$2" ]; then changed "a thread called $1 is not \"$2\"" "$seen"; fi
}
mkfifo never
expect CPU-0 '(CPU-0) right'
expect 'CPU 0/KVM' '(CPU moved'

echo "as described: procfs-stats 1.0.2 reads each number of a thread called \"CPU 0/KVM\" in its neighbour's place"
