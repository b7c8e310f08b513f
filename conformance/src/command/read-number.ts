/** Undefined when the flag was not given. @throws Error that says what the flag needs */
export function readNumber(flag: string, text: string | undefined, min: number): number | undefined {
  if (text === undefined) return undefined
  if (!/^\d+$/.test(text) || Number(text) < min || !Number.isSafeInteger(Number(text)))
    throw new Error(`${flag} needs a whole number of at least ${min}, got "${text}"`)
  return Number(text)
}
