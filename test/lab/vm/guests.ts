import type { HostVm } from './host-vm.ts'

/** Where QEMU may read it. */
const floppy = '/var/lib/libvirt/images/spin.img'

/**
 * Starts guests whose only vCPU spins, each with the affinity that its owner gave it: a floppy whose boot sector is
 * `sti; jmp $`, since a kernel takes minutes to boot under two emulations.
 */
export async function startSpinning(vm: HostVm, owners: Readonly<Record<string, string>>): Promise<void> {
  const definitions = Object.entries(owners).map(
    ([name, cpus]) => `virsh -q create /dev/stdin << 'END'\n${xml(name, cpus)}\nEND`,
  )
  await vm.run(`
    set -e
    printf '\\373\\353\\376' > ${floppy} && truncate -s 1440K ${floppy}
    printf '\\125\\252' | dd of=${floppy} bs=1 seek=510 conv=notrunc status=none
    ${definitions.join('\n')}`)
  // Until the firmware has come to the boot sector, a vCPU waits now and then.
  await vm.eventually(
    'the guests spin',
    `for pid in $(pgrep -f guest=); do
       for task in /proc/$pid/task/*; do grep -q '^CPU 0/' $task/comm && thread=$task; done
       before=$(cut -d' ' -f1 $thread/schedstat); now=$(date +%s%N); sleep 1
       [ $((10 * ($(cut -d' ' -f1 $thread/schedstat) - before))) -gt $((4 * ($(date +%s%N) - now) / ${Object.keys(owners).length})) ] || exit 1
     done`,
  )
}

function xml(name: string, cpus: string): string {
  return `<domain type='qemu'>
  <name>${name}</name>
  <memory unit='MiB'>32</memory>
  <vcpu cpuset='${cpus}'>1</vcpu>
  <os><type arch='x86_64' machine='pc'>hvm</type><boot dev='fd'/></os>
  <features><acpi/></features>
  <on_crash>destroy</on_crash>
  <devices>
    <disk type='file' device='floppy'>
      <driver name='qemu' type='raw'/><source file='${floppy}'/><target dev='fda' bus='fdc'/><readonly/>
    </disk>
    <controller type='usb' model='none'/>
    <memballoon model='none'/>
  </devices>
</domain>`
}
