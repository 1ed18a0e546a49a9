import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { ListenAddress } from '../http/address.ts'
import { boundedServer } from '../http/bounded-server.ts'
import { isExpectedHost } from '../http/host-header.ts'
import { respond, respondPacked } from '../http/respond.ts'
import type { Asset } from './assets.ts'
import { EventStream } from './event-stream.ts'
import { type RefusalKind, RefusalLog, refusals } from './refusals.ts'
import { RequestRate } from './request-rate.ts'
import type { Token } from './token.ts'

/** Connections at a time, and milliseconds that an answer may take. */
const limits = { connections: 96, answer: 60_000 }

/** What a page shows. */
export interface PageSource {
  /** What is at `/api/NAME`: compressed JSON; undefined: nothing. */
  document(name: string): Promise<Buffer | undefined> | Buffer | undefined
  /** Undefined: nothing happens any more. */
  readonly live?: LiveSource | undefined
}

/** A loop that runs. */
export interface LiveSource {
  /** What `/api/events` begins with. */
  past(): readonly Buffer[]
  /** What is at `/api/hour`: entries of a recording, a line each, as a raw deflate stream. */
  hour(): Promise<readonly Buffer[]>
}

export interface PageServerOptions {
  readonly source: PageSource
  readonly assets: ReadonlyMap<string, Asset>
  readonly address: ListenAddress
  /** Undefined: whoever can connect may read. */
  readonly token: Token | undefined
  readonly report: (problem: string) => void
}

/** Nothing comes from elsewhere, nothing goes elsewhere, nothing is embedded, no code but that of the files. */
const securityHeaders = {
  'Content-Security-Policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; worker-src 'self'; " +
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
}

/** An HTTP server for the page and what it shows; it answers GET and HEAD, and nothing that it is asked changes anything. */
export class PageServer {
  readonly http: Server
  /** Those who are told of what happens. */
  readonly stream: EventStream
  readonly #options: PageServerOptions
  readonly #refused: RefusalLog
  readonly #rate = new RequestRate()

  constructor(options: PageServerOptions) {
    this.#options = options
    this.#refused = new RefusalLog(options.report)
    let isTold = false
    this.stream = new EventStream(() => {
      if (!isTold) options.report('the page dropped a reader that was too slow; further ones are not logged')
      isTold = true
    })
    this.http = boundedServer(limits.connections, (request, response) => {
      for (const [name, value] of Object.entries(securityHeaders)) response.setHeader(name, value)
      this.#answer(request, response).catch((error: unknown) => {
        options.report(
          `the page cannot show ${request.url}: ${error instanceof Error ? error.message : error}`,
        )
        if (response.headersSent) response.destroy()
        else respond(response, 500, 'this cannot be shown; see the log\n')
      })
    })
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { source, assets } = this.#options
    const [path = ''] = (request.url ?? '').split('?', 1)
    const refusal = this.#refusalOf(request, path)
    if (refusal) return this.#refuse(refusal, request, response)
    if (path === '/api/events' && source.live) {
      if (this.stream.isFull) return this.#refuse('readers', request, response)
      if (request.method === 'HEAD') return respond(response, 200, '')
      response.setHeader('Cache-Control', 'no-store')
      return this.stream.join(response, source.live.past())
    }
    const tooSlow = setTimeout(() => response.destroy(), limits.answer).unref()
    response.on('close', () => clearTimeout(tooSlow))
    if (path === '/api/hour' && source.live) {
      return respond(response, 200, await source.live.hour(), {
        'Content-Type': 'application/octet-stream',
        'Cache-Control': 'no-store',
      })
    }
    if (path.startsWith('/api/')) {
      const body = await source.document(path.slice('/api/'.length))
      if (!body) return this.#refuse('path', request, response)
      return respondPacked(response, body, {
        'Content-Type': 'application/json',
        'Cache-Control': 'no-store',
      })
    }
    const asset = assets.get(path)
    if (!asset) return this.#refuse('path', request, response)
    await respondPacked(response, asset.body, {
      'Content-Type': asset.type,
      'Cache-Control': asset.isImmutable ? 'public, max-age=31536000, immutable' : 'no-cache',
    })
  }

  /** Why a request is not answered; undefined: it is. */
  #refusalOf({ method, headers, socket }: IncomingMessage, path: string): RefusalKind | undefined {
    const { address, token } = this.#options
    if (!isExpectedHost(address, headers.host)) return 'host'
    if (!this.#rate.take(socket.remoteAddress ?? '')) return 'rate'
    if (method !== 'GET' && method !== 'HEAD') return 'method'
    if (headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0)
      return 'body'
    // The page itself is no secret: it asks for the token.
    if (token && path.startsWith('/api/') && !token.isIn(headers.authorization)) return 'token'
    return undefined
  }

  #refuse(kind: RefusalKind, { socket }: IncomingMessage, response: ServerResponse): void {
    const { status, text } = refusals[kind]
    this.#refused.add(kind, socket.remoteAddress ?? 'a local socket')
    // What it goes on sending is not read.
    if (kind === 'body' || kind === 'rate') response.setHeader('Connection', 'close')
    if (kind === 'method') response.setHeader('Allow', 'GET, HEAD')
    respond(response, status, text)
  }
}
