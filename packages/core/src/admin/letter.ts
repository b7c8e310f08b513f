import { decodeUtf8 } from '../kit/utf8.js'
import { standardHeaders as names, type HeaderList } from '../model/headers.js'
import { decodeKey } from '../model/key.js'
import type { StoredLetter } from '../spi/envelope.js'
import type { GroupRef } from '../spi/sending.js'
import type { DeadLetter } from './dead-letters-handle.js'

/** A letter as an operator reads it. What a broker dead-lettered by itself has none of the headers that explain it. */
export function readLetter(letter: StoredLetter, ref: GroupRef): DeadLetter {
  const text = (name: string): string | undefined => headerText(letter.headers, name)
  const time = (name: string): number | undefined => headerNumber(letter.headers, name)
  const name = text(names.errorName)
  const message = text(names.errorMessage)
  return {
    id: letterId(letter, ref),
    key: letter.key === null ? null : decodeKey(letter.key),
    type: letter.type,
    body: letter.body,
    contentType: letter.contentType,
    headers: letter.headers,
    reason: text(names.reason) ?? 'unknown',
    error:
      name === undefined && message === undefined
        ? undefined
        : { name: name ?? 'Error', message: message ?? '', stack: text(names.errorStack) },
    attempts: headerNumber(letter.headers, names.attempts) ?? 0,
    firstFailureMs: time(names.firstFailureMs),
    lastFailureMs: time(names.lastFailureMs),
    originTopic: text(names.originTopic) ?? ref.topic,
    originGroup: text(names.originGroup) ?? ref.group,
    cursor: letter.cursor,
  }
}

/** A foreign letter without id has its place as its name, so that it has the same one each time. */
export const letterId = (letter: StoredLetter, ref: GroupRef): string =>
  letter.id ?? `${ref.topic}-${ref.group}-${letter.position ?? letter.cursor}`

function headerText(headers: HeaderList, name: string): string | undefined {
  const value = headers.find(([found]) => found === name)?.[1]
  return value === undefined || typeof value === 'string' ? value : decodeUtf8(value)
}

/** A whole number of at least 0. */
export function headerNumber(headers: HeaderList, name: string): number | undefined {
  const text = headerText(headers, name)
  if (text === undefined || !/^\d{1,15}$/.test(text)) return undefined
  return Number(text)
}
