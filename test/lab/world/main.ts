// `node --import tsx test/lab/world/main.ts NAME PROGRAM [ARGUMENT...]`: runs a program in a world, as `npm run test:lab --
// --world NAME` does with the tests.
import { becomeInWorld } from './enter.ts'
import { worldRoot } from './root.ts'
import { isWorldName, worldNames } from './worlds.ts'

const [name = '', ...command] = process.argv.slice(2)
try {
  if (!isWorldName(name)) {
    throw new Error(`Expected one of ${worldNames.join(', ')}; got ${JSON.stringify(name)}`)
  }
  process.exitCode = await becomeInWorld(await worldRoot(name, console.error), command)
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
}
