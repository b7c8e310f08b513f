import { checkFunction, checkKeys, checkNumber } from '../errors/check-options.js'
import { SluiceError } from '../errors/sluice-error.js'
import type { CopySender } from '../failure/copy-sender.js'
import type { Adapter } from '../spi/adapter.js'
import type { StoredLetter } from '../spi/envelope.js'
import type { GroupRef } from '../spi/sending.js'
import type {
  DeadLetter,
  DeadLetterPage,
  DeadLetters,
  ListOptions,
  PurgeOptions,
  RedriveOptions,
} from './dead-letters-handle.js'
import { readLetter } from './letter.js'
import { withBox, type BoxContext } from './open-box.js'
import { redrive } from './redrive.js'
import { within } from './within.js'

export interface DeadLettersContext extends BoxContext {
  readonly adapter: Pick<Adapter, 'name' | 'capabilities' | 'deadLetters' | 'route'>
  readonly copies: CopySender
  /** Fires when the messaging object begins to close: what runs stops between two letters and rejects CLOSED. */
  readonly ending?: AbortSignal
}

type Filter = ((letter: DeadLetter) => boolean) | undefined

/** The dead letters of one group, on top of an adapter. */
export function createDeadLetters(context: DeadLettersContext): DeadLetters {
  const { adapter, copies, ref, clock, startTimeoutMs, ending } = context

  const assertOpen = (): void => {
    if (ending?.aborted === true)
      throw new SluiceError('CLOSED', 'the messaging object is closed or closing', { ...ref })
  }

  return {
    list: async (options = {}) => {
      const { after, limit } = checkList(options)
      assertOpen()
      return withBox(context, async (box) => page(await box.read(after, limit + 1), limit, ref))
    },

    redrive: async (options = {}) => {
      checkRedrive(options)
      assertOpen()
      if (!adapter.capabilities.groupAddress) {
        const text = `adapter "${adapter.name}" cannot send a message to one group only (capability groupAddress), so nothing can be redriven`
        throw new SluiceError('UNSUPPORTED', text, { ...ref })
      }
      const { filter, limit = Infinity, perSecond, dryRun = false } = options
      const signals = [options.signal, ending].filter((signal) => signal !== undefined)
      const report = await withBox(context, async (box) => {
        const step = { clock, ms: startTimeoutMs, ref, what: 'finding the topic' }
        const { partitions } = await within(step, (signal) => adapter.route(ref.topic, signal))
        return redrive(box, {
          ...{ copies, ref, clock, partitions, startTimeoutMs, limit, perSecond, dryRun },
          chosen: chooser(filter, ref),
          filtered: filter !== undefined,
          signal: AbortSignal.any(signals),
        })
      })
      assertOpen()
      return report
    },

    purge: async (options = {}) => {
      checkPurge(options)
      assertOpen()
      const chosen = chooser(options.filter, ref)
      const purged = await withBox(context, async (box) => {
        let count = 0
        for await (const letters of box.pages(await box.end())) {
          assertOpen()
          const removed = letters.filter((letter) => chosen(letter))
          await box.remove(removed)
          count += removed.length
        }
        return count
      })
      return { purged }
    },
  }
}

/** One letter more was read than is shown: it tells whether there is a next page. */
function page(found: readonly StoredLetter[], limit: number, ref: GroupRef): DeadLetterPage {
  const letters = found.slice(0, limit).map((letter) => readLetter(letter, ref))
  return { letters, next: found.length > limit ? letters.at(-1)?.cursor : undefined }
}

/** An async filter would say yes to everything, because a promise is truthy. */
function chooser(filter: Filter, ref: GroupRef): (letter: StoredLetter) => boolean {
  if (filter === undefined) return () => true
  return (letter) => {
    let answer: unknown
    try {
      answer = filter(readLetter(letter, ref))
    } catch (cause) {
      throw new SluiceError('INVALID_OPTION', 'filter threw', { field: 'filter', cause, ...ref })
    }
    if (typeof answer === 'boolean') return answer
    throw new SluiceError('INVALID_OPTION', `filter must return true or false, got ${typeof answer}`, {
      field: 'filter',
      ...ref,
    })
  }
}

function checkList(options: ListOptions): { after: string | undefined; limit: number } {
  checkKeys('options', options, ['after', 'limit'])
  const { after, limit = 100 } = options
  if (after !== undefined && typeof after !== 'string') {
    throw new SluiceError('INVALID_OPTION', 'after must be the `next` of a page', { field: 'after' })
  }
  checkNumber('limit', limit, { min: 1, max: 10_000, integer: true })
  return { after, limit }
}

function checkRedrive(options: RedriveOptions): void {
  checkKeys('options', options, ['filter', 'limit', 'perSecond', 'dryRun', 'signal'])
  const { limit, perSecond, dryRun, signal } = options
  checkFunction('filter', options.filter)
  checkNumber('limit', limit, { min: 0, integer: true })
  checkNumber('perSecond', perSecond, { min: 0.001, max: 1e9 })
  if (dryRun !== undefined && typeof dryRun !== 'boolean') {
    throw new SluiceError('INVALID_OPTION', 'dryRun must be true or false', { field: 'dryRun' })
  }
  if (signal !== undefined && !(signal instanceof AbortSignal)) {
    throw new SluiceError('INVALID_OPTION', 'signal must be an AbortSignal', { field: 'signal' })
  }
}

function checkPurge(options: PurgeOptions): void {
  checkKeys('options', options, ['filter'])
  checkFunction('filter', options.filter)
}
