/**
 * What `table` has for the adapter of a command line, and its name.
 *
 * @throws Error that says which there are
 */
export function readAdapter<T>(
  name: string | undefined,
  table: Readonly<Record<string, T>>,
  usage: string,
): { readonly adapter: string; readonly known: T } {
  if (name === undefined) throw new Error(`--adapter is missing\n\n${usage}`)
  // Not what every object has: `--adapter constructor`.
  const known = Object.hasOwn(table, name) ? table[name] : undefined
  if (known === undefined) throw new Error(`--adapter ${name} is unknown. Known: ${Object.keys(table).join(', ')}`)
  return { adapter: name, known }
}
