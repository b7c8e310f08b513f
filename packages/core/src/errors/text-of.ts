/** What was thrown, as well-formed text for people. Anything can be thrown, and telling of it must not throw again. */
export function textOf(thrown: unknown): string {
  try {
    const value: unknown = thrown instanceof Error ? thrown.message : thrown
    return (typeof value === 'object' ? JSON.stringify(value) : String(value)).toWellFormed()
  } catch {
    return Object.prototype.toString.call(thrown)
  }
}
