import { conformanceIds, type Id } from '@sluice/testing'

const plugins = new Set(['I', 'L', 'T', 'B'])
const ofPlugins = conformanceIds.map(({ id }) => id).filter((id) => plugins.has(id.charAt(0)))

/** Ids that the ordinary tests do not ask of RabbitMQ, by reason. `npm run kit -- --adapter rabbitmq` asks all of them. */
export const leftOut: ReadonlyMap<string, readonly Id[]> = new Map([
  ['kill the broker again and again, as chaos does', ['P4', 'O8', 'R1', 'R3']],
  ['messages of 16 MiB', ['S14']],
  ['thousands of steps one after the other', ['S19', 'P11']],
  ['three heartbeats of a blocked process, three times', ['R11']],
  ['asks a part of the others again', ['X4']],
  ['come with the plugins, and are asked of memory', ofPlugins],
])

/** Why an id is left out; undefined when it is asked. */
export function reasonOf(id: Id): string | undefined {
  for (const [reason, ids] of leftOut) if (ids.includes(id)) return reason
  return undefined
}
