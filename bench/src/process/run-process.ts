import { spawn, type Serializable } from 'node:child_process'

export interface ProcessSpec {
  /** Arguments of Node. */
  readonly args: readonly string[]
  readonly folder: string
  /** Longest time it may take, in ms. */
  readonly limitMs: number
  /** For errors. */
  readonly title: string
  /** For each message that it sends; `send` answers it. @default nothing */
  readonly onMessage?: (message: unknown, send: (answer: Serializable) => void) => void
}

export interface ProcessResult {
  readonly output: string
  /** The last message that it sent. */
  readonly message: unknown
}

/** @throws Error when it ends badly, or not in time; what it wrote to its standard error is in the text */
export function runProcess({ args, folder, limitMs, title, onMessage }: ProcessSpec): Promise<ProcessResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, {
      cwd: folder,
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      timeout: limitMs,
      killSignal: 'SIGKILL',
    })
    const kill = (): void => void child.kill('SIGKILL')
    process.once('exit', kill)
    let output = ''
    let errors = ''
    let message: unknown
    // It may have ended before it is answered.
    const send = (answer: Serializable): void => void (child.connected && child.send(answer, () => undefined))
    child.stdout?.setEncoding('utf8').on('data', (text: string) => (output += text))
    child.stderr?.setEncoding('utf8').on('data', (text: string) => (errors += text))
    child.on('message', (one) => {
      message = one
      onMessage?.(one, send)
    })
    child.on('error', reject)
    child.on('close', (code, signal) => {
      process.off('exit', kill)
      if (code === 0) return resolve({ output, message })
      const how = signal === null ? `with code ${String(code)}` : `by ${signal} (limit: ${limitMs / 1000} s)`
      reject(new Error(`${title} ended ${how}\n${errors.trim()}`))
    })
  })
}
