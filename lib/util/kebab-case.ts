/** `S` in kebab-case, where it is a literal in camelCase: `maxMoves` is `max-moves`. */
export type KebabCase<S extends string> = S extends `${infer First}${infer Rest}`
  ? First extends Lowercase<First>
    ? `${First}${KebabCase<Rest>}`
    : `-${Lowercase<First>}${KebabCase<Rest>}`
  : S

/** A name in camelCase, as operators type it: `maxMoves` becomes `max-moves`. */
export function kebabCase<S extends string>(name: S): KebabCase<S> {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`) as KebabCase<S>
}

/** The reverse of {@link kebabCase}. */
export function camelCase(name: string): string {
  return name.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase())
}
