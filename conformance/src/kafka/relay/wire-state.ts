/** What all connections through a relay have in common. */
export interface WireState {
  /** Texts of which the broker's answers lose a bit. */
  readonly spoiled: Set<string>
  /** Requests of clients to store something. */
  sends: number
}

export const newWireState = (): WireState => ({ spoiled: new Set(), sends: 0 })
