import { describe, expect, it } from 'vitest'
import { OrderBook } from '../../../../lib/fleet/nats/order-book.ts'
import { pack } from '../../../../lib/fleet/nats/packing.ts'
import { eventOf, orderOf } from '../../../nats/examples.ts'

let sequence = 0
const message = (subject: string, value: unknown) => ({
  subject,
  data: pack(value),
  header: () => undefined,
  sequence: ++sequence,
  time: 0,
})
const given = (host: string, id: string) => message(`ballast.f.host.${host}.order.${id}`, orderOf(id, host))
const told = (host: string, id: string, state: 'begun' | 'progress' | 'done', by = host) =>
  message(`ballast.f.host.${by}.event.${id}.${state}`, eventOf(id, host, state))

describe('the book of orders', () => {
  it('has those that are open, each kind of event once, the newest last', () => {
    const book = new OrderBook()
    expect(book.take(given('a', '1'))).toEqual(orderOf('1', 'a'))
    book.take(given('b', '2'))
    for (const state of ['begun', 'progress', 'progress', 'begun'] as const) book.take(told('a', '1', state))
    expect(book.open).toEqual([
      { order: orderOf('1', 'a'), events: [eventOf('1', 'a', 'progress'), eventOf('1', 'a', 'begun')] },
      { order: orderOf('2', 'b'), events: [] },
    ])
    book.take(told('a', '1', 'done'))
    expect(book.has('1')).toBe(false)
    expect(book.told('1')).toEqual(eventOf('1', 'a', 'done'))
  })

  it('hears nothing of an order from a host that it is not for', () => {
    const book = new OrderBook()
    book.take(given('a', '1'))
    // Under its own subject, where NATS lets it write; and under one that does not fit what is in it.
    book.take(message('ballast.f.host.b.event.1.done', eventOf('1', 'b', 'done')))
    book.take(told('a', '1', 'done', 'b'))
    book.take(message('ballast.f.host.b.order.2', orderOf('2', 'a')))
    expect(book.open.map(({ order }) => order.id)).toEqual(['1'])
    expect(book.told('1')).toBeUndefined()
  })

  it('remembers the last word on a thousand that are over', () => {
    const book = new OrderBook()
    for (let i = 0; i <= 1_000; i++) {
      book.take(given('a', `${i}`))
      book.take(told('a', `${i}`, 'done'))
    }
    expect(book.told('0')).toBeUndefined()
    expect(book.told('1')).toBeDefined()
    expect(book.open).toEqual([])
  })

  it('leaves out what is none', () => {
    const book = new OrderBook()
    for (const data of ['', '{', '7', '{"host":"a"}', 'x\u0001']) {
      book.take({ ...given('a', '1'), data: Buffer.from(data) })
    }
    book.take(message('ballast.f.tick', {}))
    expect(book.open).toEqual([])
  })
})
