import { expect, it } from 'vitest'
import { runCase } from '../cases/index.ts'
import { describeLab } from '../describe-lab.ts'
import { patience, quietly } from '../quietly.ts'
import { faultsOfFleet } from './faults/index.ts'

describeLab('a fleet of real hosts', { timeout: 3 * patience }, () => {
  it('FLEET: the fewest migrations that suffice, and none afterwards', async () => {
    const result = await runCase('FLEET', quietly())
    expect(result).toMatchObject({ passed: true, broken: [], migrations: 3, migrationsAfterBalance: 0 })
  })

  it('FLEET fails while nothing may be moved', async () => {
    expect(await runCase('FLEET', quietly({ off: true }))).toMatchObject({ passed: false, migrations: 0 })
  })

  it('DRAIN: a host is emptied by the rules, and has guests again afterwards', async () => {
    expect(await runCase('DRAIN', quietly())).toMatchObject({ passed: true, broken: [] })
  })

  it('FLEET-MEMORY: the cheapest guest goes, and no program is killed', async () => {
    const result = await runCase('FLEET-MEMORY', quietly())
    expect(result).toMatchObject({ passed: true, broken: [], moved: ['small'], programsKilled: 0 })
  })

  it('rides out all faults: no guest is lost or runs twice, and each host goes on', async () => {
    for await (const result of faultsOfFleet(quietly())) {
      expect.soft(result).toMatchObject({ survived: true, wrongActions: 0, broken: [] })
    }
  })
})
