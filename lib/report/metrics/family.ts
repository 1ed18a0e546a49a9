/** Labels of one series. */
export type Labels = Readonly<Record<string, string>>

/** Adds a series to a family. A value that is not known, or no finite number, adds none. */
export type AddSeries = (labels: Labels, value: number | undefined) => void

/** A metric as Prometheus describes it. */
export interface Metric {
  readonly type: 'gauge' | 'counter' | 'histogram' | 'summary'
  /** One sentence, with the unit where the name has none. */
  readonly help: string
  readonly labels: readonly string[]
}

/** A metric whose series are made anew from `Source` at each scrape: what is not in it any more has no series. */
export interface Family<Source> extends Metric {
  readonly type: 'gauge' | 'counter'
  readonly series: (source: Source, add: AddSeries) => void
}

/** Families by the names of their metrics. */
export type Families<Source> = Readonly<Record<string, Family<Source>>>

/** A metric without labels. */
export function plain<Source>(
  type: Family<Source>['type'],
  help: string,
  value: (source: Source) => number | undefined,
): Family<Source> {
  return { type, help, labels: [], series: (source, add) => add({}, value(source)) }
}

/** 1 or 0; undefined where it is not known. */
export function flag(value: boolean | undefined): number | undefined {
  return value === undefined ? undefined : Number(value)
}

/** Milliseconds as seconds. */
export function seconds(milliseconds: number | undefined): number | undefined {
  return milliseconds === undefined ? undefined : milliseconds / 1_000
}
