/** Holds handlers until the test lets them go. */
export interface Latch {
  readonly opened: Promise<void>
  readonly isOpen: boolean
  open(): void
}

export function createLatch(): Latch {
  let resolve: () => void = () => undefined
  let isOpen = false
  const opened = new Promise<void>((done) => {
    resolve = done
  })
  return {
    opened,
    get isOpen() {
      return isOpen
    },
    open() {
      isOpen = true
      resolve()
    },
  }
}

/** Work that takes so long, or one turn of the event loop: what a handler does, never what a test waits for. */
export function takes(ms: number): Promise<void> {
  return new Promise((resolve) => {
    if (ms < 1) setImmediate(resolve)
    else setTimeout(resolve, ms)
  })
}

/** A handler that ends only because its signal fires: rejects with the reason. */
export function untilAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    const end = (): void => reject(signal.reason as Error)
    if (signal.aborted) end()
    else signal.addEventListener('abort', end, { once: true })
  })
}
