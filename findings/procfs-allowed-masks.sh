#!/usr/bin/env bash
# @stroncium/procfs says of each process that it may use no NUMA node, and of one on CPUs 0-31 of 128 that it may use no CPU.
#
# Versions:  @stroncium/procfs 1.2.1 (npm).
# Seen:      the kernel writes Mems_allowed and Cpus_allowed in words of 32 bits, the highest first, with commas between.
#            processStatus reads up to the first comma: memoriesAllowedMask of the process itself is 0 (distributions' kernels
#            write 32 words for up to 1,024 nodes, so that the word of nodes 0-31 is the last one). On a host of 128 CPUs
#            cpusAllowedMask is the word of CPUs 96-127: 0 for a process on 0-31, and the same 4294967295 for one that may
#            run everywhere as for one that is held to 96-127.
# Surprises: whoever checks with it where a guest's memory or threads may go: the types say number, nothing fails, and on a
#            machine of at most 32 CPUs the CPUs are right. Cpus_allowed_list and Mems_allowed_list, which a person would
#            read, are left out.
set -euo pipefail
. "$(dirname "$0")/lib/debian.sh"
. "$(dirname "$0")/lib/npm.sh"

mems=$(sed -n 's/^Mems_allowed:[[:space:]]*//p' /proc/self/status)
case $mems in
  0*,*) ;;
  *) cannot_check "this kernel writes the nodes in one word, or gives a node above 31: $mems" ;;
esac

work_begin
npm_take @stroncium/procfs@1.2.1

# Another machine's /proc: process 1 on CPUs 0-31 of 128, 2 on 96-127, 3 on all.
none=00000000 all=ffffffff
for pair in "1 $none,$none,$none,$all" "2 $all,$none,$none,$none" "3 $all,$all,$all,$all"; do
  mkdir -p "proc/${pair% *}"
  printf 'Name:\tqemu\nCpus_allowed:\t%s\n' "${pair#* }" >"proc/${pair% *}/status"
done

cat >look.cjs <<'JS'
const { procfs, Procfs } = require('@stroncium/procfs')

console.log(`own nodes ${procfs.processStatus(process.pid).memoriesAllowedMask}`)
const other = new Procfs('proc')
for (const [pid, cpus] of ['0-31', '96-127', '0-127'].entries()) {
  console.log(`CPUs ${cpus} ${other.processStatus(pid + 1).cpusAllowedMask}`)
}
JS
seen=$(node look.cjs 2>&1) || changed "it fails now" "$seen"
for line in 'own nodes 0' 'CPUs 0-31 0' 'CPUs 96-127 4294967295' 'CPUs 0-127 4294967295'; do
  grep -qx "$line" <<<"$seen" || changed "it does not say \"$line\"" "$seen"
done

echo "as described: @stroncium/procfs 1.2.1 reads masks up to the first comma, and so no node and none of CPUs 0-31 of 128"
