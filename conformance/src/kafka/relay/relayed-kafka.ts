import { DelayLine } from '../../relay/delay-line.js'
import type { Owner, Relayed, RelayedOptions } from '../../relay/relayed.js'
import { SocketPair } from '../../relay/socket-pair.js'
import { FrameSplitter } from '../protocol/frames.js'
import {
  readProduce,
  withErrors,
  withRefusals,
  writeProduce,
  writeRefusals,
  type PartitionRecords,
  type Refusal,
} from '../protocol/produce.js'
import { correlationOf, produceKey, readHead, type RequestHead } from '../protocol/request.js'
import { ProduceJudge } from './produce-judge.js'
import type { WireState } from './wire-state.js'

/** INVALID_RECORD. */
const invalidRecord = 87
/** REQUEST_TIMED_OUT: whether it is stored is not known. */
const timedOut = 7

interface Answering {
  /** What the broker has not seen. */
  readonly instead: readonly { readonly one: PartitionRecords; readonly errorCode: number }[]
  /** What the broker has stored, and does not say so. */
  readonly doubtful: readonly PartitionRecords[]
}

/** A connection that speaks the protocol of Kafka, and belongs to whom its requests say. What it is for may change with each of them. */
export class RelayedKafka implements Relayed {
  readonly #options: RelayedOptions
  readonly #state: WireState
  readonly #pair: SocketPair
  readonly #judge: ProduceJudge
  readonly #fromClient = new FrameSplitter()
  readonly #fromBroker = new FrameSplitter()
  readonly #delays = new DelayLine((frames) => frames.forEach((frame) => this.#pair.write('broker', frame)))
  /** Of requests whose answer is never told, by their number. */
  readonly #untold = new Set<number>()
  /** What is told with the answer of the broker, by the number of the request. */
  readonly #answering = new Map<number, Answering>()
  #owner: Owner | undefined
  /** Whatever else the client says is lost. */
  #isDeaf = false

  constructor(options: RelayedOptions, state: WireState) {
    this.#options = options
    this.#state = state
    this.#judge = new ProduceJudge((messageId, target) =>
      options.rules.fateOf({ client: this.#owner?.client ?? '', messageId, target }),
    )
    this.#pair = new SocketPair({
      ...{ socket: options.socket, target: options.target },
      heard: (from, bytes) => {
        if (from === 'client') {
          for (const frame of this.#fromClient.push(bytes)) this.#asked(frame)
        } else for (const frame of this.#fromBroker.push(bytes)) this.#answered(frame)
      },
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

  #asked(frame: Buffer): void {
    if (this.#pair.isOver || this.#isDeaf) return
    const head = readHead(frame)
    this.#identify(head)
    if (this.#pair.isOver) return
    if (head.apiKey === produceKey) this.#produce(frame, head)
    else this.#delays.pass([frame], 0, 0)
  }

  #identify({ clientId: client }: RequestHead): void {
    if (this.#owner !== undefined) return
    this.#owner = { client, side: undefined }
    this.#options.identified(this, this.#owner)
  }

  #produce(frame: Buffer, head: RequestHead): void {
    const { correlationId } = head
    this.#state.sends += 1
    const request = readProduce(frame, head)
    // Of a client that the adapter has no part in.
    if (request === undefined) {
      this.#delays.pass([frame], 0, this.#options.rules.delayMs)
      return
    }
    const fates = request.partitions.map((one) => ({ one, fate: this.#judge.fateOf(one) }))
    if (fates.some(({ fate }) => fate?.outcome === 'lost' && fate.behind)) {
      this.cut()
      return
    }
    const passing = fates.filter(({ fate }) => fate === undefined || fate.outcome === 'answer-lost')
    const kept = fates.filter((one) => !passing.includes(one))
    if (passing.some(({ fate }) => fate?.behind === true)) {
      this.#untold.add(correlationId)
      this.#isDeaf = true
    }
    const answer: Answering = {
      instead: kept.map(({ one, fate }) => ({
        one,
        errorCode: fate?.outcome === 'refused' ? invalidRecord : timedOut,
      })),
      doubtful: passing.filter(({ fate }) => fate !== undefined).map(({ one }) => one),
    }
    if (passing.length === 0) {
      this.#pair.write('client', writeRefusals(correlationId, this.#refusalsOf(answer)))
      return
    }
    if (answer.instead.length + answer.doubtful.length > 0) this.#answering.set(correlationId, answer)
    const passed = kept.length === 0 ? frame : writeProduce({ ...request, partitions: passing.map(({ one }) => one) })
    this.#delays.pass([passed], 0, this.#options.rules.delayMs)
  }

  #answered(frame: Buffer): void {
    for (const text of this.#state.spoiled) spoil(frame, text)
    const correlationId = correlationOf(frame)
    if (this.#untold.has(correlationId)) {
      this.cut()
      return
    }
    const answer = this.#answering.get(correlationId)
    this.#answering.delete(correlationId)
    if (answer === undefined) {
      this.#pair.write('client', frame)
      return
    }
    const told = withErrors(frame, answer.doubtful, timedOut)
    this.#pair.write('client', withRefusals(told, this.#refusalsOf(answer)))
  }

  #refusalsOf({ instead }: Answering): readonly Refusal[] {
    return instead.map(({ one, errorCode }) => {
      if (errorCode === invalidRecord) this.#judge.told(one)
      return { topic: one.topic, partition: one.partition, errorCode }
    })
  }
}

/** The check sum of the batch that it is in is wrong then. */
function spoil(frame: Buffer, text: string): void {
  const at = frame.indexOf(text)
  if (at >= 0) frame.writeUInt8(frame.readUInt8(at) ^ 1, at)
}
