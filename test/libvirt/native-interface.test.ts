import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { loadNative } from '../../lib/addon/load-native.ts'
import { memoryColumns } from '../../lib/addon/native.ts'

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')
const declarations = read('lib/addon/native.ts')

/** The members that native.ts declares in an interface. */
function declared(name: string): string[] {
  const body = new RegExp(`^export interface ${name}\\b[^{]*{\n([\\s\\S]*?)^}`, 'm').exec(declarations)?.[1]
  if (body === undefined) throw new Error(`native.ts has no interface ${name}`)
  return [...body.matchAll(/^ {2}(?:readonly )?(\w+)\??[(:]/gm)].map(([, member]) => member!).sort()
}

/** The methods and accessors that a C++ file defines for a class. */
function defined(file: string): string[] {
  return [...read(file).matchAll(/Instance(?:Method|Accessor)<[^>]+>\("(\w+)"/g)]
    .map(([, name]) => name!)
    .sort()
}

describe('native.ts and the addon agree', () => {
  it('on what the addon exports', () => {
    expect(Object.getOwnPropertyNames(loadNative()).sort()).toEqual(declared('NativeAddon'))
    expect(defined('native/addon.cc')).toEqual(declared('NativeAddon'))
  })

  it('on the members of a connection', async () => {
    const connection = await loadNative().open({
      uri: 'test:///default',
      readOnly: true,
      keepAliveIntervalSeconds: 0,
      keepAliveCount: 0,
      callDeadline: 60_000,
      memoryDeadline: 1_000,
      useProc: false,
    })
    const members = Object.getOwnPropertyNames(Object.getPrototypeOf(connection))
    expect(members.filter((name) => name !== 'constructor').sort()).toEqual(declared('NativeConnection'))
    expect(Object.keys(connection.describe()).sort()).toEqual(declared('NativeHostDescription'))
    const [cpu, memory] = await Promise.all([connection.sampleCpu(), connection.sampleMemory()])
    expect(Object.keys(cpu).sort()).toEqual(declared('NativeCpuSample'))
    // Where the host does not say what huge pages it has, they are left out.
    expect(Object.keys({ hugePages: [], ...memory }).sort()).toEqual(declared('NativeMemorySample'))
    expect(memory.values).toHaveLength(memoryColumns.length * memory.status.length)
    // The test driver's guests have no process, and so no `run`.
    expect([...Object.keys(memory.domains![0]!), 'run'].sort()).toEqual(declared('NativeDomain'))
    await connection.close()
  })

  it('on the members of a file lock', () => {
    expect(defined('native/node/file_lock_wrap.cc')).toEqual(declared('NativeFileLock'))
  })

  it('on the members of a watchdog', () => {
    expect(defined('native/node/watchdog_wrap.cc')).toEqual(declared('NativeWatchdog'))
  })

  it('on the fields of an event and on the order of memory columns', () => {
    const event = /const HostEvent& event\) {([\s\S]*?)^}/m.exec(read('native/node/to_js.cc'))![1]!
    expect([...event.matchAll(/js\["(\w+)"\]/g)].map(([, name]) => name!).sort()).toEqual(
      declared('NativeEvent'),
    )
    const columns = /enum class MemoryColumn[^{]*{([\s\S]*?)}/.exec(read('native/virt/memory_reading.h'))![1]!
    const order = [...columns.matchAll(/^ *k(\w+),/gm)].map(
      ([, name]) => name![0]!.toLowerCase() + name!.slice(1),
    )
    expect(order).toEqual([...memoryColumns, 'count'])
  })
})
