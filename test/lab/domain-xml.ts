/** What a guest is to be. */
export interface GuestOptions {
  /** Letters, digits, `_`, `.` and `-`. */
  readonly name: string
  /** Default: a new one. With its UUID a guest that is started again is the same one, restarted. */
  readonly uuid?: string
  /** Default 1. */
  readonly vcpus?: number
  /** vCPUs that it may be given while it runs; default `vcpus`. */
  readonly maximumVcpus?: number
  /** Memory that it starts with; default 128, and the least that boots is 80. */
  readonly memoryMiB?: number
  /** What its balloon may grow to; default `memoryMiB`. */
  readonly maximumMiB?: number
  /** CPU list that each vCPU is pinned to from the start, or one list for each; default: free to run anywhere. */
  readonly pinnedTo?: string | readonly string[]
  /** Size of its swap disk; default: it has no swap. */
  readonly swapMiB?: number
  /** A virtio-mem device beside what its balloon may have: its size, and what is to be plugged of it. */
  readonly virtioMem?: { readonly sizeMiB: number; readonly requestedMiB: number }
  /** What its memory is made of: the elements within `<memoryBacking>`. Default: ordinary memory. */
  readonly backing?: string
  /** False: it has no balloon device. */
  readonly balloon?: boolean
  /** False: it has the device, and its kernel does not load the driver. */
  readonly balloonDriver?: boolean
  /** True: it may boot anew; otherwise it ends then. */
  readonly reboots?: boolean
  /** True: QEMU runs all its vCPUs in one thread, as it does where it counts instructions. */
  readonly oneThread?: boolean
  /** False: it has no kernel and is created paused, for tests of scale; it never answers. */
  readonly kernel?: boolean
}

/** Files of one guest. */
export interface GuestFiles {
  /** The lab listens at `serial`, and QEMU connects: so a guest that is migrated keeps its port. Default: QEMU listens. */
  readonly connects?: boolean
  readonly serial: string
  readonly kernel: string
  readonly initramfs: string
  readonly swap: string
}

/**
 * Clock and timer are the HPET, whose frequency is told. A guest that boots beside others measures the
 * TSC's wrong (seen: by 2.8 and 4.5 times), and its loads are then as wrong as its clock.
 */
const clock = 'clocksource=hpet nolapic_timer no_timer_check'
/** What no guest here needs takes a fifth of the time that it boots, under software emulation. */
const leftOut = 'mitigations=off cryptomgr.notests ipv6.disable=1 audit=0'
const commandLine = `console=ttyS0 loglevel=1 panic=-1 ${clock} ${leftOut} memhp_default_state=online_movable`

/** The domain XML of a guest. Software emulation always: /dev/kvm may be there and hang all the same. */
export function domainXml(domain: string, guest: GuestOptions, files: GuestFiles): string {
  const {
    vcpus = 1,
    maximumVcpus = vcpus,
    memoryMiB = 128,
    maximumMiB = memoryMiB,
    pinnedTo,
    swapMiB,
    virtioMem,
    backing,
    balloon = true,
  } = guest
  const lists = Array.from({ length: vcpus }, (_, i) =>
    typeof pinnedTo === 'object' ? pinnedTo[i] : pinnedTo,
  )
  const pins = lists.map((cpus, i) => (cpus === undefined ? '' : `<vcpupin vcpu='${i}' cpuset='${cpus}'/>`))
  const driver = guest.balloonDriver === false ? ' module_blacklist=virtio_balloon' : ''
  const boot =
    guest.kernel === false
      ? ''
      : `<kernel>${files.kernel}</kernel><initrd>${files.initramfs}</initrd><cmdline>${commandLine}${driver}</cmdline>`
  const disk = swapMiB
    ? `<disk type='file' device='disk'><driver name='qemu' type='raw'/><source file='${files.swap}'/>
      <target dev='vda' bus='virtio'/></disk>`
    : ''
  // Memory can only be plugged into a NUMA cell.
  const slots = virtioMem
    ? `<maxMemory slots='1' unit='MiB'>${maximumMiB + 2 * virtioMem.sizeMiB}</maxMemory>
      <cpu><numa><cell id='0' cpus='0-${maximumVcpus - 1}' memory='${maximumMiB}' unit='MiB'/></numa></cpu>`
    : ''
  const memoryDevice = virtioMem
    ? `<memory model='virtio-mem'><target><size unit='MiB'>${virtioMem.sizeMiB}</size><node>0</node>
      <block unit='MiB'>2</block><requested unit='MiB'>${virtioMem.requestedMiB}</requested></target></memory>`
    : ''
  const port = files.connects
    ? `<source mode='connect' path='${files.serial}'><reconnect enabled='yes' timeout='1'/></source>`
    : `<source mode='bind' path='${files.serial}'/>`
  const memoryBacking = backing ? `<memoryBacking>${backing}</memoryBacking>` : ''
  const identity = guest.uuid === undefined ? '' : `<uuid>${guest.uuid}</uuid>`
  const commandLineArguments = guest.oneThread
    ? "<qemu:commandline><qemu:arg value='-icount'/><qemu:arg value='shift=auto'/></qemu:commandline>"
    : ''
  return `<domain type='qemu' xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'>
  <name>${domain}</name>${identity}
  <memory unit='MiB'>${maximumMiB + (virtioMem?.sizeMiB ?? 0)}</memory>${slots}
  <currentMemory unit='MiB'>${memoryMiB}</currentMemory>${memoryBacking}
  <vcpu current='${vcpus}'>${maximumVcpus}</vcpu>
  <cputune>${pins.join('')}</cputune>
  <os><type arch='x86_64' machine='pc'>hvm</type>${boot}</os>
  <features><acpi/><tcg><tb-cache unit='MiB'>16</tb-cache></tcg></features>
  <on_poweroff>destroy</on_poweroff><on_reboot>${guest.reboots ? 'restart' : 'destroy'}</on_reboot><on_crash>destroy</on_crash>
  <devices>
    <controller type='usb' model='none'/>
    <serial type='unix'>${port}</serial>
    <memballoon model='${balloon ? 'virtio' : 'none'}'/>
    ${disk}${memoryDevice}
  </devices>${commandLineArguments}
</domain>
`
}
