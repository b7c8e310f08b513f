import { readFileSync } from 'node:fs'

/** What Linux counts processor time in, whatever the hardware. */
const ticksPerSecond = 100

/** Processor time of another process so far, in µs, in steps of 10 ms; `undefined` where the system does not tell. */
export function processCpuMicros(pid: number): number | undefined {
  try {
    return cpuMicrosOf(readFileSync(`/proc/${pid}/stat`, 'utf8'))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

/** From the text of /proc/<pid>/stat: fields 14 and 15 are the time in the program and in the system on its behalf. */
export function cpuMicrosOf(stat: string): number {
  // The second field is the name in parentheses, which may have any character in it.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const ticks = Number(fields[11]) + Number(fields[12])
  if (!Number.isFinite(ticks)) throw new Error(`this is no /proc/<pid>/stat: ${stat}`)
  return (ticks / ticksPerSecond) * 1e6
}
