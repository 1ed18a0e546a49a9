import { expect, it } from 'vitest'
import { faults } from './cases/faults/index.ts'
import { describeLab } from './describe-lab.ts'
import { patience, quietly } from './quietly.ts'

describeLab('on real guests', { timeout: 3 * patience }, () => {
  it('rides out all faults: nothing is lost, and nothing wrong is done', async () => {
    // With more kills, by hand: npm run lab -- faults
    for await (const result of faults({ ...quietly(), daemonKills: 5, controllerKills: 10 })) {
      expect.soft(result).toMatchObject({ survived: true, wrongActions: 0, broken: [] })
    }
  })
})
