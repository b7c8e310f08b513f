import { GCProfiler } from 'node:v8'

/**
 * Counts the bytes that are allocated on the heap from now on, whether or not they are collected at once: Node.js has no counter of
 * that, but its profiler of collections tells what was used before and after each of them. It slows the program down, so nothing is
 * timed meanwhile. Returns what ends it and gives the number.
 */
export function countAllocations(): () => number {
  const profiler = new GCProfiler()
  let used = process.memoryUsage().heapUsed
  profiler.start()
  return () => {
    const { statistics } = profiler.stop()
    const usedAtEnd = process.memoryUsage().heapUsed
    let allocated = 0
    for (const { beforeGC, afterGC } of statistics) {
      allocated += beforeGC.heapStatistics.usedHeapSize - used
      used = afterGC.heapStatistics.usedHeapSize
    }
    return allocated + usedAtEnd - used
  }
}
