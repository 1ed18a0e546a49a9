/** What hosts, or guests, are called, by their UUIDs: by their names, with the UUID where another has that name, too. */
export function namesOf(
  all: readonly { readonly uuid: string; readonly name: string }[],
): ReadonlyMap<string, string> {
  const times = new Map<string, number>()
  for (const { name } of all) times.set(name, (times.get(name) ?? 0) + 1)
  return new Map(
    all.map(({ uuid, name }) => [uuid, times.get(name) === 1 ? name : `${name} (${uuid})`] as const),
  )
}
