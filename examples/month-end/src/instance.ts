import { connect, type CloseReport, type Messaging } from '@sluice/core'

/** One running instance of a service. In production that is a process; here many share one program, each with its own connection. */
export interface Instance extends AsyncDisposable {
  readonly messaging: Messaging
  /** What this instance does next, it does only when it was not killed. After `kill` the promise never resolves. */
  alive(): Promise<void>
  /** Ends the instance in the middle of its work: no handler goes on, nothing it has in hand is acknowledged. */
  kill(): Promise<CloseReport>
  /** Ends the instance as it should be: what runs may end, what waits goes back. */
  close(): Promise<void>
}

/** Where a handler stands whose process is dead. */
export const never: Promise<never> = new Promise(() => {})

/** `SLUICE_URL` picks the broker. Without it everything stays in this process. */
export const brokerUrl: string = process.env['SLUICE_URL'] ?? 'memory:'

export async function startInstance(): Promise<Instance> {
  const messaging = await connect(brokerUrl)
  let killed = false
  const close = async (): Promise<void> => {
    if (!killed) await messaging.close()
  }
  return {
    messaging,
    alive: () => (killed ? never : Promise.resolve()),
    kill() {
      killed = true
      // With no time to drain, `close` leaves the running handlers alone and drops the connection under them.
      return messaging.close({ deadlineMs: 0 })
    },
    close,
    [Symbol.asyncDispose]: close,
  }
}
