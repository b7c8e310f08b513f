import { readContentHeader } from '../amqp/content-header.js'
import { channelOf, frameType, payloadOf, typeOf, type Frame } from '../amqp/frame.js'
import {
  method,
  methodOf,
  readConfirm,
  readPublish,
  writeConfirm,
  writeReturn,
  type Confirm,
  type PublishMethod,
} from '../amqp/method.js'
import type { SendFate } from '../../relay/send-rules.js'

/** What a frame becomes: what goes on to either side, in this order, and whether the connection is cut behind it. */
export interface Passage {
  readonly toBroker: readonly Frame[]
  readonly toClient: readonly Frame[]
  readonly cut: boolean
}

const nothing: Passage = { toBroker: [], toClient: [], cut: false }

/** Decides about a publish once its header was seen. */
export type Judge = (publish: PublishMethod, messageId: string | undefined) => SendFate | undefined

/** A publish of which not all frames were seen. */
interface Arriving {
  readonly frames: Frame[]
  fate: SendFate | undefined
  bodyLeft: number
}

/**
 * A channel with confirms as somebody sees it who stands between client and broker and decides about single publishes. Both ends count
 * the publishes that they know of; those that do not reach the broker are missing in its count, so its answers are renumbered.
 */
export class ConfirmChannel {
  readonly #judge: Judge
  /** Of the last publish, as the client counts. */
  #tag = 0
  #arriving: Arriving | undefined
  /** Publishes that the broker never got, as the client counts, growing. */
  readonly #kept: number[] = []
  /** Publishes whose answer is not told: the client gets a negative one, or is cut off. */
  readonly #untold = new Map<number, 'nack' | 'cut'>()
  /** Everything behind a publish is lost. */
  #deaf = false

  constructor(judge: Judge) {
    this.#judge = judge
  }

  get isDeaf(): boolean {
    return this.#deaf
  }

  fromClient(frame: Frame): Passage {
    if (this.#deaf) return nothing
    if (methodOf(frame) === method.publish) {
      this.#arriving = { frames: [frame], fate: undefined, bodyLeft: 0 }
      return nothing
    }
    const arriving = this.#arriving
    if (arriving === undefined) return { ...nothing, toBroker: [frame] }
    arriving.frames.push(frame)
    if (typeOf(frame) === frameType.header) this.#headerSeen(arriving, frame)
    else arriving.bodyLeft -= payloadOf(frame).length
    if (arriving.bodyLeft > 0) return nothing
    this.#arriving = undefined
    return this.#publish(arriving, channelOf(frame))
  }

  fromBroker(frame: Frame): Passage {
    const id = methodOf(frame)
    const isConfirm = id === method.ack || id === method.nack
    if (!isConfirm || (this.#kept.length === 0 && this.#untold.size === 0)) return { ...nothing, toClient: [frame] }
    const given = readConfirm(frame)
    return this.#confirm({ ...given, tag: this.#clientTag(given.tag) }, channelOf(frame))
  }

  #headerSeen(arriving: Arriving, header: Frame): void {
    const { bodyBytes, messageId } = readContentHeader(header)
    arriving.bodyLeft = bodyBytes
    arriving.fate = this.#judge(readPublish(arriving.frames[0] as Frame), messageId)
  }

  #publish({ frames, fate }: Arriving, channel: number): Passage {
    this.#tag += 1
    const tag = this.#tag
    if (fate === undefined) return { ...nothing, toBroker: frames }
    if (fate.outcome === 'answer-lost') {
      this.#untold.set(tag, fate.behind ? 'cut' : 'nack')
      this.#deaf = fate.behind
      return { ...nothing, toBroker: frames }
    }
    if (fate.behind) return { ...nothing, cut: true }
    this.#kept.push(tag)
    const [publish, ...content] = frames as [Frame, ...Frame[]]
    const returned = fate.outcome === 'refused' ? [writeReturn(publish), ...content] : []
    const answer = writeConfirm(channel, { tag, multiple: false, ok: fate.outcome === 'refused' })
    return { ...nothing, toClient: [...returned, answer] }
  }

  #confirm({ tag, multiple, ok }: Confirm, channel: number): Passage {
    const toClient: Frame[] = []
    const covered = [...this.#untold].filter(([untold]) => (multiple ? untold <= tag : untold === tag))
    for (const [untold, what] of covered) {
      this.#untold.delete(untold)
      if (what === 'cut') {
        if (multiple && untold > 1) toClient.push(writeConfirm(channel, { tag: untold - 1, multiple, ok }))
        return { ...nothing, toClient, cut: true }
      }
      toClient.push(writeConfirm(channel, { tag: untold, multiple: false, ok: false }))
    }
    if (multiple || covered.length === 0) toClient.push(writeConfirm(channel, { tag, multiple, ok }))
    return { ...nothing, toClient }
  }

  #clientTag(brokerTag: number): number {
    let tag = brokerTag
    for (const kept of this.#kept) if (kept <= tag) tag += 1
    return tag
  }
}
