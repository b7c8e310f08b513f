import { floorCase } from '../../floor.js'
import type { Suite } from '../../suite.js'
import { failingKeysCase } from './failing-keys-case.js'
import { keyedWorkCases } from './keyed-work-cases.js'
import { memoryCases } from './memory-cases.js'
import { pipelineCases } from './pipeline-cases.js'

/** Core alone, on both behaviours of the memory adapter. */
export const coreSuite: Suite = {
  name: 'core',
  title: 'Core on the memory adapter: publish → handler → settle in one process',
  cases: [floorCase, ...pipelineCases, ...keyedWorkCases, failingKeysCase, ...memoryCases],
}
