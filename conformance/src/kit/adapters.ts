import { kafkaHarness } from '../kafka/harness/kafka-harness.js'
import { rabbitHarness } from '../rabbitmq/harness/rabbit-harness.js'
import { memoryHarness, type HarnessFactory } from '@sluice/testing'

/** What the command line chooses of an adapter, as it stands there. */
export interface HarnessChoice {
  readonly like?: string
  readonly nodes?: string
}

interface KnownAdapter {
  /** The flags that it has beside those of every adapter, with their values. */
  readonly choices: { readonly [Flag in keyof HarnessChoice]?: readonly string[] }
  /** One for each behaviour. */
  harnesses(choice: HarnessChoice): readonly HarnessFactory[]
}

const memoryLikes = ['queue', 'log'] as const

/** Every adapter that the kit is run against, by the name that its harness has. */
export const adapters: Readonly<Record<string, KnownAdapter>> = {
  memory: {
    choices: { like: memoryLikes },
    harnesses: ({ like: only }) =>
      memoryLikes.filter((like) => only === undefined || like === only).map((like) => () => memoryHarness({ like })),
  },
  rabbitmq: {
    choices: { nodes: ['1', '3'] },
    harnesses: ({ nodes = '1' }) => [() => rabbitHarness({ nodes: nodes === '1' ? 1 : 3 })],
  },
  kafka: {
    choices: { nodes: ['1', '3'] },
    harnesses: ({ nodes = '1' }) => [() => kafkaHarness({ nodes: nodes === '1' ? 1 : 3 })],
  },
}
