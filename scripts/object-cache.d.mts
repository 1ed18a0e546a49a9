/** Compiles one source; gives the object's path. Rejects with what the compiler printed, in `stderr`. */
export function compiled(compiler: string, flags: readonly string[], source: string): Promise<string>
/** Links objects that `compiled` gave; gives the program's path. */
export function linked(
  compiler: string,
  flags: readonly string[],
  objects: readonly string[],
): Promise<string>
