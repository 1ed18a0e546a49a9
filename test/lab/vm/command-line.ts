import type { HostImage } from './image.ts'

/** What differs from one start of QEMU to the next. */
export interface Start {
  /** On this machine, forwarded to the host's ssh. */
  readonly port: number
  /** The host's console is written there. */
  readonly console: string
  /** `save`: boots, and keeps what it writes to the disk. `load`: starts from the saved state, over a disk of its own. */
  readonly as: 'save' | 'load'
}

/**
 * QEMU by software emulation, with two sockets of two cores of two threads and two NUMA cells of 2 GiB. Its monitor (QMP) is
 * on standard input and output, and it ends with the process that started it.
 */
export function qemuCommand(image: HostImage, { port, console, as }: Start): readonly string[] {
  const { qemu } = image
  const load = as === 'load'
  return [
    ...[`${qemu}/ld-linux-x86-64.so.2`, '--library-path', `${qemu}/lib`, `${qemu}/qemu-system-x86_64`],
    ...['-L', `${qemu}/firmware`, '-run-with', 'exit-with-parent=on'],
    ...['-nodefaults', '-no-user-config', '-display', 'none', '-no-reboot', '-name', 'ballast-vm'],
    ...['-chardev', 'stdio,id=monitor,signal=off', '-mon', 'chardev=monitor,mode=control'],
    ...['-machine', 'q35,usb=off', '-cpu', 'max,la57=off,svm=off', '-accel', 'tcg,thread=multi,tb-size=1024'],
    ...['-m', '4096', '-smp', '8,sockets=2,cores=2,threads=2'],
    ...[0, 1].flatMap((cell) => [
      ...['-object', `memory-backend-ram,id=memory${cell},size=2G`],
      ...['-numa', `node,nodeid=${cell},cpus=${4 * cell}-${4 * cell + 3},memdev=memory${cell}`],
    ]),
    ...['-numa', 'dist,src=0,dst=1,val=20'],
    // snapshot: an overlay (qcow2) that has no name any more when QEMU has opened it.
    ...[
      '-drive',
      `file=${image.disk},if=none,id=disk,format=raw,cache=unsafe,snapshot=${load ? 'on' : 'off'}`,
    ],
    ...['-device', 'virtio-blk-pci,drive=disk', '-device', 'virtio-rng-pci'],
    ...['-netdev', `user,id=net,hostfwd=tcp:127.0.0.1:${port}-:22`],
    ...['-device', 'virtio-net-pci,netdev=net,romfile='],
    ...['-chardev', `file,id=console,path=${console}`, '-serial', 'chardev:console'],
    ...['-kernel', image.kernel, '-initrd', image.initramfs, '-append', kernelOptions.join(' ')],
    ...(load ? ['-incoming', `file:${image.state}`] : []),
  ]
}

/** The clock is what QEMU says that it is; a panic ends the VM, so that it is noticed. */
const kernelOptions = [
  'console=ttyS0',
  'root=/dev/vda',
  'quiet',
  'panic=-1',
  'mitigations=off',
  'tsc=reliable',
  'clocksource=tsc',
  'no_timer_check',
  'nowatchdog',
]
