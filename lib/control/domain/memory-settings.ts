import { wrongOption } from '../../host/errors.ts'
import { mebibytes } from '../../util/format.ts'
import { MiB } from '../../util/units.ts'
import { type DomainSettings, defaultSettings } from '../../view/domain-settings.ts'

/** What can be said of a domain's memory; everything may be left unsaid. */
export interface MemoryRules {
  /** Bytes: its balloon is not made smaller than this. Default: what holds for all, `guestFloor`. */
  readonly memoryFloor?: number | undefined
  /** Bytes: its balloon is not made larger than this. Default: its maximum. */
  readonly memoryCeiling?: number | undefined
  /** Share of memory that is short, or left over, as against others', 1 to 1,000,000. Default 1000. */
  readonly memoryShares?: number | undefined
}

export const memorySharesExpected = 'a whole number from 1 to 1000000'

export function isMemoryShares(value: unknown): boolean {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 1 && value <= 1_000_000
}

/** The memory part of one entry of the option `domainRules`. Throws a `TypeError` for what is wrong in itself. */
export function readMemoryRules(option: string, rules: MemoryRules): MemoryRules {
  const { memoryFloor, memoryCeiling, memoryShares } = rules
  for (const [name, bytes] of Object.entries({ memoryFloor, memoryCeiling })) {
    if (bytes !== undefined && !(typeof bytes === 'number' && bytes > 0 && Number.isFinite(bytes))) {
      throw wrongOption(`${option}.${name}`, 'a number of bytes above 0', bytes)
    }
  }
  if (memoryShares !== undefined && !isMemoryShares(memoryShares)) {
    throw wrongOption(`${option}.memoryShares`, memorySharesExpected, memoryShares)
  }
  const read = { memoryFloor, memoryCeiling, memoryShares }
  if (contradiction(read)) {
    throw wrongOption(
      `${option}.memoryFloor`,
      `at most its memoryCeiling, ${memoryCeiling} bytes`,
      memoryFloor,
    )
  }
  return Object.fromEntries(Object.entries(read).filter(([, value]) => value !== undefined))
}

/** A size as the metadata of a domain has it: whole MiB above 0, in bytes. Throws what is wrong with the text. */
export function readMiB(text: string): number {
  const bytes = /^\d{1,9}$/.test(text) ? Number(text) * MiB : 0
  if (bytes === 0) throw new Error(`expected whole MiB above 0, got ${JSON.stringify(text)}`)
  return bytes
}

/** What the option and the metadata say, together: limits add up, and of shares the option has the last word. */
export function memorySettings(
  option: MemoryRules,
  metadata: MemoryRules,
): Pick<DomainSettings, 'memoryFloor' | 'memoryCeiling' | 'memoryShares'> {
  return {
    memoryFloor: largest(option.memoryFloor, metadata.memoryFloor),
    memoryCeiling: smallest(option.memoryCeiling, metadata.memoryCeiling),
    memoryShares: option.memoryShares ?? metadata.memoryShares ?? defaultSettings.memoryShares,
  }
}

/** What cannot be so at once, for people; undefined: all can. */
export function contradiction({ memoryFloor, memoryCeiling }: MemoryRules): string | undefined {
  if (memoryFloor === undefined || memoryCeiling === undefined || memoryFloor <= memoryCeiling)
    return undefined
  return `the memory floor, ${mebibytes(memoryFloor)}, is above the memory ceiling, ${mebibytes(memoryCeiling)}`
}

function largest(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined ? (a ?? b) : Math.max(a, b)
}

function smallest(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined ? (a ?? b) : Math.min(a, b)
}
