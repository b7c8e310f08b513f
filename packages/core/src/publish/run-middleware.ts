import { SluiceError } from '../errors/sluice-error.js'
import type { Receipt } from '../model/message.js'
import type { Middleware } from '../model/middleware.js'
import { answer, type Entry, type Owner } from './entry.js'
import type { Outgoing } from './outgoing.js'

/** What happens to the entry around which middleware runs. */
export interface Commit {
  /** The entry may be written; `owner` is told the end. False when it has been answered meanwhile. */
  commit(entry: Entry, owner: Owner): boolean
  /** The middleware has ended without calling next: the entry is taken out and answered. */
  withdraw(entry: Entry, receipt: Receipt | undefined, error: unknown): void
}

/**
 * Runs middleware around an entry whose place in the order is taken. The caller gets what the outermost one returns; until `next` has
 * been called the entry may still be answered without it (deadline, abort, close).
 */
export async function runMiddleware(
  entry: Entry,
  message: Outgoing,
  chain: readonly Middleware[],
  commit: Commit,
): Promise<void> {
  const outer = entry.owner
  if (outer === undefined) return
  let committed = false
  let over = false

  const send = (): Promise<Receipt> => {
    message.seal()
    return new Promise<Receipt>((resolve, reject) => {
      if (over) reject(misuse('next() was called after the middleware had returned'))
      else if (commit.commit(entry, resolve)) committed = true
      else reject(new SluiceError('ABORTED', 'the publish was answered before next() was called; nothing is sent'))
    })
  }

  const call = (index: number): Promise<Receipt> => {
    const middleware = chain[index]
    if (middleware?.publish === undefined) return send()
    let called = false
    const next = (): Promise<Receipt> => {
      const receipt = called
        ? Promise.reject(misuse(`middleware "${middleware.name}" called next() twice`))
        : call(index + 1)
      called = true
      // Whoever awaits it gets the error; whoever does not must not bring down the process.
      receipt.catch(() => undefined)
      return receipt
    }
    return invoke(middleware, message, next)
  }

  try {
    const receipt = await call(0)
    over = true
    if (committed) answer(outer, entry, receipt, undefined)
    else commit.withdraw(entry, receipt, undefined)
  } catch (error) {
    over = true
    if (committed) answer(outer, entry, undefined, error)
    else commit.withdraw(entry, undefined, error)
  }
}

/** Async, so that what is thrown in the call rejects like everything else. */
async function invoke(middleware: Middleware, message: Outgoing, next: () => Promise<Receipt>): Promise<Receipt> {
  const receipt = await middleware.publish?.(message, next)
  if (receipt === undefined)
    throw misuse(`middleware "${middleware.name}" returned no receipt: return what next() resolves with`)
  return receipt
}

function misuse(text: string): SluiceError {
  return new SluiceError('INVALID_OPTION', text, { field: 'middleware' })
}
