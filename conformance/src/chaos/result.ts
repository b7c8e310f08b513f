/** What a run has come to, as it is written to a file. */
export interface ChaosResult {
  readonly adapter: string
  readonly seed: number
  readonly nodes: number
  /** That were published. */
  readonly messages: number
  /** That met enough of the traffic to count. */
  readonly faults: number
  readonly confirmed: number
  /** Confirmed, and some group has neither handled nor dead-lettered it. */
  readonly lost: number
  /** Handled though refused or never published. */
  readonly phantom: number
  /** Begun before an earlier one of its key was done with. */
  readonly outOfOrder: number
  /** Run beside another of its key, or beside itself. */
  readonly overlapping: number
  /** Finished runs after which the message ran again. */
  readonly duplicated: number
  /** The most of them that the faults explain, by recorded times. */
  readonly duplicateBound: number
  readonly seconds: number
}
