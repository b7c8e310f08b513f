import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

let collect: (() => void) | undefined

/** Bytes that are reachable on and off the heap, after a full collection. */
export function reachableBytes(): number {
  if (collect === undefined) {
    setFlagsFromString('--expose_gc')
    collect = runInNewContext('gc') as () => void
  }
  // What lies off the heap is let go while the program runs on: the second round waits for what the first has begun.
  collect()
  collect()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}
