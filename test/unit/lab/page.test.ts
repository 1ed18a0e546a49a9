import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { codeBlocks, script } from '../../lab/vm/page.ts'

const page = `# Page

## First

Text.

    one
    two   # with a comment

    three

More text.

    four

## Second

None.
`

it('takes the commands of each code block under a heading, without comments', () => {
  expect(codeBlocks(page, 'First')).toEqual([['one', 'two', 'three'], ['four']])
})

it('throws where a page was rearranged', () => {
  expect(() => codeBlocks(page, 'Second')).toThrow('no commands under "Second"')
  expect(() => codeBlocks(page, 'Third')).toThrow('no heading "Third"')
})

it('finds the set-up of the service on the page that the host runs it from', () => {
  const [setUp, daily] = codeBlocks(readFileSync('docs/operating.md', 'utf8'), 'As a service')
  expect(setUp![0]).toMatch(/^npm install -g /)
  expect(setUp!.at(-1)).toMatch(/systemctl enable --now ballast$/)
  expect(daily).toContain('sudo -u ballast ballast restore')
})

it('makes a script that ends with the first command that fails, also before &&', () => {
  const { status, stdout, stderr } = spawnSync(
    'sh',
    ['-c', script(['cd /', 'pwd', '(exit 3) && pwd', 'pwd'])],
    {
      encoding: 'utf8',
    },
  )
  expect({ status, stdout, stderr }).toEqual({
    status: 3,
    stdout: '/\n',
    stderr: 'failed: (exit 3) && pwd\n',
  })
})
