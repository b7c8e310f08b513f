/** What has to happen often enough for a run of many seeds to mean something. */
export const situationNames = [
  'crash between dead-letter copy and settle',
  'hand-over with a handler running',
  'uncertain publish with later ones of its key written',
  'second loss while reconnecting',
  'close during a held retry',
  'give-back during rewind',
  'batch partly failed at drain',
  'breaker open at close',
] as const

export type Situation = (typeof situationNames)[number]

/** Counts what was seen to happen. */
export interface Situations {
  readonly counts: Readonly<Record<Situation, number>>
  saw(situation: Situation): void
}

export function createSituations(note: (text: string) => void): Situations {
  const counts = Object.fromEntries(situationNames.map((name) => [name, 0])) as Record<Situation, number>
  return {
    counts,
    saw: (situation) => {
      note(`situation: ${situation}`)
      counts[situation] += 1
    },
  }
}
