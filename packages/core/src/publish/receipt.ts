import { SluiceError, type ErrorDetails } from '../errors/sluice-error.js'
import { fromAdapter } from '../errors/wrap.js'
import type { Receipt } from '../model/message.js'
import type { AdapterError } from '../spi/adapter-error.js'
import type { Entry } from './entry.js'

/** The broker holds it. */
export function makeReceipt(entry: Entry, partition: number, position: string | undefined): Receipt {
  return { id: entry.id, topic: entry.home.topic, partition, position }
}

export function detailsOf(entry: Entry, cause?: unknown): ErrorDetails {
  return { topic: entry.home.topic, messageId: entry.id, cause }
}

/** The broker refuses it. After an uncertain write that says nothing of the earlier one, which may have been stored. */
export function refusal(entry: Entry, error: AdapterError): SluiceError {
  if (entry.extra?.cause === undefined) return fromAdapter(error, detailsOf(entry, error))
  const text = `the broker may hold the message since an earlier write, and refuses it now (${error.text})`
  return new SluiceError('UNCERTAIN', text, detailsOf(entry, error))
}

const unwritten = {
  deadline: ['TIMEOUT', 'the message was not written within timeoutMs and is not sent any more'],
  abort: ['ABORTED', 'the caller aborted before the message was written; it is not sent'],
  close: ['CLOSED', 'the messaging object was closed before the message was written; it is not sent'],
} as const

const written = {
  deadline: 'the broker has not said within timeoutMs whether it holds the message',
  abort: 'the caller aborted after the message was written: the broker may hold it',
  close: 'the messaging object was closed before the broker said whether it holds the message',
} as const

/** What the caller is told when it stops waiting: once a message was written, nobody may claim that it is not stored. */
export function unanswered(entry: Entry, why: keyof typeof written): SluiceError {
  if (entry.stage === 'flying' || entry.stage === 'uncertain') {
    const cause = entry.extra?.cause
    const text = cause === undefined ? written[why] : `${written[why]} (${cause.text})`
    return new SluiceError('UNCERTAIN', text, detailsOf(entry, cause))
  }
  const [code, text] = unwritten[why]
  const cause = why === 'deadline' ? entry.home.trouble : undefined
  return new SluiceError(code, cause === undefined ? text : `${text} (${cause.message})`, detailsOf(entry, cause))
}
