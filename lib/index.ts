export * as ballooning from './ballooning/index.ts'
export * as combinators from './combinators/index.ts'
export {
  type Autopilot,
  type AutopilotOptions,
  autopilot,
  type Reservation,
  type ReserveOptions,
} from './control/autopilot.ts'
export type { DomainRules, DomainRulesByName as DomainSettingsOption } from './control/domain/rules.ts'
export {
  type HostLock as Hold,
  type HostLockOptions as HoldOptions,
  lockHost,
  lockOwners,
} from './control/host-lock/host-lock.ts'
export type { LockOwner as Holder, LockStatus as Holding, Resource } from './control/host-lock/owner.ts'
export { type FileJournal, fileJournal } from './control/journal/file-journal.ts'
export {
  type Journal,
  type JournalEntry,
  type JournalRequest as JournalAsk,
  memoryJournal,
} from './control/journal/journal.ts'
export {
  type NotRestored,
  type RestoreOptions,
  type RestoreReport,
  restore,
} from './control/restore/restore.ts'
export type * from './control/results/figures.ts'
export type { ChangeResult, PredictionError } from './control/results/result.ts'
export type * from './control/tick.ts'
export * as fleet from './fleet.ts'
export type * from './host/cpu-quota.ts'
export { CpuSet } from './host/cpuset.ts'
export { metadataNamespace } from './host/domain-metadata.ts'
export type * from './host/domain-traits.ts'
export * from './host/errors.ts'
export * from './host/host.ts'
export type * from './host/ksm.ts'
export { reconnecting } from './host/reconnecting-host.ts'
export * from './host/sample.ts'
export type * from './host/topology.ts'
export * as ksm from './ksm.ts'
export { type ConnectOptions, connect } from './libvirt/connect.ts'
export { migrationHost } from './libvirt/migration/migration-host.ts'
export * from './policy/plan.ts'
export { type ActionReason, type Reason, reasonTables, sentenceOf } from './policy/reason.ts'
export * as recordings from './recording/index.ts'
export * from './report/index.ts'
export * as schedulers from './schedulers/index.ts'
export * from './simulation/index.ts'
export { printable } from './util/printable.ts'
export { GiB, KiB, MiB } from './util/units.ts'
export type { DomainSettings } from './view/domain-settings.ts'
export { type LowestScore, lowestScore, type Scores, scoresOf } from './view/score/scores.ts'
export type * from './view/view.ts'
