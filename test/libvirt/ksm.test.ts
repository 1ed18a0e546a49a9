import { describe, expect, it } from 'vitest'
import type { NativeConnection } from '../../lib/addon/native.ts'
import { LibvirtHost } from '../../lib/libvirt/libvirt-host.ts'
import { pageSizeOf } from '../../lib/libvirt/page-size.ts'
import { GiB, KiB } from '../../lib/util/units.ts'

/** A host with pages of these sizes; its cell has others, as the test driver's have. */
const capabilities = (...sizesKiB: number[]) => `<capabilities>
  <host>
    <cpu>
      <arch>aarch64</arch>
      ${sizesKiB.map((size) => `<pages unit='KiB' size='${size}'/>`).join('\n      ')}
    </cpu>
    <topology><cells num='1'><cell id='0'>
      <memory unit='KiB'>4194304</memory>
      <pages unit='KiB' size='2'>7</pages>
      <cpus num='1'><cpu id='0' socket_id='0' core_id='0' siblings='0'/></cpus>
    </cell></cells></topology>
  </host>
</capabilities>`

/** A connection that can do nothing else. */
function hostWith(xml: string, pagesSharing: number): LibvirtHost {
  const native: Partial<NativeConnection> = {
    describe: () => ({
      capabilities: xml,
      memoryKiB: 4 * (GiB / KiB),
      cpuCount: 1,
      online: new Uint32Array(),
      isLocal: false,
      isolated: '',
    }),
    ksm: () => Promise.resolve({ pagesToScan: 100, sleep: 20, pagesSharing }),
    setKsm: () => {
      const refused = new Error('failed to set shm_pages_to_scan: Operation not permitted')
      throw Object.assign(refused, { call: 'virNodeSetMemoryParameters', libvirtCode: 38, libvirtDomain: 0 })
    },
    listen: () => {},
  }
  return new LibvirtHost(native as NativeConnection, 'qemu:///system', false)
}

describe('an ordinary page of a host', () => {
  it.each([
    ['x86', [4, 2_048, 1_048_576], 4],
    ['aarch64 and ppc64le with 64 KiB pages', [64, 2_048, 524_288], 64],
    ['a list in another order', [16_384, 16], 16],
    ['a host that lists none', [], 4],
  ])('is the smallest of its processor: %s', (_, sizes, expected) => {
    expect(pageSizeOf(capabilities(...sizes))).toBe(expected * KiB)
  })
})

describe('what KSM saves', () => {
  it.each([4, 64])('is counted in pages of the host: %i KiB', async (size) => {
    const ksm = await hostWith(capabilities(size, 2_048), 1_000).ksm()
    expect(ksm).toMatchObject({ pagesToScan: 100, sleep: 20, canSwitch: false, saved: 1_000 * size * KiB })
  })
})

describe('KSM of a remote host', () => {
  it('may be refused because of the advisor, of which libvirt does not tell', async () => {
    const host = hostWith(capabilities(4), 0)
    await expect(host.setKsm({ pagesToScan: 200, sleep: 20 })).rejects.toMatchObject({
      code: 'ERR_LIBVIRT',
      libvirtCode: 38,
      message: expect.stringMatching(/Operation not permitted \(also said while the kernel's advisor/),
    })
  })
})
