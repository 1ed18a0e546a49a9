import { mergeSetup, type Setup } from '../controller/setup.ts'

/** The policies and limits of a configuration file, to be done in earnest. Rejects with what is wrong in it. */
export async function configuredPilot(path: string): Promise<Setup['pilot']> {
  const { readConfig } = await import('../config/config.ts')
  const line = { command: 'ballast', interval: undefined, options: {} }
  const { pilot } = mergeSetup(line, await readConfig(path))
  return { ...pilot, dryRun: false, statsPeriod: false }
}
