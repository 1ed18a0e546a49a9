import { request } from 'node:http'

/** One answer to `GET /metrics`, over a connection of its own. */
export interface Scrape {
  /** Milliseconds until all of it was there. */
  readonly ms: number
  readonly text: string
}

/** Scrapes a port of the loopback address; undefined: there was no answer within `limit` milliseconds. */
export function scrape(port: number, limit: number): Promise<Scrape | undefined> {
  const began = performance.now()
  return new Promise((resolve, reject) => {
    const asked = request({ port, path: '/metrics', agent: false }, (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (part: string) => {
        text += part
      })
      response.on('error', reject)
      response.on('end', () => {
        clearTimeout(timer)
        if (response.statusCode === 200) resolve({ ms: performance.now() - began, text })
        else reject(new Error(`status ${response.statusCode}: ${text}`))
      })
    })
    const timer = setTimeout(() => {
      resolve(undefined)
      asked.destroy()
    }, limit)
    asked.on('error', reject)
    asked.end()
  })
}

/** Names of guests in an answer. */
export function guestsIn({ text }: Scrape): Set<string> {
  return new Set(
    [...text.matchAll(/^libvirt_domain_info_virtual_cpus\{domain="([^"]+)"/gm)].map(([, name]) => name!),
  )
}
