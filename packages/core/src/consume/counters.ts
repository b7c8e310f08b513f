/** What a subscription has done since it began. */
export interface Counters {
  delivered: number
  acked: number
  retried: number
  deadLettered: number
  givenBack: number
  lost: number
  skipped: number
}

export const newCounters = (): Counters => ({
  delivered: 0,
  acked: 0,
  retried: 0,
  deadLettered: 0,
  givenBack: 0,
  lost: 0,
  skipped: 0,
})
