import { SluiceError } from '../errors/sluice-error.js'
import { readHeaders as readText } from '../kit/header-codec.js'
import type { OutgoingMessage } from '../model/middleware.js'
import type { Entry } from './entry.js'
import { isReserved, withHeader } from './message-fields.js'
import { bodyBytes, keyBytes } from './seal.js'

/** A message as middleware and tracers see it. */
export class Outgoing implements OutgoingMessage {
  readonly #entry: Entry
  #sealed = false

  constructor(entry: Entry) {
    this.#entry = entry
  }

  get id(): string {
    return this.#entry.id
  }

  get topic(): string {
    return this.#entry.home.topic
  }

  get type(): string | undefined {
    return this.#entry.common.type
  }

  get key(): Uint8Array | null {
    return keyBytes(this.#entry)
  }

  get body(): Uint8Array | null {
    return bodyBytes(this.#entry.body)
  }

  get headers(): Readonly<Record<string, string>> {
    return readText(this.#entry.common.headers.filter(([name]) => !isReserved(name)))
  }

  setHeader(name: string, value: string): void {
    if (this.#sealed) {
      throw new SluiceError('INVALID_HEADER', `header "${name}": headers are fixed once next() was called`, {
        field: name,
      })
    }
    const { common } = this.#entry
    this.#entry.common = { ...common, headers: withHeader(common.headers, name, value) }
  }

  /** The message goes out as it is now. */
  seal(): void {
    this.#sealed = true
  }
}
