import type { Cancel } from '../model/clock.js'
import type { HeaderList } from '../model/headers.js'
import type { Key } from '../model/key.js'
import type { Receipt } from '../model/message.js'
import type { AnyTopic } from '../model/topic.js'
import type { Span } from '../model/trace.js'
import type { AdapterError } from '../spi/adapter-error.js'
import type { Outbound } from '../spi/envelope.js'

/**
 * `validating`: the key is not known yet. `preparing`: in the hands of middleware. `ready`: may be written. `flying`: written and
 * not reported. `uncertain`: written, and its fate is not known; waits to be written again. `ended`: neither here nor at the adapter.
 */
export type Stage = 'validating' | 'preparing' | 'ready' | 'flying' | 'uncertain' | 'ended'

/** Who is told the end: the resolve function of a promise, or what collects the results of a batch. */
export type Owner = ((outcome: Receipt | Promise<never>) => void) | Collector

export interface Collector {
  ended(entry: Entry, receipt: Receipt | undefined, error: unknown): void
}

/** Where an entry goes when the buffer has room for it. */
export interface EntryHome {
  readonly topic: string
  accept(entry: Entry): void
  /** Why entries cannot be written at the moment, as far as the home knows. */
  readonly trouble: Error | undefined
}

/** The list that an entry is in. */
export interface Place {
  readonly owner: PlaceOwner
  /** Without telling the owner. */
  remove(entry: Entry): void
}

export interface PlaceOwner {
  /** The list may go on: an entry left it out of turn, or became ready. */
  changed(): void
}

/** What few entries have. */
interface Extra {
  signal: AbortSignal | undefined
  span: Span | undefined
  cancelTimer: Cancel | undefined
  /** What the adapter said when the entry became uncertain. */
  cause: AdapterError | undefined
}

/** What messages without options of their own share. */
export interface Common {
  readonly home: EntryHome
  /** The topic value it was published with; `undefined` for copies. */
  readonly source: AnyTopic | undefined
  readonly contentType: string
  readonly type: string | undefined
  readonly correlationId: string | undefined
  readonly headers: HeaderList
  /** Wall time that the stamps of the messages count from. */
  readonly sinceMs: number
}

/**
 * One message between `publish` and its answer. A hundred thousand of them may wait at once, so they are kept small: linked into lists
 * instead of being held by them, text keys stay text, small integers instead of large numbers, and no envelope before it is needed.
 */
export class Entry {
  common: Common
  owner: Owner | undefined
  readonly id: string
  key: Key | null = null
  /** JSON stays text: smaller than bytes, and the memory broker needs none. */
  readonly body: Uint8Array | string | null
  readonly stampMs: number
  /** Size that buffer and streams count. */
  bytes = 0
  envelope: Outbound | undefined = undefined
  stage: Stage = 'ready'
  /** On the monotonic clock, in whole ms. */
  deadline = 0
  /** Bytes that it takes up in the buffer; 0 while it does not. */
  room = 0
  /** Its place in a batch. */
  index = 0
  list: Place | undefined = undefined
  previous: Entry | undefined = undefined
  next: Entry | undefined = undefined
  earlier: Entry | undefined = undefined
  later: Entry | undefined = undefined
  extra: Extra | undefined = undefined

  constructor(common: Common, owner: Owner, id: string, body: Uint8Array | string | null, timestampMs: number) {
    this.common = common
    this.owner = owner
    this.id = id
    this.body = body
    this.stampMs = timestampMs - common.sinceMs
  }

  get home(): EntryHome {
    return this.common.home
  }

  get timestampMs(): number {
    return this.common.sinceMs + this.stampMs
  }
}

export function extraOf(entry: Entry): Extra {
  entry.extra ??= { signal: undefined, span: undefined, cancelTimer: undefined, cause: undefined }
  return entry.extra
}

/** Tells the end to whoever waits for it. */
export function answer(owner: Owner, entry: Entry, receipt: Receipt | undefined, error: unknown): void {
  if (typeof owner !== 'function') owner.ended(entry, receipt, error)
  // A promise keeps one function instead of two: resolving with a rejected promise rejects.
  else if (receipt === undefined) owner(rejected(error))
  else owner(receipt)
}

async function rejected(error: unknown): Promise<never> {
  throw error
}
