/** A group that must get every message of a topic. */
export interface ExpectedGroup {
  readonly topic: string
  readonly group: string
  /** Messages published before this time need not reach the group: it did not exist yet. @default 0 */
  readonly fromMs?: number
}

/** What the checker expects and forgives. */
export interface CheckOptions {
  /**
   * The groups that must get every message; topics that are not named are not expected anywhere.
   * @default the groups that appear in the history; a topic without any counts as lost
   */
  readonly groups?: readonly ExpectedGroup[]
  /**
   * Which messages must arrive: those whose publish resolved, or also those whose result was never recorded.
   * @default 'confirmed'
   */
  readonly expect?: 'confirmed' | 'accepted'
  /** How long after its end a run may still be unstored at the broker. @default 250 */
  readonly storeMs?: number
  /** How long an instance may go on unaware after a fault without a recorded end. @default 0 */
  readonly noticeMs?: number
  /** How often one message may be sent again in one period of doubt. @default 1 */
  readonly resendsPerDoubt?: number
  /** Messages that this history did not publish are fine. @default false */
  readonly allowForeign?: boolean
  /** After a fault, runs of one key or message may overlap on different instances. @default false */
  readonly allowOverlapAfterLoss?: boolean
  /** What to do with runs that start on a stopped instance; ignored ones count as cut off at their start. @default 'flag' */
  readonly afterStop?: 'flag' | 'ignore'
  /** Groups without order: keys may overlap and overtake, one message may still not run twice at once. @default [] */
  readonly unorderedGroups?: readonly string[]
  /** Groups with an idempotency store: a second copy is done with without a run. @default [] */
  readonly deduplicatedGroups?: readonly string[]
  /** A dead-lettered message counts as kept only when it was seen in the dead letters. @default false */
  readonly requireSeenDeadLetters?: boolean
}

/** Options with every default filled in. */
export interface CheckSettings extends Required<Omit<CheckOptions, 'groups'>> {
  readonly groups: readonly ExpectedGroup[] | undefined
}

/** Fills in defaults. Throws RangeError for a duration or count that is negative or no number. */
export function checkSettings(options: CheckOptions): CheckSettings {
  const { groups, expect = 'confirmed', storeMs = 250, noticeMs = 0, resendsPerDoubt = 1 } = options
  for (const [field, value] of Object.entries({ storeMs, noticeMs, resendsPerDoubt })) {
    if (!(value >= 0)) throw new RangeError(`checkHistory: ${field} is ${value}; give a number that is not negative`)
  }
  return {
    groups,
    expect,
    storeMs,
    noticeMs,
    resendsPerDoubt,
    allowForeign: options.allowForeign ?? false,
    allowOverlapAfterLoss: options.allowOverlapAfterLoss ?? false,
    afterStop: options.afterStop ?? 'flag',
    unorderedGroups: options.unorderedGroups ?? [],
    deduplicatedGroups: options.deduplicatedGroups ?? [],
    requireSeenDeadLetters: options.requireSeenDeadLetters ?? false,
  }
}
