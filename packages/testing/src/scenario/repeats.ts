import type { Scenario } from '../scenario.js'
import { assert } from './assert.js'

/** How many messages are there more than once because their answers were lost: some, which shows that they were sent again; none where the broker knows a repetition. */
export function checkRepeats(scenario: Scenario, found: number, least: number): void {
  const what = 'messages whose answer was lost, sent again and there more than once'
  if (scenario.harness.knowsRepeats === true) assert.equal(found, 0, what)
  else assert.atLeast(found, least, what)
}
