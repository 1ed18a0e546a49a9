import { once } from 'node:events'
import { createServer } from 'node:net'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { describeOwner } from '../../../lib/control/host-lock/host-lock.ts'
import { ask } from '../../../lib/control/host-lock/owner.ts'
import { runs } from '../../support/runs.ts'
import { anyText, nearly } from './arbitraries.ts'

const honest = JSON.stringify({
  pid: 12,
  user: 'root',
  since: 1_700_000_000_000,
  command: 'ballast run',
  policies: ['balance', 'shares'],
  journal: '/var/lib/ballast/x.jsonl',
})
const answer = fc.oneof(
  nearly([honest], ['null', '-1', '1e999', '8640000000000001', '[]', '{"__proto__":{}}', '"since":"x"']),
  anyText,
  fc.json(),
)

describe('who holds a host, whatever another process answers', () => {
  it('is somebody who can be described, or nobody knows who', async () => {
    let text = ''
    const server = createServer((connection) => connection.on('error', () => {}).end(text))
    const socket = `\0ballast-fuzz-${process.pid}`
    server.listen(socket)
    await once(server, 'listening')
    let told = 0
    await fc.assert(
      fc.asyncProperty(answer, async (given) => {
        text = given
        const holding = await ask(socket, 'memory')
        expect(holding).toMatchObject({ resource: 'memory', held: true })
        if (!holding.held || !holding.holder) return
        expect(describeOwner(holding.holder)).toContain(`pid ${holding.holder.pid} (`)
        expect(holding.holder.policies.every((name) => typeof name === 'string')).toBe(true)
        told++
      }),
      { numRuns: runs(500) },
    )
    expect(told).toBeGreaterThan(0)
    server.close()
    await once(server, 'close')
  })
})
