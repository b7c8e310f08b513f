import type { Message } from './message.js'
import type { OutgoingMessage } from './middleware.js'

/** The hook of a tracing plugin. Every method may return `undefined` for a message that is not traced. */
export interface Tracer {
  /** Called in `publish`, after encoding; may set headers. */
  published(message: OutgoingMessage): Span | undefined
  /** Called when a handler is about to start. */
  delivered(message: Message, attempt: number, group: string): HandlerSpan | undefined
}

export interface Span {
  /** `error` is set when the publish or the handler failed. */
  end(error?: unknown): void
}

export interface HandlerSpan extends Span {
  /** Runs the handler inside the context of the span. */
  run<T>(handler: () => T): T
}
