import { readdir, readFile } from 'node:fs/promises'
import { extname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import { BallastError } from '../../host/errors.ts'

/** A file of the page, compressed. */
export interface Asset {
  readonly type: string
  readonly body: Buffer
  /** Its name has a digest of what is in it: it never changes. */
  readonly isImmutable: boolean
}

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
}

/** Where `npm run build:page` puts it: beside the program, or in dist/ of a checkout. */
const places = ['../page/', '../../../dist/page/']

/** The files of the page by their paths. Rejects where it was not built. */
export async function readAssets(): Promise<ReadonlyMap<string, Asset>> {
  for (const place of places) {
    const directory = fileURLToPath(new URL(place, import.meta.url))
    const names: string[] = await readdir(directory, { recursive: true }).catch(() => [])
    if (!names.includes('index.html')) continue
    const files = names.filter((name) => extname(name) in types)
    const assets = await Promise.all(
      files.map(
        async (name) => [name === 'index.html' ? '/' : `/${name}`, await assetOf(directory, name)] as const,
      ),
    )
    return new Map(assets)
  }
  throw new BallastError('ERR_LISTEN', 'The page is not built: run "npm run build:page"')
}

async function assetOf(directory: string, name: string): Promise<Asset> {
  const body = await promisify(gzip)(await readFile(join(directory, name)))
  return { type: types[extname(name)]!, body, isImmutable: name.startsWith('assets/') }
}
