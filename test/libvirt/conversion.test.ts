import { expect, it } from 'vitest'
import { connect } from '../../lib/libvirt/connect.ts'
import { failureOf } from './failure.ts'

it('a result that cannot be handed over rejects the call, and the next one works', async () => {
  await using host = await connect('test:///default')
  // As when there is no memory for a typed array: setting a property of the new sample throws.
  Object.defineProperty(Object.prototype, 'affinityWords', {
    configurable: true,
    set() {
      throw new Error('on purpose')
    },
  })
  try {
    const error = await failureOf(host.sampleCpu())
    expect(error).toMatchObject({ code: 'ERR_LIBVIRT', message: 'on purpose' })
  } finally {
    Reflect.deleteProperty(Object.prototype, 'affinityWords')
  }
  expect((await host.sampleCpu()).domains).toHaveLength(1)
})
