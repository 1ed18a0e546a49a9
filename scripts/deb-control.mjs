// What the control file of the package for Debian has that depends on the build.
import { execFileSync } from 'node:child_process'

/** Debian's versions of GCC by the newest symbols that their C++ library has: GLIBCXX_3.4.X. */
const gccBySymbols = { 28: '9', 29: '11', 30: '12', 31: '13', 32: '13.1', 33: '14' }

/** The C and C++ libraries that an addon needs, as dependencies. */
export function librariesOf(addon) {
  const symbols = execFileSync('readelf', ['--version-info', '--wide', addon], { encoding: 'utf8' })
  const newest = (pattern) =>
    Math.max(...Array.from(symbols.matchAll(pattern), ([, number]) => Number(number)))
  const cxx = newest(/GLIBCXX_3\.4\.(\d+)/g)
  const gcc = gccBySymbols[cxx] ?? (cxx < 28 ? '9' : undefined)
  if (!gcc) throw new Error(`GLIBCXX_3.4.${cxx} is of a GCC that scripts/deb-control.mjs does not know`)
  return `libc6 (>= 2.${newest(/GLIBC_2\.(\d+)/g)}), libgcc-s1 (>= 3.4), libstdc++6 (>= ${gcc})`
}

/** A template with its `${name}` filled in. Throws for one that has no value. */
export function fill(template, values) {
  return template.replace(/\$\{(\w+)\}/g, (_, name) => {
    if (!Object.hasOwn(values, name)) throw new Error(`There is no value for \${${name}}`)
    return String(values[name])
  })
}
