import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'

/** A directory for the recordings of a test, gone when the test is over. */
export async function recordingDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'ballast-recorded-'))
  onTestFinished(() => rm(directory, { recursive: true, force: true }))
  return directory
}
