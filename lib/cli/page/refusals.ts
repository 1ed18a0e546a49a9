/** Why a request is not answered. */
export const refusals = {
  host: {
    status: 403,
    text: 'the Host header of this request is not a name of this machine: open the page by localhost or an IP address, or have a proxy send such a Host\n',
  },
  token: { status: 401, text: 'this needs the token, as "Authorization: Bearer TOKEN"\n' },
  method: { status: 405, text: 'only GET and HEAD: nothing can be changed here\n' },
  body: { status: 413, text: 'a request has no body here\n' },
  rate: { status: 429, text: 'too many requests\n' },
  readers: { status: 503, text: 'too many readers\n' },
  path: { status: 404, text: 'there is no such thing here\n' },
} as const

export type RefusalKind = keyof typeof refusals

/** What a log says of each kind. What is only asked for in vain is no news. */
const news: { readonly [Kind in RefusalKind]?: string } = {
  host: 'a request whose Host header is no name of this machine',
  token: 'a request without the right token',
  method: 'a request that is neither GET nor HEAD',
  body: 'a request with a body',
  rate: 'requests that came too fast',
  readers: 'a reader above the limit',
}

/** Tells of what is refused, once for each kind: whoever floods a page does not flood the log. */
export class RefusalLog {
  readonly #told = new Set<RefusalKind>()
  readonly #report: (problem: string) => void

  constructor(report: (problem: string) => void) {
    this.#report = report
  }

  add(kind: RefusalKind, from: string): void {
    const what = news[kind]
    if (what === undefined || this.#told.has(kind)) return
    this.#told.add(kind)
    this.#report(`the page refused ${what}, from ${from}; further ones are not logged`)
  }
}
