import { open } from 'node:fs/promises'
import type { JetStreamClient, JetStreamManager } from '@nats-io/jetstream'
import type { Authenticator, MsgHdrs, NatsConnection } from '@nats-io/transport-node'
import { BallastError } from '../../host/errors.ts'
import { busError } from './bus-error.ts'
import type { NatsOptions } from './nats-options.ts'
import { identityCheck } from './server-identity.ts'
import { checkTlsFiles } from './tls-files.ts'

/** Milliseconds that a call may take. */
export const callTimeout = 5_000

/** What came of loading the clients and connecting. */
export interface NatsClients {
  readonly connection: NatsConnection
  readonly manager: JetStreamManager
  readonly client: JetStreamClient
  /** An address that only we hear. */
  readonly inbox: () => string
  readonly headers: () => MsgHdrs
}

/**
 * Connects, and reconnects indefinitely from then on. The clients of NATS are loaded here: a program without a fleet
 * never does. Rejects with `ERR_FLEET_BUS` when no server answers, and with `ERR_FLEET_PERMISSION`.
 */
export async function connectNats({ servers, credentials, tls, host }: NatsOptions): Promise<NatsClients> {
  const [transport, { jetstream, jetstreamManager }] = await Promise.all([
    import('@nats-io/transport-node'),
    import('@nats-io/jetstream'),
  ])
  if (tls) await checkTlsFiles(tls)
  const authenticator = credentials === undefined ? undefined : await authenticate(credentials, transport)
  // Whoever may hear all of `_INBOX` hears the answers to everybody.
  const inboxPrefix = host === undefined ? '_INBOX' : `_INBOX.${host}`
  const connection = await transport
    .connect({
      servers: [...servers],
      name: host === undefined ? 'ballast fleet' : `ballast ${host}`,
      timeout: callTimeout,
      maxReconnectAttempts: -1,
      reconnectTimeWait: 500,
      reconnectJitter: 500,
      ignoreAuthErrorAbort: true,
      // A server that is not there any more, without a word, is noticed within 9 s.
      pingInterval: 3_000,
      maxPingOut: 2,
      inboxPrefix,
      ...(authenticator && { authenticator }),
      // `tls` refuses a server without TLS.
      ...((tls || servers.some((server) => server.startsWith('tls://'))) && {
        tls: {
          ...(tls?.ca !== undefined && { caFile: tls.ca }),
          ...(tls?.cert !== undefined && { certFile: tls.cert }),
          ...(tls?.key !== undefined && { keyFile: tls.key }),
          // Handed on to Node, though not in the client's types.
          ...({ checkServerIdentity: identityCheck(servers) } as object),
        },
      }),
    })
    .catch((error) => {
      throw connectError(error, servers)
    })
  return {
    connection,
    manager: await jetstreamManager(connection, { checkAPI: false, timeout: callTimeout }),
    client: jetstream(connection, { timeout: callTimeout }),
    inbox: () => transport.createInbox(inboxPrefix),
    headers: () => transport.headers(),
  }
}

function connectError(error: unknown, servers: readonly string[]): BallastError {
  const known = busError(error, 'connect')
  if (known.code !== 'ERR_FLEET_BUS') return known
  const { message } = error instanceof Error ? error : { message: String(error) }
  return new BallastError(
    'ERR_FLEET_BUS',
    `Cannot connect to NATS at ${servers.join(', ')} (${message}): start nats-server, or correct its address and its certificates`,
    { cause: error },
  )
}

/** What the file at `path` proves an identity with: see {@link NatsOptions.credentials}. */
async function authenticate(
  path: string,
  transport: typeof import('@nats-io/transport-node'),
): Promise<Authenticator> {
  const text = await contentOf(path).catch((error) => {
    throw new BallastError(
      'ERR_FLEET_PERMISSION',
      `Cannot read the credentials in ${path}: ${error.message}`,
      {
        cause: error,
      },
    )
  })
  const line = text.trim()
  if (line.includes('-----BEGIN NATS USER JWT-----')) {
    return transport.credsAuthenticator(new TextEncoder().encode(text))
  }
  if (/^SU[A-Z2-7]{56}$/.test(line)) return transport.nkeyAuthenticator(new TextEncoder().encode(line))
  const [, user, password] = /^([^:\n]+):([^\n]*)$/.exec(line) ?? []
  if (user !== undefined) return transport.usernamePasswordAuthenticator(user, password)
  throw new BallastError(
    'ERR_FLEET_PERMISSION',
    `${path} has no credentials: expected a .creds file of NATS, the seed of an nkey, or one line USER:PASSWORD`,
  )
}

/** Of a file that nobody but its owner may read. */
async function contentOf(path: string): Promise<string> {
  const file = await open(path)
  try {
    const status = await file.stat()
    if (!status.isFile()) throw new Error('it is no file')
    if ((status.mode & 0o077) !== 0)
      throw new Error('others than its owner may read or write it; run chmod 600 on it')
    return await file.readFile('utf8')
  } finally {
    await file.close()
  }
}
