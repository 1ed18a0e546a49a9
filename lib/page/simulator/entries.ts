import type { Entry } from '../../recording/entries.ts'

/** The entries in a raw deflate stream with a line for each. */
export async function* entriesIn(body: ArrayBuffer): AsyncGenerator<Entry, void, undefined> {
  const text = new Blob([body])
    .stream()
    .pipeThrough(new DecompressionStream('deflate-raw'))
    .pipeThrough(new TextDecoderStream())
  const reader = text.getReader()
  let rest = ''
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return
    const lines = (rest + value).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) yield JSON.parse(line)
  }
}
