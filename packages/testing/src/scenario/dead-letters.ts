import type { AnyTopic, DeadLetter } from '@sluice/core'
import type { Scenario } from '../scenario.js'
import type { Client } from './clients.js'

/** Everything among the dead letters of a group, oldest first. Reading changes nothing, so it may be done any number of times. */
export async function listDeadLetters(
  client: Client,
  topic: AnyTopic,
  group: string,
  pageSize = 100,
): Promise<readonly DeadLetter[]> {
  const box = client.deadLetters(topic, group)
  const letters: DeadLetter[] = []
  let after: string | undefined
  do {
    const page = await box.list({ limit: pageSize, ...(after === undefined ? {} : { after }) })
    letters.push(...page.letters)
    after = page.next
  } while (after !== undefined)
  return letters
}

/** The same, and every copy is written into the history. To be called once per group: a second call would tell of second copies. */
export async function recordDeadLetters(
  scenario: Scenario,
  client: Client,
  topic: AnyTopic,
  group: string,
): Promise<readonly DeadLetter[]> {
  const letters = await listDeadLetters(client, topic, group)
  for (const { id } of letters) scenario.recorder.deadLetterSeen({ topic: topic.name, id, group })
  return letters
}

/** The payload of a letter that was JSON. */
export function payloadOf<Payload>({ body }: DeadLetter): Payload {
  return JSON.parse(Buffer.from(body ?? []).toString()) as Payload
}
