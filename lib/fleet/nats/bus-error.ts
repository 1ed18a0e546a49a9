import { BallastError } from '../../host/errors.ts'

/** What the clients of NATS reject with, as an error of ours that says what to do. `call`: what was tried. */
export function busError(error: unknown, call: string): BallastError {
  if (error instanceof BallastError) return error
  const { name, message } = error instanceof Error ? error : { name: '', message: String(error) }
  const cause = { cause: error }
  const denied = violationOf(error)
  if (denied !== undefined) {
    return new BallastError(
      'ERR_FLEET_PERMISSION',
      `NATS does not let this user ${call} (${denied}): give it the rights that docs/fleet.md lists`,
      cause,
    )
  }
  if (name === 'AuthorizationError' || /authorization|authentication/i.test(message)) {
    return new BallastError(
      'ERR_FLEET_PERMISSION',
      `NATS does not know this user (${message}): check the credentials file and the users of its configuration`,
      cause,
    )
  }
  const unheard = unheardSubject(error)
  if (unheard !== undefined && !unheard.startsWith('$JS.')) {
    return new BallastError(
      'ERR_FLEET_BUS',
      `No stream of NATS takes ${unheard} any more (${call}): the stream was removed, or JetStream was switched off. ` +
        'Start a leader of the fleet anew, which makes what is missing',
      cause,
    )
  }
  if (name === 'JetStreamNotEnabled' || /jetstream (is )?not enabled/i.test(message)) {
    return new BallastError(
      'ERR_FLEET_JETSTREAM',
      'NATS runs without JetStream, which keeps what the fleet shares: start nats-server with -js, or with jetstream {} ' +
        'in its configuration, and for this account',
      cause,
    )
  }
  if (name === 'TimeoutError') {
    return new BallastError(
      'ERR_FLEET_BUS',
      `NATS did not answer in time; whether it did what was asked is unknown: ${call}`,
      cause,
    )
  }
  return new BallastError('ERR_FLEET_BUS', `NATS: ${call}: ${message}`, cause)
}

/** What NATS does not permit, in its own words; undefined: that is not what is wrong. */
function violationOf(error: unknown): string | undefined {
  for (let at = error; at instanceof Error; at = at.cause) {
    if (at.name === 'PermissionViolationError' || /^permissions violation/i.test(at.message))
      return at.message
  }
  return undefined
}

/**
 * What was sent where nobody listens. The clients call each such error JetStreamNotEnabled, but only for the subjects of its
 * interface it is: on another one there is a stream missing.
 */
function unheardSubject(error: unknown): string | undefined {
  for (let at = error; at instanceof Error; at = at.cause) {
    if (at.name === 'NoResponders' && 'subject' in at && typeof at.subject === 'string') return at.subject
  }
  return undefined
}

/** Whether a compare-and-set came too late: another program wrote first. */
export function isTooLate(error: unknown): boolean {
  return codeOf(error) === 10_071
}

export function isNoStream(error: unknown): boolean {
  return codeOf(error) === 10_059
}

/** Of JetStream's own codes. */
function codeOf(error: unknown): number | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'number' ? error.code : undefined
}
