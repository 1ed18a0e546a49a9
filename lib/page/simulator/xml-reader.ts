import { type X2jOptions, XMLParser } from 'fast-xml-parser'

/** What `lib/util/xml-reader.ts` does, for browsers: there the library is bundled, and not required when it is needed. */
export function xmlReader(options: X2jOptions): (xml: string) => ReturnType<XMLParser['parse']> {
  const parser = new XMLParser(options)
  return (xml) => parser.parse(xml, true)
}
