import { CpuSet } from '../../host/cpuset.ts'
import { xmlReader } from '../../util/xml-reader.ts'
import type { DomainFleetSettings } from '../../view/domain-settings.ts'
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
export type MetadataSettings = OwnersRules | { readonly problem: string }

/** What a domain's owner may say: what the user of Ballast may, and what only a fleet heeds. */
export interface OwnersRules extends ParsedRules {
  readonly fleet?: DomainFleetSettings | undefined
}

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
const readers: Record<string, (text: string) => OwnersRules> = {
  managed: (text) => ({ managed: yesOrNo(text) }),
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
  fleet: (text) => ({ fleet: { moves: yesOrNo(text) } }),
  labels: (text) => ({ fleet: { labels: labelsIn(text) } }),
  priority: (text) => {
    const priority = priorities.find((one) => String(one) === text)
    if (priority === undefined) throw new Error(`expected 1, 2 or 3, got ${JSON.stringify(text)}`)
    return { fleet: { priority } }
  },
}

const priorities = [1, 2, 3] as const

const label = /^[\w.-]{1,63}$/

function labelsIn(text: string): string[] {
  const labels = text.split(',').map((one) => one.trim())
  const wrong = labels.find((one) => !label.test(one))
  if (wrong === undefined) return labels
  throw new Error(
    `expected names of letters, digits, _, . and -, with commas between them, got ${JSON.stringify(wrong)}`,
  )
}

function yesOrNo(text: string): boolean {
  if (text !== 'yes' && text !== 'no') throw new Error(`expected yes or no, got ${JSON.stringify(text)}`)
  return text === 'yes'
}

function wholeNumber(text: string, accepts: (value: number) => boolean, expected: string): number {
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN
  if (!accepts(value)) throw new Error(`expected ${expected}, got ${JSON.stringify(text)}`)
  return value
}

/**
 * Reads `<settings managed='no' cpus='0-3' shares='2000' memoryFloorMiB='512' labels='web,eu'/>`, every attribute
 * optional. What is not understood makes all of it a problem: to leave a domain alone is better than to heed half of
 * what its owner says.
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
  let settings: OwnersRules = {}
  for (const [attribute, text] of Object.entries(attributes)) {
    if (!Object.hasOwn(readers, attribute)) return { problem: `there is no attribute ${attribute}` }
    try {
      const { fleet, ...read } = readers[attribute]!(text)
      settings = { ...settings, ...read, ...(fleet && { fleet: { ...settings.fleet, ...fleet } }) }
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
