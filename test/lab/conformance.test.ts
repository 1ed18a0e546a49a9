import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll } from 'vitest'
import { connect } from '../../lib/libvirt/connect.ts'
import { conformance } from '../conformance/suite.ts'
import { describeLab } from './describe-lab.ts'
import { Lab } from './lab.ts'

const guest = { name: 'subject', memoryMiB: 256, uuid: randomUUID() }
const wholeMemory = guest.memoryMiB * 1024 * 1024

/** Real guests do all that the suite asks for but plug vCPUs: the lab's have as many as they may have. */
describeLab('on real guests', { timeout: 900_000 }, () => {
  let lab: Lab
  beforeAll(async () => {
    lab = await Lab.up()
  })
  afterAll(() => lab?.down())

  conformance('connect() to a libvirtd with real QEMU', async () => {
    if (!(await lab.guests()).includes(guest.name)) await lab.start(guest)
    const host = await connect(lab.uri)
    const { clock } = host
    const end = async () => (await lab.guest(guest.name)).destroy()
    return {
      host,
      domain: guest.name,
      can: {
        usage: true,
        delay: true,
        statistics: true,
        balloon: true,
        pinEvents: true,
        balloonEvents: true,
        // A lab of its own is in session mode.
        cpuShares: false,
        ksm: false,
      },
      pass: (milliseconds) => clock.sleepUntil(clock.now() + milliseconds),
      restart: async () => {
        await end()
        await lab.start(guest)
      },
      stop: end,
      release: async () => {
        await host.close()
        if (!(await lab.guests()).includes(guest.name)) return
        await using fresh = await connect(lab.uri)
        const domain = await fresh.domain(guest.name)
        await domain.pinVcpu(0, fresh.topology.online)
        await domain.setMemory(wholeMemory)
      },
    }
  })
})
