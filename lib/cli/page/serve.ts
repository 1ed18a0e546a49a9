import { resolve } from 'node:path'
import { addressText, type ListenAddress } from '../http/address.ts'
import { closed } from '../http/bounded-server.ts'
import { assertGuarded } from '../http/guarded.ts'
import { listen } from '../http/listen.ts'
import { readAssets } from './assets.ts'
import { PageServer, type PageSource } from './page-server.ts'
import { readToken } from './token.ts'

/** Where the page is served, and who may read it. */
export interface PagePlace {
  readonly address: ListenAddress
  /** File with the token; undefined: whoever can connect may read. */
  readonly tokenFile: string | undefined
}

export interface ServedPage extends AsyncDisposable {
  /** Where it is, as one writes it: the port is the one that the kernel chose. */
  readonly address: string
  /** Tells all readers. */
  send(event: Buffer): void
}

/**
 * Serves the page. Rejects with `ERR_LISTEN`, and with {@link UsageError} for an address that others can reach without a
 * token. `report` is told what goes wrong later, and of what is refused.
 */
export async function servePage(
  { address, tokenFile }: PagePlace,
  source: PageSource,
  report: (problem: string) => void,
): Promise<ServedPage> {
  assertGuarded({ address, tokenFile })
  const own = address.kind === 'unix' ? { ...address, path: resolve(address.path) } : address
  const token = tokenFile === undefined ? undefined : await readToken(tokenFile)
  const server = new PageServer({ source, assets: await readAssets(), address: own, token, report })
  const bound = await listen(server.http, own, 'the page')
  server.http.on('error', ({ message }) => report(`the page at ${addressText(bound)}: ${message}`))
  return {
    address: bound.kind === 'unix' ? addressText(bound) : `http://${addressText(bound)}/`,
    send: (event) => server.stream.send(event),
    async [Symbol.asyncDispose]() {
      server.stream[Symbol.dispose]()
      await closed(server.http)
    },
  }
}
