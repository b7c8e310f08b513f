import { deadLettersSuite } from './dead-letters-suite.js'
import { deletedSuite } from './deleted-suite.js'
import { delayQueuesSuite } from './delay-queues-suite.js'
import { existingSuite } from './existing-suite.js'
import { measureAndInspectSuite } from './measure-and-inspect-suite.js'
import { ownRabbit } from './real-broker.js'
import { releaseSuite } from './release-suite.js'
import { startsSuite } from './starts-suite.js'
import { longVhost, topologySuite } from './topology-suite.js'

/** Each would have to start a broker of its own in a file of its own, which takes longer than most of them. */
const rabbit = ownRabbit({
  vhosts: [longVhost],
  users: [{ name: 'reader', password: 'secret' }],
  // 3 minutes, which is how late a delayed message may be after a crash: shorter, so that tests need not wait for it.
  settings: { dead_letter_worker_publisher_confirm_timeout: 5_000 },
})

// It looks at the first delay queues that are made.
delayQueuesSuite(rabbit)
topologySuite(rabbit)
deadLettersSuite(rabbit)
startsSuite(rabbit)
measureAndInspectSuite(rabbit)
deletedSuite(rabbit)
releaseSuite(rabbit)
existingSuite(rabbit)
