/** What an adapter can do: data with literal types, one meaning each. The capability matrix of the docs is made of it. */
export interface Capabilities {
  /** `log`: a topic without groups keeps messages. `bound`: it rejects them (UNROUTABLE). */
  readonly routing: 'log' | 'bound'
  /** A group may start at `earliest`. */
  readonly replay: boolean
  /** Keys keep order over all instances. */
  readonly keyedOrder: boolean
  /** `single`: one delivery can be given back alone. `rewind`: only a whole claim can. Core never uses `single` on an exclusive claim. */
  readonly giveBack: 'single' | 'rewind'
  /** The broker itself delays a given-back delivery. */
  readonly giveBackDelay: boolean
  /** Messages can be addressed to one group: needed by durable delays and redrive. */
  readonly groupAddress: boolean
  /** A message for one group can wait at the broker. */
  readonly durableDelay: boolean
  /** Failed attempts survive the owner (Consumer.record). */
  readonly attemptRecord: boolean
  /** What the adapter can do about topics and groups that are missing. */
  readonly provisioning: 'declare' | 'verify' | 'none'
  /** Delivery windows bound bytes too; else bytes are bounded by messages × Route.maxMessageBytes. */
  readonly byteWindow: boolean
  /** How each of the above is done, and at what cost. */
  readonly notes: Readonly<Record<string, { readonly how: 'native' | 'emulated' | 'refused'; readonly cost?: string }>>
}
