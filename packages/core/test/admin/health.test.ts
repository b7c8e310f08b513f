import { describe, expect, it } from 'vitest'
import { summarize, type HealthFacts } from '../../src/admin/health.js'
import type { StuckKey, SubscriptionState } from '../../src/model/health.js'

const ready: HealthFacts = { publish: 'ready', consume: 'ready', pendingPublishes: 0, subscriptions: [] }

const subscription = (state: SubscriptionState, ...stuck: StuckKey[]): HealthFacts['subscriptions'][number] => ({
  topic: 'orders',
  group: 'billing',
  state,
  stuck,
})

const stuck = (reason: StuckKey['reason'], id = 'm-1'): StuckKey => ({ id, reason, sinceMs: 5 })

describe('summarize', () => {
  it('is up without problems, and passes the facts on', () => {
    const facts = { ...ready, pendingPublishes: 3, subscriptions: [subscription('running')] }
    expect(summarize(facts)).toEqual({ ...facts, status: 'up', problems: [] })
  })

  it('does not mind what somebody asked for', () => {
    const subscriptions = (['paused', 'closing', 'closed'] as const).map((state) => subscription(state))
    expect(summarize({ ...ready, subscriptions })).toMatchObject({ status: 'up', problems: [] })
  })

  it.each(['blocked', 'lost', 'connecting'] as const)('is down while a side is %s, and says which', (state) => {
    const publish = summarize({ ...ready, publish: state, pendingPublishes: 2 })
    expect(publish.status).toBe('down')
    expect(publish.problems).toEqual([expect.stringMatching(/^publishing stands still: .+; 2 messages wait$/)])
    const consume = summarize({ ...ready, consume: state })
    expect(consume.status).toBe('down')
    expect(consume.problems).toEqual([expect.stringMatching(/^consuming stands still: /)])
  })

  it('says one thing when it is closed', () => {
    const closed = summarize({ ...ready, publish: 'closed', consume: 'closed' })
    expect(closed).toMatchObject({ status: 'down', problems: ['the messaging object is closed'] })
  })

  it.each(['breaker-open', 'store-down', 'failed'] as const)('is down when a subscription is %s', (state) => {
    const health = summarize({ ...ready, subscriptions: [subscription(state)] })
    expect(health.status).toBe('down')
    expect(health.problems).toEqual([expect.stringContaining('subscription "billing" on topic "orders": ')])
  })

  it('is down for held messages, which need a person, and degraded for other stuck keys', () => {
    const judge = (...keys: StuckKey[]): string =>
      summarize({ ...ready, subscriptions: [subscription('running', ...keys)] }).status
    expect(judge(stuck('held'))).toBe('down')
    expect(judge(stuck('overdue'))).toBe('degraded')
    expect(judge(stuck('dead-letter-failed'))).toBe('degraded')
    expect(judge(stuck('overdue'), stuck('held'))).toBe('down')
  })

  it('has one sentence per reason, however many keys there are', () => {
    const keys = [stuck('overdue', 'a'), stuck('overdue', 'b'), stuck('held', 'c')]
    const { problems } = summarize({ ...ready, subscriptions: [subscription('running', ...keys)] })
    expect(problems).toEqual([
      expect.stringMatching(/1 message is held .*"c"/),
      expect.stringMatching(/2 handlers are overdue .*"a"/),
    ])
  })
})
