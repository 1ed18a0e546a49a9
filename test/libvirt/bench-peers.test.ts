import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { compileRawC, Peer } from '../../bench/peer.ts'
import { missingPackages } from '../../scripts/setup.mjs'

const uri = 'test:///default'

describe.skipIf(missingPackages(['lab']).length > 0)('what the bench measures against', () => {
  let raw: Awaited<ReturnType<typeof compileRawC>>
  beforeAll(async () => {
    raw = await compileRawC()
  })
  afterAll(() => raw[Symbol.asyncDispose]())

  describe.each([
    ['raw C', (at: string) => Peer.rawC(raw.program, at)],
    ['libvirt-python', (at: string) => Peer.python(at)],
  ])('%s', (_name, start) => {
    it('makes a pass over all domains for each question', async () => {
      await using peer = start(uri)
      for (const groups of ['vcpu', 'full', 'vcpu'] as const) {
        expect(await peer.pass(groups, 1)).toBeGreaterThan(0)
      }
    })

    it('does not pass for a host with other domains', async () => {
      await using peer = start(uri)
      await expect(peer.pass('vcpu', 50)).rejects.toThrow('saw 1 domains instead of 50')
    })

    it('says that it ended where no host is', async () => {
      await using peer = start('test:///no/such/file.xml')
      for (const _ of ['at once', 'and again']) {
        await expect(peer.pass('vcpu', 1)).rejects.toThrow(/ended: exit code 1: .*no\/such\/file\.xml/)
      }
    })
  })
})
