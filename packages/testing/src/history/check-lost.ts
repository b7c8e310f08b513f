import type { ExpectedGroup } from './options.js'
import type { Group, Message, Passage } from './timeline.js'
import { nameOf } from './timeline.js'
import { accuse, tellMessage, type Verdict } from './verdict.js'

interface Debt {
  readonly topic: string
  readonly group: string
  readonly from: number
}

/** Finds messages that a group had to finish and did not. */
export function checkLost(verdict: Verdict): void {
  const { timeline, settings } = verdict
  const debts = debtsByTopic(verdict)
  const groups = new Map(timeline.groups.map((group) => [groupId(verdict, group), group]))
  for (const message of timeline.messages) {
    if (!isOwed(verdict, message)) continue
    const topic = nameOf(timeline, message.topic)
    const owed = debts.get(topic) ?? []
    if (owed.length === 0 && settings.groups === undefined) {
      accuse(verdict, 'lost', [message], `${tellMessage(verdict, message)}: no group of its topic received anything`)
    }
    for (const { group, from } of owed) {
      if ((message.calls[0]?.from ?? 0) < from) continue
      const passage = groups.get(`${topic} ${group}`)?.passages.get(message)
      if (!isKept(passage, settings.requireSeenDeadLetters)) {
        accuse(verdict, 'lost', [message], `${tellMessage(verdict, message)} ${story(passage)} in group ${group}`)
      }
    }
  }
}

function debtsByTopic({ timeline, settings }: Verdict): ReadonlyMap<string, readonly Debt[]> {
  const seen: readonly ExpectedGroup[] = timeline.groups.map(({ topic, name }) => ({
    topic: nameOf(timeline, topic),
    group: nameOf(timeline, name),
  }))
  const debts = new Map<string, Debt[]>()
  for (const { topic, group, fromMs = 0 } of settings.groups ?? seen) {
    let list = debts.get(topic)
    if (list === undefined) debts.set(topic, (list = []))
    list.push({ topic, group, from: fromMs })
  }
  return debts
}

function groupId({ timeline }: Verdict, { topic, name }: Group): string {
  return `${nameOf(timeline, topic)} ${nameOf(timeline, name)}`
}

function isOwed({ timeline, settings }: Verdict, { calls }: Message): boolean {
  if (calls.some(({ result }) => result === 'ok')) return true
  if (settings.expect === 'confirmed') return false
  const killed = (instance: number): boolean =>
    timeline.stops.get(instance)?.some(({ kind }) => kind === 'killed') === true
  return calls.some(({ result, instance }) => result === 'open' && !killed(instance))
}

function isKept(passage: Passage | undefined, requireSeen: boolean): boolean {
  if (passage === undefined) return false
  const { runs, deadLetters, redrives } = passage
  // A redrive takes the message out of the dead letters: from then on it is owed again.
  const { row, time } = redrives.at(-1) ?? { row: -1, time: Number.NEGATIVE_INFINITY }
  if (deadLetters.some((seen) => seen > time)) return true
  return runs.some(
    (run) => run.row > row && (run.finish === 'acked' || (run.finish === 'dead-lettered' && !requireSeen)),
  )
}

function story(passage: Passage | undefined): string {
  const runs = passage?.runs ?? []
  if (runs.length === 0) return 'was never delivered'
  const how = runs.map(({ finish, outcome }) => finish ?? outcome)
  return `was not finished (runs ended ${how.join(', ')})`
}
