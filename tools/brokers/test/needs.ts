import { describe } from 'vitest'
import { whyMissing, type BrokerName } from '../src/index.js'

/** `describe` for tests that need a broker of this machine; where it cannot be had they are skipped, and the reason is printed. */
export async function describeWith(
  ...names: readonly BrokerName[]
): Promise<(title: string, tests: () => void) => void> {
  for (const name of names) {
    const reason = await whyMissing(name)
    if (reason === undefined) continue
    console.warn(`Skipped: ${reason}`)
    return describe.skip
  }
  return describe
}
