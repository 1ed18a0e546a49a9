/** What is played: a scenario and policies by their names; `none`: no policy of that kind. */
export interface Choice {
  readonly scenario: string
  readonly scheduler: string
  readonly ballooning: string
}

/** Milliseconds of the simulated host from tick to tick, and how many times as fast as ours its time passes. */
export const pace = { interval: 1_000, speed: 5, ticks: 240 }
