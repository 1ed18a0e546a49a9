import { CpuSet } from '../host/cpuset.ts'
import { BallastError, type ErrorCode, LibvirtError } from '../host/errors.ts'
import type { DomainRef } from '../host/host.ts'

/** What JSON can hold. */
export type Plain =
  | null
  | boolean
  | number
  | string
  | readonly Plain[]
  | { readonly [name: string]: Plain | undefined }

/**
 * A value of the API as plain data, so that {@link fromPlain} gives the same value again. What JSON has no word for gets
 * a tag: `{"$cpus":"0-3"}`, `{"$map":[[key,value],…]}`, `{"$number":"NaN"}`, `{"$error":{…}}`. Fields that are undefined
 * are left out. Throws a `TypeError` for anything else, such as a function.
 */
export function toPlain(value: unknown): Plain {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return value
  if (typeof value === 'number') return Number.isFinite(value) ? value : { $number: String(value) }
  if (value instanceof CpuSet) return { $cpus: value.toString() }
  if (value instanceof Map) return { $map: Array.from(value, ([key, of]) => [toPlain(key), toPlain(of)]) }
  if (value instanceof BallastError) return { $error: errorToPlain(value) }
  if (Array.isArray(value)) return value.map((item) => (item === undefined ? null : toPlain(item)))
  if (typeof value !== 'object') throw new TypeError(`A recording cannot hold a ${typeof value}`)
  const fields: Record<string, Plain> = {}
  for (const [name, field] of Object.entries(value)) {
    if (field !== undefined) fields[name] = toPlain(field)
  }
  return fields
}

/** What a call names its domain by: whoever calls may hand over more than that. */
export function plainRef(domain: DomainRef): Plain {
  return typeof domain === 'string' ? domain : { uuid: domain.uuid, id: domain.id }
}

/** The value that {@link toPlain} was given. */
export function fromPlain(plain: Plain | undefined): unknown {
  if (typeof plain !== 'object' || plain === null) return plain
  if (isArray(plain)) return plain.map(fromPlain)
  if (typeof plain.$cpus === 'string') return CpuSet.parse(plain.$cpus)
  if (typeof plain.$number === 'string') return Number(plain.$number)
  if (plain.$map !== undefined)
    return new Map((plain.$map as [Plain, Plain][]).map(([a, b]) => [fromPlain(a), fromPlain(b)]))
  if (plain.$error !== undefined) return errorFromPlain(plain.$error as PlainError)
  return Object.fromEntries(Object.entries(plain).map(([name, field]) => [name, fromPlain(field)]))
}

// `Array.isArray` does not tell a readonly array from an object.
function isArray(plain: object): plain is readonly Plain[] {
  return Array.isArray(plain)
}

/** An error as a recording has it: stable code, message, and what libvirt said. */
type PlainError = {
  readonly code: ErrorCode
  readonly message: string
  readonly libvirt?: {
    readonly libvirtCode: number
    readonly libvirtDomain: number
    readonly level: number
    readonly call: string
    readonly domainName?: string
  }
}

function errorToPlain(error: BallastError): PlainError {
  const { code, message } = error
  if (!(error instanceof LibvirtError)) return { code, message }
  const { libvirtCode, libvirtDomain, level, call, domainName } = error
  const libvirt = { libvirtCode, libvirtDomain, level, call, ...(domainName !== undefined && { domainName }) }
  return { code, message, libvirt }
}

function errorFromPlain({ code, message, libvirt }: PlainError): BallastError {
  return libvirt ? new LibvirtError(code, message, libvirt) : new BallastError(code, message)
}
