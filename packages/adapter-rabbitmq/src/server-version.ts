/** The first release without the known ways in which quorum queues lost what they had confirmed, when nodes were parted or fell out. */
export const soundVersion = '4.3.3'

/** Whether a version is older than another one; `undefined` when it cannot be read. Of a pre-release the numbers count. */
export function isOlder(version: string, than: string): boolean | undefined {
  const numbers = numbersOf(version)
  const limits = numbersOf(than)
  if (numbers === undefined || limits === undefined) return undefined
  for (const [index, limit] of limits.entries()) {
    const number = numbers[index] ?? 0
    if (number !== limit) return number < limit
  }
  return false
}

function numbersOf(version: string): readonly number[] | undefined {
  const match = /^(\d+)\.(\d+)(?:\.(\d+))?/.exec(version)
  return match?.slice(1).map((number: string | undefined) => Number(number ?? 0))
}
