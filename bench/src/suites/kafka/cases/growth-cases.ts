import type { Case, Subject } from '../../../suite.js'
import { measureKafkaFlow, type KafkaFlow } from '../measure/kafka-flow.js'

const messages = { full: 30_000, quick: 3_000 }
const alone: KafkaFlow = { instances: 1, topics: 1, partitions: 12, customers: 1_000 }

/** What more of everything costs: Sluice beside itself. Instances are messaging objects with connections of their own, in one process. */
export const growthCases: readonly Case[] = [
  growthCase('partitions', '1, 12 and 100 partitions: 1,000 keys, published, handled and stored', {
    'sluice-1': { ...alone, partitions: 1 },
    'sluice-12': alone,
    'sluice-100': { ...alone, partitions: 100 },
  }),
  growthCase('instances', '1 to 8 instances of a group with 12 partitions: 1,000 keys', {
    'sluice-1': alone,
    'sluice-2': { ...alone, instances: 2 },
    'sluice-4': { ...alone, instances: 4 },
    'sluice-8': { ...alone, instances: 8 },
  }),
  {
    ...growthCase(
      'stuck-key',
      'a handler that does not end, beside 10,000 messages of 1,000 other keys in the same partition',
      {
        'sluice-free': { ...alone, partitions: 1 },
        'sluice-stuck': { ...alone, partitions: 1, stuck: true },
      },
    ),
    messages: { full: 10_000, quick: 3_000 },
  },
]

/** Compared with the first of its settings. */
function growthCase(name: string, title: string, settings: Readonly<Record<string, KafkaFlow>>): Case {
  const subjects = Object.entries(settings).map(([own, setting]): Subject => ({
    name: own,
    work: { kind: 'module', measure: (task) => measureKafkaFlow(setting, task) },
  }))
  return { name, title, messages, subjects, baseline: { case: name, subject: subjects[0]?.name ?? '' } }
}
