import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

let collect: (() => void) | undefined

/** Lets go of everything that is not reachable: what comes next does not pay for what was before. */
export function collectGarbage(): void {
  if (collect === undefined) {
    setFlagsFromString('--expose_gc')
    collect = runInNewContext('gc') as () => void
  }
  // What lies off the heap is let go while the program runs on: the second collection waits for what the first has begun.
  collect()
  collect()
}

/** Bytes that are reachable on and off the heap, after a full collection. */
export function reachableBytes(): number {
  collectGarbage()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

/** The unit in which memory is reported. */
export const megabytes = (bytes: number): number => bytes / 1e6
