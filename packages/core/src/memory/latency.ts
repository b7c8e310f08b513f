/** Something that is about to travel between a client and the broker. */
export interface Trip {
  readonly clientName: string
  /**
   * `send` and `answer`: a batch of a publish stream, and what became of its messages. `question`: any other request, there and
   * back. `to-client` and `to-broker`: what consumers and the broker have to say to each other.
   */
  readonly what: 'send' | 'answer' | 'question' | 'to-client' | 'to-broker'
}

/**
 * How long a trip takes, in ms. What connections keep in order stays in order: the sends of one stream, and each direction between
 * the broker and the consumers of one client. All else overtakes as its time says.
 */
export type Latency = (trip: Trip) => number
