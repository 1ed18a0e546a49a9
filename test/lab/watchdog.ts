import { spawn } from 'node:child_process'
import { createRequire } from 'node:module'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { removeLab } from './cleanup.ts'
import { findLabs } from './directory.ts'
import { signal } from './processes.ts'

const here = fileURLToPath(import.meta.url)

/**
 * Takes the lab in `directory` away when this process ends, however it ends: a shell that costs nothing
 * waits until our end of its pipe is closed, and only then starts Node. Returns what calls it off.
 */
export function watchOver(directory: string): () => void {
  const tsx = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href
  const command = [process.execPath, '--import', tsx, here, directory]
  const shell = spawn('sh', ['-c', 'read -r _; exec "$@"', 'sh', ...command], {
    detached: true, // Ctrl-C is not for it
    stdio: ['pipe', 'ignore', 'ignore'],
  })
  shell.unref()
  const { pid, stdin } = shell
  // Node types do not tell that this stream is a socket, which need not keep us alive.
  if ('unref' in stdin && typeof stdin.unref === 'function') stdin.unref()
  return () => {
    if (pid !== undefined) signal(pid, 'SIGKILL')
  }
}

if (process.argv[1] === here) {
  const lab = (await findLabs()).find(({ directory }) => directory === process.argv[2])
  if (lab) await removeLab(lab)
}
