import { execFile } from 'node:child_process'
import { BrokerError } from '../broker-error.js'

export interface RunOptions {
  readonly env?: NodeJS.ProcessEnv
  readonly cwd?: string
  readonly input?: string
  /** Longest time, in ms; it is killed then. @default 10000 */
  readonly timeoutMs?: number
}

/**
 * Runs a program to its end.
 *
 * @returns what it wrote to its standard output
 * @throws BrokerError `FAILED` when it ends badly or not in time; what it wrote is in the message
 */
export function run(command: string, args: readonly string[], options: RunOptions = {}): Promise<string> {
  const { env, cwd, input = '', timeoutMs = 30_000 } = options
  return new Promise((resolve, reject) => {
    const settings = { env, cwd, timeout: timeoutMs, killSignal: 'SIGKILL', maxBuffer: 64 * 1024 * 1024 } as const
    const child = execFile(command, args, settings, (error, output, errors) => {
      if (error === null) return resolve(output)
      const how = error.killed === true ? `was killed after ${timeoutMs} ms` : 'failed'
      const wrote = `${output}${errors}`.trim() || error.message
      reject(new BrokerError('FAILED', `${command} ${how}: ${wrote}`, { cause: error }))
    })
    // A program that ends before it has read its input is told by its exit code.
    child.stdin?.on('error', () => undefined)
    child.stdin?.end(input)
  })
}
