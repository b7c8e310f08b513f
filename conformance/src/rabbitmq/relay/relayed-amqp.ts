import { DelayLine } from '../../relay/delay-line.js'
import type { Owner, Relayed, RelayedOptions } from '../../relay/relayed.js'
import type { SendRules } from '../../relay/send-rules.js'
import { SocketPair, type End } from '../../relay/socket-pair.js'
import { channelOf, type Frame } from '../amqp/frame.js'
import { method, methodOf, readConnectionName } from '../amqp/method.js'
import { FrameSplitter } from '../amqp/splitter.js'
import { ConfirmChannel } from './confirm-channel.js'
import { sendTargetOf } from './send-target.js'

/** What a client sends before its first frame: the version of the protocol. */
const greetingBytes = 8

/** A connection that speaks AMQP. */
export class RelayedAmqp implements Relayed {
  readonly #options: RelayedOptions
  readonly #rules: SendRules
  readonly #pair: SocketPair
  readonly #fromClient = new FrameSplitter()
  readonly #fromBroker = new FrameSplitter()
  readonly #channels = new Map<number, ConfirmChannel>()
  readonly #delays = new DelayLine((frames) => this.#write('broker', frames))
  #owner: Owner | undefined
  /** Bytes of the greeting that have not come. */
  #greeting = greetingBytes
  /** Frames are looked at: until it is known whose it is, and for as long as it publishes. */
  #looks = true
  /** Whatever else the client says is lost. */
  #isDeaf = false

  constructor(options: RelayedOptions) {
    this.#options = options
    this.#rules = options.rules
    this.#pair = new SocketPair({
      ...{ socket: options.socket, target: options.target },
      heard: (from, bytes) => (from === 'client' ? this.#clientSaid(bytes) : this.#brokerSaid(bytes)),
      closed: () => {
        this.#delays.clear()
        options.closed(this)
      },
    })
  }

  get owner(): Owner | undefined {
    return this.#owner
  }

  cut(): void {
    this.#pair.cut()
  }

  silence(): void {
    this.#pair.silence()
  }

  speak(): void {
    this.#pair.speak()
  }

  #clientSaid(bytes: Buffer): void {
    if (!this.#looks) {
      this.#pair.write('broker', bytes)
      return
    }
    const greeting = Math.min(this.#greeting, bytes.length)
    if (greeting > 0) this.#pair.write('broker', bytes.subarray(0, greeting))
    this.#greeting -= greeting
    // Many small frames come in one piece, and leave in one.
    this.#pair.together(() => {
      for (const frame of this.#fromClient.push(bytes.subarray(greeting)))
        if (!this.#pair.isOver) this.#clientFrame(frame)
    })
    if (!this.#looks) this.#pair.write('broker', this.#fromClient.rest)
  }

  #clientFrame(frame: Frame): void {
    const id = methodOf(frame)
    if (id === method.startOk) this.#identify(frame)
    if (this.#pair.isOver || this.#isDeaf) return
    const number = channelOf(frame)
    if (id === method.channelOpen) this.#channels.delete(number)
    if (id === method.confirmSelect) this.#openConfirms(number)
    const channel = this.#channels.get(number)
    if (channel === undefined) {
      this.#delays.pass([frame], number, 0)
      return
    }
    const { toBroker, toClient, cut } = channel.fromClient(frame)
    this.#isDeaf = channel.isDeaf
    this.#delays.pass(toBroker, number, methodOf(toBroker[0] ?? frame) === method.publish ? this.#rules.delayMs : 0)
    this.#write('client', toClient)
    if (cut) this.cut()
  }

  #brokerSaid(bytes: Buffer): void {
    if (!this.#looks) {
      this.#pair.write('client', bytes)
      return
    }
    const out: Frame[] = []
    let cut = false
    for (const frame of this.#fromBroker.push(bytes)) {
      const passage = this.#channels.get(channelOf(frame))?.fromBroker(frame)
      if (passage === undefined) out.push(frame)
      else out.push(...passage.toClient)
      cut ||= passage?.cut === true
      if (cut) break
    }
    this.#write('client', out)
    if (cut) this.cut()
  }

  #identify(startOk: Frame): void {
    const name = readConnectionName(startOk) ?? ''
    const side = name.endsWith(' consume') ? 'consume' : 'publish'
    this.#owner = { client: name.replace(/ (publish|consume)$/, ''), side }
    this.#options.identified(this, this.#owner)
    if (side === 'publish' || this.#pair.isOver) return
    this.#looks = false
    this.#pair.write('client', this.#fromBroker.rest)
  }

  #openConfirms(channel: number): void {
    const client = this.#owner?.client ?? ''
    const judge = new ConfirmChannel((publish, messageId) =>
      this.#rules.fateOf({ client, messageId, target: sendTargetOf(publish) }),
    )
    this.#channels.set(channel, judge)
  }

  #write(to: End, frames: readonly Frame[]): void {
    const [first] = frames
    if (first !== undefined) this.#pair.write(to, frames.length === 1 ? first : Buffer.concat(frames))
  }
}
