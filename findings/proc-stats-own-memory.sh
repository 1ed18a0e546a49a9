#!/usr/bin/env bash
# proc-stats says of every process that it has the resident memory of the one that asks.
#
# Versions:  proc-stats 0.0.4 (npm), on Node and a program of a few MiB.
# Seen:      stats({pid}) of a process of less than 10 MiB answers memory and memoryInfo.rss of the caller, some 40 MiB and
#            more; vsize and cpu in the same object are of the process that was asked for. heapTotal and heapUsed, which no
#            process tells of itself, are the caller's too.
# Surprises: whoever watches guests' QEMU processes with it: each has the same memory, which grows as the watcher does, and
#            whose sum is of no meaning. No call fails. ps prints the right figure as the first of its three columns, and
#            the package drops it.
set -euo pipefail
. "$(dirname "$0")/lib/debian.sh"
. "$(dirname "$0")/lib/npm.sh"

work_begin
npm_take proc-stats@0.0.4

cat >look.cjs <<'JS'
const { readFileSync } = require('node:fs')
const stats = require('proc-stats')

const kib = (pid, name) => Number(new RegExp(`${name}:\\s+(\\d+)`).exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1])
const pid = Number(process.argv[2])
stats.stats({ pid }, (error, seen) => {
  if (error) return console.log(String(error))
  const own = kib(process.pid, 'VmRSS') * 1024
  const isOwn = Math.abs(seen.memory - own) < own / 4 && seen.memoryInfo.rss === seen.memory
  const isAsked = seen.memoryInfo.vsize === kib(pid, 'VmSize') * 1024
  const isSmall = kib(pid, 'VmRSS') < 10 * 1024
  console.log(isOwn && isAsked && isSmall ? 'own memory, size of the other' : JSON.stringify(seen))
})
JS

sleep 300 &
children+=($!)
seen=$(node look.cjs $! 2>&1)
if [ "$seen" != "own memory, size of the other" ]; then changed "the memory is not that of the caller" "$seen"; fi

echo "as described: proc-stats 0.0.4 answers the caller's resident memory for another process, beside that one's size"
