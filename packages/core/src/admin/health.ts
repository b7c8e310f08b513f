import type { Health, StuckKey, SubscriptionHealth, SubscriptionState } from '../model/health.js'

/** What a messaging object knows about itself. */
export interface HealthFacts {
  readonly publish: Health['publish']
  readonly consume: Health['consume']
  readonly pendingPublishes: number
  readonly subscriptions: readonly SubscriptionHealth[]
}

type Status = Health['status']

interface Problem {
  readonly status: Status
  readonly text: string
}

/** Judges it: the worst problem decides the status. */
export function summarize(facts: HealthFacts): Health {
  const problems = [
    ...connectionProblems(facts),
    ...facts.subscriptions.flatMap((subscription) => subscriptionProblems(subscription)),
  ]
  return {
    status: worst(problems),
    publish: facts.publish,
    consume: facts.consume,
    problems: problems.map((problem) => problem.text),
    pendingPublishes: facts.pendingPublishes,
    subscriptions: facts.subscriptions,
  }
}

function worst(problems: readonly Problem[]): Status {
  if (problems.some(({ status }) => status === 'down')) return 'down'
  return problems.length === 0 ? 'up' : 'degraded'
}

const sideTexts = {
  blocked: 'the broker takes no messages at the moment',
  lost: 'the connection to the broker is lost',
  connecting: 'there is no connection to the broker yet',
} as const

function connectionProblems({ publish, consume, pendingPublishes }: HealthFacts): readonly Problem[] {
  if (publish === 'closed' && consume === 'closed') return [down('the messaging object is closed')]
  const problems: Problem[] = []
  if (publish === 'closed') problems.push(down('publishing is closed'))
  else if (publish !== 'ready') {
    const waiting = pendingPublishes === 0 ? '' : `; ${count(pendingPublishes, 'message waits', 'messages wait')}`
    problems.push(down(`publishing stands still: ${sideTexts[publish]}${waiting}`))
  }
  if (consume === 'closed') problems.push(down('consuming is closed'))
  else if (consume !== 'ready') problems.push(down(`consuming stands still: ${sideTexts[consume]}`))
  return problems
}

/** What somebody asked for (paused, closing) is no problem. */
const stateTexts: Readonly<Partial<Record<SubscriptionState, string>>> = {
  'breaker-open': 'everything fails, so it is paused and tries one message at a time',
  'store-down': 'the idempotency store does not answer, so it waits for it',
  failed: 'it has ended and needs a person; see its `closed` promise and the event "failed"',
}

function subscriptionProblems({ topic, group, state, stuck }: SubscriptionHealth): readonly Problem[] {
  const name = `subscription "${group}" on topic "${topic}"`
  const text = stateTexts[state]
  const problems = text === undefined ? [] : [down(`${name}: ${text}`)]
  for (const reason of ['held', 'overdue', 'dead-letter-failed'] as const) {
    const keys = stuck.filter((key) => key.reason === reason)
    if (keys.length > 0) problems.push(stuckProblem(name, reason, keys))
  }
  return problems
}

/** One sentence per reason and not per key: of keys there may be thousands. */
function stuckProblem(name: string, reason: StuckKey['reason'], keys: readonly StuckKey[]): Problem {
  const example = `for example message "${keys[0]?.id ?? ''}"`
  if (reason === 'held') {
    const text = `${count(keys.length, 'message is', 'messages are')} held after the last attempt until somebody releases them`
    return down(`${name}: ${text}, ${example}`)
  }
  const text =
    reason === 'overdue'
      ? `${count(keys.length, 'handler is', 'handlers are')} overdue and what waits behind stands still`
      : `${count(keys.length, 'dead letter', 'dead letters')} cannot be stored and what waits behind stands still`
  return { status: 'degraded', text: `${name}: ${text}, ${example}` }
}

const down = (text: string): Problem => ({ status: 'down', text })

const count = (n: number, one: string, many: string): string => `${n} ${n === 1 ? one : many}`
