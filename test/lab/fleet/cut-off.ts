/** A way to NATS for the agent of one host, which can be cut: nothing goes through then, and nobody is told. */
export interface CutOff extends AsyncDisposable {
  /** What it is, for the result. */
  readonly by: string
  /** Address that NATS is to listen on. */
  readonly natsHost: string
  /** What comes before the command of a program that is to be behind it. */
  readonly within: readonly string[]
  /** Address by which a program behind it reaches NATS at `address`. */
  serverFor(address: string): Promise<string>
  cut(isCut: boolean): Promise<void>
}
