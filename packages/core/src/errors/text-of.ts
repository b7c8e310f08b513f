/** What was thrown, as well-formed text for people. Anything can be thrown, and telling of it must not throw again. */
export function textOf(thrown: unknown): string {
  try {
    const value: unknown = thrown instanceof Error ? thrown.message : thrown
    if (typeof value === 'object') return JSON.stringify(value).toWellFormed()
    const plain = value as string | number | bigint | boolean | symbol | undefined
    return String(plain).toWellFormed()
  } catch {
    return Object.prototype.toString.call(thrown)
  }
}

const longest = 64

/** A name that somebody passed, for the text of an error: short, and escaped, so that it cannot forge a line of a log. */
export function printable(name: string): string {
  const short = name.length > longest ? `${name.slice(0, longest)}…` : name
  return JSON.stringify(short)
    .slice(1, -1)
    .replaceAll('\u007f', String.raw`\u007f`)
}
