import fc from 'fast-check'

const codeUnit = fc.nat(0xffff).map((code) => String.fromCharCode(code))
/** Any text at all: controls, what is no character, halves of pairs. */
export const anyText = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 60 }),
  fc.string({ unit: codeUnit, maxLength: 20 }),
)

/** What can turn one text into another that is nearly right. */
type Edit = { readonly at: number; readonly length: number; readonly put: string }

/** Texts near to those of `seeds`: cut off, with parts taken out, put in or doubled. */
export function nearly(seeds: readonly string[], pieces: readonly string[] = []): fc.Arbitrary<string> {
  const put = fc.oneof(anyText, fc.constantFrom('', '\0', '\n', ...pieces), fc.integer().map(String))
  const edit = fc.record({ at: fc.nat(), length: fc.nat(12), put })
  const cut = fc.option(fc.nat(), { freq: 3 })
  return fc
    .tuple(fc.constantFrom(...seeds), fc.array(edit, { maxLength: 3 }), cut)
    .map(([seed, edits, length]) => {
      const text = edits.reduce(changed, seed)
      return length === null ? text : text.slice(0, length % (text.length + 1))
    })
}

function changed(text: string, { at, length, put }: Edit): string {
  const start = at % (text.length + 1)
  return text.slice(0, start) + put + text.slice(start + length)
}

/** What `read` gives; undefined for an error that `isDocumented`. Throws every other. */
export function unless<T>(isDocumented: (error: unknown) => boolean, read: () => T): T | undefined {
  try {
    return read()
  } catch (error) {
    if (isDocumented(error)) return undefined
    throw error
  }
}
