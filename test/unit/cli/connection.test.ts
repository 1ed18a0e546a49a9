import { describe, expect, it } from 'vitest'
import { closing, openHost } from '../../../lib/cli/connection.ts'
import { BallastError } from '../../../lib/host/errors.ts'
import { scenarios, simulate } from '../../../lib/simulation/index.ts'
import { contextOf, withMembers } from './test-context.ts'

describe('openHost', () => {
  it.each([false, true])(
    'begins no attempt when the command was stopped before (reconnecting: %s)',
    async (stays) => {
      let attempts = 0
      const connect = async () => {
        attempts++
        // Nothing would wait for it: an unhandled rejection, which ends the process.
        throw new BallastError('ERR_CONNECTION_FAILED', 'no daemon')
      }
      const context = contextOf(connect, AbortSignal.abort('SIGTERM'))
      expect(await openHost(context, {}, { readOnly: true, stays })).toBeUndefined()
      expect(attempts).toBe(0)
    },
  )

  it('leaves an attempt to itself when the command is stopped meanwhile, whatever comes of it', async () => {
    const stop = new AbortController()
    let fail: (error: Error) => void = () => {}
    const promise = new Promise<never>((_, reject) => {
      fail = reject
    })
    const opening = openHost(
      contextOf(() => promise, stop.signal),
      {},
      { readOnly: true },
    )
    stop.abort('SIGTERM')
    expect(await opening).toBeUndefined()
    fail(new BallastError('ERR_CONNECTION_FAILED', 'no daemon'))
  })

  it('rejects as the attempt does', async () => {
    const failed = new BallastError('ERR_CONNECTION_FAILED', 'no daemon')
    const context = contextOf(() => Promise.reject(failed), new AbortController().signal)
    await expect(openHost(context, {}, { readOnly: true })).rejects.toBe(failed)
  })
})

describe('closing', () => {
  it.each<[string, () => Promise<void>]>([
    ['that hangs', () => new Promise(() => {})],
    ['that fails', () => Promise.reject(new BallastError('ERR_TIMEOUT', 'no answer'))],
  ])('gives up quietly on a close %s', async (_, close) => {
    let closes = 0
    const host = withMembers(simulate(scenarios.A1()), {
      close: () => {
        closes++
        return close()
      },
    })
    {
      await using _ = closing(host)
    }
    expect(closes).toBe(1)
  })
})
