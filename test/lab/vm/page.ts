/**
 * The code blocks under a heading of a page: each a list of commands, without comments. Throws where there is none, so that a page
 * that was rearranged is noticed.
 */
export function codeBlocks(page: string, heading: string): string[][] {
  const [, after] = page.split(new RegExp(`^#+ ${heading}$`, 'm'))
  if (after === undefined) throw new Error(`The page has no heading ${JSON.stringify(heading)}`)
  const section = after.split(/^#/m, 1)[0]!
  const blocks = section.split(/\n(?! {4}|\n)/).flatMap((part) => {
    const lines = part.split('\n').filter((line) => line.startsWith('    '))
    return lines.length > 0 ? [lines.map((line) => line.replace(/ +# .*/, '').trim())] : []
  })
  if (blocks.length === 0) throw new Error(`The page has no commands under ${JSON.stringify(heading)}`)
  return blocks
}

/** One shell script of these commands, in one shell, that ends with the first that fails and says which. */
export function script(commands: readonly string[], setting = ''): string {
  const steps = commands.map(
    (command) =>
      `${command}\nstatus=$?; [ $status = 0 ] || { echo 'failed: ${command.replaceAll("'", "'\\''")}' >&2; exit $status; }`,
  )
  return [setting, ...steps].join('\n')
}
