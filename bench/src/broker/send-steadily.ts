import type { Document } from './document.js'

const perSecond = 1_000

/** Whoever sends one after the other. */
export interface Sending {
  /** Resolves when it is stored. */
  send(document: Document): Promise<unknown>
}

/** A thousand a second. Timers come late and never early, so each looks how many are due by now. Resolves when all are confirmed. */
export function sendSteadily(
  publisher: Sending,
  documentOf: (index: number) => Document,
  messages: number,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const sent: Promise<unknown>[] = []
    const startedAt = performance.now()
    const timer = setInterval(() => {
      const due = Math.min(messages, Math.floor(((performance.now() - startedAt) * perSecond) / 1_000))
      while (sent.length < due) sent.push(publisher.send({ ...documentOf(sent.length), sentAt: performance.now() }))
      if (sent.length < messages) return
      clearInterval(timer)
      Promise.all(sent).then(() => resolve(), reject)
    }, 1)
  })
}
