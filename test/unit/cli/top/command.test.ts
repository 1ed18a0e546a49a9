import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { keyTable } from '../../../../lib/cli/top/views/help.ts'
import { scenarios, simulate } from '../../../../lib/simulation/index.ts'
import { ballast, keep } from '../test-context.ts'

it('needs a terminal, and says what there is without one', async () => {
  const host = keep(simulate(scenarios.A1()))
  expect(await ballast(['top'], host)).toEqual({
    code: 2,
    stdout: '',
    stderr: 'ballast: ballast top needs a terminal: use "ballast monitor" for output to files and pipes\n',
  })
})

it('says that it is TERM that a terminal lacks', async () => {
  const host = keep(simulate(scenarios.A1()))
  expect(await ballast(['top'], host, { TERM: 'dumb' }, { isTTY: true })).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('TERM is dumb: set TERM, or use "ballast monitor"'),
  })
})

it.each([
  ['--sort', 'usag', 'Did you mean usage? Allowed choices are score, '],
  ['--sort', 'size', 'Allowed choices are score, usage, delay, memory, name'],
  ['--at', 'noon', '--at must be a time'],
  ['--interval', '0', 'the interval must be a number of seconds'],
])('refuses %s %s', async (option, value, message) => {
  const host = keep(simulate(scenarios.A1()))
  expect(await ballast(['top', option, value], host)).toMatchObject({
    code: 2,
    stderr: expect.stringContaining(message),
  })
})

it('has its keys in the docs, as on its help page', () => {
  const page = readFileSync(new URL('../../../../docs/top.md', import.meta.url), 'utf8')
  for (const { keys, does } of keyTable) expect(page).toContain(`| \`${keys}\` | ${does} |`)
})
