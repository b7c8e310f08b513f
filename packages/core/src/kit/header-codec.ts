import { printable, textOf } from '../errors/text-of.js'
import type { HeaderList } from '../model/headers.js'
import { decodeUtf8 } from './utf8.js'

/** Headers as applications see them. */
export type TextHeaders = Readonly<Record<string, string>>

/** What is wrong with a header: `field` is its path, `reason` a sentence that says what to do. */
export interface HeaderProblem {
  readonly ok: false
  readonly field: string
  readonly reason: string
}

export type EncodedHeaders = { readonly ok: true; readonly headers: HeaderList } | HeaderProblem

/** Longest name, in characters. */
const maxHeaderNameLength = 256

// Printable ASCII from '!' to '~' but for ':', which separates name and value in line formats.
const namePattern = /^[!-9;-~]+$/

const none: EncodedHeaders = Object.freeze({ ok: true, headers: Object.freeze([]) })

const noText: TextHeaders = Object.freeze(Object.create(null) as Record<string, string>)

/**
 * Checks the headers of an application and turns them into a list that later changes to the object do not reach.
 * `undefined` means no headers.
 */
export function encodeHeaders(headers: unknown): EncodedHeaders {
  if (headers === undefined) return none
  // A Map or a fetch Headers object has no entries of its own and would pass as empty.
  if (Object.prototype.toString.call(headers) !== '[object Object]') {
    return problem('headers', `must be a plain object of names and text values, got ${describe(headers)}`)
  }
  const list: (readonly [name: string, value: string])[] = []
  const given = headers as Readonly<Record<string, unknown>>
  for (const name of Object.keys(given)) {
    let value: unknown
    let reason = nameProblem(name)
    try {
      value = given[name]
      reason ??= valueProblem(value)
    } catch (cause) {
      reason ??= `the value cannot be read: ${textOf(cause)}`
    }
    if (reason !== undefined) return problem(`headers["${printable(name)}"]`, reason)
    list.push([name, value as string])
  }
  return { ok: true, headers: list }
}

/**
 * The text view of a list: a frozen record without prototype, so that a header called `constructor` is only a header.
 * Bytes that are UTF-8 become text, others are left out and stay in the list; of a repeated name the last text counts.
 * Freezing costs more than reading: do it when somebody asks for headers, not for every message.
 */
export function readHeaders(headers: HeaderList): TextHeaders {
  if (headers.length === 0) return noText
  const record = Object.create(null) as Record<string, string>
  for (const [name, value] of headers) {
    const text = typeof value === 'string' ? value : decodeUtf8(value)
    if (text !== undefined) record[name] = text
  }
  return Object.freeze(record)
}

function nameProblem(name: string): string | undefined {
  if (name.length === 0) return 'the name is empty: give the header a name'
  if (name.length > maxHeaderNameLength) {
    return `the name has ${name.length} characters: use at most ${maxHeaderNameLength}`
  }
  if (!namePattern.test(name)) return 'the name may have only visible ASCII characters other than ":"'
  return undefined
}

function valueProblem(value: unknown): string | undefined {
  if (typeof value !== 'string') return `the value must be text, got ${describe(value)}: convert it or leave it out`
  if (!value.isWellFormed()) return 'the value has a lone surrogate and so no UTF-8 form: pass value.toWellFormed()'
  return undefined
}

function problem(field: string, reason: string): HeaderProblem {
  return { ok: false, field, reason }
}

function describe(value: unknown): string {
  if (typeof value !== 'object' || value === null) return value === null ? 'null' : typeof value
  return Object.prototype.toString.call(value).slice('[object '.length, -1)
}
