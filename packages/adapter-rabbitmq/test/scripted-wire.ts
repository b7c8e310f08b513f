import type {
  ChannelEvents,
  ConnectionEvents,
  Wire,
  WireChannel,
  WireConnection,
  WireTarget,
} from '../src/wire/port.js'
import { WireError, type WireErrorDetails } from '../src/wire/wire-error.js'

export const ioError = (text = 'ECONNREFUSED', errno = text): WireError =>
  new WireError(text, { kind: 'io', scope: 'connection', errno })
export const serverError = (
  replyCode: number,
  text = 'text',
  scope: WireErrorDetails['scope'] = 'connection',
): WireError => new WireError(text, { kind: 'server', scope, replyCode })

/** An attempt to connect, in the hands of a test. */
export class Attempt {
  readonly target: WireTarget
  readonly events: ConnectionEvents
  readonly signal: AbortSignal
  /** Set when it was accepted. */
  connection: ScriptedConnection | undefined
  readonly result: Promise<WireConnection>
  #resolve: (connection: WireConnection) => void = () => {}
  #reject: (error: WireError) => void = () => {}

  constructor(target: WireTarget, events: ConnectionEvents, signal: AbortSignal) {
    this.target = target
    this.events = events
    this.signal = signal
    this.result = new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
    const abort = (): void => this.refuse(new WireError('given up', { kind: 'closed', scope: 'connection' }))
    if (signal.aborted) abort()
    else signal.addEventListener('abort', abort, { once: true })
  }

  accept(heartbeatSeconds = 10): ScriptedConnection {
    this.connection = new ScriptedConnection(this.events, heartbeatSeconds)
    this.#resolve(this.connection)
    return this.connection
  }

  refuse(error: WireError): void {
    this.#reject(error)
  }
}

/** A wire whose broker is the test. */
export class ScriptedWire implements Wire {
  readonly attempts: Attempt[] = []
  /** What becomes of each attempt at once; nothing by default. */
  onAttempt: (attempt: Attempt) => void = () => {}

  get last(): Attempt {
    return this.attempts.at(-1) as Attempt
  }

  connect(target: WireTarget, events: ConnectionEvents, signal: AbortSignal): Promise<WireConnection> {
    const attempt = new Attempt(target, events, signal)
    this.attempts.push(attempt)
    this.onAttempt(attempt)
    return attempt.result
  }
}

export class ScriptedConnection implements WireConnection {
  readonly server = { product: 'Script', version: '1' }
  readonly heartbeatSeconds: number
  readonly channels: ScriptedChannel[] = []
  /** What opening a channel waits for. */
  opening: Promise<unknown> = Promise.resolve()
  beats = 0
  farewells = 0
  reason: WireError | undefined
  readonly #events: ConnectionEvents
  #ended: Promise<void> | undefined

  constructor(events: ConnectionEvents, heartbeatSeconds: number) {
    this.#events = events
    this.heartbeatSeconds = heartbeatSeconds
  }

  async openChannel(events: ChannelEvents): Promise<WireChannel> {
    await this.opening
    const channel = new ScriptedChannel(events)
    this.channels.push(channel)
    return channel as unknown as WireChannel
  }

  readonly openConfirmChannel = (): Promise<never> => Promise.reject(new Error('not scripted'))

  beat(): void {
    this.beats += 1
  }

  close(): Promise<void> {
    this.farewells += 1
    return this.end(new WireError('closed by this side', { kind: 'closed', scope: 'connection' }))
  }

  destroy(reason: string): void {
    void this.end(new WireError(reason, { kind: 'closed', scope: 'connection' }))
  }

  /** Later, as all events. */
  end(reason: WireError): Promise<void> {
    this.reason ??= reason
    this.#ended ??= Promise.resolve().then(() => this.#events.closed(reason))
    return this.#ended
  }
}

export class ScriptedChannel {
  closed = false
  readonly events: ChannelEvents

  constructor(events: ChannelEvents) {
    this.events = events
  }

  readonly close = (): Promise<void> => {
    this.closed = true
    return Promise.resolve()
  }
}
