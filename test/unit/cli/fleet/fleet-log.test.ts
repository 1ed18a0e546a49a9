import { expect, test } from 'vitest'
import type { FleetConfig } from '../../../../lib/cli/config/fleet-config.ts'
import { FleetLog } from '../../../../lib/cli/fleet/fleet-log.ts'
import type { Order, OrderEvent } from '../../../../lib/fleet/bus/order.ts'
import { BallastError } from '../../../../lib/host/errors.ts'
import { contextOf } from '../test-context.ts'

const guest = '5d1b38d0-9ac5-4a6d-8a3f-0e7a2c2b3c11'
const other = '6635c5a0-1f29-45fd-8559-12930dc9e872'

function migrate(id: string, uri: string): Order {
  const target = { host: other, reach: { uri, bandwidth: 1e8 } }
  const request = { guest, run: { id: 1 }, target, deadline: 60_000 }
  return { id, fence: 1, host: 'a', kind: 'migrate', request, tick: 0, by: 'balance' }
}

/** A log of a host, what it has said, and its guests. */
function logOf() {
  const lines: string[] = []
  const guests = new Map([[guest, 'web1']])
  const context = contextOf(() => Promise.reject(new Error('no host is asked')), new AbortController().signal)
  const config = { nats: { servers: ['nats1'] } } as unknown as FleetConfig
  const log = new FleetLog({ ...context, log: ({ text }) => lines.push(text) }, config, (uuid) =>
    guests.get(uuid),
  )
  const tell = (order: Order, event: Omit<OrderEvent, 'order' | 'host'>) =>
    log.agent({ kind: 'order', order, event: { order: order.id, host: 'a', ...event } })
  return { lines, guests, log, tell }
}

test('says of an order which guest it moves and where to, also when the guest has left', () => {
  const { lines, guests, tell } = logOf()
  const order = migrate('7-0', 'qemu+tls://host2.example.org/system')
  tell(order, { state: 'begun' })
  guests.clear()
  tell(order, { state: 'progress' })
  tell(order, { state: 'failed', error: { code: 'ERR_MIGRATION', message: 'no room' } })
  expect(lines).toEqual([
    'fleet default: order 7-0, web1 to host2.example.org: begun',
    'fleet default: order 7-0, web1 to host2.example.org: failed: no room',
  ])
})

test('says of an order what is known of it', () => {
  const { lines, guests, tell } = logOf()
  guests.clear()
  const refused = { state: 'refused', error: { code: 'ERR_ORDER_REFUSED', message: 'too old' } } as const
  tell(migrate('7-1', 'qemu+unix:///system'), refused)
  tell({ ...migrate('7-2', ''), kind: 'abort', request: undefined, of: '7-1' }, { state: 'done' })
  tell({ ...migrate('7-3', ''), request: undefined }, refused)
  expect(lines).toEqual([
    `fleet default: order 7-1, ${guest} to ${other}: refused: too old`,
    'fleet default: order 7-2, to end order 7-1: done',
    'fleet default: order 7-3: refused: too old',
  ])
})

test('says why guests of other hosts do not come', () => {
  const { lines, log } = logOf()
  log.agent({ kind: 'unanswered', error: new BallastError('ERR_LIBVIRT', 'no QEMU here') })
  expect(lines).toEqual([
    'fleet default: this host cannot say of some guests whether they can run here, and they do not come: ' +
      'no QEMU here (ERR_LIBVIRT)',
  ])
})

test('names who leads', () => {
  const { lines, log } = logOf()
  const lease = { host: other, instance: 'x', revision: 1 }
  log.leader({ kind: 'following', lease: { ...lease, name: 'host2' } })
  // A leader of an older version.
  log.leader({ kind: 'following', lease })
  expect(lines).toEqual(['fleet default: led by host2', `fleet default: led by ${other}`])
})
