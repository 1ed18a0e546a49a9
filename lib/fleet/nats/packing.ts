import { deflateSync, inflateSync } from 'node:zlib'

/** Below this many bytes compressing gains nothing, and a person can read it with NATS's own tools. */
const small = 1_024

/** Bytes at most of what another program wrote, once unpacked: of more, it is taken for damaged. */
const largest = 128 * 2 ** 20

/** First byte of what zlib writes; JSON never begins with it. */
const zlibMark = 0x78

/** A value as JSON, compressed where that is worth it: a report of a thousand guests has to fit one message. */
export function pack(value: unknown): Uint8Array {
  const text = Buffer.from(JSON.stringify(value))
  return text.length < small ? text : deflateSync(text, { level: 3 })
}

/** What {@link pack} was handed. Throws where `data` is something else. */
export function unpack(data: Uint8Array): unknown {
  const text = data[0] === zlibMark ? inflateSync(data, { maxOutputLength: largest }) : Buffer.from(data)
  return JSON.parse(text.toString('utf8'))
}

/** The same; undefined where it is no object, or `data` is something else. */
export function unpackObject<T>(data: Uint8Array): T | undefined {
  try {
    const value = unpack(data)
    return typeof value === 'object' && value !== null ? (value as T) : undefined
  } catch {
    return undefined
  }
}
