/** How a delivery ends. */
export type Outcome =
  | { readonly kind: 'ack' }
  | { readonly kind: 'retry'; readonly delayMs: number | undefined; readonly error: unknown; readonly asked: boolean }
  | { readonly kind: 'dead-letter'; readonly error: unknown }
  | { readonly kind: 'give-back'; readonly delayMs: number }

export const acked: Outcome = Object.freeze({ kind: 'ack' })
