import type { HostReport } from './host-report.ts'

/** What a field of a report has to be; `undefined` where it may be left out. */
type Check = (value: unknown) => boolean

const text: Check = (value) => typeof value === 'string'
const flag: Check = (value) => typeof value === 'boolean'
/** Sizes, times, loads: whoever reports less than none is not heard. */
const amount: Check = (value) => typeof value === 'number' && Number.isFinite(value) && value >= 0
const whole: Check = (value) => Number.isSafeInteger(value)
const choice =
  (...choices: readonly unknown[]): Check =>
  (value) =>
    choices.includes(value)
const optional =
  (check: Check): Check =>
  (value) =>
    value === undefined || check(value)
const list =
  (check: Check): Check =>
  (value) =>
    Array.isArray(value) && value.every(check)
const fields =
  (checks: Readonly<Record<string, Check>>): Check =>
  (value) =>
    isObject(value) && Object.entries(checks).every(([name, check]) => check(value[name]))

const answer: Check = (value) => value === true || text(value)

const guest = fields({
  id: whole,
  run: optional(text),
  uuid: text,
  name: text,
  running: flag,
  cpu: fields({
    vcpus: amount,
    demand: optional(amount),
    largest: optional(amount),
    usage: optional(amount),
    delay: optional(amount),
    shares: optional(amount),
  }),
  memory: fields({
    maximum: amount,
    actual: amount,
    committed: amount,
    overhead: optional(amount),
    need: optional(amount),
    hugePages: optional(amount),
    dirtyRate: optional(amount),
    swapping: optional(flag),
  }),
  score: optional(fields({ cpu: optional(amount), memory: optional(amount) })),
  requirement: optional(text),
  stays: list(text),
  labels: list(text),
  priority: optional(choice(1, 2, 3)),
})

const migration = fields({
  guest: text,
  name: text,
  direction: choice('in', 'out'),
  peer: optional(text),
  order: optional(text),
  elapsed: amount,
  memoryRemaining: optional(amount),
})

const report = fields({
  version: (value) => whole(value) && (value as number) >= 1,
  host: text,
  name: text,
  instance: text,
  sequence: whole,
  wallTime: amount,
  interval: (value) => amount(value) && (value as number) > 0,
  software: fields({ ballast: text, libvirt: optional(text), hypervisor: optional(text) }),
  reach: optional(
    fields({
      uri: text,
      dataUri: optional(text),
      bandwidth: (value) => amount(value) && (value as number) > 0,
    }),
  ),
  cpu: fields({ pcpus: amount, capacity: amount, background: amount, deviation: optional(amount) }),
  memory: fields({
    total: amount,
    // Below 0 where the host itself takes more than is reserved for it.
    budget: (value) => typeof value === 'number' && Number.isFinite(value),
    committed: amount,
    available: optional(amount),
    hugePagesFree: optional(amount),
  }),
  dryRun: flag,
  duplicate: optional(flag),
  guests: list(guest),
  migrations: list(migration),
  answers: (value) => isObject(value) && Object.values(value).every(answer),
})

/**
 * What another program wrote as the report of a host, where it is one: whoever leads makes plans of it, so nothing of it is
 * taken on trust. What a newer version has beside these fields is kept.
 */
export function readHostReport(value: unknown): HostReport | undefined {
  return report(value) ? (value as HostReport) : undefined
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
