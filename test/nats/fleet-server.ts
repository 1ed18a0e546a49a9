import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { NatsOptions } from '../../lib/fleet/nats/nats-options.ts'
import { NatsServer } from '../support/nats.ts'

const packaged = fileURLToPath(new URL('../../packaging/nats/nats-server.conf', import.meta.url))

/** A nats-server with the users and rights of the packaged configuration, for the hosts of these UUIDs. */
export class FleetServer implements AsyncDisposable {
  readonly server: NatsServer

  private constructor(server: NatsServer) {
    this.server = server
  }

  /** `tls`: that part of the configuration. Default: without. */
  static async start(host: string, tls = ''): Promise<FleetServer> {
    const configuration = readFileSync(packaged, 'utf8')
      .replace(/^(listen|server_name): .*$/gm, '')
      .replace(/^jetstream \{.*?^\}/ms, '')
      .replace(/^tls \{.*?^\}/ms, tls)
      .replaceAll('HOST-UUID', host)
    return new FleetServer(await NatsServer.start({ configuration }))
  }

  /** How a user of the configuration connects; `host`: as the agent of that host. */
  as(user: 'leader' | 'people' | 'HOST-NAME', host?: string): NatsOptions {
    const credentials = join(this.server.directory, user)
    const password = user === 'HOST-NAME' ? 'HOST-PASSWORD' : `${user.toUpperCase()}-PASSWORD`
    writeFileSync(credentials, `${user}:${password}\n`, { mode: 0o600 })
    return { servers: [this.server.address], credentials, host }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server[Symbol.asyncDispose]()
  }
}
