/** Header names that Sluice writes. All of them in one place; the prefix is reserved. */
export const reservedPrefix = 'sluice-'

export const standardHeaders = {
  /** Format of everything below. Two neighbouring versions work in one group. */
  version: 'sluice-version',
  /** Failed attempts so far, on a durable retry copy. */
  failures: 'sluice-failures',
  firstFailureMs: 'sluice-first-failure-ms',
  lastFailureMs: 'sluice-last-failure-ms',
  originTopic: 'sluice-origin-topic',
  originGroup: 'sluice-origin-group',
  originPartition: 'sluice-origin-partition',
  originPosition: 'sluice-origin-position',
  reason: 'sluice-reason',
  errorName: 'sluice-error-name',
  errorMessage: 'sluice-error-message',
  errorStack: 'sluice-error-stack',
  attempts: 'sluice-attempts',
  deadLetteredMs: 'sluice-dead-lettered-ms',
  /** How often the message was sent back from the dead letters. */
  redriven: 'sluice-redriven',
} as const

/** Version written by this release. Readers accept this one and its neighbours, and treat an absent one as a foreign message. */
export const formatVersion = 1

/** A list: foreign messages repeat names and carry bytes. Core's own values are strings; names are visible ASCII without ':'. */
export type HeaderList = readonly (readonly [name: string, value: string | Uint8Array])[]
