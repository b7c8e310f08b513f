import { adapterError, type AdapterError } from '../spi/adapter-error.js'
import type { DeadLetterBox } from '../spi/dead-letter-box.js'
import type { GroupRef } from '../spi/sending.js'
import type { Broker } from './broker.js'
import { closedError, type Client } from './client.js'

/** Opens the dead letters of a group; rejects BUSY while somebody else has them open. */
export function openDeadLetters(
  broker: Broker,
  client: Client,
  ref: GroupRef,
  signal: AbortSignal,
): Promise<DeadLetterBox> {
  return client.request('consume', signal, () => {
    const { letters } = broker.existingGroup(ref)
    if (letters.holder !== undefined) {
      const text = `the dead letters of ${ref.topic}.${ref.group} are open elsewhere`
      throw adapterError('BUSY', text, { scope: 'group', retryable: true })
    }
    const holder = {}
    letters.holder = holder
    let over: (Error & AdapterError) | undefined
    const letGo = (): void => {
      client.onLost.delete(onLost)
      if (letters.holder === holder) letters.holder = undefined
    }
    const onLost = (): void => {
      over ??= client.closed ? closedError() : broker.lost('has closed the dead letters with the connection')
      letGo()
    }
    client.onLost.add(onLost)
    const ask = <T>(askSignal: AbortSignal, run: () => T): Promise<T> =>
      over === undefined
        ? client.request('consume', askSignal, () => {
            // The connection may have been lost while the question waited.
            if (over !== undefined) throw over
            return run()
          })
        : Promise.reject(over)
    return {
      read: (after, limit, readSignal) => ask(readSignal, () => letters.read(after, limit)),
      remove: (removed, removeSignal) =>
        ask(removeSignal, () => letters.remove(removed.map((letter) => letter.cursor))),
      close: () => {
        over ??= adapterError('CLOSED', 'the dead letters are closed', { scope: 'group' })
        letGo()
        return Promise.resolve()
      },
    }
  })
}
