import type { Case } from '../../suite.js'
import { measureFailingKeys } from './failing-keys.js'
import { onBoth } from './on-both.js'

export const failingKeysCase: Case = {
  name: 'failing-keys',
  title: 'as `keyed`, beside 10,000 keys that are held in retry and fit into the window',
  // A log is read 65,536 messages of a partition ahead of its oldest open one, as its done ones are remembered up to there: the
  // three passes beside the failing messages have to fit as well.
  messages: { full: 100_000, quick: 20_000 },
  subjects: onBoth(measureFailingKeys),
  bounds: [{ figure: 'keptShare', atLeast: 0.9 }],
}
