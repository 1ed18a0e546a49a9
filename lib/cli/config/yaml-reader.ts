import {
  type Document,
  isAlias,
  isMap,
  isNode,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseDocument,
} from 'yaml'
import { isWrongOption } from '../../host/errors.ts'
import {
  ChoiceKind,
  isGroupOfKinds,
  NumberKind,
  type OptionKind,
  type OptionKinds,
} from '../../policy/option-kinds.ts'
import { kebabCase } from '../../util/kebab-case.ts'
import { mostSimilar } from '../../util/most-similar.ts'
import { printable } from '../../util/printable.ts'
import { ConfigError, UsageError } from '../exit-codes.ts'
import { parseCpus, parseDuration, parseSize } from '../values.ts'

/** One option as it stands in the file. */
export interface Entry {
  /** With the names of the options that it is within: `scheduler.tolerance`. */
  readonly name: string
  readonly value: Node | undefined
  /** Where it is: of its value, or of its name where there is no value. */
  readonly offset: number
}

/** Longest part of a value that a message shows. */
const shownLength = 60

/**
 * A YAML text, read option by option. What is wrong is collected with its line and column, so that a person hears
 * of all of it at once; a method that finds something wrong gives undefined.
 */
export class ConfigReader {
  readonly #path: string
  readonly #lines = new LineCounter()
  readonly #document: Document
  readonly #problems: { readonly offset: number; readonly text: string }[] = []

  /** `path` is what messages call the file. Throws {@link ConfigError} for what is no YAML. */
  constructor(path: string, text: string) {
    this.#path = path
    // Not the parser's own messages: they quote the file, which may have a password in a URI.
    this.#document = parseDocument(text, {
      lineCounter: this.#lines,
      prettyErrors: false,
      logLevel: 'silent',
    })
    const { errors, warnings } = this.#document
    for (const { pos, code, message } of [...errors, ...warnings]) {
      const name = code === 'DUPLICATE_KEY' && /^[^\s:]+/.exec(text.slice(pos[0]))?.[0]
      this.#problem(pos[0], name ? `${name} must not be there twice` : message)
    }
    // The rest of what is no YAML at all would be guesswork; an option that is there twice is none.
    if (errors.some(({ code }) => code !== 'DUPLICATE_KEY')) this.finish()
  }

  /** The options at the top: none for an empty file. */
  top(known: readonly string[]): Map<string, Entry> {
    const { contents } = this.#document
    if (contents === null || (isScalar(contents) && contents.value === null)) return new Map()
    return this.#entriesOf(contents, '', known) ?? new Map()
  }

  /** The options within `entry`, each among those that are `known`, or of any name. */
  entries(entry: Entry, known?: readonly string[]): Map<string, Entry> | undefined {
    return this.#entriesOf(entry.value, entry.name, known)
  }

  /** The option `name` within `entry`, where there is one. */
  within(entry: Entry, name: string): Entry | undefined {
    const map = this.#resolved(entry.value)
    const pair = isMap(map) && map.items.find(({ key }) => isScalar(key) && key.value === name)
    return pair ? this.#entry(`${entry.name}.${name}`, pair.value, entry.offset) : undefined
  }

  /** What is in a list, or the entry itself as a list of one. */
  items(entry: Entry): readonly Entry[] {
    const list = this.#resolved(entry.value)
    if (!isSeq(list)) return [entry]
    if (list.items.length === 0) this.wrong(entry, 'a list with something in it')
    return list.items.map((item) => this.#entry(entry.name, item, entry.offset))
  }

  /** Whether there are options within `entry`. */
  isGroup(entry: Entry): boolean {
    return isMap(this.#resolved(entry.value))
  }

  /** One of `choices`. */
  choice<const C extends string>(entry: Entry | undefined, choices: readonly C[]): C | undefined {
    if (!entry) return undefined
    const value = this.#scalar(entry)
    const chosen = choices.find((choice) => choice === value)
    if (chosen !== undefined) return chosen
    const similar = mostSimilar(String(value), choices)
    const meant = similar === undefined ? '' : `; did you mean ${similar}?`
    return this.problem(
      entry,
      `${entry.name} must be one of ${choices.join(', ')}; got ${this.#shown(entry)}${meant}`,
    )
  }

  flag(entry: Entry | undefined): boolean | undefined {
    if (!entry) return undefined
    const value = this.#scalar(entry)
    return typeof value === 'boolean' ? value : this.wrong(entry, 'true or false')
  }

  /** What the command line would read of the same text. */
  parsed<T>(entry: Entry | undefined, parse: (text: string) => T): T | undefined {
    if (!entry) return undefined
    return this.#parsed(entry, this.#written(entry) ?? '', parse)
  }

  /** The options within `entry`, each of its kind, by its name in the API; and the entry of each. */
  options(entry: Entry, kinds: OptionKinds, more: readonly string[] = []): Options {
    const values: Record<string, unknown> = {}
    const places = new Map<string, Entry>()
    const names = new Map(Object.keys(kinds).map((name) => [kebabCase(name), name]))
    for (const [key, option] of this.entries(entry, [...more, ...names.keys()]) ?? []) {
      const name = names.get(key)
      if (name === undefined) continue
      const kind = kinds[name]!
      places.set(name, option)
      if (isGroupOfKinds(kind)) {
        const inner = this.options(option, kind)
        values[name] = inner.values
        for (const [within, place] of inner.places) places.set(`${name}.${within}`, place)
      } else {
        const value = this.#ofKind(option, kind)
        if (value !== undefined) values[name] = value
      }
    }
    return { values, places }
  }

  /**
   * What `make` makes of options; for each that it refuses with a `TypeError`, there is a problem where the option
   * stands, and the rest is tried without it.
   */
  made<T>(
    entry: Entry,
    { values, places }: Options,
    make: (values: Options['values']) => T,
    within = '',
  ): T | undefined {
    const before = this.#problems.length
    const left = { ...values }
    for (;;) {
      try {
        const made = make(left)
        return this.#problems.length === before ? made : undefined
      } catch (error) {
        if (!isWrongOption(error)) throw error
        const option = error.option.startsWith(within) ? error.option.slice(within.length) : ''
        const [name = ''] = option.split('.')
        const place = places.get(option) ?? places.get(name)
        if (place) this.wrong(place, error.expected)
        else
          this.problem(entry, `${entry.name}${option && `.${kebabCase(option)}`} must be ${error.expected}`)
        if (!Object.hasOwn(left, name)) return undefined
        delete left[name]
      }
    }
  }

  /** Tells that `entry` has to be something else. */
  wrong(entry: Entry, expected: string): undefined {
    return this.problem(entry, `${entry.name} must be ${expected}; got ${this.#shown(entry)}`)
  }

  problem(entry: Entry, text: string): undefined {
    return this.#problem(entry.offset, text)
  }

  /** `FILE:LINE:COLUMN: `, before what is said of it. */
  place({ offset }: Pick<Entry, 'offset'>): string {
    const { line, col } = this.#lines.linePos(offset)
    // Before the first character there is no line.
    return `${this.#path}:${Math.max(line, 1)}:${Math.max(col, 1)}: `
  }

  /** Throws {@link ConfigError} with all that was wrong, in the order of the file. */
  finish(): void {
    if (this.#problems.length === 0) return
    const sorted = this.#problems.toSorted((a, b) => a.offset - b.offset)
    throw new ConfigError(
      this.#path,
      sorted.map((problem) => printable(`${this.place(problem)}${problem.text}`)),
    )
  }

  #problem(offset: number, text: string): undefined {
    this.#problems.push({ offset, text })
  }

  #entriesOf(
    node: Node | undefined,
    within: string,
    known?: readonly string[],
  ): Map<string, Entry> | undefined {
    const map = this.#resolved(node)
    const offset = node?.range?.[0] ?? 0
    const named = (name: string) => (within === '' ? name : `${within}.${name}`)
    if (!isMap(map)) {
      const what = within === '' ? 'the file' : within
      return this.#problem(offset, `${what} must be options, each as NAME: VALUE; got ${shown(map)}`)
    }
    const entries = new Map<string, Entry>()
    for (const { key, value } of map.items) {
      const at = isNode(key) ? (key.range?.[0] ?? offset) : offset
      const name = isScalar(key) && (key.source ?? String(key.value))
      if (typeof name !== 'string') {
        this.#problem(at, `${named('?')}: the name of an option must be a word; got ${shown(key)}`)
      } else if (known && !known.includes(name)) {
        const similar = mostSimilar(name, known)
        const meant =
          similar === undefined ? `: it must be one of ${known.join(', ')}` : `; did you mean ${similar}?`
        this.#problem(at, `unknown option ${named(name)}${known.length > 0 ? meant : ''}`)
      } else {
        entries.set(name, this.#entry(named(name), value, at))
      }
    }
    return entries
  }

  #entry(name: string, value: unknown, keyOffset: number): Entry {
    const node = isNode(value) ? value : undefined
    const empty = isScalar(node) && node.value === null && !node.source
    return { name, value: node, offset: empty ? keyOffset : (node?.range?.[0] ?? keyOffset) }
  }

  #ofKind(entry: Entry, kind: Exclude<OptionKind, OptionKinds>): unknown {
    if (kind instanceof NumberKind) {
      const value = this.#scalar(entry)
      return typeof value === 'number' ? value : this.wrong(entry, 'a number')
    }
    if (kind instanceof ChoiceKind) return this.choice(entry, kind.choices)
    switch (kind) {
      case 'bytes':
      case 'bytes-from-0':
        return this.parsed(entry, parseSize(entry.name))
      case 'milliseconds':
        return this.parsed(entry, parseDuration(entry.name))
      case 'cpus':
        return this.parsed(entry, parseCpus(entry.name))
      case 'flag':
        return this.flag(entry)
      case 'text':
        return this.#written(entry) ?? this.wrong(entry, 'text')
    }
  }

  #parsed<T>(entry: Entry, text: string, parse: (text: string) => T): T | undefined {
    try {
      return parse(text)
    } catch (error) {
      if (!(error instanceof UsageError)) throw error
      return this.problem(
        entry,
        error.message
          .replace(/must not be empty(?=; got ""$)/, this.#isNothing(entry) ? '$&' : 'must be text')
          .replace(/got ""$/, () => `got ${this.#shown(entry)}`),
      )
    }
  }

  /** A text, or a number as it is written: 010 is no 10 to the command line. */
  #written(entry: Entry): string | undefined {
    const node = this.#resolved(entry.value)
    if (!isScalar(node)) return undefined
    if (typeof node.value === 'string') return node.value
    return typeof node.value === 'number' ? node.source : undefined
  }

  #scalar({ value }: Entry): unknown {
    const node = this.#resolved(value)
    return isScalar(node) ? node.value : undefined
  }

  /** Whether there is no value, or an empty one. */
  #isNothing({ value }: Entry): boolean {
    const node = this.#resolved(value)
    return node === undefined || (isScalar(node) && (node.value === null || node.value === ''))
  }

  #shown({ value }: Entry): string {
    return shown(this.#resolved(value))
  }

  #resolved(node: unknown): Node | undefined {
    if (isAlias(node)) return node.resolve(this.#document)
    return isNode(node) ? node : undefined
  }
}

/** Options that were read: their values and their entries, by their names in the API. */
export interface Options {
  readonly values: Readonly<Record<string, unknown>>
  readonly places: ReadonlyMap<string, Entry>
}

function shown(node: unknown): string {
  if (isMap(node)) return 'a mapping'
  if (isSeq(node)) return node.items.length > 0 ? 'a YAML list' : 'an empty list'
  if (!isScalar(node) || node.value === null) return 'nothing'
  const { value, source } = node
  const text = typeof value === 'string' ? JSON.stringify(value) : (source ?? String(value))
  return text.length > shownLength ? `${text.slice(0, shownLength)}…` : text
}
