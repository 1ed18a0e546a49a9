import type { Row } from '../../recording/text.ts'
import { printable } from '../../util/printable.ts'

/** Rows of an explanation, as `ballast why` has them. */
export function Rows({ rows }: { readonly rows: readonly Row[] }) {
  // A row without a name goes on with the one before.
  const groups: { name: string; texts: string[] }[] = []
  for (const { name, text } of rows) {
    if (name === '' && groups.length > 0) groups.at(-1)!.texts.push(text)
    else groups.push({ name, texts: [text] })
  }
  return (
    <dl class="rows">
      {groups.map(({ name, texts }) => (
        <div key={name}>
          <dt>{name}</dt>
          {texts.map((text) => (
            <dd key={text}>{printable(text)}</dd>
          ))}
        </div>
      ))}
    </dl>
  )
}
