/** What a process says about neglected errors while something runs. */
export interface ProcessWatch {
  /** Expects a process warning that fits; the test does not fail for it. */
  allowWarning(pattern: RegExp): void
  /** Ends the watch, after what is still on its way. Resolves with what was seen. */
  end(): Promise<readonly string[]>
}

type Listener = (text: string, warning: boolean) => void

const listeners = new Set<Listener>()
const onRejection = (reason: unknown): void => tell(`unhandled rejection: ${describe(reason)}`, false)
const onWarning = (warning: Error): void => tell(`${warning.name}: ${warning.message}`, true)

/** One pair of process listeners serves all watches: tests beside each other cannot be told apart, each fails. */
export function watchProcess(): ProcessWatch {
  const seen: string[] = []
  const allowed: RegExp[] = []
  const listener: Listener = (text, warning) => {
    if (warning && allowed.some((pattern) => pattern.test(text))) return
    seen.push(text)
  }
  if (listeners.size === 0) {
    process.on('unhandledRejection', onRejection)
    process.on('warning', onWarning)
  }
  listeners.add(listener)
  return {
    allowWarning: (pattern) => void allowed.push(pattern),
    async end() {
      // Rejections are reported after the microtasks, warnings on the next tick.
      await new Promise((resolve) => setImmediate(() => setImmediate(resolve)))
      listeners.delete(listener)
      if (listeners.size === 0) {
        process.off('unhandledRejection', onRejection)
        process.off('warning', onWarning)
      }
      return seen
    },
  }
}

function tell(text: string, warning: boolean): void {
  for (const listener of listeners) listener(text, warning)
}

function describe(reason: unknown): string {
  return reason instanceof Error ? (reason.stack ?? reason.message) : String(reason)
}
