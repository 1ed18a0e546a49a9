import { PassThrough } from 'node:stream'
import { expect, it } from 'vitest'
import { Qmp } from '../../lab/vm/qmp.ts'

function monitor() {
  const [from, to] = [new PassThrough(), new PassThrough()]
  const qmp = new Qmp(from, to)
  const say = (message: object) => from.write(`${JSON.stringify(message)}\n`)
  say({ QMP: {} })
  say({ return: {} }) // to qmp_capabilities
  return { qmp, say, from, to }
}

it('gives each command its answer, with events in between', async () => {
  const { qmp, say, to } = monitor()
  const status = qmp.execute('query-status')
  const refused = qmp.execute('migrate', { uri: 'nowhere' })
  say({ event: 'STOP' })
  say({ return: { status: 'paused' } })
  say({ error: { class: 'GenericError', desc: 'unknown protocol' } })
  expect(await status).toEqual({ status: 'paused' })
  await expect(refused).rejects.toThrow('unknown protocol')
  // From Node 26 on each read gives one of the pieces that were written.
  let written = ''
  for (let piece = to.read(); piece !== null; piece = to.read()) written += piece
  expect(written.split('\n')[2]).toBe('{"execute":"migrate","arguments":{"uri":"nowhere"}}')
})

it('rejects what waits, and what comes later, when QEMU ends', async () => {
  const { qmp, from } = monitor()
  const waiting = qmp.execute('query-status')
  from.end()
  await expect(waiting).rejects.toThrow('QEMU ended')
  await expect(qmp.execute('cont')).rejects.toThrow('QEMU ended')
})
