import type { Case, Subject } from '../../../suite.js'
import { measureIdle, type IdleOptions } from '../measure/measure-idle.js'
import { measureRabbitFlow, type RabbitFlow } from '../measure/rabbit-flow.js'

const messages = { full: 30_000, quick: 3_000 }
const alone = { instances: 1, topics: 1, partitions: 8, customers: 1_000 }

/** What more of everything costs: Sluice beside itself. Instances are messaging objects with connections of their own, in one process. */
export const growthCases: readonly Case[] = [
  growthCase('partitions', '1, 8 and 64 partitions: 1,000 keys, published, handled and acknowledged', [
    { ...alone, partitions: 1 },
    alone,
    { ...alone, partitions: 64 },
  ]),
  growthCase('subscriptions', '1, 20 and 100 subscriptions on one connection: topics without keys, in turn', [
    { ...alone, partitions: undefined },
    { ...alone, partitions: undefined, topics: 20 },
    { ...alone, partitions: undefined, topics: 100 },
  ]),
  growthCase('instances', '1 to 8 instances of a group with 8 partitions: 1,000 keys', [
    alone,
    { ...alone, instances: 2 },
    { ...alone, instances: 4 },
    { ...alone, instances: 8 },
  ]),
  {
    name: 'idle',
    title:
      'subscriptions × instances in which nothing happens: messages a second and processor time that being there costs',
    messages: { full: 0, quick: 0 },
    once: true,
    subjects: [
      { topics: 1, instances: 1 },
      { topics: 20, instances: 1 },
      { topics: 1, instances: 8 },
      { topics: 20, instances: 8 },
    ].map(idleSubject),
  },
]

/** Compared with the first of its settings; what differs names them. */
function growthCase(
  name: 'partitions' | 'subscriptions' | 'instances',
  title: string,
  settings: readonly RabbitFlow[],
): Case {
  const subjects = settings.map((setting): Subject => {
    const { partitions = 0, topics, instances } = setting
    const number = { partitions, subscriptions: topics, instances }[name]
    return { name: `sluice-${number}`, work: { kind: 'module', measure: (task) => measureRabbitFlow(setting, task) } }
  })
  const [first] = subjects
  return { name, title, messages, subjects, baseline: { case: name, subject: first?.name ?? '' } }
}

function idleSubject(options: IdleOptions): Subject {
  const name = `sluice-${options.topics}x${options.instances}`
  return { name, work: { kind: 'module', measure: (task) => measureIdle(options, task) } }
}
