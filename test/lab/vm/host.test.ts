import { expect, it, onTestFailed } from 'vitest'
import { hostCaseNames, runHostCase } from './cases/index.ts'

it.each(hostCaseNames)('%s on a whole host', async (name) => {
  const lines: string[] = []
  onTestFailed(() => console.error(lines.join('\n')))
  const { passed, broken } = await runHostCase(name, (line) => lines.push(line))
  expect(broken).toEqual([])
  expect(passed).toBe(true)
})
