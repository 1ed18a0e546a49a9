import { output } from '../package/shell.ts'

/** A dynamic symbol of an ELF file. */
export interface Symbol {
  readonly name: string
  /** GLIBCXX_3.4 and such; none where its library has no versions. */
  readonly version: string | undefined
  readonly isWeak: boolean
  readonly isDefined: boolean
}

/** "AArch64", "Advanced Micro Devices X86-64". */
export async function machineOf(file: string): Promise<string> {
  return /^ *Machine: +(.*)$/m.exec(await output('/', 'readelf', '--file-header', file))?.[1] ?? ''
}

/** The names of the libraries that it asks the loader for, sorted. */
export async function librariesOf(file: string): Promise<string[]> {
  const text = await output('/', 'readelf', '--dynamic', '--wide', file)
  return Array.from(text.matchAll(/\(NEEDED\).*\[(.*)\]/g), ([, name]) => name!).sort()
}

export async function symbolsOf(file: string): Promise<Symbol[]> {
  const text = await output('/', 'readelf', '--dyn-syms', '--wide', file)
  const rows = text.matchAll(/^ *\d+: \w+ +\w+ +\w+ +(\w+) +\w+ +(?:\[.*\] +)?(\w+) ([^\s@]+)(?:@+(\S+))?/gm)
  return Array.from(rows, ([, bind, section, name, version]) => ({
    name: name!,
    version,
    isWeak: bind === 'WEAK',
    isDefined: section !== 'UND',
  }))
}
