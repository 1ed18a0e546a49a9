import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { FleetBus } from '../../lib/fleet/bus/fleet-bus.ts'
import type { Order } from '../../lib/fleet/bus/order.ts'
import { eventOf, orderOf, reportOf, requirement } from './fleet-bus-messages.ts'

/** A bus, empty, and what the suite may do with it. */
export interface BusSubject {
  /** What the bus was made with. */
  readonly reportAge: number
  readonly leaseAge: number
  /** The connection of one more program. */
  connect(): Promise<FleetBus>
  /** Lets milliseconds of the bus's time pass. */
  pass(milliseconds: number): Promise<void>
  /** Makes the bus unreachable for all, and reachable again; leave out where that cannot be done. */
  cut?(): Promise<void>
  mend?(): Promise<void>
  /** Called after each test: ends what {@link connect} gave, and the bus. */
  release(): Promise<void>
}

/** What every bus does, whatever is behind it. `make` is called before each test. */
export function fleetBusConformance(name: string, make: () => Promise<BusSubject>): void {
  describe(`${name} is a FleetBus`, () => {
    let subject: BusSubject
    let one: FleetBus
    let other: FleetBus
    beforeEach(async () => {
      subject = await make()
      ;[one, other] = [await subject.connect(), await subject.connect()]
    })
    afterEach(() => subject.release())

    /** Asks until it is so, for a minute of the bus's time. */
    async function eventually(check: () => boolean | Promise<boolean>): Promise<void> {
      for (let waited = 0; waited < 60_000; waited += 50) {
        if (await check()) return
        await subject.pass(50)
      }
      expect.fail('It did not come within a minute')
    }

    describe('reports', () => {
      it('are read by all, the newest of each host, with their age', async () => {
        await one.report(reportOf('a', 0))
        await one.report(reportOf('a', 1))
        await other.report(reportOf('b', 0))
        const reports = await other.reports()
        expect(reports.map(({ report }) => report).sort((x, y) => x.host.localeCompare(y.host))).toEqual([
          reportOf('a', 1),
          reportOf('b', 0),
        ])
        const past = subject.reportAge / 4
        await subject.pass(past)
        const aged = await one.reports()
        expect(aged).toHaveLength(2)
        for (const { age } of aged) expect(age).toBeGreaterThanOrEqual(past * 0.9)
      })

      it('are gone when they are not written anew', async () => {
        await one.report(reportOf('a', 0))
        await eventually(async () => (await other.reports()).length === 0)
      })

      it('stay while they are', async () => {
        for (let i = 0; i < 6; i++) {
          await one.report(reportOf('a', i))
          await subject.pass(subject.reportAge / 3)
        }
        await one.report(reportOf('a', 6))
        expect((await other.reports()).map(({ report }) => report.sequence)).toEqual([6])
      })
    })

    it('has requirements by their key, once each', async () => {
      expect([...(await one.requirements())]).toEqual([])
      await one.require('k1', requirement)
      await other.require('k1', requirement)
      await other.require('k2', { ...requirement, machine: 'pc-i440fx-7.2' })
      const read = await one.requirements()
      expect([...read.keys()].sort()).toEqual(['k1', 'k2'])
      expect(read.get('k1')).toEqual(requirement)
    })

    describe('the lease', () => {
      const [a, b] = [
        { host: 'a', instance: 'i1' },
        { host: 'b', instance: 'i2' },
      ]

      it('is held by one, who may renew it', async () => {
        expect(await one.leader()).toBeUndefined()
        const lease = await one.lease(a)
        expect(lease).toMatchObject(a)
        expect(await other.lease(b)).toBeUndefined()
        expect(await other.leader()).toMatchObject({ ...a, revision: lease!.revision })
        const renewed = await one.lease(a)
        expect(renewed!.revision).toBeGreaterThanOrEqual(lease!.revision)
      })

      it('is given to one of many that ask at once', async () => {
        const buses = await Promise.all(Array.from({ length: 8 }, () => subject.connect()))
        const got = await Promise.all(buses.map((bus, i) => bus.lease({ host: `h${i}`, instance: `i${i}` })))
        expect(got.filter((lease) => lease !== undefined)).toHaveLength(1)
      })

      it('stays while it is renewed', async () => {
        await one.lease(a)
        for (let i = 0; i < 6; i++) {
          await subject.pass(subject.leaseAge / 3)
          expect(await one.lease(a)).toMatchObject(a)
          expect(await other.lease(b)).toBeUndefined()
        }
      })

      it('is free when it is not renewed, and the next has a higher revision', async () => {
        const first = await one.lease(a)
        let second: Awaited<ReturnType<FleetBus['lease']>>
        await eventually(async () => {
          second = await other.lease(b)
          return second !== undefined
        })
        expect(second!.revision).toBeGreaterThan(first!.revision)
        expect(await one.lease(a)).toBeUndefined()
      })

      it('is free at once when it is released, and not by who had it before', async () => {
        const first = await one.lease(a)
        await one.release(first!)
        const second = await other.lease(b)
        expect(second!.revision).toBeGreaterThan(first!.revision)
        await one.release(first!)
        expect(await one.leader()).toMatchObject(b)
      })

      it('is not kept by another instance of the same host', async () => {
        await one.lease(a)
        expect(await other.lease({ host: 'a', instance: 'i9' })).toBeUndefined()
      })
    })

    describe('orders', () => {
      it('are handed to their host alone, in their order', async () => {
        const taken: string[] = []
        await one.take('a', async ({ id }) => void taken.push(id))
        await other.order(orderOf('1', 'a'))
        await other.order(orderOf('2', 'b'))
        await other.order(orderOf('3', 'a'))
        await eventually(() => taken.length >= 2)
        expect(taken).toEqual(['1', '3'])
      })

      it('are handed over whole', async () => {
        const taken: Order[] = []
        const order = orderOf('1', 'a')
        await other.order(order)
        await one.take('a', async (got) => void taken.push(got))
        await eventually(() => taken.length > 0)
        expect(taken[0]).toEqual(order)
      })

      it('do not wait for one that is still being handled', async () => {
        const taken: string[] = []
        let release = () => {}
        const held = new Promise<void>((resolve) => {
          release = resolve
        })
        await one.take('a', async ({ id }) => {
          taken.push(id)
          if (id === '1') await held
        })
        await other.order(orderOf('1', 'a'))
        await other.order(orderOf('2', 'a'))
        await eventually(() => taken.length >= 2)
        expect(taken).toEqual(['1', '2'])
        release()
      })

      it('are handed over once more when handling failed', async () => {
        const taken: string[] = []
        await one.take('a', async ({ id }) => {
          taken.push(id)
          if (taken.length === 1) throw new Error('not now')
        })
        await other.order(orderOf('1', 'a'))
        await eventually(() => taken.length >= 2)
        expect(taken).toEqual(['1', '1'])
      })

      it('are handed over once more after a restart, until they are over', async () => {
        let taken: string[] = []
        await other.order(orderOf('1', 'a'))
        await other.order(orderOf('2', 'a'))
        const stop = await one.take('a', async ({ id }) => {
          taken.push(id)
          if (id === '1') await one.tell(eventOf('1', 'done'))
        })
        await eventually(() => taken.length >= 2)
        await stop()
        taken = []
        const next = await subject.connect()
        await next.take('a', async ({ id }) => void taken.push(id))
        await eventually(() => taken.length > 0)
        expect(taken).toEqual(['2'])
      })

      it('are open, with what was told of them, until they are over', async () => {
        expect(await one.open()).toEqual([])
        await one.order(orderOf('1', 'a'))
        await one.order(orderOf('2', 'b'))
        await other.tell(eventOf('1', 'begun'))
        await other.tell(eventOf('1', 'progress'))
        await eventually(async () => (await one.open())[0]?.events.length === 2)
        expect(await one.open()).toEqual([
          { order: orderOf('1', 'a'), events: [eventOf('1', 'begun'), eventOf('1', 'progress')] },
          { order: orderOf('2', 'b'), events: [] },
        ])
        await other.tell(eventOf('1', 'failed'))
        await eventually(async () => (await one.open()).length === 1)
        expect((await one.open()).map(({ order }) => order.id)).toEqual(['2'])
        await other.tell(eventOf('2', 'refused', 'b'))
        await eventually(async () => (await one.open()).length === 0)
      })

      it('say what was told last of each, also when it is over', async () => {
        expect(await one.told('1')).toBeUndefined()
        await one.order(orderOf('1', 'a'))
        await other.tell(eventOf('1', 'begun'))
        await eventually(async () => (await one.told('1'))?.state === 'begun')
        const last = { ...eventOf('1', 'failed'), error: { code: 'ERR_MIGRATION', message: 'no route' } }
        await other.tell(last)
        await eventually(async () => (await one.told('1'))?.state === 'failed')
        expect(await one.told('1')).toEqual(last)
      })

      it('with the same id are one order', async () => {
        await one.order(orderOf('1', 'a'))
        await other.order(orderOf('1', 'a'))
        expect(await one.open()).toHaveLength(1)
      })
    })

    it('has settings that several change', async () => {
      expect(await one.settings.read()).toEqual({ draining: {} })
      const drain = (host: string) => (bus: FleetBus) =>
        bus.settings.update(({ draining, ...rest }) => ({
          ...rest,
          draining: { ...draining, [host]: { since: 1, by: 'ann' } },
        }))
      await Promise.all([drain('a')(one), drain('b')(other), drain('c')(one)])
      expect(Object.keys((await other.settings.read()).draining).sort()).toEqual(['a', 'b', 'c'])
      const written = await one.settings.update((value) => ({ ...value, paused: { since: 2, by: 'bob' } }))
      expect(written).toEqual(await other.settings.read())
    })

    it('has a history, oldest first, from a time on', async () => {
      for (const wallTime of [1_000, 2_000, 3_000]) await one.remember({ index: wallTime / 1_000, wallTime })
      const read: unknown[] = []
      for await (const tick of other.history(2_000)) read.push(tick)
      expect(read).toEqual([
        { index: 2, wallTime: 2_000 },
        { index: 3, wallTime: 3_000 },
      ])
    })

    it('rejects each call after it was closed', async () => {
      const closed = await subject.connect()
      await closed[Symbol.asyncDispose]()
      await expect(closed.reports()).rejects.toMatchObject({ code: 'ERR_ALREADY_CLOSED' })
      await expect(closed.order(orderOf('1', 'a'))).rejects.toMatchObject({ code: 'ERR_ALREADY_CLOSED' })
    })

    it('says that it is lost, and found again, and hands over what was ordered meanwhile', async ({
      skip,
    }) => {
      const { cut, mend } = subject
      if (cut === undefined || mend === undefined) return skip()
      const states: string[] = []
      const others: string[] = []
      one.watch((state) => states.push(state))
      other.watch((state) => others.push(state))
      const taken: string[] = []
      await one.take('a', async ({ id }) => void taken.push(id))
      await cut()
      await eventually(() => states.includes('disconnected'))
      await expect(one.report(reportOf('a', 0))).rejects.toMatchObject({ code: 'ERR_FLEET_BUS' })
      await mend()
      await eventually(() => states.at(-1) === 'connected' && others.at(-1) === 'connected')
      await other.order(orderOf('1', 'a'))
      await eventually(() => taken.length > 0)
      expect(taken).toEqual(['1'])
    })
  })
}
