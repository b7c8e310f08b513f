import type { CopyPlace, EventKind, FaultKind, HandlerOutcome, PublishResult, Settlement } from './event.js'

/** Event kinds by their number in the kind column. */
export const KINDS: readonly EventKind[] = [
  'publish-invoked',
  'publish-ok',
  'publish-refused',
  'publish-uncertain',
  'handler-started',
  'handler-ended',
  'settled',
  'dead-letter-seen',
  'redriven',
  'killed',
  'claim-lost',
  'connection-lost',
  'connection-restored',
  'drain-expired',
  'drained',
  'closed',
  'handed-over',
  'copy-stored',
  'broker-settled',
]

/** Handler outcomes by their number in the value column. */
export const OUTCOMES: readonly HandlerOutcome[] = ['ok', 'failed', 'retried', 'given-back', 'dead-lettered', 'lost']

/** Settlements by their number in the value column. */
export const SETTLEMENTS: readonly Settlement[] = ['acked', 'retried', 'dead-lettered', 'given-back']

/** Places of copies by their number in the value column. */
export const PLACES: readonly CopyPlace[] = ['topic', 'group', 'dead-letters']

/** Every fault kind. */
export const FAULT_KINDS: readonly FaultKind[] = [
  'killed',
  'claim-lost',
  'connection-lost',
  'connection-restored',
  'drain-expired',
  'drained',
  'closed',
  'handed-over',
]

/** The event kind of a publish result. */
export const RESULT_KINDS: Readonly<Record<PublishResult, EventKind>> = {
  ok: 'publish-ok',
  refused: 'publish-refused',
  uncertain: 'publish-uncertain',
}

const KIND_CODES: ReadonlyMap<string, number> = new Map(KINDS.map((kind, code) => [kind, code]))

/** The number of an event kind; throws for a kind that does not exist. */
export function kindCode(kind: EventKind): number {
  return codeOf('kind', KIND_CODES.get(kind), kind, KINDS)
}

/** The number of a value in one of the lists above; throws for a value that is not in it. */
export function valueCode(field: string, list: readonly string[], value: string): number {
  const code = list.indexOf(value)
  return codeOf(field, code < 0 ? undefined : code, value, list)
}

function codeOf(field: string, code: number | undefined, value: string, list: readonly string[]): number {
  if (code === undefined) throw new TypeError(`history: ${field} '${value}' is unknown; use one of ${list.join(', ')}`)
  return code
}
