/**
 * What becomes of a frame:
 * - `pass`: it goes on
 * - `drop`: it is lost, what comes behind it goes on
 * - `cut`: the connection is cut when everything before it has gone on
 * - `hold`: it waits, with everything behind it in its direction, until `release`
 * - `{ cutAt }`: that many of its bytes go on, then the connection is cut in mid-frame
 * - `{ replace }`: these bytes go on in its place
 */
export type Verdict = 'pass' | 'drop' | 'cut' | 'hold' | { readonly cutAt: number } | { readonly replace: Uint8Array }
