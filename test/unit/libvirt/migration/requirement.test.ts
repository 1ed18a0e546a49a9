import { describe, expect, it } from 'vitest'
import { hostUuidOf } from '../../../../lib/libvirt/host-uuid.ts'
import { readRequirement, type SourceHost } from '../../../../lib/libvirt/migration/requirement.ts'

const host: SourceHost = {
  capabilities: '<capabilities><host><uuid>0F-no</uuid><cpu><model>EPYC</model></cpu></host></capabilities>',
  isOnLocalFileSystem: async (path) => path.startsWith('/local/'),
}
const cpu = "<cpu mode='custom' match='exact' check='full'>\n  <model>qemu64</model>\n</cpu>"

/** A domain's XML with these devices, and what else is given. */
function xml({ devices = '', os = '', before = '', cpuElement = cpu } = {}): string {
  return `<domain type='kvm' id='3'><name>a</name><metadata><x:y xmlns:x='z'><cpu>theirs</cpu></x:y></metadata>
    <memory unit='KiB'>2097152</memory>${before}
    <os><type arch='x86_64' machine='pc-q35-7.2'>hvm</type>${os}</os>${cpuElement}<devices>${devices}</devices></domain>`
}

describe('what a guest needs of a host', () => {
  it('is its machine, and its CPU word for word, whatever metadata have', async () => {
    expect(await readRequirement(xml(), host)).toEqual({
      virtualization: 'kvm',
      architecture: 'x86_64',
      machine: 'pc-q35-7.2',
      cpu,
      storage: [],
      networks: [],
      hugePages: 0,
      immovable: [],
    })
  })

  it("is the host's CPU where the guest has all of it, and none where it has the hypervisor's", async () => {
    const passthrough = xml({ cpuElement: "<cpu mode='host-passthrough' check='none'/>" })
    expect((await readRequirement(passthrough, host)).cpu).toBe('<cpu><model>EPYC</model></cpu>')
    expect((await readRequirement(xml({ cpuElement: '' }), host)).cpu).toBeUndefined()
  })

  it('is each file, device and volume, and nothing that is reached by a protocol', async () => {
    const devices = `
      <disk type='file' device='disk'><source file='/shared/a &amp; b.qcow2'/><target dev='vda'/></disk>
      <disk type='block' device='disk'><source dev='/dev/mapper/b'/><target dev='vdb'/></disk>
      <disk type='volume' device='disk'><source pool='p' volume='v'/><target dev='vdc'/></disk>
      <disk type='network' device='disk'><source protocol='rbd' name='pool/x'/><target dev='vdd'/></disk>
      <disk type='file' device='cdrom'><target dev='sda'/><readonly/></disk>`
    const os = "<loader readonly='yes' type='pflash'>/fw/OVMF.fd</loader><kernel>/k</kernel>"
    const { storage, immovable } = await readRequirement(xml({ devices, os }), host)
    expect(storage).toEqual(['/k', '/fw/OVMF.fd', '/shared/a & b.qcow2', '/dev/mapper/b', 'volume p/v'])
    expect(immovable).toEqual([])
  })

  it('is each network once, by its kind', async () => {
    const nic = (type: string, source: string) => `<interface type='${type}'><source ${source}/></interface>`
    const devices = [
      nic('network', "network='default' bridge='virbr0'"),
      nic('network', "network='default'"),
      nic('bridge', "bridge='br0'"),
      nic('direct', "dev='eth1' mode='bridge'"),
      "<interface type='user'/>",
    ].join('')
    expect((await readRequirement(xml({ devices }), host)).networks).toEqual([
      'network default',
      'bridge br0',
      'device eth1',
    ])
  })

  it('is its huge pages, those of memory devices too', async () => {
    const before = '<memoryBacking><hugepages/></memoryBacking>'
    expect((await readRequirement(xml({ before }), host)).hugePages).toBe(2 * 1024 ** 3)
  })

  it.each([
    ["<hostdev mode='subsystem' type='pci'/>", 'a passed-through pci device'],
    ["<interface type='hostdev'/>", 'a passed-through network device'],
    ["<filesystem type='mount'><target dir='tag'/></filesystem>", 'a file system of the host, "tag"'],
    ["<tpm model='x'><backend type='passthrough'/></tpm>", "the host's TPM"],
    ["<disk type='nvme'><source type='pci'/><target dev='vda'/></disk>", 'disk vda is a device of the host'],
    [
      "<disk type='file'><source file='/local/a'/><target dev='vda'/></disk>",
      'disk vda is on a file system of this host alone: /local/a',
    ],
  ])('names what cannot move: %s', async (devices, named) => {
    expect((await readRequirement(xml({ devices }), host)).immovable).toEqual([named])
  })

  it('names encrypted memory', async () => {
    const before = "<launchSecurity type='sev'/>"
    expect((await readRequirement(xml({ before }), host)).immovable).toEqual(['encrypted memory'])
  })

  it('leaves a read-only image on a local file system to the target', async () => {
    const devices = "<disk type='file'><source file='/local/a.iso'/><target dev='sda'/><readonly/></disk>"
    const { storage, immovable } = await readRequirement(xml({ devices }), host)
    expect({ storage, immovable }).toEqual({ storage: ['/local/a.iso'], immovable: [] })
  })

  it.each(['', '<domain', '<domain/>', "<domain type='kvm'><os><type>hvm</type></os></domain>"])(
    'is ERR_LIBVIRT for what is no definition: %s',
    async (text) => {
      await expect(readRequirement(text, host)).rejects.toMatchObject({ code: 'ERR_LIBVIRT' })
    },
  )
})

describe("the host's UUID", () => {
  it('is lower-case', () => {
    const uuid = '0E1AB2C3-0000-4000-8000-000000000001'
    expect(hostUuidOf(`<capabilities>\n<host>\n<uuid>${uuid}</uuid>`)).toBe(uuid.toLowerCase())
  })

  it('is an error where there is none', () => {
    expect(() => hostUuidOf(host.capabilities)).toThrow(
      expect.objectContaining({ code: 'ERR_NOT_SUPPORTED' }),
    )
  })
})
