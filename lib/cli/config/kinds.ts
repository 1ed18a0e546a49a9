import type * as ballooning from '../../ballooning/index.ts'
import type { DomainRules } from '../../control/domain/rules.ts'
import type { Price } from '../../schedulers/balance/move-cost.ts'
import type * as schedulers from '../../schedulers/index.ts'

/** What an option is in a configuration file: sizes and times have their unit there. */
export type Kind = 'bytes' | 'milliseconds' | 'number' | 'flag' | 'text' | 'cpus' | Kinds

/** The options of something, by name. */
export interface Kinds {
  readonly [option: string]: Kind
}

/** A kind for every option that there is: the compiler sees to it. */
type KindsOf<Options> = { readonly [K in keyof Options]-?: KindOf<NonNullable<Options[K]>> }

type KindOf<Value> = [Value] extends [boolean]
  ? 'flag'
  : [Value] extends [number]
    ? 'bytes' | 'milliseconds' | 'number'
    : string extends Value
      ? 'text' | 'cpus'
      : [Value] extends [string]
        ? 'text'
        : KindsOf<Value>

/** What a configuration can say of one domain. */
export const domainKinds = {
  managed: 'flag',
  cpus: 'cpus',
  shares: 'number',
  memoryFloor: 'bytes',
  memoryCeiling: 'bytes',
  memoryShares: 'number',
} satisfies KindsOf<DomainRules>

const price = {
  core: 'number',
  cache: 'number',
  cell: 'number',
  remote: 'number',
  away: 'number',
} satisfies KindsOf<Price>

const fair = { tolerance: 'number' } satisfies KindsOf<schedulers.FairOptions>

const balance = {
  tolerance: 'number',
  pin: 'text',
  maxMoves: 'number',
  cooldown: 'milliseconds',
  background: 'flag',
  sibling: 'number',
  cost: price,
} satisfies KindsOf<schedulers.BalanceOptions>

const pack = { fill: 'number', slack: 'number' } satisfies KindsOf<schedulers.PackOptions>

const lpt = { tolerance: 'number' } satisfies KindsOf<schedulers.LptOptions>

const oneMove = { tolerance: 'number', pick: 'text' } satisfies KindsOf<schedulers.OneMoveOptions>

/** The options of each policy that places vCPUs. */
export const schedulerKinds: Readonly<Record<string, Kinds>> = {
  balance,
  fair,
  pack,
  lpt,
  oneMove,
  roundRobin: {},
}

const shares = {
  margin: 'bytes',
  burst: 'bytes',
  floor: 'bytes',
  step: 'bytes',
  tax: 'number',
} satisfies KindsOf<ballooning.SharesOptions>

const watermark = {
  low: 'bytes',
  high: 'bytes',
  step: 'bytes',
  floor: 'bytes',
} satisfies KindsOf<ballooning.WatermarkOptions>

const cagma = {
  period: 'milliseconds',
  factor: 'number',
  floor: 'bytes',
} satisfies KindsOf<ballooning.CagmaOptions>

const idleTax = {
  tax: 'number',
  slow: 'milliseconds',
  fast: 'milliseconds',
  minimum: 'bytes',
} satisfies KindsOf<ballooning.IdleTaxOptions>

const mom = {
  period: 'milliseconds',
  window: 'milliseconds',
  pressure: 'number',
  critical: 'number',
  guestFree: 'number',
  step: 'number',
  threshold: 'number',
  minimum: 'bytes',
} satisfies KindsOf<ballooning.MomOptions>

const proxmox = {
  period: 'milliseconds',
  target: 'number',
  step: 'bytes',
  tolerance: 'bytes',
  comfortable: 'number',
  minimum: 'bytes',
} satisfies KindsOf<ballooning.ProxmoxOptions>

const squeezed = {
  inactiveAfter: 'milliseconds',
  uncooperativeAfter: 'milliseconds',
  minimum: 'bytes',
} satisfies KindsOf<ballooning.SqueezedOptions>

const qubes = {
  factor: 'number',
  minimum: 'bytes',
  threshold: 'bytes',
  thresholdBelow: 'bytes',
} satisfies KindsOf<ballooning.QubesOptions>

/** The options of each policy that sizes balloons. */
export const balloonKinds: Readonly<Record<string, Kinds>> = {
  shares,
  watermark,
  cagma,
  idleTax,
  mom,
  proxmox,
  squeezed,
  qubes,
}
