import type { Facts } from '../surroundings.js'

/** What a subject's process is asked for, as its only argument. */
export interface SubjectTask {
  readonly suite: string
  readonly case: string
  readonly subject: string
  readonly messages: number
  readonly allocations: boolean
  readonly quick: boolean
  readonly facts: Facts
}
