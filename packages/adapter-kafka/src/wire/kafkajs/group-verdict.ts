import { errorCodes } from '../error-codes.js'

/**
 * What a coordinator's error code asks of a member. `elsewhere`: another node coordinates, or none does yet. `rejoin`: the group shares out
 * anew. `out`: the member is none any more, and what it held may be with others. `named`: the same again with the id it was given.
 * `fatal`: only a person can help.
 */
export type GroupVerdict = 'ok' | 'elsewhere' | 'rejoin' | 'out' | 'named' | 'fatal'

const verdicts: ReadonlyMap<number, GroupVerdict> = new Map([
  [0, 'ok'],
  [errorCodes.coordinatorLoadInProgress, 'elsewhere'],
  [errorCodes.coordinatorNotAvailable, 'elsewhere'],
  [errorCodes.notCoordinator, 'elsewhere'],
  [errorCodes.requestTimedOut, 'elsewhere'],
  [errorCodes.rebalanceInProgress, 'rejoin'],
  [errorCodes.illegalGeneration, 'out'],
  [errorCodes.unknownMemberId, 'out'],
  [errorCodes.fencedInstanceId, 'out'],
  [errorCodes.memberIdRequired, 'named'],
])

export const judgeGroup = (code: number): GroupVerdict => verdicts.get(code) ?? 'fatal'
