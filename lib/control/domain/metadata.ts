import { CpuSet } from '../../host/cpuset.ts'
import { xmlReader } from '../../util/xml-reader.ts'
import {
  contradiction,
  isMemoryShares,
  isShares,
  memorySharesExpected,
  type ParsedRules,
  readMiB,
  sharesExpected,
} from './rules.ts'

/** What the metadata of a domain says; or what is wrong with it. */
export type MetadataSettings = ParsedRules | { readonly problem: string }

const readXml = xmlReader({
  ignoreAttributes: false,
  attributeNamePrefix: '',
  attributesGroupName: 'attributes',
  removeNSPrefix: true,
  parseTagValue: false,
  parseAttributeValue: false,
  processEntities: false,
  ignoreDeclaration: true,
})

/** By attribute: what its text stands for. Throws what is wrong with the text. */
const readers: Record<string, (text: string) => ParsedRules> = {
  managed: (text) => {
    if (text !== 'yes' && text !== 'no') throw new Error(`expected yes or no, got ${JSON.stringify(text)}`)
    return { managed: text === 'yes' }
  },
  cpus: (text) => {
    const cpus = CpuSet.parse(text)
    if (cpus.isEmpty) throw new Error('no pCPU at all')
    return { cpus }
  },
  shares: (text) => {
    return { shares: wholeNumber(text, isShares, sharesExpected) }
  },
  memoryFloorMiB: (text) => ({ memoryFloor: readMiB(text) }),
  memoryCeilingMiB: (text) => ({ memoryCeiling: readMiB(text) }),
  memoryShares: (text) => ({ memoryShares: wholeNumber(text, isMemoryShares, memorySharesExpected) }),
}

function wholeNumber(text: string, accepts: (value: number) => boolean, expected: string): number {
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN
  if (!accepts(value)) throw new Error(`expected ${expected}, got ${JSON.stringify(text)}`)
  return value
}

/**
 * Reads `<settings managed='no' cpus='0-3' shares='2000' memoryFloorMiB='512'/>`, every attribute optional. What is not understood makes
 * all of it a problem: to leave a domain alone is better than to heed half of what its owner says.
 */
export function readMetadata(xml: string): MetadataSettings {
  const document = parse(xml)
  if (document instanceof Error) return { problem: `it is no XML that can be read: ${document.message}` }
  const [name] = Object.keys(document)
  if (name !== 'settings') return { problem: `its element is ${name}, not settings` }
  const element = document.settings
  if (Array.isArray(element)) return { problem: `it has ${element.length} elements` }
  if (typeof element === 'string') return element === '' ? {} : { problem: 'settings holds text' }
  const { attributes = {}, ...content } = element as { attributes?: Record<string, string> }
  const [inside] = Object.keys(content)
  if (inside !== undefined) {
    return {
      problem: inside === '#text' ? 'settings holds text' : `there is no element ${inside} in settings`,
    }
  }
  let settings: ParsedRules = {}
  for (const [attribute, text] of Object.entries(attributes)) {
    if (!Object.hasOwn(readers, attribute)) return { problem: `there is no attribute ${attribute}` }
    try {
      settings = { ...settings, ...readers[attribute]!(text) }
    } catch (error) {
      return { problem: `${attribute}: ${error instanceof Error ? error.message : String(error)}` }
    }
  }
  const wrong = contradiction(settings)
  return wrong ? { problem: wrong } : settings
}

function parse(xml: string): Record<string, unknown> | Error {
  try {
    return readXml(xml)
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error))
  }
}
