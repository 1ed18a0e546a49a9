import { describe, expect, it } from 'vitest'
import { repeatDisturbed } from '../../lab/cases/repeat.ts'

/** Gives one of these results after the other; tells how often it was asked. */
async function repeated(...results: { readonly broken: string[]; readonly disturbed?: boolean }[]) {
  const said: string[] = []
  let asked = 0
  const result = await repeatDisturbed(async () => results[asked++]!, {
    endedWell: ({ broken }) => broken.length === 0,
    log: (line) => said.push(line),
  })
  return { result, asked, said }
}

const well = { broken: [], disturbed: true }
const quietFailure = { broken: ['moves: 2'], disturbed: false }
const disturbedFailure = { broken: ['late'], disturbed: true }

describe('a case', () => {
  it('that ended well is not run again, however disturbed the machine was', async () => {
    expect(await repeated(well)).toMatchObject({ asked: 1, said: [], result: { runs: 1 } })
  })

  it('that failed on a quiet machine has failed', async () => {
    expect(await repeated(quietFailure)).toMatchObject({ asked: 1, result: quietFailure })
    expect(await repeated({ broken: ['of a case that judges no machine'] })).toMatchObject({ asked: 1 })
  })

  it('that failed on a disturbed one is run again, and says so', async () => {
    const { asked, said, result } = await repeated(disturbedFailure, well)
    expect({ asked, said }).toEqual({ asked: 2, said: ['disturbed, run again: late'] })
    expect(result).toEqual({ ...well, runs: 2 })
  })

  it('is run three times at most', async () => {
    const all = [disturbedFailure, disturbedFailure, disturbedFailure]
    expect(await repeated(...all)).toMatchObject({ asked: 3, result: { ...disturbedFailure, runs: 3 } })
  })
})
