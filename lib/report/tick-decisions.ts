import type { Figures } from '../control/results/figures.ts'
import type { ChangeResult, PredictionError } from '../control/results/result.ts'
import type { Clamp, KsmResult, Outcome, Rollback, Skipped, Tick, TickTiming } from '../control/tick.ts'
import type { Action, Explanation, KsmAction } from '../policy/plan.ts'
import { type FiguresRecord, figuresRecord } from './figures-record.ts'
import { type Known, known } from './known-fields.ts'
import { type ReasonRecord, reasonRecord } from './reason-record.ts'

/** Sets of pCPUs in list notation: `0-3,8`. */
export type CpuList = string

export interface PinRecord {
  readonly kind: 'pin'
  readonly uuid: string
  readonly domain: string
  readonly vcpu: number
  readonly cpus: CpuList
  readonly reason: ReasonRecord
}

export interface SetMemoryRecord {
  readonly kind: 'setMemory'
  readonly uuid: string
  readonly domain: string
  readonly bytes: number
  readonly reason: ReasonRecord
}

export interface SetSharesRecord {
  readonly kind: 'setShares'
  readonly uuid: string
  readonly domain: string
  /** `cpu_shares`. */
  readonly shares: number
  readonly reason: ReasonRecord
}

export type ActionRecord = PinRecord | SetMemoryRecord | SetSharesRecord

export interface KsmActionRecord {
  readonly kind: KsmAction['kind']
  /** Left out: as it is. */
  readonly running?: boolean
  readonly pagesToScan: number
  /** Milliseconds. */
  readonly sleep: number
  readonly reason: ReasonRecord
}

export interface KsmRecord {
  readonly skipped?: ReasonRecord
  readonly outcome?: {
    readonly action: KsmActionRecord
    readonly status: Outcome['status']
    readonly error?: ErrorRecord
    /** Milliseconds. */
    readonly duration: number
  }
}

/** {@link Explanation} with its reason as plain data. */
export type ExplanationRecord = Omit<Explanation, 'reason'> & { readonly reason: ReasonRecord }

export interface ErrorRecord {
  /** A stable `ERR_…` string. */
  readonly code: string
  readonly message: string
}

/** {@link ChangeResult} as plain data; which change it is of, by its tick and by what it is about. */
export interface ResultRecord extends Pick<ChangeResult, 'tick' | 'after'> {
  readonly kind: Action['kind']
  readonly uuid: string
  readonly domain: string
  readonly vcpu?: number
  readonly seen: FiguresRecord
  /** What was seen less what was predicted; left out: another change came between. */
  readonly error?: FiguresRecord
}

/** What was decided in a Tick, and what came of it, as plain data: a Tick without its View. */
export interface TickDecisions {
  readonly index: number
  readonly cause: Tick['cause']
  /** Milliseconds since the epoch. */
  readonly wallTime: number
  /** Milliseconds for which libvirt has not said which domains run; left out: it has. */
  readonly listAge?: number
  readonly summary: string
  readonly plan: readonly ActionRecord[]
  /** What of it undoes what was done before. */
  readonly rollbacks?: readonly {
    readonly what: Rollback['what']
    readonly plan: readonly ActionRecord[]
    readonly reason: ReasonRecord
  }[]
  /** Why the scheduler chose as many moves as it did. */
  readonly explanation?: ExplanationRecord
  readonly clamps: readonly {
    readonly rule: Clamp['rule']
    readonly result: Clamp['result']
    readonly action: ActionRecord
    readonly instead?: ActionRecord
    readonly cause: ReasonRecord
  }[]
  readonly skipped: readonly (Omit<Skipped, 'reason'> & { readonly reason: ReasonRecord })[]
  readonly outcomes: readonly {
    readonly action: ActionRecord
    readonly status: Outcome['status']
    readonly error?: ErrorRecord
    /** Milliseconds. */
    readonly duration: number
    /** What was seen before, and what is to be expected. */
    readonly before?: FiguresRecord
    readonly predicted?: FiguresRecord
  }[]
  /** What came of earlier changes. */
  readonly results?: readonly ResultRecord[]
  /** How far the predictions for them were off: means of absolute errors. */
  readonly predictionError?: FiguresRecord & Pick<PredictionError, 'changes'>
  /** What the KSM policy did. */
  readonly ksm?: KsmRecord
  readonly errors: readonly ErrorRecord[]
  /** Milliseconds. */
  readonly timing: Known<TickTiming>
}

/** The part of a Tick that is not in its View, as plain data. */
export function tickDecisions(tick: Tick): TickDecisions {
  return known({
    index: tick.index,
    cause: tick.cause,
    wallTime: tick.wallTime,
    listAge: tick.listAge,
    summary: tick.summary,
    plan: tick.plan.map(actionRecord),
    rollbacks: tick.rollbacks?.map(({ what, plan, reason }) => {
      return { what, plan: plan.map(actionRecord), reason: reasonRecord(reason) }
    }),
    explanation: tick.explanation && explanationRecord(tick.explanation),
    clamps: tick.clamps.map(({ rule, result, action, instead, cause }) =>
      known({
        rule,
        result,
        action: actionRecord(action),
        instead: instead && actionRecord(instead),
        cause: reasonRecord(cause),
      }),
    ),
    skipped: tick.skipped.map(({ reason, ...what }) => ({ ...what, reason: reasonRecord(reason) })),
    outcomes: tick.outcomes.map(({ action, status, error, duration, before, predicted }) =>
      known({
        ...{ action: actionRecord(action), status, error: error && errorRecord(error), duration },
        before: figuresOf(before),
        predicted: figuresOf(predicted),
      }),
    ),
    results: tick.results?.map(resultRecord),
    predictionError: tick.predictionError && {
      changes: tick.predictionError.changes,
      ...figuresRecord(tick.predictionError),
    },
    ksm: tick.ksm && ksmRecord(tick.ksm),
    errors: tick.errors.map(errorRecord),
    timing: known(tick.timing),
  })
}

function actionRecord(action: Action): ActionRecord {
  const { kind, uuid, domain } = action
  const reason = reasonRecord(action.reason)
  switch (kind) {
    case 'pin':
      return { kind, uuid, domain, vcpu: action.vcpu, cpus: action.cpus.toString(), reason }
    case 'setShares':
      return { kind, uuid, domain, shares: action.shares, reason }
    case 'setMemory':
      return { kind, uuid, domain, bytes: action.bytes, reason }
  }
}

function resultRecord({ tick, action, after, seen, error }: ChangeResult): ResultRecord {
  const { kind, uuid, domain } = action
  const vcpu = kind === 'pin' ? action.vcpu : undefined
  return known({ tick, after, kind, uuid, domain, vcpu, seen: figuresRecord(seen), error: figuresOf(error) })
}

function figuresOf(figures: Figures | undefined): FiguresRecord | undefined {
  return figures && figuresRecord(figures)
}

function ksmActionRecord({ kind, running, pagesToScan, sleep, reason }: KsmAction): KsmActionRecord {
  return known({ kind, running, pagesToScan, sleep, reason: reasonRecord(reason) })
}

function explanationRecord({ reason, ...figures }: Explanation): ExplanationRecord {
  return { ...figures, reason: reasonRecord(reason) }
}

function ksmRecord({ skipped, outcome }: KsmResult): KsmRecord {
  return known({
    skipped: skipped && reasonRecord(skipped),
    outcome:
      outcome &&
      known({
        action: ksmActionRecord(outcome.action),
        status: outcome.status,
        error: outcome.error && errorRecord(outcome.error),
        duration: outcome.duration,
      }),
  })
}

function errorRecord({ code, message }: ErrorRecord): ErrorRecord {
  return { code, message }
}
