import { createRequire } from 'node:module'
import type { X2jOptions, XMLParser } from 'fast-xml-parser'

/**
 * A function that reads XML with fast-xml-parser and these options, and throws for a text that is not well-formed. The
 * library is loaded at its first call, and as the one CommonJS file that it brings: `import` would take its dozens
 * of modules instead, and 1.5 MiB more of memory.
 */
export function xmlReader(options: X2jOptions): (xml: string) => ReturnType<XMLParser['parse']> {
  let parser: XMLParser | undefined
  return (xml) => {
    parser ??= load(options)
    return parser.parse(xml, true)
  }
}

function load(options: X2jOptions): XMLParser {
  const library: typeof import('fast-xml-parser') = createRequire(import.meta.url)('fast-xml-parser')
  return new library.XMLParser(options)
}
